"""Run Command: send and cancel."""

from __future__ import annotations

import json
import re
from typing import Any

from moto.s3.models import s3_backends
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm import access, document_parameters, document_run
from lab.aws.ssm import parameters as ssm_parameters
from lab.aws.ssm import targets as ssm_targets
from lab.aws.ssm.command_lists import describe, run_of
from lab.aws.ssm.document_content import MAX_BYTES
from lab.aws.ssm.documents import document
from lab.aws.ssm.runs import Run
from lab.aws.ssm.support import caller, error, operation


def runnable(backend: SimpleSystemManagerBackend, request: dict[str, Any]) -> Any:
    """Return the Command document a request names, with the request's parameters checked against it."""
    name = request.get("DocumentName") or request["Name"]
    found = document(backend, name, request.get("DocumentVersion"))
    if found.document_type != "Command":
        raise error("InvalidDocument", f"Document {found.name} has type {found.document_type}: it cannot run on nodes.")
    wanted = request.get("DocumentHash")
    if wanted and wanted != document_run.digest(found.content, request.get("DocumentHashType", "Sha256")):
        raise error("InvalidDocument", f"The hash of document {found.name} is not the one the request names.")
    parameters = request.get("Parameters") or {}
    try:
        document_parameters.check_parameters(found.content_json, parameters, later=ssm_parameters.refers)
    except document_parameters.DocumentError as wrong:
        raise error("InvalidParameters", f"Document {found.name}: {wrong}") from wrong
    if len(found.content.encode()) + len(json.dumps(parameters).encode()) > MAX_BYTES:
        raise error("MaxDocumentSizeExceeded", "The size limit of a document, with its parameters, is 64 KB.")
    return found


def _by_id(backend: SimpleSystemManagerBackend, ids: list[str], found: Any, principal: str) -> list[str]:
    if len(set(ids)) != len(ids):
        raise error("DuplicateInstanceId", "You can't specify an instance ID more than once.")
    known = ssm_targets.managed(backend)
    unknown = sorted(set(ids) - set(known))
    if unknown:
        listed = ", ".join(unknown)
        raise error(
            "InvalidInstanceId", f"Instances [[{listed}]] not in a valid state for account {backend.account_id}"
        )
    for one in ids:
        access.check_instance(backend, principal, known[one])
    if ssm_targets.PLATFORM["PlatformType"] not in found.platform_types:
        raise error("UnsupportedPlatformType", f"Document {found.name} does not support the platform of these nodes.")
    return ids


def _check_output(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> None:
    bucket = params.get("OutputS3BucketName")
    if bucket and bucket not in s3_backends[backend.account_id]["aws"].buckets:
        raise error("InvalidOutputFolder", f"The S3 bucket {bucket} doesn't exist.")
    if params.get("ServiceRoleArn"):
        access.check_role(params["ServiceRoleArn"], caller(), "InvalidRole")
    topic = (params.get("NotificationConfig") or {}).get("NotificationArn")
    if topic and not re.fullmatch(r"arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+", topic):
        raise error("InvalidNotificationConfig", f"{topic} is not the ARN of an SNS topic.")
    if topic and not params.get("ServiceRoleArn"):
        raise error("InvalidRole", "Notifications need ServiceRoleArn, a role that may publish to the topic.")


def start(backend: SimpleSystemManagerBackend, params: dict[str, Any], principal: str) -> Run:
    """Check everything AWS checks, then start the command in the background."""
    ids, targets = params.get("InstanceIds") or [], params.get("Targets") or []
    if bool(ids) == bool(targets):
        raise error("ValidationException", "Exactly one of InstanceIds and Targets must be given.")
    ssm_targets.check(targets, "ValidationException")
    found = document(backend, params["DocumentName"], params.get("DocumentVersion"))
    access.check_document(backend, principal, found)
    found = runnable(backend, params)
    _check_output(backend, params)
    refused: dict[str, str] = {}
    if ids:
        chosen = _by_id(backend, ids, found, principal)
    else:
        chosen = ssm_targets.matching(backend, targets)
        refused = dict.fromkeys(access.denied(backend, principal, chosen), "AccessDenied")
        if chosen and len(refused) == len(chosen):
            # Some denied nodes are a matter of their own; when it is all of them, the call is refused.
            access.check_instance(backend, principal, ssm_targets.instances(backend)[chosen[0]])
        if ssm_targets.PLATFORM["PlatformType"] not in found.platform_types:
            refused = dict.fromkeys(chosen, "InvalidPlatform") | refused
    run = Run(backend, found, params, chosen, refused=refused)
    backend._commands.append(run)
    run.start()
    return run


def send_command(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Send a command; the answer knows nothing of its nodes yet."""
    return {"Command": describe(start(backend, params, caller()), fresh=True)}


def cancel_command(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Cancel a command on all or some of its nodes."""
    run = run_of(backend, params["CommandId"])
    wanted = params.get("InstanceIds") or []
    if len(set(wanted)) != len(wanted):
        raise error("DuplicateInstanceId", "You can't specify an instance ID more than once.")
    unknown = sorted(set(wanted) - set(run.invocations))
    if unknown:
        raise error("InvalidInstanceId", f"The command was not sent to {', '.join(unknown)}.")
    run.cancel(wanted)
    return {}


def install() -> None:
    """Replace moto's Run Command."""
    operation("SendCommand", "send_command", send_command)
    operation("CancelCommand", "cancel_command", cancel_command)
