"""How a node's agent runs a script: a file, sh -c, a process group of its own."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from lab import settings
from lab.node import init

KILLED = 137
GLANCE = 0.1
# Where systemd starts the agent, and the agent its scripts: packaging/linux/amazon-ssm-agent.service in its repository.
FOLDER = "/usr/bin"

# What the agent exports, on top of what systemd gives its service; a region for the AWS CLI is not among it.
ENVIRONMENT = {
    "PATH": init.PATH,
    "LANG": "C.UTF-8",
    "AWS_SSM_REGION_NAME": settings.REGION,
    "AWS_SSM_PLATFORM_NAME": "Amazon Linux",
    "AWS_SSM_PLATFORM_VERSION": "2023",
}


@dataclass(frozen=True)
class Result:
    """What a script on a node came to: a code of -1 is for one that a signal ended, as Go has it."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    # What the agent adds to a failure, in Go's words, where it is not the exit status.
    error: str = ""


# A process that is forked while another thread still writes its script keeps that script "busy".
_FORKING = threading.Lock()


def run(
    enter: list[str],
    disk: Path,
    instance_id: str,
    script: str,
    env: dict[str, str],
    timeout: float,
    cancelled: threading.Event | None,
    where: str = "",
) -> Result:
    """Run a script on the node that the command enters; its /var/lib/amazon lies on the disk."""
    # A folder that is not absolute is one of what the document downloaded, which the lab's never do.
    folder = where if where.startswith("/") else FOLDER
    if folder != FOLDER and subprocess.run([*enter, "test", "-d", folder], check=False).returncode:
        return Result(1, b"", b"", "fork/exec /usr/bin/sh: no such file or directory")
    place = Path("ssm", instance_id, "document", "orchestration", str(uuid.uuid4()))
    (disk / place).mkdir(parents=True)
    path = disk / place / "_script.sh"
    with _FORKING:
        path.write_text(script if script.endswith("\n") else script + "\n", encoding="utf-8")
        path.chmod(0o700)
        running = subprocess.Popen(
            [*enter, "env", "-C", folder, "sh", "-c", f"/var/lib/amazon/{place}/_script.sh"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**ENVIRONMENT, "AWS_SSM_INSTANCE_ID": instance_id, **env},
            cwd="/",
            start_new_session=True,
        )
    log = settings.LOG / f"{instance_id}-agent.log"
    began = time.monotonic()
    _note(log, f"{_name(env)} begins: /var/lib/amazon/{place}/_script.sh")
    result = _wait(running, began + timeout, cancelled)
    _note(log, f"{_name(env)} ends with {result.exit_code} after {time.monotonic() - began:.1f} s")
    # As the agent keeps them, for whoever looks for the cause on the node.
    (disk / place / "stdout").write_bytes(result.stdout)
    (disk / place / "stderr").write_bytes(result.stderr)
    return result


def _name(env: dict[str, str]) -> str:
    return f"command {env['SSM_COMMAND_ID']}" if "SSM_COMMAND_ID" in env else "script"


def _note(log: Path, text: str) -> None:
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"{moment} {text}\n")


def _wait(running: subprocess.Popen[bytes], deadline: float, cancelled: threading.Event | None) -> Result:
    while time.monotonic() < deadline and not (cancelled and cancelled.is_set()):
        left = max(0.0, deadline - time.monotonic())
        try:
            stdout, stderr = running.communicate(timeout=left if cancelled is None else min(left, GLANCE))
        except subprocess.TimeoutExpired:
            continue
        if running.returncode >= 0:
            return Result(running.returncode, stdout, stderr)
        name = (signal.strsignal(-running.returncode) or "").lower()
        return Result(-1, stdout, stderr, f"signal: {name}")
    os.killpg(running.pid, signal.SIGKILL)
    return Result(KILLED, *_rest(running))


def _rest(running: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Return what a killed script wrote; a process that left its group may hold the pipes open."""
    try:
        return running.communicate(timeout=1.0)
    except subprocess.TimeoutExpired as late:
        for pipe in (running.stdout, running.stderr):
            if pipe is not None:
                pipe.close()
        running.wait()
        return late.stdout or b"", late.stderr or b""
