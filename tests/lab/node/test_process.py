"""Processes, named so that one that got its number later is never taken for ours.

proc_pid_stat(5): the start time in clock ticks since boot, and names with spaces and parentheses.
"""

from __future__ import annotations

import os
import subprocess

from lab.node import process


def test_a_process_is_known_by_its_start():
    with subprocess.Popen(["sleep", "60"]) as running:
        started = process.start_time(running.pid)
        assert process.alive(running.pid, started)
        assert not process.alive(running.pid, started + 1)
        assert process.end(running.pid, started + 1)
        assert running.poll() is None
        assert process.child_of(os.getpid()) is not None
        assert process.end(running.pid, started)
    assert process.start_time(running.pid) is None
