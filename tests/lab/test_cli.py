"""The commands a person types, what they print and the codes they end with.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html for what `env` sets and what it unsets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from lab import cli, server, settings
from lab.node import process, runtime
from lab.registry import daemons
from tests.lab.elsewhere import paths_fixture  # noqa: F401


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


@pytest.mark.parametrize("command", ["up", "down"])
def test_the_lab_of_another_clone_is_left_alone(command, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "health", lambda: {"root": "/home/other/clone", "ready": True, "nodes": []})
    monkeypatch.setattr(cli, "tear_down", lambda *_: pytest.fail("it was torn down"))
    assert cli.main([command]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "room for one lab, and the one of /home/other/clone is up" in said


def test_down_without_a_lab_says_so_and_still_looks(paths, monkeypatch, capsys):
    looked = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "tear_down", looked.append)
    assert cli.main(["down"]) == 0
    assert capsys.readouterr().out == "There is no lab here.\n"
    settings.RUN.mkdir()
    assert cli.main(["down"]) == 0
    assert capsys.readouterr().out == "The lab is gone.\n"
    assert (len(looked), looked[1]) == (2, cli.say)


@pytest.mark.parametrize(("nodes", "said"), [([], "0 nodes"), (["i-1"], "1 node"), (["i-1", "i-2"], "2 nodes")])
def test_up_twice_says_that_it_is_up(nodes, said, monkeypatch, capsys):
    here = {"root": str(server.ROOT), "ready": True, "nodes": nodes, "containerd": "1.6.20"}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "health", lambda: here)
    assert cli.main(["up"]) == 0
    assert capsys.readouterr().out == f"The lab is already up at {settings.endpoint()} with {said}.\n"


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
