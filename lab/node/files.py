"""The files a node has of its own, as an EKS-optimised machine image lays them out."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from lab import settings
from lab.node import credential_provider

PAUSE = "localhost/kubernetes/pause:latest"
SOCKET = "/run/containerd/containerd.sock"
PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr", "runc")

# Without CAP_SYS_RESOURCE a sandbox cannot lower its score, hence restrict_oom_score_adj.
CONTAINERD = f"""version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", \
"io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
address = "{SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"
discard_unpacked_layers = true

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "/usr/bin/runc"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"
"""

KUBELET = {
    "kind": "KubeletConfiguration",
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "containerRuntimeEndpoint": f"unix://{SOCKET}",
    "serializeImagePulls": False,
    "evictionHard": {"memory.available": "100Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%"},
}

PROVIDERS = {
    "apiVersion": "kubelet.config.k8s.io/v1",
    "kind": "CredentialProviderConfig",
    "providers": [
        {
            "name": "ecr-credential-provider",
            "matchImages": ["*.dkr.ecr.*.amazonaws.com", "*.dkr-ecr.*.on.aws"],
            "defaultCacheDuration": "12h0m0s",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        }
    ],
}

# Version 1, which the virtual environment has, reads neither the system's bundle nor the region from the metadata.
AWS = f"""#!/bin/sh
export AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
export AWS_DEFAULT_REGION="${{{{AWS_DEFAULT_REGION:-{settings.REGION}}}}}"
exec {{python}} {{aws}} "$@"
"""


def hosts(private_ip: str) -> str:
    """Return the node's /etc/hosts: AWS's names lead to the lab."""
    lines = ["127.0.0.1 localhost", f"{private_ip} ip-{private_ip.replace('.', '-')}.ec2.internal"]
    lines += [f"{settings.GATEWAY} {name}" for name in (settings.ECR_HOST, *settings.AWS_HOSTS)]
    return "\n".join(lines) + "\n"


def programs() -> dict[str, str]:
    """Return where the node's programs lie on the host."""
    places = {name: str(settings.CACHE / "tree/usr/bin" / name) for name in PROGRAMS}
    if not Path("/usr/bin/python3").exists():
        places["python3"] = sys.executable
    return places


def write(node: Path, private_ip: str) -> None:
    """Lay the node's files out under its directory."""
    for name in ("containerd", "amazon"):
        (node / name).mkdir(parents=True, exist_ok=True)
    etc, programs_dir = node / "files/etc", node / "files/usr/bin"
    texts = {
        "hosts": hosts(private_ip),
        "ssl/certs/ca-certificates.crt": (settings.RUN / "tls/bundle.pem").read_text(encoding="utf-8"),
        "containerd/config.toml": CONTAINERD,
        "kubernetes/kubelet/config.json": json.dumps(KUBELET, indent=2),
        "eks/image-credential-provider/config.json": json.dumps(PROVIDERS, indent=2),
        "eks/image-credential-provider/ecr-credential-provider": provider(),
    }
    for name, text in texts.items():
        path = etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (etc / "eks/image-credential-provider/ecr-credential-provider").chmod(0o755)
    programs_dir.mkdir(parents=True)
    for name, place in programs().items():
        (programs_dir / name).symlink_to(place)
    aws = Path(sys.executable).parent / "aws"
    if aws.exists():
        command = programs_dir / "aws"
        command.write_text(AWS.format(python=sys.executable, aws=aws), encoding="utf-8")
        command.chmod(0o755)


def provider() -> str:
    """Return the credential provider, to be run by this very interpreter and its botocore."""
    return f"#!{sys.executable}\n" + Path(credential_provider.__file__).read_text(encoding="utf-8")


def remove(node: Path) -> None:
    """Remove the node's directory."""
    if node.exists():
        shutil.rmtree(node)
