"""Which containerd the nodes run, and its configuration file as EKS's machine images word it."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from pathlib import Path

from lab import packages, settings

CHOICE = "NODECACHE_LAB_CONTAINERD"
PAUSE = "localhost/kubernetes/pause:latest"
SOCKET = "/run/containerd/containerd.sock"

_COMMON = f"""root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", \
"io.containerd.snapshotter.v1.zfs"]

[grpc]
address = "{SOCKET}"
"""

# Without CAP_SYS_RESOURCE a sandbox cannot lower its score, hence restrict_oom_score_adj.
_TWO = f"""version = 2
{_COMMON}
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
BinaryName = "/usr/sbin/runc"
SystemdCgroup = true

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
"""

_THREE = f"""version = 3
{_COMMON}
[plugins.'io.containerd.cri.v1.images']
discard_unpacked_layers = true

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{PAUSE}"

[plugins.'io.containerd.cri.v1.images'.registry]
config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"

[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
disable_apparmor = true

[plugins.'io.containerd.cri.v1.runtime'.containerd]
default_runtime_name = "runc"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = "/usr/sbin/runc"
SystemdCgroup = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
"""


def series() -> str | None:
    """Return the series somebody asked for, like 1.7, or None for the distribution's own."""
    wanted = os.environ.get(CHOICE, "")
    if wanted and not re.fullmatch(r"\d+\.\d+", wanted):
        raise RuntimeError(f"{CHOICE} is '{wanted}', not a series of containerd like 1.7 or 2.1.")
    return wanted or None


def ensure() -> None:
    """Have the programs of the series that was asked for."""
    packages.ensure()
    folder = programs()
    if folder != packages.TREE / "usr/bin":
        packages.other_release("containerd", str(series()), folder.parent.parent)


def programs() -> Path:
    """Return the folder with containerd and its tools."""
    wanted, own = series(), packages.TREE / "usr/bin"
    if wanted is None or (own.exists() and version(own).startswith(f"{wanted}.")):
        return own
    return settings.CACHE / "containerd" / wanted / "usr/bin"


@functools.cache
def banner(folder: Path) -> str:
    """Return what containerd says of itself, the line that an EKS image keeps in containerd-version.txt."""
    return subprocess.run([folder / "containerd", "--version"], capture_output=True, text=True, check=True).stdout


def version(folder: Path | None = None) -> str:
    """Return containerd's version as three numbers."""
    found = re.search(r"\d+\.\d+\.\d+", banner(folder or programs()))
    if found is None:
        raise RuntimeError(f"{folder} holds a containerd that does not tell its version.")
    return found[0]


def configuration() -> str:
    """Return containerd's configuration file: version 3 came with containerd 2."""
    return _TWO if version().startswith("1.") else _THREE
