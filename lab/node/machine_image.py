"""What an EKS-optimised Amazon Linux 2023 image has on its disk, as far as a script looks at it.

https://github.com/awslabs/amazon-eks-ami: templates/al2023 for the image, nodeadm for what a node's boot writes.
"""

from __future__ import annotations

import json

from lab import settings
from lab.node import runtime

OS_RELEASE = """NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PLATFORM_ID="platform:al2023"
PRETTY_NAME="Amazon Linux 2023.12.20260720"
CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2023"
HOME_URL="https://aws.amazon.com/linux/amazon-linux-2023/"
DOCUMENTATION_URL="https://docs.aws.amazon.com/linux/"
SUPPORT_URL="https://aws.amazon.com/premiumsupport/"
BUG_REPORT_URL="https://github.com/amazonlinux/amazon-linux-2023"
VENDOR_NAME="AWS"
VENDOR_URL="https://aws.amazon.com/"
SUPPORT_END="2029-06-30"
"""

PROVIDERS = {
    "apiVersion": "kubelet.config.k8s.io/v1",
    "kind": "CredentialProviderConfig",
    "providers": [
        {
            "name": "ecr-credential-provider",
            "matchImages": [
                "*.dkr.ecr.*.amazonaws.com",
                "*.dkr-ecr.*.on.aws",
                "*.dkr.ecr.*.amazonaws.com.cn",
                "*.dkr-ecr.*.on.amazonwebservices.com.cn",
                "*.dkr.ecr-fips.*.amazonaws.com",
                "*.dkr-ecr-fips.*.on.aws",
                "*.dkr.ecr.*.amazonaws.eu",
                "public.ecr.aws",
                "ecr-public.aws.com",
            ],
            "defaultCacheDuration": "12h0m0s",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        }
    ],
}

_KUBELET = {"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1"}
# A t3.medium's share of Pods; EKS hands it and the DNS address to nodeadm, which keeps them in a drop-in.
_GIVEN = {"clusterDNS": ["172.20.0.10"], "maxPods": 17}


def host_name(private_ip: str) -> str:
    """Return the node's private DNS name."""
    return f"ip-{private_ip.replace('.', '-')}.ec2.internal"


def hosts(private_ip: str) -> str:
    """Return the node's /etc/hosts: AWS's names lead to the lab."""
    lines = ["127.0.0.1 localhost", f"{private_ip} {host_name(private_ip)}"]
    lines += [f"{settings.GATEWAY} {name}" for name in (*settings.ECR_HOSTS, *settings.AWS_HOSTS)]
    return "\n".join(lines) + "\n"


def kubelet(instance_id: str, zone: str) -> dict[str, object]:
    """Return the kubelet's configuration file, as nodeadm writes it for Kubernetes 1.34 and later."""
    return {
        **_KUBELET,
        "address": "0.0.0.0",  # noqa: S104
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"cacheTTL": "2m0s", "enabled": True},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {
            "mode": "Webhook",
            "webhook": {"cacheAuthorizedTTL": "5m0s", "cacheUnauthorizedTTL": "30s"},
        },
        "cgroupDriver": "systemd",
        "cgroupRoot": "/",
        "clusterDNS": _GIVEN["clusterDNS"],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{runtime.SOCKET}",
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%"},
        "featureGates": {
            "DynamicResourceAllocation": True,
            "MutableCSINodeAllocatableCount": True,
            "RotateKubeletServerCertificate": True,
        },
        "hairpinMode": "hairpin-veth",
        "kubeReserved": {"cpu": "70m", "ephemeral-storage": "1Gi", "memory": "442Mi"},
        "kubeReservedCgroup": "/runtime",
        "logging": {"verbosity": 2},
        "maxPods": _GIVEN["maxPods"],
        "protectKernelDefaults": True,
        "providerID": f"aws:///{zone}/{instance_id}",
        "readOnlyPort": 0,
        "serializeImagePulls": False,
        "serverTLSBootstrap": True,
        "shutdownGracePeriod": "2m30s",
        "shutdownGracePeriodCriticalPods": "30s",
        "systemReservedCgroup": "/system",
        "tlsCipherSuites": [
            f"TLS_{exchange}_WITH_{cipher}"
            for exchange in ("ECDHE_ECDSA", "ECDHE_RSA", "RSA")
            for cipher in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305")
            if (exchange, cipher) != ("RSA", "CHACHA20_POLY1305")
        ],
    }


KUBELET = "Kubernetes v1.35.4-eks-0123456"
# What the image says of its own making.
RELEASE = """BASE_AMI_ID="ami-0fedcba9876543210"
BUILD_TIME="Mon Jul 20 00:00:00 UTC 2026"
BUILD_KERNEL="6.12.83-113.160.amzn2023.x86_64"
ARCH="x86_64"
"""


def kubelet_flags(private_ip: str) -> str:
    """Return the file that the kubelet's unit takes its flags from; a Pod's labels and taints have no use here."""
    provider = "/etc/eks/image-credential-provider"
    flags = {
        "config": "/etc/kubernetes/kubelet/config.json",
        "config-dir": "/etc/kubernetes/kubelet/config.json.d",
        "cloud-provider": "external",
        "hostname-override": host_name(private_ip),
        "image-credential-provider-bin-dir": provider,
        "image-credential-provider-config": f"{provider}/config.json",
        "node-ip": private_ip,
        "runtime-cgroups": "/runtime.slice/containerd.service",
    }
    return f"NODEADM_KUBELET_ARGS={' '.join(f'--{name}={value}' for name, value in flags.items())}"


def texts(instance_id: str, private_ip: str, zone: str) -> dict[str, str]:
    """Return the files below /etc, but for certificates and programs."""
    return {
        "containerd/config.toml": runtime.configuration(),
        "eks/containerd-version.txt": runtime.banner(runtime.programs()),
        "eks/kubelet-version.txt": f"{KUBELET}\n",
        "eks/image-credential-provider/config.json": json.dumps(PROVIDERS, indent=2),
        "eks/kubelet/environment": kubelet_flags(private_ip),
        "eks/release": RELEASE,
        "hostname": f"{host_name(private_ip)}\n",
        "hosts": hosts(private_ip),
        "kubernetes/kubelet/config.json": json.dumps(kubelet(instance_id, zone), indent=4),
        "kubernetes/kubelet/config.json.d/40-nodeadm.conf": json.dumps({**_KUBELET, **_GIVEN}, indent=4),
        "nerdctl/nerdctl.toml": 'namespace = "k8s.io"\n',
        "os-release": OS_RELEASE,
        "system-release": "Amazon Linux release 2023.12.20260720 (Amazon Linux)\n",
    }
