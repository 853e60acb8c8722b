"""Removes a lab, whatever state it is in."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Callable

from lab import checks, server, settings
from lab.node import cgroups, files, fleet, network, process
from lab.running import Failure

NAMESPACE = re.compile(r"nc-[0-9a-z-]{12}")


def tear_down(tell: Callable[[str], None] = lambda _text: None) -> None:
    """Stop everything the state files know, and remove what it left; every part is tried."""
    parts: list[tuple[str, Callable[[], None]]] = [
        ("Stopping the server", stop_server),
        ("Stopping the nodes", stop_nodes),
        ("Stopping the registry", _stop_registry),
        ("Removing the bridge", network.bridge_down),
        ("Removing the names from /etc/hosts", _remove_hosts),
        ("Removing files", _remove_files),
    ]
    errors = []
    for text, work in parts:
        tell(text)
        try:
            work()
        except Exception as error:  # noqa: BLE001 - one part that fails must not keep the others
            errors.append(f"{text} failed: {error}")
            if work is stop_nodes:
                break
    if errors:
        raise Failure(" ".join(errors))


def stop_server() -> None:
    """End the server, by force when it takes too long."""
    state = server.state_of()
    if state is None:
        return
    if not process.end(*state, number=signal.SIGTERM, patience=60.0) and not process.end(*state):
        raise Failure(f"process {state[0]} does not end.")


def stop_nodes() -> None:
    """End the nodes that the server did not, also those whose start was cut short."""
    for state in fleet.recorded():
        fleet.end(state)
    # A node whose start was cut short has a namespace but no state file.
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout
    for name in (line.split()[0] for line in listed.splitlines() if line.strip()):
        if NAMESPACE.fullmatch(name):
            _end_namespace(name)
    if fleet.DISKS.exists():
        for disk in fleet.DISKS.iterdir():
            cgroups.remove(cgroups.containers(disk))
            files.remove(disk)
    cgroups.remove_new_parents()


def _end_namespace(name: str) -> None:
    inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
    for pid in map(int, inside.split()):
        started = process.start_time(pid)
        if started is not None and not process.end(pid, started):
            raise Failure(f"process {pid} of {name} does not end.")
    network.detach(name.removeprefix("nc-"), "0.0.0.0")  # noqa: S104


def _stop_registry() -> None:
    from lab import registry

    registry.stop()


def _remove_hosts() -> None:
    from lab import hosts

    hosts.remove()


def _remove_files() -> None:
    for path in (settings.RUN, settings.VAR, checks.probe_folder()):
        if path.exists():
            shutil.rmtree(path)
