"""Control groups that containers leave behind when their node is killed."""

from __future__ import annotations

import errno
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
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


def _remove_if_empty(path: Path) -> None:
    try:
        path.rmdir()
    except OSError as error:
        # Somebody else's groups or processes are in it, or it went already.
        if error.errno not in (errno.ENOTEMPTY, errno.EBUSY, errno.ENOENT):
            raise
