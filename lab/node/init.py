"""A node's first process: its file systems, its containerd, its zombies.

Runs as pid 1 of the node's pid namespace; when it ends, the whole node ends and its mounts vanish.
Started by path, with the node's directory and containerd's log as arguments, so it imports nothing of the package.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
LIBC = ctypes.CDLL(None, use_errno=True)
CONTAINERD = ("containerd", "--config", "/etc/containerd/config.toml")
# What systemd gives a service on Amazon Linux, the agent's and containerd's among them.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
# Where the host keeps what a node does not have: tools of its own, and the person's AWS and registry settings.
COVERED = ("/usr/local/bin", "/usr/local/sbin", "/root/.aws", "/root/.docker", "/root/.config/containers")


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """Mount, or raise what the kernel answered."""
    encoded = [None if text is None else text.encode() for text in (source, target, kind)]
    if LIBC.mount(*encoded, ctypes.c_ulong(flags), None if data is None else data.encode()):
        number = ctypes.get_errno()
        raise OSError(number, f"could not mount {source} on {target}: {os.strerror(number)}")


def overlay(target: str, above: Path | None) -> None:
    """Cover a directory of the host with the node's own files; writes go to the node's memory."""
    scratch = Path("/run/overlay" + target)
    upper, work = scratch / "upper", scratch / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    lower = target if above is None else f"{above}:{target}"
    mount("overlay", target, "overlay", data=f"lowerdir={lower},upperdir={upper},workdir={work}")


def interpreter() -> set[str]:
    """Return every link on the way to this interpreter: it has to stay, wherever it lies."""
    places, place = set(), sys.executable
    while place not in places:
        places.add(place)
        if os.path.islink(place):
            place = os.path.normpath(os.path.join(os.path.dirname(place), os.readlink(place)))
    return places


def cover(target: str, kept: set[str]) -> None:
    """Empty a directory of the host but for these files."""
    below = os.open(target, os.O_PATH | os.O_DIRECTORY)
    kept = {os.path.basename(place) for place in kept if os.path.dirname(place) == target}
    mount("none", target, "tmpfs", data="mode=755,size=1m")
    for name in sorted(kept):
        source, path = f"/proc/self/fd/{below}/{name}", Path(target, name)
        if os.path.islink(source):
            path.symlink_to(os.readlink(source))
        else:
            path.touch()
            mount(source, str(path), flags=MS_BIND)
    os.close(below)


def file_systems(node: Path) -> None:
    """Give the node its own /run, /etc, programs, containerd and agent directories."""
    kept = interpreter()
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    # Its disk is held open first: /run and /var/lib are covered next.
    disk = os.open(node, os.O_PATH)
    mount("tmpfs", "/run", "tmpfs", data="mode=755")
    Path("/run/node").mkdir()
    mount(f"/proc/self/fd/{disk}", "/run/node", flags=MS_BIND)
    os.close(disk)
    files = Path("/run/node/files")
    overlay("/etc", files / "etc")
    overlay("/usr/bin", files / "usr/bin")
    overlay("/usr/sbin", files / "usr/sbin")
    # Some read it by its first name, some follow the link that /etc/os-release is elsewhere.
    if os.path.exists("/usr/lib/os-release"):
        mount("/etc/os-release", "/usr/lib/os-release", flags=MS_BIND)
    # The node's disk lies under /var/lib itself, and overlayfs refuses nested layers.
    overlay("/var/lib", None)
    # The kubelet's files and the images share one disk, as on a node that has no other.
    for name in ("containerd", "amazon", "kubelet"):
        place = Path("/var/lib", name)
        place.mkdir(exist_ok=True)
        mount(f"/run/node/{name}", str(place), flags=MS_BIND)
    for place in COVERED:
        if os.path.isdir(place) and not os.path.islink(place):
            cover(place, kept)
    Path("/run/lock").mkdir()


def start_containerd(log: int) -> subprocess.Popen[bytes]:
    """Start containerd with a service's environment."""
    return subprocess.Popen(CONTAINERD, stdout=log, stderr=log, env={"PATH": PATH}, start_new_session=True)


def main() -> None:
    """Set the node up, then watch over it until it is told to end."""
    # Opened first: the host's directories are covered next.
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    file_systems(Path(sys.argv[1]))
    socket.sethostname(Path("/etc/hostname").read_text(encoding="utf-8").strip())
    # Pid 1 gets no signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    service = start_containerd(log)
    while True:
        try:
            pid, _status = os.waitpid(-1, 0)
        except ChildProcessError:
            pid = service.pid
        if pid == service.pid:
            print("containerd ended, starting it again", flush=True)
            time.sleep(0.5)
            service = start_containerd(log)


if __name__ == "__main__":
    main()
