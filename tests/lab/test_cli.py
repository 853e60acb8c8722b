from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys

import pytest

from lab import checks, cli, running, server, settings, teardown
from lab.node import cgroups, fleet, network, process, runtime
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


def test_env_is_a_shell_script(monkeypatch, capsys):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert cli.main(["env"]) == 0
    script = capsys.readouterr().out + 'echo "$AWS_ENDPOINT_URL $AWS_REGION ${AWS_PROFILE-gone}"'
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [settings.endpoint(), settings.REGION, "gone"]


def test_env_does_not_repeat_itself(monkeypatch):
    monkeypatch.setenv("PATH", cli.environment()["PATH"])
    assert cli.environment()["PATH"] == os.environ["PATH"]


def test_status_without_a_lab(capsys):
    assert cli.main(["status"]) == 1
    assert capsys.readouterr().out == "The lab is not up.\n"


def test_status_says_what_stands_in_the_way(paths, monkeypatch, capsys):
    monkeypatch.setattr(cli, "health", lambda: {"ready": False})
    assert cli.main(["status"]) == 1
    monkeypatch.setattr(cli, "health", lambda: None)
    settings.RUN.mkdir()
    assert cli.main(["status"]) == 1
    assert capsys.readouterr().out == (
        "The lab is starting.\nThe lab is not up, but an earlier one left traces: run down.\n"
    )


def test_a_registry_that_was_killed_is_told_of(monkeypatch, capsys):
    """Nothing can be pulled without it, so a lab like that does not pass for one that is up."""
    here = {"root": str(server.ROOT), "ready": True, "nodes": [], "containerd": "1.6.20", "pid": 1}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "health", lambda: here)
    monkeypatch.setattr(cli.status, "report", lambda _nodes: [])
    daemons.FOLDER.mkdir(parents=True)
    own = {"pid": os.getpid(), "started": process.start_time(os.getpid())}
    for name, state in (("nginx", own), ("docker-registry", {**own, "started": 0})):
        (daemons.FOLDER / f"{name}.json").write_text(json.dumps(state))
    assert cli.main(["status"]) == 1
    assert "Its docker-registry ended, so that nothing can be pushed or pulled" in capsys.readouterr().out
    assert cli.main(["up"]) == 1
    assert capsys.readouterr().err == "The lab is up without its docker-registry: run down first.\n"
    (daemons.FOLDER / "docker-registry.json").write_text(json.dumps(own))
    assert cli.main(["status"]) == cli.main(["up"]) == 0


def test_who_reads_no_further_is_no_error():
    """As when a person types: python -m lab env | head -1"""
    code = "import sys; from lab import cli; sys.stdout.reconfigure(write_through=True); sys.exit(cli.main(['env']))"
    pipe = ["bash", "-o", "pipefail", "-c", f'"{sys.executable}" -c "{code}" | true']
    done = subprocess.run(pipe, cwd=server.ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_up_wants_root(monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cli.main(["up"]) == 1
    assert "must run as root" in capsys.readouterr().err


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(checks.Refusal, match=f"port {port} on 127.0.0.1, and it is taken"):
            checks.ports([("127.0.0.1", port)])
    checks.ports([("127.0.0.1", port)])


def test_a_missing_program_names_its_package(monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", lambda name: None if name == "tc" else f"/usr/bin/{name}")
    with pytest.raises(checks.Refusal, match="needs tc: install the package iproute2"):
        checks.programs()


@pytest.mark.parametrize("command", ["up", "down"])
def test_the_lab_of_another_clone_is_left_alone(command, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "health", lambda: {"root": "/home/other/clone", "ready": True, "nodes": []})
    monkeypatch.setattr(cli, "tear_down", lambda *_: pytest.fail("it was torn down"))
    assert cli.main([command]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "room for one lab, and the one of /home/other/clone is up" in said


def test_down_can_be_told_to_end_any_lab(monkeypatch):
    torn = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "health", lambda: {"root": "/home/other/clone", "ready": True, "nodes": []})
    monkeypatch.setattr(cli, "tear_down", torn.append)
    assert cli.main(["down", "--force"]) == 0
    assert torn == [cli.say]


def test_up_does_not_pass_over_another_containerd(monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv(runtime.CHOICE, "")
    here = {"root": str(server.ROOT), "ready": True, "nodes": [], "containerd": "1.6.20"}
    monkeypatch.setattr(cli, "health", lambda: here)
    assert cli.main(["up", "--containerd", "1.6"]) == 0
    assert cli.main(["up", "--containerd", "2.1"]) == 1
    assert capsys.readouterr().err == "The lab that is up runs containerd 1.6.20: run down first.\n"
    assert cli.main(["up", "--containerd", "newest"]) == 1
    assert "not a series of containerd like 1.7" in capsys.readouterr().err


def test_one_command_at_a_time():
    with running.locked(), pytest.raises(running.Failure, match="Another up or down"), running.locked():
        pytest.fail("two at once")
    assert not running.LOCK.exists()


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


@pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces")
def test_this_machine_passes_the_checks():
    for check in (checks.root, checks.programs, checks.namespaces, checks.bridges):
        check()
