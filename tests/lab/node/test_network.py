from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from lab import settings
from lab.node import network

NODE = "i-0aaaaaaaaaaaaaad1"


def test_link_names_fit_the_kernel():
    assert len(network.link_of(NODE)) <= 15


def test_a_nodes_downloads_are_shaped(nodes):
    nodes.start(NODE, "10.77.0.61")
    said = subprocess.run(["tc", "-j", "qdisc", "show", "dev", network.link_of(NODE)], capture_output=True, check=True)
    (shaper,) = [one for one in json.loads(said.stdout) if one["kind"] == "tbf"]
    assert shaper["options"]["rate"] * 8 == 400_000_000


def test_a_node_reaches_the_lab_and_nothing_else(nodes):
    nodes.start(NODE, "10.77.0.62")
    routes = nodes.run(NODE, "ip -4 route", {}, 10).stdout.decode().splitlines()
    assert [route.split()[0] for route in routes] == [network.SUBNET]


def test_the_bridge_keeps_its_address_whichever_nodes_come_and_go(nodes):
    """Else the nodes that stay send to an address that is gone, until their neighbour tables (arp(7)) notice."""
    address = Path("/sys/class/net", settings.BRIDGE, "address")
    seen = {address.read_text().strip()}
    for number in range(65, 68):
        network.attach(NODE, f"10.77.0.{number}")
        seen.add(address.read_text().strip())
        network.detach(NODE, f"10.77.0.{number}")
    assert seen | {address.read_text().strip()} == {network.MAC}


def test_the_folder_of_namespaces_is_left_as_it_was(tmp_path, monkeypatch):
    """ip-netns(8): the first namespace makes the folder and mounts it on itself."""
    if os.geteuid() != 0:
        pytest.skip("mounts")
    folder = tmp_path / "netns"
    folder.mkdir()
    monkeypatch.setattr(network, "NAMESPACES", folder)
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    (folder / "other").touch()
    network.forget_namespaces()
    assert str(folder) in Path("/proc/mounts").read_text()
    (folder / "other").unlink()
    network.forget_namespaces()
    assert str(folder) not in Path("/proc/mounts").read_text()
    assert not folder.exists()
    network.forget_namespaces()


def test_a_folder_that_is_no_mount_is_somebody_elses(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "NAMESPACES", tmp_path)
    network.forget_namespaces()
    assert tmp_path.is_dir()


def test_a_link_that_cannot_be_made_leaves_no_half(nodes):
    network.attach(NODE, "10.77.0.63")
    try:
        with pytest.raises(network.NetworkError, match="ip netns add"):
            network.attach(NODE, "10.77.0.64")
        assert network.exists(network.link_of(NODE))
    finally:
        network.detach(NODE, "10.77.0.63")
    assert not network.exists(network.link_of(NODE))
