"""A fleet of real nodes for a test, beside a lab that may run."""

from __future__ import annotations

import os

import pytest

from lab import settings
from lab.node import fleet, network, runtime


@pytest.fixture(name="nodes")
def nodes_fixture(tmp_path, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("makes namespaces and mounts")
    import trustme

    runtime.ensure()
    # A lab that runs beside the tests keeps its own files, bridge and nodes.
    tls = tmp_path / "run/tls"
    tls.mkdir(parents=True)
    authority = trustme.CA().cert_pem
    for name in ("ca.pem", "bundle.pem"):
        authority.write_to_path(str(tls / name))
    monkeypatch.setattr(settings, "RUN", tmp_path / "run")
    for name, value in (("BRIDGE", "nctest0"), ("GATEWAY", "169.254.43.1"), ("LOG", tmp_path / "log")):
        monkeypatch.setattr(settings, name, value)
    monkeypatch.setattr(network, "SUBNET", "169.254.43.0/24")
    monkeypatch.setattr(fleet, "STATES", tmp_path / "states")
    monkeypatch.setattr(fleet, "DISKS", tmp_path / "disks")
    network.bridge_up()
    nodes = fleet.Fleet()
    yield nodes
    nodes.stop_all()
    network.bridge_down()
