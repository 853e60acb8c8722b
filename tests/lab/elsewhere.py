"""The lab's files in a place of the test's own, so that a lab that runs beside the tests is left in peace."""

from __future__ import annotations

import pytest

from lab import running, server, settings
from lab.node import cgroups, fleet
from lab.registry import daemons


@pytest.fixture(name="paths", autouse=True)
def paths_fixture(tmp_path, monkeypatch):
    for name in ("RUN", "VAR"):
        monkeypatch.setattr(settings, name, tmp_path / name)
    monkeypatch.setattr(settings, "BRIDGE", "nctest1")
    monkeypatch.setattr(running, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(server, "STATE", tmp_path / "RUN/server.json")
    monkeypatch.setattr(fleet, "STATES", tmp_path / "RUN/nodes")
    monkeypatch.setattr(fleet, "DISKS", tmp_path / "VAR/nodes")
    monkeypatch.setattr(cgroups, "MEMORY", tmp_path / "RUN/cgroups.json")
    monkeypatch.setattr(daemons, "FOLDER", tmp_path / "RUN/registry")
    return tmp_path
