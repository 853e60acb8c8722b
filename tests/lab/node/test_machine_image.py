"""A script on a node finds what it finds on EKS-optimised Amazon Linux 2023.

https://github.com/awslabs/amazon-eks-ami: templates/al2023, nodeadm/internal/containerd, nodeadm/internal/kubelet
"""

from __future__ import annotations

import json

from lab import settings
from lab.node import machine_image, tools
from lab.node.machine import Machine

NODE = "i-0aaaaaaaaaaaaaab1"
ADDRESS = "10.77.0.31"


def test_the_kubelets_file_is_nodeadms():
    """nodeadm/internal/kubelet/config.go: what it sets whatever the user's NodeConfig says."""
    config = machine_image.kubelet(NODE, "us-east-1b")
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authorization"]["mode"] == "Webhook"
    assert (config["cgroupDriver"], config["readOnlyPort"], config["protectKernelDefaults"]) == ("systemd", 0, True)
    assert (config["shutdownGracePeriod"], config["shutdownGracePeriodCriticalPods"]) == ("2m30s", "30s")
    assert all(config["featureGates"].values()) and len(config["featureGates"]) == 3
    ciphers = config["tlsCipherSuites"]
    assert len(ciphers) == 8
    assert "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" in ciphers and "TLS_RSA_WITH_CHACHA20_POLY1305" not in ciphers


def test_a_node_looks_like_an_eks_node(nodes, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "AWS_HOSTS", ("ssm.us-east-1.amazonaws.com",))
    nodes.start(NODE, ADDRESS, machine=lambda: Machine(zone="us-east-1b"))

    def on_node(script, code=0):
        result = nodes.run(NODE, script, {}, 30)
        assert result.exit_code == code, result
        return result.stdout.decode()

    config = json.loads(on_node("cat /etc/kubernetes/kubelet/config.json"))
    assert config["containerRuntimeEndpoint"] == "unix:///run/containerd/containerd.sock"
    assert config["providerID"] == f"aws:///us-east-1b/{NODE}"
    assert config["serializeImagePulls"] is False
    assert not [name for name in config if name.startswith("imageGC")]
    assert json.loads(on_node("cat /etc/kubernetes/kubelet/config.json.d/*.conf"))["maxPods"] == config["maxPods"]

    assert on_node("containerd --version") == on_node("cat /etc/eks/containerd-version.txt")
    dumped = on_node("containerd config dump")
    for line in ("config_path = .?/etc/containerd/certs.d:/etc/docker/certs.d", "discard_unpacked_layers = true"):
        on_node(f"containerd config dump | grep -E {line!r}")
    assert 'root = "/var/lib/containerd"' in dumped.replace("'", '"')
    assert on_node("ls -A /etc/containerd/certs.d") == ""
    assert on_node("ls /etc/docker /etc/containerd") == "/etc/containerd:\ncerts.d\nconfig.toml\n\n/etc/docker:\n"

    # nodeadm hands the kubelet its flags in this file, and the image says in the other what it was made of.
    flags = on_node(". /etc/eks/release; echo $ARCH; cat /etc/eks/kubelet/environment")
    assert flags.startswith("x86_64\nNODEADM_KUBELET_ARGS=--")
    for flag in ("--config=/etc/kubernetes/kubelet/config.json", "--hostname-override=ip-10-77-0-31.ec2.internal"):
        assert flag in flags.split("=", 1)[1].split()
    folder = on_node("grep -o 'provider-bin-dir=[^ ]*' /etc/eks/kubelet/environment").strip().partition("=")[2]
    on_node(f"test -x {folder}/ecr-credential-provider")

    assert on_node(". /etc/os-release; echo $ID $VERSION_ID") == "amzn 2023\n"
    assert on_node(". /usr/lib/os-release; echo $ID $VERSION_ID") == "amzn 2023\n"
    assert on_node("hostname") == "ip-10-77-0-31.ec2.internal\n"
    assert on_node("echo ${BASH_VERSION%%.*} ${POSIXLY_CORRECT-}").split()[0].isdigit()
    assert on_node("env | grep -E '^AWS_(DEFAULT_)?REGION|^SSL' || echo none") == "none\n"
    assert on_node("echo $PATH") == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\n"

    for tool in ("aws", "ctr", "curl", "python3", "sudo", "containerd"):
        assert on_node(f"command -v {tool}") == f"/usr/bin/{tool}\n"
    assert on_node("command -v runc") == "/usr/sbin/runc\n"
    assert "us-east-1" in on_node(
        "aws configure list; aws ssm describe-parameters --debug 2>&1 | grep -o ssm.us-east-1"
    )
    assert on_node("aws --version").startswith("aws-cli/2.")
    assert on_node("imds latest/meta-data/instance-id") == on_node("ec2-metadata --instance-id --quiet") == f"{NODE}\n"
    assert on_node("ec2-metadata -z -R") == "placement: us-east-1b\nregion: us-east-1\n"
    assert len(on_node("imds token").strip()) > 40
    on_node("imds latest/meta-data/none 2>/dev/null || exit 7", code=7)
    # The trap of every script that forgets the token: a page where a name was looked for.
    assert on_node("echo $(curl -s 169.254.169.254/latest/meta-data/instance-id)").startswith("<?xml")
    assert on_node("cat /etc/eks/kubelet-version.txt").startswith("Kubernetes v1.")
    # One disk holds the kubelet's files and the images: both are the node's root volume.
    assert len(set(on_node("stat --format %d /var/lib/kubelet /var/lib/containerd").split())) == 1
    on_node("sudo ctr -n k8s.io images import /etc/eks/pause.tar")
    # systemctl(1): 0 once a unit is active, 3 if none is; no kubelet runs here.
    assert on_node("systemctl is-active containerd.service amazon-ssm-agent") == "active\nactive\n"
    assert on_node("systemctl is-active kubelet", code=3) == "inactive\n"
    before = on_node("pgrep -x containerd")
    on_node("systemctl restart containerd && systemctl is-active --quiet containerd")
    assert on_node("pgrep -x containerd") != before
    for tool in tools.ABSENT:
        on_node(f"command -v {tool}", code=1)
    assert "kubernetes/pause" in on_node("sudo ctr -n k8s.io images ls -q")
    # A tool that uses OpenSSL's own defaults trusts the lab's authority, as one that reads the bundle does.
    authority = settings.RUN / "tls/ca.pem"
    assert on_node(f"SSL_CERT_FILE=/none openssl verify {authority} 2>&1") == on_node(
        f"openssl verify -CAfile /etc/pki/tls/certs/ca-bundle.crt {authority}"
    )
