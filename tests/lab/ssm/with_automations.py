"""What the tests of automations do alike."""

from __future__ import annotations

import json
from typing import Any

NAME = "nodecache-automation"
TARGETS = [{"Key": "tag:team", "Values": ["a"]}]


def step(name: str = "runDocument", action: str = "aws:runCommand", more: Any = None, **inputs: Any) -> dict[str, Any]:
    """Return a step."""
    return {"name": name, "action": action, "inputs": inputs, **(more or {})}


def command(name: str = "runDocument", more: Any = None, **inputs: Any) -> dict[str, Any]:
    """Return a step that sends the document to team a."""
    return step(name, more=more, **{"DocumentName": "nodecache-test", "Targets": TARGETS, **inputs})


def define(lab: Any, *steps: dict[str, Any], name: str = NAME, **rest: Any) -> None:
    """Make an Automation document."""
    content = {"schemaVersion": "0.3", "mainSteps": list(steps), **rest}
    lab.ssm.create_document(Name=name, DocumentType="Automation", Content=json.dumps(content))


def finished(lab: Any, execution: str) -> dict[str, Any]:
    """Wait until an execution is over, and return it."""

    def ask() -> Any:
        found = lab.ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
        return found if found.get("ExecutionEndTime") else None

    ended: dict[str, Any] = lab.until(ask)
    return ended


def run(lab: Any, **arguments: Any) -> dict[str, Any]:
    """Run the document to its end, and return the execution."""
    started = lab.ssm.start_automation_execution(**{"DocumentName": NAME, **arguments})["AutomationExecutionId"]
    return finished(lab, started)
