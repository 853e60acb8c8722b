"""What `down` removes, in whatever state it finds it.

ip-netns(8) for the namespaces, and kill(2) for what a process that does not end is told.
"""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from lab import running, server, teardown
from lab.node import fleet, network, process
from tests.lab.elsewhere import paths_fixture  # noqa: F401


def test_a_recycled_pid_is_left_alone(paths):
    with subprocess.Popen(["sleep", "60"]) as other:
        server.STATE.parent.mkdir()
        server.STATE.write_text(json.dumps({"pid": other.pid, "started": process.start_time(other.pid) - 1}))
        assert running.health() is None
        teardown.stop_server()
        assert other.poll() is None
        other.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces")
def test_what_a_cut_start_left_goes(monkeypatch):
    # Only this test's own: a lab that runs beside the tests keeps its nodes.
    monkeypatch.setattr(teardown, "NAMESPACE", re.compile(network.namespace_of("i-0bbbbbbbbbbbbbbb1")))
    network.bridge_up()
    try:
        network.attach("i-0bbbbbbbbbbbbbbb1", "10.77.0.21")
        (fleet.DISKS / "i-0bbbbbbbbbbbbbbb1").mkdir(parents=True)
        teardown.stop_nodes()
        assert not network.exists(network.link_of("i-0bbbbbbbbbbbbbbb1"))
        assert not list(fleet.DISKS.iterdir())
    finally:
        network.bridge_down()


PARTS = ("stop_server", "stop_nodes", "_stop_registry", "_remove_hosts", "_remove_files")


@pytest.fixture(name="done")
def done_fixture(monkeypatch):
    """Return the parts that were done, none of them for real."""
    done = []
    for name in PARTS:
        monkeypatch.setattr(teardown, name, lambda name=name: done.append(name))
    monkeypatch.setattr(network, "bridge_down", lambda: done.append("bridge_down"))
    return done


def test_every_part_is_tried_when_one_fails(monkeypatch, done):
    def fail():
        raise OSError("it is busy")

    monkeypatch.setattr(teardown, "_stop_registry", fail)
    with pytest.raises(running.Failure, match="^Stopping the registry failed: it is busy$"):
        teardown.tear_down()
    assert done == ["stop_server", "stop_nodes", "bridge_down", "_remove_hosts", "_remove_files"]


def test_the_files_of_a_node_that_does_not_end_stay(monkeypatch, done):
    """Without them nothing would know the node any more, and no later `down` could end it."""

    def fail():
        raise fleet.NodeError("node 'i-1' does not end")

    monkeypatch.setattr(teardown, "stop_nodes", fail)
    with pytest.raises(running.Failure, match="Stopping the nodes failed: node 'i-1' does not end"):
        teardown.tear_down()
    assert done == ["stop_server"]


def test_what_is_done_is_told(done):
    told = []
    teardown.tear_down(told.append)
    assert len(told) == len(done) == 6
    assert told[0] == "Stopping the server"


def test_a_server_that_does_not_listen_is_killed(paths, monkeypatch):
    asked = []

    def end(pid, started, number=9, patience=10.0):
        asked.append(int(number))
        return number == 9

    monkeypatch.setattr(process, "end", end)
    server.STATE.parent.mkdir()
    server.STATE.write_text(json.dumps({"pid": 4711, "started": 1}))
    teardown.stop_server()
    assert asked == [15, 9]
    monkeypatch.setattr(process, "end", lambda *_given, **_named: False)
    with pytest.raises(running.Failure, match="process 4711 does not end"):
        teardown.stop_server()


@pytest.mark.parametrize(
    ("name", "ours"),
    [("nc-0aaaaaaaaaa1", True), ("nc-0aaaaaaaaaa12", False), ("nc-short", False), ("other", False), ("cni-1", False)],
)
def test_only_the_labs_namespaces_go(name, ours):
    assert bool(teardown.NAMESPACE.fullmatch(name)) == ours
    assert teardown.NAMESPACE.fullmatch(network.namespace_of("i-0123456789abcdef0"))
