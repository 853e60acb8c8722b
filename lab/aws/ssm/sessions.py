"""Session Manager's part of the API: who may open a session on which node, and which there are. The plugin opens it.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeSessions.html
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab import settings
from lab.aws.ssm.support import allow, caller, error, fleet, moment, operation, page, shown

SHELL = "SSM-SessionManagerRunShell"
WITH_COMMAND = ("AWS-StartInteractiveCommand", "AWS-StartNonInteractiveCommand")
LASTS_MINUTES = "60"
_COMPARED = ("SessionId", "Target", "Status", "Owner", "AccessType")
_OVER = ("Terminated", "Failed")


def _sessions(backend: SimpleSystemManagerBackend) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = vars(backend).setdefault("lab_sessions", {})
    return kept


def start_session(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, str]:
    """Open a session on a node that is online."""
    target, document = params["Target"], params.get("DocumentName", SHELL)
    where = f"{backend.region_name}:{settings.ACCOUNT}"
    allow(caller(), "ssm:StartSession", f"arn:aws:ec2:{where}:instance/{target}")
    if not fleet().online(target):
        raise error("TargetNotConnected", f"{target} is not connected.")
    if document not in (SHELL, *WITH_COMMAND):
        raise error("InvalidDocument", f"Document with name {document} does not exist.")
    if document in WITH_COMMAND and not params.get("Parameters", {}).get("command"):
        raise error("InvalidParameters", "Missing required parameters: command")
    session = f"{caller().rpartition('/')[2]}-{uuid.uuid4().hex[:17]}"
    _sessions(backend)[session] = {
        "SessionId": session,
        "Target": target,
        "Status": "Connected",
        "StartDate": datetime.now(UTC),
        "DocumentName": document,
        "Owner": shown(caller()),
        "MaxSessionDuration": LASTS_MINUTES,
        "AccessType": "Standard",
        **({"Reason": params["Reason"]} if params.get("Reason") else {}),
    }
    return _channel(backend, session)


def _channel(backend: SimpleSystemManagerBackend, session: str) -> dict[str, str]:
    url = f"wss://ssmmessages.{backend.region_name}.amazonaws.com/v1/data-channel/{session}?role=publish_subscribe"
    return {"SessionId": session, "TokenValue": secrets.token_urlsafe(64), "StreamUrl": url}


def resume_session(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, str]:
    """Give out a new token for a session that is still open."""
    session = params["SessionId"]
    if _sessions(backend).get(session, {"Status": "Terminated"})["Status"] in _OVER:
        raise error("DoesNotExistException", f"Session {session} does not exist.")
    return _channel(backend, session)


def terminate_session(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, str]:
    """End a session; one that is no more is fine."""
    found = _sessions(backend).get(params["SessionId"])
    if found and found["Status"] not in _OVER:
        found |= {"Status": "Terminated", "EndDate": datetime.now(UTC)}
    return {"SessionId": params["SessionId"]}


def _passes(one: dict[str, Any], wanted: dict[str, str]) -> bool:
    after, before = wanted.get("InvokedAfter"), wanted.get("InvokedBefore")
    if (after and one["StartDate"] <= moment(after)) or (before and one["StartDate"] >= moment(before)):
        return False
    return all(one.get(key) == value for key, value in wanted.items() if key in _COMPARED)


def describe_sessions(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List the sessions that are open, or those that are over, the newest first."""
    over = params["State"] == "History"
    wanted = {row["key"]: row["value"] for row in params.get("Filters") or []}
    for key in ("InvokedAfter", "InvokedBefore"):
        moment(wanted.get(key, "2000-01-01"))
    rows = [one for one in _sessions(backend).values() if (one["Status"] in _OVER) is over and _passes(one, wanted)]
    return page(rows[::-1], params, "Sessions")


def get_connection_status(_backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, str]:
    """Tell whether a node could be reached by a session; one that is unknown could not."""
    target = params["Target"]
    return {"Target": target, "Status": "connected" if fleet().online(target) else "notconnected"}


def install() -> None:
    """Add what moto lacks."""
    operation("StartSession", "start_session", start_session)
    operation("ResumeSession", "resume_session", resume_session)
    operation("DescribeSessions", "describe_sessions", describe_sessions)
    operation("GetConnectionStatus", "get_connection_status", get_connection_status)
    operation("TerminateSession", "terminate_session", terminate_session)
