"""Whether a lab runs on this machine, whose it is, and what an earlier one left."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab import server, settings
from lab.node import fleet, network, process

LOCK = settings.RUN.with_suffix(".lock")


class Failure(Exception):
    """A command could not do its work; the message is one sentence."""


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Let one up or down run at a time."""
    while True:
        fd = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(fd)
            raise Failure("Another up or down of the lab is at work: wait for it.") from error
        # The one before may have removed the file between the two calls.
        if LOCK.exists() and os.fstat(fd).st_ino == LOCK.stat().st_ino:
            break
        os.close(fd)
    try:
        yield
    finally:
        if not settings.RUN.exists():
            LOCK.unlink(missing_ok=True)
        os.close(fd)


def health() -> dict[str, Any] | None:
    """Return what the server says about itself, or None when ours does not answer."""
    state = server.state_of()
    if state is None or not process.alive(*state):
        return None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(settings.endpoint() + server.HEALTH, timeout=5) as answer:
            data: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):
        return None
    return data if data.get("pid") == state[0] else None


def refuse_strangers(found: dict[str, Any] | None) -> None:
    """Refuse to touch a lab that another clone started and that is still up: a machine has room for one."""
    if found and Path(found["root"]) != server.ROOT:
        raise Failure(
            f"This machine has room for one lab, and the one of {found['root']} is up: "
            f"end it with 'make down' there, or from here with '-m lab down --force'."
        )


def remains() -> bool:
    """Tell whether anything of an earlier lab is left."""
    return settings.RUN.exists() or network.exists(settings.BRIDGE) or fleet.DISKS.exists()
