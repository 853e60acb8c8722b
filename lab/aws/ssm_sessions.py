"""Session Manager's part of the API: who may open a session on which node. The plugin opens it.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab import settings
from lab.aws.ssm_support import allow, caller, error, fleet, operation

SHELL = "SSM-SessionManagerRunShell"
WITH_COMMAND = ("AWS-StartInteractiveCommand", "AWS-StartNonInteractiveCommand")
_open: dict[str, str] = {}


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
    _open[session] = target
    url = f"wss://ssmmessages.{backend.region_name}.amazonaws.com/v1/data-channel/{session}?role=publish_subscribe"
    return {"SessionId": session, "TokenValue": secrets.token_urlsafe(64), "StreamUrl": url}


def terminate_session(_backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, str]:
    """End a session; one that is no more is fine."""
    _open.pop(params["SessionId"], None)
    return {"SessionId": params["SessionId"]}


def install() -> None:
    """Add what moto lacks."""
    operation("StartSession", "start_session", start_session)
    operation("TerminateSession", "terminate_session", terminate_session)
