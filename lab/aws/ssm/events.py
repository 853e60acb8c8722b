"""The events that Systems Manager sends to EventBridge: commands, associations and automations that changed.

Shapes: https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html
"""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime
from typing import Any

from moto.events.models import events_backends

LOG = logging.getLogger(__name__)


def _emit(backend: Any, kind: str, detail: dict[str, Any], resources: list[str]) -> None:
    entry = {"Source": "aws.ssm", "DetailType": kind, "Resources": resources, "Time": time.time()}
    try:
        events = events_backends[backend.account_id][backend.region_name]
        events.put_events([{**entry, "Detail": json.dumps(detail)}])
    except Exception:
        # As with AWS, what becomes of an event is no matter of what it tells.
        LOG.exception("%s was not delivered", kind)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _instances(backend: Any, ids: list[str]) -> list[str]:
    return [f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:instance/{key}" for key in ids]


def command(run: Any, status: str) -> None:
    """Tell of a command's new status."""
    detail = {
        "command-id": run.command_id,
        "document-name": run.document.name,
        "expire-after": _stamp(run.expires),
        "parameters": run.parameters,
        "requested-date-time": _stamp(run.requested),
        "status": status,
    }
    _emit(run.backend, "EC2 Command Status-change Notification", detail, _instances(run.backend, list(run.invocations)))


def invocation(run: Any, one: Any) -> None:
    """Tell of a command's new status on one node."""
    detail = {
        "command-id": run.command_id,
        "document-name": run.document.name,
        "instance-id": one.instance_id,
        "requested-date-time": _stamp(run.requested),
        "status": one.status,
    }
    kind = "EC2 Command Invocation Status-change Notification"
    _emit(run.backend, kind, detail, _instances(run.backend, [one.instance_id]))


def association(one: Any, execution: Any, status: str) -> None:
    """Tell of an association's new status, which State Manager has fewer of than Run Command."""
    status = "Pending" if status in ("Pending", "InProgress") else execution.outcome()[0]
    targets = [{"key": each["Key"], "values": each["Values"]} for each in one.request.get("Targets") or []]
    name = one.request["Name"]
    detail = {
        "association-id": one.id,
        "document-name": name,
        "association-version": str(one.version),
        "document-version": one.request.get("DocumentVersion") or "Optional.empty",
        "targets": json.dumps(targets),
        "last-execution-date": _stamp(execution.run.requested),
        "status": status,
        "association-status-aggregated-count": json.dumps(dict(execution.counts)),
        "association-cwe-version": "1.0",
    }
    if one.request.get("AssociationName"):
        detail["association-name"] = one.request["AssociationName"]
    if one.request.get("ScheduleExpression"):
        detail["schedule-expression"] = one.request["ScheduleExpression"]
    place = f"{one.backend.region_name}:{one.backend.account_id}"
    resource = name if name.startswith("arn:") else f"arn:aws:ssm:{place}:document/{name}"
    _emit(one.backend, "EC2 State Manager Association State Change", detail, [resource])


def automation(one: Any) -> None:
    """Tell of an automation that ended."""
    place = f"{one.backend.region_name}:{one.backend.account_id}"
    name, version = one.document.name, one.document.document_version
    detail = {
        "ExecutionId": one.id,
        "Definition": name,
        "DefinitionVersion": float(version),
        "Status": one.status,
        "StartTime": one.started.strftime("%b %-d, %Y %-I:%M:%S %p"),
        "EndTime": one.ended.strftime("%b %-d, %Y %-I:%M:%S %p"),
        "Time": (one.ended - one.started).total_seconds() * 1000,
        "ExecutedBy": one.principal,
    }
    resources = [
        f"arn:aws:ssm:{place}:automation-execution/{one.id}",
        f"arn:aws:ssm:{place}:automation-definition/{name}:{version}",
    ]
    _emit(one.backend, "EC2 Automation Execution Status-change Notification", detail, resources)
