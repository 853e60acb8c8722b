"""python -m lab up | down | status | logs | env"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lab import checks, logs, server, settings, status
from lab.node import fleet, network, runtime
from lab.registry import daemons
from lab.running import Failure, health, locked, refuse_strangers, remains
from lab.teardown import tear_down

SERVER_LOG = settings.LOG / "server.log"
PATIENCE = 180.0

# A person's own settings that would lead a tool past the lab.
STRANGERS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


def say(text: str) -> None:
    """Tell what is being done."""
    print(text, flush=True)


def up(chosen: argparse.Namespace) -> int:
    """Start the lab, or say that it runs."""
    checks.root()
    if chosen.containerd:
        os.environ[runtime.CHOICE] = chosen.containerd
    wanted = runtime.series()
    with locked():
        found = health()
        refuse_strangers(found)
        if found and found["ready"]:
            if wanted and not found["containerd"].startswith(f"{wanted}."):
                raise Failure(f"The lab that is up runs containerd {found['containerd']}: run down first.")
            if lost := daemons.ended():
                raise Failure(f"The lab is up without its {' and '.join(lost)}: run down first.")
            number = len(found["nodes"])
            say(f"The lab is already up at {settings.endpoint()} with {number} node{'' if number == 1 else 's'}.")
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
    # boto3 would follow a person's profile or endpoint even where keys are given.
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**own, "PYTHONPATH": str(server.ROOT)}
    with SERVER_LOG.open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "lab.server"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=server.ROOT,
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


def down(chosen: argparse.Namespace) -> int:
    """Remove the lab, whatever state it is in."""
    checks.root()
    with locked():
        found = health()
        if not chosen.force:
            refuse_strangers(found)
        there = found is not None or remains()
        # Also without a trace of a lab: an earlier one may have left its names in /etc/hosts.
        tear_down(say if there else lambda _text: None)
        say("The lab is gone." if there else "There is no lab here.")
    return 0


def tell_status(_chosen: argparse.Namespace) -> int:
    """Say whether the lab is up, and what is in it."""
    found = health()
    if found and not found["ready"]:
        say("The lab is starting.")
        return 1
    if found is None:
        say("The lab is not up." if not remains() else "The lab is not up, but an earlier one left traces: run down.")
        return 1
    say(f"The lab is up at {settings.endpoint()} (process {found['pid']}), registry {settings.ECR_HOST}.")
    lost = daemons.ended()
    if lost:
        say(f"Its {' and '.join(lost)} ended, so that nothing can be pushed or pulled: run down, then up.")
    for line in status.report(found["nodes"]):
        say(line)
    return 1 if lost else 0


def follow(chosen: argparse.Namespace) -> int:
    """Show the logs, and follow them when asked."""
    if not settings.LOG.exists():
        raise Failure("There is no lab whose logs could be shown.")
    if chosen.list:
        for line in logs.listing():
            say(line)
        return 0
    return logs.show(chosen.part, chosen.lines, chosen.follow)


def environment() -> dict[str, str]:
    """Return the variables that point AWS's tools at the lab."""
    places = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin").split(os.pathsep)
    # First an aws that works as version 2 does, and what stands in for its plugin; then the interpreter they run on.
    here = [str(server.ROOT / "lab/bin"), str(Path(sys.executable).parent)]
    return {
        "AWS_ENDPOINT_URL": settings.endpoint(),
        "AWS_ACCESS_KEY_ID": settings.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": settings.SECRET_KEY,
        "AWS_REGION": settings.REGION,
        "AWS_DEFAULT_REGION": settings.REGION,
        "AWS_CA_BUNDLE": str(settings.RUN / "tls/bundle.pem"),
        "PATH": os.pathsep.join([*here, *(place for place in places if place not in here)]),
    }


def env(_chosen: argparse.Namespace) -> int:
    """Print what a shell evaluates to reach the lab."""
    say(f"unset {' '.join(STRANGERS)}")
    for name, value in environment().items():
        say(f"export {name}={shlex.quote(value)}")
    return 0


EXPECTED = (
    Failure,
    checks.Refusal,
    fleet.NodeError,
    network.NetworkError,
    RuntimeError,
    OSError,
    subprocess.SubprocessError,
)


def arguments() -> argparse.ArgumentParser:
    """Return the commands and their options."""
    parser = argparse.ArgumentParser(prog="python -m lab", description="AWS on one machine, for nodecache.eks.")
    commands = parser.add_subparsers(required=True)

    def command(name: str, work: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(work=work)
        return made

    starts = command("up", up, "start the lab and wait until it is healthy")
    starts.add_argument(
        "--containerd",
        metavar="SERIES",
        help=f"the nodes' containerd, like 1.6, 1.7 or 2.1 (also ${runtime.CHOICE}); "
        "the distribution's own, unless said otherwise",
    )
    ends = command("down", down, "stop the lab and remove everything it made")
    ends.add_argument("--force", action="store_true", help="also when another clone started it")
    command("status", tell_status, "say whether the lab is up; its nodes, images, associations and commands")
    shows = command("logs", follow, "show the lab's logs, one file a part")
    shows.add_argument("part", nargs="*", help="parts, or how their names begin or end; every part without any")
    shows.add_argument("-f", "--follow", action="store_true", help="keep showing what is written")
    shows.add_argument("-n", "--lines", type=int, default=10, help="how many lines of each to begin with (10)")
    shows.add_argument("-l", "--list", action="store_true", help="only name the parts")
    command("env", env, "print the variables that point a shell at the lab")
    return parser


def main(given: Sequence[str] | None = None) -> int:
    """Run one command."""
    chosen = arguments().parse_args(given)
    try:
        code: int = chosen.work(chosen)
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever reads, like head, has seen enough; the interpreter's own last flush must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except EXPECTED as error:
        print(error, file=sys.stderr)
        return 1
