"""`python -m lab`: https://docs.python.org/3/library/__main__.html"""

from __future__ import annotations

import subprocess
import sys

import pytest

from lab import server


def run(*words):
    command = [sys.executable, "-m", "lab", *words]
    return subprocess.run(command, cwd=server.ROOT, capture_output=True, text=True)


def test_the_command_line_is_run_and_its_code_is_the_programs():
    done = run("env")
    assert done.returncode == 0
    assert "export AWS_ENDPOINT_URL=" in done.stdout


@pytest.mark.parametrize("words", [(), ("nonsense",), ("up", "--nonsense")])
def test_what_is_no_command_says_how_it_is_used(words):
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m lab")
