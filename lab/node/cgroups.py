"""Control groups that containers leave behind when their node is killed."""

from __future__ import annotations

import errno
import json
from pathlib import Path

from lab import settings

ROOT = Path("/sys/fs/cgroup")
# containerd names a container's parent group after its own namespace; these two are the nodes'.
NAMES = ("k8s.io", "default")
MEMORY = settings.RUN / "cgroups.json"
TASKS = "containerd/io.containerd.runtime.v2.task"


def containers(node: Path) -> set[str]:
    """Return the ids of the containers that the node's containerd still keeps."""
    return {path.name for path in (node / TASKS).glob("*/*")}


def remove(ids: set[str]) -> None:
    """Remove the empty groups with these names, and nothing else."""
    if not ids:
        return
    found = [path for path in ROOT.rglob("*") if path.name in ids and path.is_dir()]
    for path in sorted(found, key=lambda path: len(path.parts), reverse=True):
        for inner in sorted(path.rglob("*"), key=lambda path: len(path.parts), reverse=True):
            if inner.is_dir():
                inner.rmdir()
        path.rmdir()
        # The runtime makes a parent by the namespace's name; /sys/fs/cgroup/<controller> itself has to stay.
        if path.parent not in (ROOT, *ROOT.iterdir()):
            _remove_if_empty(path.parent)


def parents() -> set[str]:
    """Return the groups that containers of a node have, or would have, as their parents."""
    return {str(path) for place in ("", "*/") for name in NAMES for path in ROOT.glob(place + name) if path.is_dir()}


def remember_parents() -> None:
    """Write down which there are before the first node: those stay."""
    MEMORY.parent.mkdir(parents=True, exist_ok=True)
    MEMORY.write_text(json.dumps(sorted(parents())), encoding="utf-8")


def remove_new_parents() -> None:
    """Remove the empty ones that came since."""
    if MEMORY.exists():
        for path in parents() - set(json.loads(MEMORY.read_text(encoding="utf-8"))):
            _remove_if_empty(Path(path))


def _remove_if_empty(path: Path) -> None:
    try:
        path.rmdir()
    except OSError as error:
        # Somebody else's groups or processes are in it, or it went already.
        if error.errno not in (errno.ENOTEMPTY, errno.EBUSY, errno.ENOENT):
            raise
