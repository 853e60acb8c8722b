"""Whether a lab runs, whose it is, and that one command works at a time.

flock(2) for the lock, and proc_pid_stat(5) for the start time that tells a process from one that got its number later.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from lab import running, server, settings
from lab.node import fleet, process
from tests.lab.elsewhere import paths_fixture  # noqa: F401


def test_one_command_at_a_time():
    with running.locked(), pytest.raises(running.Failure, match="Another up or down"), running.locked():
        pytest.fail("two at once")
    assert not running.LOCK.exists()


def test_a_lock_whose_holder_was_killed_is_free(paths):
    """flock(2): the lock goes with the process, its file stays."""
    code = (
        "import sys; from pathlib import Path; from lab import running; running.LOCK = Path(sys.argv[1])\n"
        "with running.locked(): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(running.LOCK)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=server.ROOT, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(running.Failure, match="Another up or down"), running.locked():
            pytest.fail("two at once")
        holder.kill()
        holder.wait()
    assert running.LOCK.exists()
    with running.locked():
        pass
    assert not running.LOCK.exists()


def test_the_lock_stays_with_the_lab(paths):
    settings.RUN.mkdir()
    with running.locked():
        pass
    assert running.LOCK.exists()


@pytest.fixture(name="recorded")
def recorded_fixture(paths):
    server.STATE.parent.mkdir()
    server.STATE.write_text(json.dumps({"pid": os.getpid(), "started": process.start_time(os.getpid())}))


def answer(monkeypatch, body):
    """Let the port answer this, whoever may be behind it."""
    import io

    class Opener:
        def open(self, url, timeout):
            assert url == f"{settings.endpoint()}{server.HEALTH}"
            if isinstance(body, OSError):
                raise body
            return io.BytesIO(body)

    monkeypatch.setattr(running.urllib.request, "build_opener", lambda *_handlers: Opener())


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (json.dumps({"pid": os.getpid(), "ready": True}).encode(), True),
        # Another process answers on the port, or not as ours would, or nobody.
        (json.dumps({"pid": 1, "ready": True}).encode(), False),
        (b"<html>", False),
        (ConnectionRefusedError(), False),
    ],
)
def test_only_our_own_server_is_the_lab(recorded, monkeypatch, body, found):
    answer(monkeypatch, body)
    assert (running.health() is not None) == found


@pytest.mark.parametrize(("root", "refused"), [(str(server.ROOT), False), ("/home/other/clone", True)])
def test_a_lab_is_its_clones(root, refused):
    running.refuse_strangers(None)
    if refused:
        with pytest.raises(running.Failure, match="room for one lab, and the one of /home/other/clone is up"):
            running.refuse_strangers({"root": root})
    else:
        running.refuse_strangers({"root": root})


def test_what_remains_of_a_lab(paths):
    assert not running.remains()
    fleet.DISKS.mkdir(parents=True)
    assert running.remains()
    fleet.DISKS.rmdir()
    settings.RUN.mkdir()
    assert running.remains()
