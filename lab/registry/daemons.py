"""Starts and stops docker-registry and nginx; pid files let a later process stop them too."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path

from lab import packages, settings, tls
from lab.node import process
from lab.registry import config, store

FOLDER = settings.RUN / "registry"
_NAMES = ("nginx", "docker-registry")
# Those that this very process started, which has to see them end.
_children: dict[str, subprocess.Popen[bytes]] = {}


def start() -> None:
    """Start both and wait until the registry answers."""
    tls.make()
    FOLDER.mkdir(parents=True, exist_ok=True)
    settings.LOG.mkdir(parents=True, exist_ok=True)
    (FOLDER / "temp").mkdir(exist_ok=True)
    (FOLDER / "registry.yml").write_text(config.registry())
    (FOLDER / "nginx.conf").write_text(config.nginx(FOLDER))
    registry = [packages.binary("docker-registry"), "serve", FOLDER / "registry.yml"]
    _spawn("docker-registry", registry, (settings.API_HOST, settings.REGISTRY_PORT))
    nginx = [packages.binary("nginx"), "-p", FOLDER, "-c", FOLDER / "nginx.conf", "-e", "stderr"]
    _spawn("nginx", nginx, (settings.GATEWAY, 443))
    store.running = True


def stop() -> None:
    """End both, whoever started them."""
    store.running = False
    for name in _NAMES:
        note = FOLDER / f"{name}.json"
        if not note.exists():
            continue
        state = json.loads(note.read_text())
        if not (process.end(state["pid"], state["started"]) and _threads_end(state["pid"])):
            raise RuntimeError(f"{name} (pid {state['pid']}) did not end")
        note.unlink()
        if child := _children.pop(name, None):
            child.wait()


def ended() -> list[str]:
    """Return which of the two were started and do not run any more."""
    notes = {name: FOLDER / f"{name}.json" for name in _NAMES}
    states = {name: json.loads(note.read_text()) for name, note in notes.items() if note.exists()}
    return [name for name, state in states.items() if not process.alive(state["pid"], state["started"])]


def _threads_end(pid: int, patience: float = 10.0) -> bool:
    """Wait for a killed process's last thread: its first one ends before the others let go of the port."""
    deadline = time.monotonic() + patience
    while True:
        try:
            if len(os.listdir(f"/proc/{pid}/task")) <= 1:
                return True
        except FileNotFoundError:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def _spawn(name: str, command: list[str | Path], address: tuple[str, int]) -> None:
    # Tried first: a stranger who has the address would answer in our daemon's place.
    try:
        socket.create_server(address).close()
    except OSError as error:
        raise RuntimeError(f"{name} cannot listen on {address[0]}:{address[1]}: {error.strerror}") from error
    with (settings.LOG / f"{name}.log").open("ab") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"PATH": os.defpath}, start_new_session=True
        )
    _children[name] = child
    (FOLDER / f"{name}.json").write_text(json.dumps({"pid": child.pid, "started": process.start_time(child.pid)}))
    _wait(name, child, address)


def _wait(name: str, child: subprocess.Popen[bytes], address: tuple[str, int], patience: float = 30.0) -> None:
    """Wait until the daemon listens; it ends at once when its address is taken or its configuration is wrong."""
    where = f"{address[0]}:{address[1]}"
    deadline = time.monotonic() + patience
    while True:
        if child.poll() is not None:
            raise RuntimeError(f"{name} ended instead of listening on {where}: see {settings.LOG / name}.log")
        try:
            with socket.create_connection(address, timeout=2):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not listen on {where}: {error}") from error
        time.sleep(0.05)
