"""What the tests of associations do alike."""

from __future__ import annotations

import json
from typing import Any

TARGETS = [{"Key": "tag:team", "Values": ["a"]}]
WORD = {"type": "String", "default": "hi", "allowedPattern": "^[a-z]+$"}


def create(lab: Any, **arguments: Any) -> str:
    """Make an association for team a, and return its id."""
    wanted = {"Name": "nodecache-test", "Targets": TARGETS, **arguments}
    return str(lab.ssm.create_association(**wanted)["AssociationDescription"]["AssociationId"])


def describe(lab: Any, association_id: str) -> dict[str, Any]:
    """Return an association."""
    found: dict[str, Any] = lab.ssm.describe_association(AssociationId=association_id)["AssociationDescription"]
    return found


def executions(lab: Any, association_id: str, number: int) -> list[dict[str, Any]]:
    """Wait until an association has run so often, and return its runs."""

    def ask() -> Any:
        rows = lab.ssm.describe_association_executions(AssociationId=association_id)["AssociationExecutions"]
        return rows if len(rows) >= number and all(row["Status"] != "Pending" for row in rows) else None

    found: list[dict[str, Any]] = lab.until(ask)
    return found


def automation(lab: Any) -> None:
    """Make a runbook that runs the document on the node that its parameter names."""
    step = {
        "name": "runDocument",
        "action": "aws:runCommand",
        "inputs": {"DocumentName": "nodecache-test", "InstanceIds": ["{{ node }}"]},
    }
    content = {"schemaVersion": "0.3", "parameters": {"node": {"type": "String"}}, "mainSteps": [step]}
    lab.ssm.create_document(Name="automation", DocumentType="Automation", Content=json.dumps(content))
