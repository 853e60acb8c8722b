"""The distribution's packages, unpacked into a folder of the lab: nothing is installed, no service starts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab import settings

NAMES = ("containerd", "runc", "docker-registry", "nginx", "nginx-common", "busybox-static")
TREE = settings.CACHE / "tree"
_FOLDERS = ("usr/bin", "usr/sbin", "bin", "sbin")


def ensure() -> None:
    """Download and unpack what is not there yet."""
    if (TREE / ".complete").exists():
        return
    debs = settings.CACHE / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    TREE.mkdir(parents=True, exist_ok=True)
    if _apt("download", debs).returncode != 0:
        _apt("update", debs)
        answer = _apt("download", debs)
        if answer.returncode != 0:
            raise RuntimeError(f"apt-get could not download {', '.join(NAMES)}: {answer.stderr.strip()}")
    for deb in sorted(debs.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", deb, TREE], check=True)
        deb.unlink()
    (TREE / ".complete").touch()


def _apt(verb: str, folder: Path) -> subprocess.CompletedProcess[str]:
    names = NAMES if verb == "download" else ()
    return subprocess.run(
        ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", verb, *names], cwd=folder, text=True, capture_output=True
    )


def binary(name: str) -> Path:
    """Return the path of a program, from the lab's own folder."""
    for folder in _FOLDERS:
        path = TREE / folder / name
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(f"{name} is not among the lab's packages: {', '.join(NAMES)}")
