"""The distribution's packages, unpacked into a folder of the lab: nothing is installed, no service starts."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab import settings

NAMES = ("containerd", "runc", "docker-registry", "nginx", "nginx-common", "busybox-static")
TREE = settings.CACHE / "tree"
_FOLDERS = ("usr/bin", "usr/sbin", "bin", "sbin")

# Where another containerd than the distribution's own comes from.
RELEASES = ("bookworm", "trixie", "forky")
DEBIAN = "http://deb.debian.org/debian/"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def ensure() -> None:
    """Download and unpack what is not there yet."""
    if (TREE / ".complete").exists():
        return
    debs = settings.CACHE / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    if _apt(debs, "download", *NAMES).returncode != 0:
        _apt(debs, "update")
        answer = _apt(debs, "download", *NAMES)
        if answer.returncode != 0:
            raise RuntimeError(f"apt-get could not download {', '.join(NAMES)}: {answer.stderr.strip()}")
    _unpack(debs, TREE)


def other_release(package: str, series: str, folder: Path) -> None:
    """Unpack a package's newest version of this series, from whichever Debian release has it, unless it is there."""
    if (folder / ".complete").exists():
        return
    if not KEYRING.exists():
        raise RuntimeError(
            f"{package} {series} comes from Debian, whose keys are not at {KEYRING}: "
            "install the package debian-archive-keyring."
        )
    settings.CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="apt-", dir=settings.CACHE) as name:
        own = Path(name)
        options = _own_apt(own)
        answer = _apt(own, *options, "update")
        found = _apt(own, *options, "madison", package, program="apt-cache").stdout
        versions = [line.split("|")[1].strip() for line in found.splitlines() if line.count("|") == 2]
        fitting = [version for version in versions if version.startswith(f"{series}.")]
        if not fitting:
            there = ", ".join(versions) or answer.stderr.strip() or "no answer"
            raise RuntimeError(f"Debian {', '.join(RELEASES)} have no {package} {series}: {there}")
        # apt-cache lists the newest first.
        answer = _apt(own, *options, "download", f"{package}={fitting[0]}")
        if answer.returncode != 0:
            raise RuntimeError(f"apt-get could not download {package} {fitting[0]}: {answer.stderr.strip()}")
        _unpack(own, folder)


def _own_apt(folder: Path) -> list[str]:
    """Return the options of an apt with sources and state of its own; the machine's proxy and keys still count."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    lines = [f"deb [signed-by={KEYRING}] {_mirror()} {release} main" for release in RELEASES]
    (folder / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
    places = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
    }
    return [word for name, value in places.items() for word in ("-o", f"{name}={value}")]


def _mirror() -> str:
    """Return where the machine itself gets Debian's packages, or Debian's own address."""
    form = ("--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages")
    found = subprocess.run(["apt-get", "indextargets", *form], capture_output=True, text=True).stdout
    return next((line.split()[1] for line in found.splitlines() if line.startswith("Debian http")), DEBIAN)


def _unpack(debs: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for deb in sorted(debs.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", deb, folder], check=True)
        deb.unlink()
    (folder / ".complete").touch()


def _apt(folder: Path, *words: str, program: str = "apt-get") -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = [program, "-qq", "-o", "APT::Sandbox::User=root", *words]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True)


def binary(name: str) -> Path:
    """Return the path of a program, from the lab's own folder."""
    for folder in _FOLDERS:
        path = TREE / folder / name
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(f"{name} is not among the lab's packages: {', '.join(NAMES)}")
