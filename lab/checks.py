"""What the machine must offer before the lab starts, each refusal in one sentence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab import settings

PACKAGES = {
    "ip": "iproute2",
    "tc": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "curl": "curl",
    "jq": "jq",
    "openssl": "openssl",
}
IP_FREEBIND = 15


class Refusal(Exception):
    """The lab cannot run here; the message is one sentence."""


def probe_folder() -> Path:
    """Return the folder in which overlays are tried, beside the lab's own; down removes it too."""
    return settings.VAR.with_name(f"{settings.VAR.name}-probe")


def _works(*command: str) -> str | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def _works_apart(*commands: str) -> str | None:
    """Try commands in namespaces of their own, so that what they make goes with them, even when we are killed."""
    script = " && ".join(("mount -t tmpfs tmpfs /run", *commands))
    return _works("unshare", "--mount", "--net", "sh", "-c", script)


def root() -> None:
    """The lab makes namespaces, mounts and links."""
    if os.geteuid() != 0:
        raise Refusal("The lab makes network namespaces and mounts, so it must run as root: use sudo.")


def programs() -> None:
    """The lab uses the distribution's programs."""
    missing = [name for name in PACKAGES if shutil.which(name) is None]
    if missing:
        packages = sorted({PACKAGES[name] for name in missing})
        raise Refusal(f"The lab needs {', '.join(missing)}: install the package {' and '.join(packages)}.")


def namespaces() -> None:
    """A node lives in a network namespace."""
    error = _works_apart("ip netns add probe")
    if error:
        raise Refusal(f"This machine makes no network namespaces, which every node of the lab needs: {error}")


def bridges() -> None:
    """Nodes hang on a bridge and their links are shaped."""
    error = _works_apart(
        "ip link add probe type bridge",
        "tc qdisc add dev probe root tbf rate 1mbit burst 1mb latency 50ms",
    )
    if error:
        raise Refusal(f"This machine makes no shaped bridges, which the nodes' links need: {error}")


def overlays() -> None:
    """Nodes' files and images are overlays on the lab's own directory."""
    folder = probe_folder()
    try:
        for part in ("lower", "upper", "work", "merged"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        options = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work"
        error = _works_apart(f"mount -t overlay overlay -o {options} {folder}/merged")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if error:
        raise Refusal(f"overlayfs does not work on {folder.parent}, so containerd cannot unpack images there: {error}")


def ports(addresses: Sequence[tuple[str, int]] | None = None) -> None:
    """Nobody else may listen where the lab does."""
    if addresses is None:
        addresses = (
            (settings.API_HOST, settings.API_PORT),
            (settings.API_HOST, settings.REGISTRY_PORT),
            (settings.GATEWAY, 443),
        )
    for host, port in addresses:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # The bridge's address does not exist yet.
            probe.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            try:
                probe.bind((host, port))
                probe.listen(1)
            except OSError as error:
                raise Refusal(f"The lab needs port {port} on {host}, and it is taken: {error.strerror}.") from error


def all_of_them() -> None:
    """Refuse at the first thing that is missing."""
    for check in (root, programs, namespaces, bridges, overlays, ports):
        check()
