"""The files a node has of its own: laid out under its directory, over the host's once it starts."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from lab import aws_command, packages, settings
from lab.node import credential_provider, machine_image, runtime, tools

# What the host has in these must not show on a node.
HIDDEN = ("etc/containerd", "etc/docker", "etc/kubernetes", "etc/eks", "etc/nerdctl", "etc/cni")
OPAQUE = "trusted.overlay.opaque"
PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr")


def programs() -> dict[str, Path | str]:
    """Return where the node's programs lie on the host."""
    places: dict[str, Path | str] = {f"usr/bin/{name}": runtime.programs() / name for name in PROGRAMS}
    # Amazon Linux's sh is bash.
    places["usr/bin/sh"] = "bash"
    if not Path("/usr/bin/python3").exists():
        places["usr/bin/python3"] = sys.executable
    return places


def write(node: Path, instance_id: str, private_ip: str, zone: str) -> None:
    """Lay the node's files out under its directory."""
    for name in ("containerd", "amazon", "kubelet"):
        (node / name).mkdir(parents=True, exist_ok=True)
    files = node / "files"
    for name in HIDDEN:
        (files / name).mkdir(parents=True)
        os.setxattr(files / name, OPAQUE, b"y")
    for name in ("etc/containerd/certs.d", "etc/cni/net.d", "usr/bin", "usr/sbin"):
        (files / name).mkdir(parents=True)
    for name, text in machine_image.texts(instance_id, private_ip, zone).items():
        _text(files / "etc" / name, text)
    _certificates(files / "etc")
    _text(files / "etc/eks/image-credential-provider/ecr-credential-provider", script(credential_provider), 0o755)
    for name, place in programs().items():
        (files / name).symlink_to(place)
    _text(files / "usr/sbin/runc", tools.RUNC.replace("RUNC", str(packages.binary("runc").resolve())), 0o755)
    for name, text in tools.SCRIPTS.items():
        _text(files / "usr/bin" / name, text, 0o755)
    (files / "etc/eks/pause.tar").symlink_to(settings.CACHE / "pause.tar")
    _text(files / "usr/bin/aws", script(aws_command), 0o755)
    for name in tools.ABSENT:
        # The overlay takes such a device for the absence of the file below.
        os.mknod(files / "usr/bin" / name, stat.S_IFCHR)


def _text(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _certificates(etc: Path) -> None:
    """Let every tool of the node trust the lab, by Debian's file, by Amazon Linux's, and by OpenSSL's hashed name."""
    tls = settings.RUN / "tls"
    bundle = (tls / "bundle.pem").read_text(encoding="utf-8")
    _text(etc / "ssl/certs/ca-certificates.crt", bundle)
    _text(etc / "pki/tls/certs/ca-bundle.crt", bundle)
    authority = tls / "ca.pem"
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(authority)]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    _text(etc / f"ssl/certs/{name}.0", authority.read_text(encoding="utf-8"))


def script(module: ModuleType) -> str:
    """Return one of our modules as a program, to be run by this very interpreter and its packages."""
    return f"#!{sys.executable}\n" + Path(str(module.__file__)).read_text(encoding="utf-8")


def remove(node: Path) -> None:
    """Remove the node's directory."""
    if node.exists():
        shutil.rmtree(node)
