"""python -m lab up | down | status | env"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lab import checks, server, settings
from lab.node import cgroups, files, fleet, network, process, runtime

LOCK = settings.RUN.with_suffix(".lock")
SERVER_LOG = settings.LOG / "server.log"
PATIENCE = 180.0
NAMESPACE = re.compile(r"nc-[0-9a-z-]{12}")

# A person's own settings that would lead a tool past the lab.
STRANGERS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


class Failure(Exception):
    """A command could not do its work; the message is one sentence."""


def say(text: str) -> None:
    """Tell what is being done."""
    print(text, flush=True)


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


def remains() -> bool:
    """Tell whether anything of an earlier lab is left."""
    return settings.RUN.exists() or network.exists(settings.BRIDGE) or fleet.DISKS.exists()


def up() -> int:
    """Start the lab, or say that it runs."""
    checks.root()
    with locked():
        found = health()
        if found and found["ready"]:
            say(f"The lab is already up at {settings.endpoint()} with {len(found['nodes'])} nodes.")
            return 0
        if remains():
            say("Removing what an earlier lab left")
            tear_down()
        say("Checking this machine")
        checks.all_of_them()
        try:
            _start()
        except BaseException:
            say(f"The start failed, removing it; the server's log stays in {_keep_log()}")
            tear_down()
            raise
    say(f'The lab is up at {settings.endpoint()}; point a shell at it with: eval "$({sys.executable} -m lab env)"')
    return 0


def _start() -> None:
    from lab import hosts, images, tls

    settings.RUN.mkdir(parents=True, exist_ok=True)
    settings.LOG.mkdir(parents=True, exist_ok=True)
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("Unpacking containerd, the registry and nginx (nothing is installed)", runtime.ensure),
        ("Making certificates", tls.ca_bundle),
        ("Building the small images", lambda: (images.base_archive(), images.pause_archive())),
        ("Adding the registry's name to /etc/hosts", hosts.add),
        ("Starting the AWS APIs and the registry", _start_server),
    ]
    for text, work in steps:
        say(text)
        work()


def _start_server() -> None:
    root = Path(__file__).resolve().parent.parent
    # boto3 would follow a person's profile or endpoint even where keys are given.
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**own, "PYTHONPATH": str(root)}
    with SERVER_LOG.open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "lab.server"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=root,
            env=environment,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if running.poll() is not None:
            raise Failure(f"The lab's server ended with code {running.returncode}: {_last_line()}")
        found = health()
        if found and found["ready"]:
            return
        time.sleep(0.1)
    raise Failure(f"The lab's server was not ready after {PATIENCE:.0f} seconds: {_last_line()}")


def _last_line() -> str:
    lines = SERVER_LOG.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _keep_log() -> Path:
    kept = settings.CACHE / "last-failure.log"
    if SERVER_LOG.exists():
        settings.CACHE.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SERVER_LOG, kept)
    return kept


def down() -> int:
    """Remove the lab, whatever state it is in."""
    checks.root()
    with locked():
        tear_down(say)
    return 0


def tear_down(tell: Callable[[str], None] = lambda _text: None) -> None:
    """Stop everything the state files know, and remove what it left; every part is tried."""
    parts: list[tuple[str, Callable[[], None]]] = [
        ("Stopping the server", _stop_server),
        ("Stopping the nodes", _stop_nodes),
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
            if work is _stop_nodes:
                break
    if errors:
        raise Failure(" ".join(errors))


def _stop_server() -> None:
    state = server.state_of()
    if state is None:
        return
    if not process.end(*state, number=signal.SIGTERM, patience=60.0) and not process.end(*state):
        raise Failure(f"process {state[0]} does not end.")


def _stop_nodes() -> None:
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
    for path in (settings.RUN, settings.VAR):
        if path.exists():
            shutil.rmtree(path)


def status() -> int:
    """Say whether the lab is up, and with which nodes."""
    found = health()
    if found is None or not found["ready"]:
        say("The lab is not up." if not remains() else "The lab is not up, but an earlier one left traces: run down.")
        return 1
    say(f"The lab is up at {settings.endpoint()} (process {found['pid']}), registry {settings.ECR_HOST}.")
    for node in found["nodes"]:
        say(f"node {node} online")
    return 0


def environment() -> dict[str, str]:
    """Return the variables that point AWS's tools at the lab."""
    places = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin").split(os.pathsep)
    here = str(Path(sys.executable).parent)
    return {
        "AWS_ENDPOINT_URL": settings.endpoint(),
        "AWS_ACCESS_KEY_ID": settings.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": settings.SECRET_KEY,
        "AWS_REGION": settings.REGION,
        "AWS_DEFAULT_REGION": settings.REGION,
        "AWS_CA_BUNDLE": str(settings.RUN / "tls/bundle.pem"),
        "PATH": os.pathsep.join([here, *(place for place in places if place != here)]),
    }


def env() -> int:
    """Print what a shell evaluates to reach the lab."""
    say(f"unset {' '.join(STRANGERS)}")
    for name, value in environment().items():
        say(f"export {name}={shlex.quote(value)}")
    return 0


COMMANDS: dict[str, tuple[Callable[[], int], str]] = {
    "up": (up, "start the lab and wait until it is healthy"),
    "down": (down, "stop the lab and remove everything it made"),
    "status": (status, "say whether the lab is up"),
    "env": (env, "print the variables that point a shell at the lab"),
}

EXPECTED = (
    Failure,
    checks.Refusal,
    fleet.NodeError,
    network.NetworkError,
    RuntimeError,
    OSError,
    subprocess.SubprocessError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m lab", description="AWS on one machine, for nodecache.eks.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_work, text) in COMMANDS.items():
        commands.add_parser(name, help=text)
    chosen = parser.parse_args(arguments)
    try:
        return COMMANDS[chosen.command][0]()
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1
