"""A node from its start to its end: what it has, what it keeps, and that it leaves nothing.

namespaces(7), unshare(1) and pid_namespaces(7) for what a node is made of and how it ends with its first process;
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html for what stop, start and reboot keep.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from lab.node import cgroups, fleet, network, process

ROLE = "arn:aws:iam::123456789012:role/path/eks-node"


def test_a_node_lives_and_leaves_nothing(nodes):
    name, address = "i-0aaaaaaaaaaaaaaa1", "10.77.0.11"
    came = []
    nodes.on_online(came.append)
    keys = []
    nodes.on_credentials(lambda *key: keys.append(key))
    nodes.start(name, address, role_arn=ROLE)
    assert came == [name] == nodes.ids()
    assert nodes.online(name)

    with pytest.raises(fleet.NodeError, match="taken by another node"):
        nodes.start("i-0aaaaaaaaaaaaaaa9", address)

    result = nodes.run(name, "#!/bin/bash\n[[ $X == y ]] && echo $X; echo no >&2; exit 7", {"X": "y"}, 10)
    assert result == fleet.Result(7, b"y\n", b"no\n")
    assert nodes.run(name, "sleep 60 & sleep 60", {}, 0.5).exit_code == 137
    whoami = f"{sys.executable} -c 'from botocore.session import Session as S; print(S().get_credentials().access_key)'"
    key = nodes.run(name, whoami, {}, 20).stdout.decode().strip()
    assert [found[:3] for found in keys] == [(key, ROLE, name)]

    images = nodes.run(name, "ctr -n k8s.io images ls name==localhost/kubernetes/pause:latest", {}, 10).stdout
    assert b"io.cri-containerd.pinned=pinned" in images
    script = "ctr -n k8s.io run -d localhost/kubernetes/pause:latest proof && ctr -n k8s.io tasks ls"
    assert b"RUNNING" in nodes.run(name, script, {}, 20).stdout
    curl = "curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 9' http://169.254.169.254/latest/api/token"
    assert len(nodes.run(name, curl, {}, 10).stdout) > 30

    state = fleet.recorded()[0]
    nodes.run(name, "kill $(pidof containerd)", {}, 10)
    deadline = time.monotonic() + 10
    while nodes.run(name, "ctr version", {}, 10).exit_code:
        assert time.monotonic() < deadline, "containerd was not started again"
        time.sleep(0.1)

    nodes.stop(name)
    assert not nodes.online(name)
    assert process.start_time(state.init) is None
    assert not fleet.recorded()
    assert not (fleet.DISKS / name).exists()
    assert not network.exists(network.link_of(name))
    assert network.namespace_of(name) not in subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout
    assert not list(cgroups.ROOT.rglob("proof"))


def test_a_cancelled_script_ends_with_its_children(nodes):
    name = "i-0aaaaaaaaaaaaaaa4"
    nodes.start(name, "10.77.0.14")
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    began = time.monotonic()
    result = nodes.run(name, "echo begun; sleep 4711 & sleep 4711", {}, 60, cancelled)
    assert (result.exit_code, result.stdout) == (137, b"begun\n")
    assert time.monotonic() - began < 10
    assert nodes.run(name, "pgrep -f 4711 | grep -v $$", {}, 10).stdout == b""
    # One that left its group lives on, but holds nobody up.
    assert nodes.run(name, "echo begun; setsid sleep 4712 & sleep 4712", {}, 0.5).stdout == b"begun\n"
    assert nodes.run(name, "exit 3", {}, 10, threading.Event()).exit_code == 3


def test_a_node_that_is_restarted_keeps_its_disk_and_ends_its_processes(nodes):
    name, comes = "i-0aaaaaaaaaaaaaaa5", []
    nodes.start(name, "10.77.0.15")
    nodes.on_online(comes.append)
    before = fleet.recorded()[0]
    nodes.run(name, "touch /var/lib/amazon/kept; setsid sleep 4713 > /dev/null 2>&1 < /dev/null &", {}, 10)
    nodes.reboot(name)
    after = fleet.recorded()[0]
    assert not process.alive(before.init, before.init_started) and process.alive(after.init, after.init_started)
    assert comes == [name] and nodes.online(name)
    script = "test -e /var/lib/amazon/kept && ctr version > /dev/null && ! pgrep -f 'sleep 471[3]'"
    assert nodes.run(name, script, {}, 30).exit_code == 0
    token = "curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token"
    assert nodes.run(name, token, {}, 30).exit_code == 0


def test_a_node_that_is_stopped_keeps_its_disk_only_when_told(nodes):
    name, address = "i-0aaaaaaaaaaaaaaa6", "10.77.0.16"
    nodes.start(name, address)
    assert nodes.run(name, "touch /var/lib/amazon/kept", {}, 10).exit_code == 0
    nodes.stop(name, keep_disk=True)
    assert not nodes.online(name)
    assert fleet.stopped() == [name]
    nodes.start(name, address)
    assert fleet.stopped() == []
    assert nodes.run(name, "test -e /var/lib/amazon/kept && ctr version > /dev/null", {}, 30).exit_code == 0
    nodes.stop(name, keep_disk=True)
    nodes.stop(name)
    assert not (fleet.DISKS / name).exists()
    assert fleet.stopped() == []


def test_a_node_is_ended_by_its_state_file_alone(nodes):
    code = (
        "import json,sys; from pathlib import Path; from lab.node import fleet;"
        f"fleet.STATES=Path({str(fleet.STATES)!r}); fleet.DISKS=Path({str(fleet.DISKS)!r});"
        "[fleet.end(state) for state in fleet.recorded()]"
    )
    nodes.start("i-0aaaaaaaaaaaaaaa2", "10.77.0.12")
    state = fleet.recorded()[0]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not process.alive(state.init, state.init_started)
    assert not nodes.online("i-0aaaaaaaaaaaaaaa2")
    assert not list(fleet.DISKS.iterdir())


def test_an_address_of_this_machine_is_refused(nodes):
    with pytest.raises(network.NetworkError, match=r"127\.0\.0\.1 is an address of this machine"):
        nodes.start("i-0aaaaaaaaaaaaaaa3", "127.0.0.1")
