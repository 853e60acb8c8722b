"""Make this checkout importable as the collection it is."""

from __future__ import annotations

import atexit
import gc
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _collections() -> Path:
    installed = ROOT / ".venv" / "collections"
    if (installed / "ansible_collections" / "nodecache" / "eks" / "galaxy.yml").is_file():
        return installed
    made = Path(tempfile.mkdtemp(prefix="nodecache-collections-"))
    atexit.register(shutil.rmtree, made)
    namespace = made / "ansible_collections" / "nodecache"
    namespace.mkdir(parents=True)
    (namespace / "eks").symlink_to(ROOT)
    return made


def _importable() -> bool:
    try:
        return importlib.util.find_spec("ansible_collections.nodecache.eks") is not None
    except ModuleNotFoundError:
        return False


if not _importable():
    sys.path.insert(0, str(_collections()))
    # ansible_collections is a namespace package: forget what was found without this entry.
    importlib.invalidate_caches()


@pytest.fixture(autouse=True)
def garbage() -> Iterator[None]:
    """Let go of what a module keeps to its process's end, which comes with the task everywhere but here."""
    yield
    gc.unfreeze()
