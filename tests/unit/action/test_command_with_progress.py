"""The plugin as Ansible runs it: the lines reach the person, and a failure is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Ansible kills a worker that has answered and is not gone at once, and would do so while it writes its coverage.
PATIENT = {"ANSIBLE_WORKER_SHUTDOWN_POLL_COUNT": "1500", "ANSIBLE_WORKER_SHUTDOWN_POLL_DELAY": "0.02"}


@pytest.fixture(name="play")
def play_fixture(tmp_path):
    def run(argv, *options, connection="local"):
        book = [
            {
                "hosts": "localhost",
                "connection": connection,
                "gather_facts": False,
                "environment": {"FRUIT": "plum"},
                "tasks": [{"nodecache.eks.command_with_progress": {"argv": argv}}],
            }
        ]
        path = tmp_path / "book.yml"
        path.write_text(json.dumps(book))
        program = Path(sys.executable).with_name("ansible-playbook")
        return subprocess.run(
            [program, "-i", "localhost,", *options, path],
            cwd=ROOT,
            env=os.environ | PATIENT,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return run


def test_lines_are_shown_and_the_environment_is_the_tasks(play):
    done = play(["sh", "-c", "echo first; echo $FRUIT >&2"])
    assert done.returncode == 0, done.stdout
    assert "\n  first\n  plum\n" in done.stdout
    assert "changed=1" in done.stdout


def test_a_failure_tells_the_code_and_the_last_lines(play):
    done = play(["sh", "-c", "echo no space left; exit 3"])
    assert done.returncode == 2
    assert "'sh' ended with 3: no space left" in done.stdout


def test_check_mode_runs_nothing(play, tmp_path):
    done = play(["touch", str(tmp_path / "made")], "--check")
    assert done.returncode == 0
    assert "changed=1" in done.stdout
    assert not (tmp_path / "made").exists()


def test_a_missing_program_is_one_sentence(play):
    done = play(["no-such-program"])
    # Ansible wraps long lines.
    told = " ".join((done.stdout + done.stderr).split())
    assert "could not be started: No such file or directory." in told
    assert "no-such-program" in told
    assert "Traceback" not in told
