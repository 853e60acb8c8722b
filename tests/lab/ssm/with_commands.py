"""What the tests of commands do alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.ssm.models import ssm_backends

FINAL = ("Success", "Failed", "TimedOut", "Cancelled")
TAGGED = [{"Key": "tag:team", "Values": ["a"]}]


def send(lab: Any, **arguments: Any) -> str:
    """Send the document, and return the command's id."""
    return str(lab.ssm.send_command(**{"DocumentName": "nodecache-test", **arguments})["Command"]["CommandId"])


def command(lab: Any, command_id: str) -> dict[str, Any]:
    """Return a command."""
    found: dict[str, Any] = lab.ssm.list_commands(CommandId=command_id)["Commands"][0]
    return found


def ended(lab: Any, command_id: str) -> dict[str, Any]:
    """Wait until a command is over, and return it."""

    def ask() -> Any:
        found = command(lab, command_id)
        return found if found["Status"] in FINAL else None

    over: dict[str, Any] = lab.until(ask)
    return over


def finished(lab: Any, command_id: str) -> tuple[str, str]:
    """Wait until a command is over, and return its Status and StatusDetails."""
    found = ended(lab, command_id)
    return found["Status"], found["StatusDetails"]


def rows(lab: Any, command_id: str) -> dict[str, Any]:
    """Return a command's invocations by their nodes."""

    def ask() -> Any:
        # None is listed for a moment.
        return lab.ssm.list_command_invocations(CommandId=command_id, Details=True)["CommandInvocations"]

    return {row["InstanceId"]: row for row in lab.until(ask)}


def running(lab: Any, command_id: str, node: str) -> Callable[[], bool]:
    """Return what tells whether a command's script runs on a node, once it has written its own id there."""
    return lambda: rows(lab, command_id)[node]["Status"] == "InProgress" and (lab.fleet.root / node / "pid").exists()


def run_of(lab: Any, command_id: str) -> Any:
    """Return a command as the lab has it."""
    return next(run for run in ssm_backends["123456789012"]["us-east-1"]._commands if run.command_id == command_id)


def details(lab: Any, command_id: str) -> list[str]:
    """Return the StatusDetails of a command's invocations."""
    return sorted(row["StatusDetails"] for row in rows(lab, command_id).values())


def answer(lab: Any, command_id: str, node: str, step: str) -> Any:
    """Return a step's result on a node, or None where there is none yet."""
    try:
        return lab.ssm.get_command_invocation(CommandId=command_id, InstanceId=node, PluginName=step)
    except lab.ssm.exceptions.InvocationDoesNotExist:
        return None


def steps(lab: Any, *wanted: tuple[str, str, dict[str, str]], name: str = "nodecache-test") -> None:
    """Make a document of steps, each its name, its line of shell and what else it has."""
    made = [
        {"action": "aws:runShellScript", "name": step, "inputs": {"runCommand": [line], **more}}
        for step, line, more in wanted
    ]
    content = json.dumps({"schemaVersion": "2.2", "mainSteps": made})
    lab.ssm.create_document(Name=name, DocumentType="Command", Content=content)
