"""The registry's two programs: started, told of when they end, stopped by whoever has their pid files.

https://distribution.github.io/distribution/about/configuration/ and nginx(8).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from lab import settings
from lab.node import process
from lab.registry import daemons


def test_stop_ends_both_and_start_says_when_an_address_is_taken(registry: Any) -> None:
    daemons.stop()
    for address in ((settings.GATEWAY, 443), ("127.0.0.1", settings.REGISTRY_PORT)):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=2)
    with socket.create_server((settings.GATEWAY, 443)), pytest.raises(RuntimeError, match="nginx cannot listen"):
        daemons.start()


@pytest.fixture(name="folder")
def folder_fixture(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "LOG", tmp_path)
    monkeypatch.setattr(daemons, "FOLDER", tmp_path)
    return tmp_path


def note(folder, name, pid, started):
    (folder / f"{name}.json").write_text(json.dumps({"pid": pid, "started": started}))


def free():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()


def test_one_that_ended_is_told_of_and_one_that_was_never_started_is_not(folder):
    assert daemons.ended() == []
    own = process.start_time(os.getpid())
    note(folder, "nginx", os.getpid(), own)
    note(folder, "docker-registry", os.getpid(), own - 1)
    assert daemons.ended() == ["docker-registry"]


def test_stop_ends_what_the_pid_files_name_and_no_process_that_got_the_pid_later(folder):
    with subprocess.Popen(["sleep", "60"]) as ours, subprocess.Popen(["sleep", "60"]) as theirs:
        note(folder, "nginx", ours.pid, process.start_time(ours.pid))
        note(folder, "docker-registry", theirs.pid, process.start_time(theirs.pid) - 1)
        daemons.stop()
        assert ours.wait(10) < 0
        assert theirs.poll() is None
        theirs.kill()
    assert not list(folder.glob("*.json"))
    daemons.stop()


def test_one_that_ends_instead_of_listening_names_its_log(folder):
    script = "import sys; print('it is wrong'); sys.exit(3)"
    with pytest.raises(RuntimeError, match=f"nginx ended instead of listening on .*: see {folder}/nginx.log"):
        daemons._spawn("nginx", [sys.executable, "-c", script], free())
    assert (folder / "nginx.log").read_text() == "it is wrong\n"
    assert daemons.ended() == ["nginx"]


def test_one_that_listens_has_its_pid_noted(folder):
    address = free()
    script = f"import socket, time; s = socket.create_server({address!r}); time.sleep(60)"
    daemons._spawn("nginx", [sys.executable, "-c", script], address)
    assert daemons.ended() == []
    daemons.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=2)
