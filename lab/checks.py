"""What the machine must offer before the lab starts, each refusal in one sentence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
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
PROBE = "nc-probe"
PROBE_LINK = "ncprobe0"
IP_FREEBIND = 15


class Refusal(Exception):
    """The lab cannot run here; the message is one sentence."""


def _works(*command: str) -> str | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


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
    _works("ip", "netns", "del", PROBE)
    error = _works("ip", "netns", "add", PROBE)
    _works("ip", "netns", "del", PROBE)
    if error:
        raise Refusal(f"This machine makes no network namespaces, which every node of the lab needs: {error}")


def bridges() -> None:
    """Nodes hang on a bridge and their links are shaped."""
    error = _works("ip", "link", "add", PROBE_LINK, "type", "bridge")
    if error is None:
        error = _works(
            "tc", "qdisc", "add", "dev", PROBE_LINK, "root", "tbf", "rate", "1mbit", "burst", "1mb", "latency", "50ms"
        )
    _works("ip", "link", "del", PROBE_LINK)
    if error:
        raise Refusal(f"This machine makes no shaped bridges, which the nodes' links need: {error}")


def overlays() -> None:
    """Nodes' files and images are overlays on the lab's own directory."""
    base = settings.VAR.parent
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="nodecache-lab-probe-", dir=base) as name:
        for part in ("lower", "upper", "work", "merged"):
            Path(name, part).mkdir()
        options = f"lowerdir={name}/lower,upperdir={name}/upper,workdir={name}/work"
        # In a mount namespace of its own the probe goes by itself.
        error = _works("unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, f"{name}/merged")
    if error:
        raise Refusal(f"overlayfs does not work on {base}, so containerd cannot unpack images there: {error}")


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
