"""Processes named by pid and start time, so that a recycled pid is never taken for ours."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def start_time(pid: int) -> int | None:
    """Return when the process started, in clock ticks since boot, or None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold spaces and parentheses of its own.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def alive(pid: int, started: int) -> bool:
    """Tell whether this very process still runs."""
    return start_time(pid) == started


def child_of(parent: int) -> int | None:
    """Return the pid of the process's first child."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(text.rpartition(")")[2].split()[1]) == parent:
            return int(entry.name)
    return None


def end(pid: int, started: int, number: int = signal.SIGKILL, patience: float = 10.0) -> bool:
    """Send the signal to this very process and wait for it; tell whether it is gone."""
    if not alive(pid, started):
        return True
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + patience
    while alive(pid, started):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
