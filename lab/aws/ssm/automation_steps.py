"""The Automation actions the lab runs: aws:runCommand and aws:executeAwsApi.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-runcommand.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeawsapi.html
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import JsonRESTError, ServiceException

from lab import settings
from lab.aws import iam, validation
from lab.aws.ssm import automation_document as document
from lab.aws.ssm import commands
from lab.aws.ssm.runs import POLL_SECONDS

DEFAULT_TIMEOUT = 3600
COMMAND_INPUTS = (
    "DocumentName",
    "DocumentVersion",
    "DocumentHash",
    "DocumentHashType",
    "InstanceIds",
    "Targets",
    "Parameters",
    "Comment",
    "TimeoutSeconds",
    "MaxConcurrency",
    "MaxErrors",
    "OutputS3BucketName",
    "OutputS3KeyPrefix",
    "ServiceRoleArn",
    "NotificationConfig",
    "CloudWatchOutputConfig",
)


class StepFailed(Exception):
    """The step's action did not succeed; the message says why."""

    def __init__(self, message: str, stage: str = "Execute/Cancelling") -> None:
        super().__init__(message)
        self.stage = stage


class TimedOut(Exception):
    """The step took longer than its timeoutSeconds."""


class Stopped(Exception):
    """Somebody cancelled the execution."""


def strings(value: Any) -> list[str]:
    """Return a value as the list of strings that Systems Manager's parameters and outputs are."""
    return [document.text(item) for item in value] if isinstance(value, list) else [document.text(value)]


def run(execution: Any, step: Any, deadline: float, stopping: Callable[[], bool]) -> None:
    """Run one step's action; fill in its outputs, or raise why it did not succeed."""
    action = step.spec["action"]
    if action == "aws:runCommand":
        _run_command(execution, step, deadline, stopping)
    elif action == "aws:executeAwsApi":
        _execute_aws_api(execution, step)
    else:
        raise StepFailed(f"The lab cannot run {action}.")


def _run_command(execution: Any, step: Any, deadline: float, stopping: Callable[[], bool]) -> None:
    odd = sorted(set(step.inputs) - set(COMMAND_INPUTS))
    if odd:
        raise StepFailed(f"aws:runCommand does not know the inputs {', '.join(odd)}.")
    request = {key: value for key, value in step.inputs.items() if value not in ("", None)}
    request["Parameters"] = {key: strings(value) for key, value in (request.get("Parameters") or {}).items()}
    for key in ("MaxConcurrency", "MaxErrors"):
        if key in request:
            request[key] = str(request[key])
    if "TimeoutSeconds" in request:
        request["TimeoutSeconds"] = int(request["TimeoutSeconds"])
    try:
        validation.check("ssm", "SendCommand", request)
        sent = commands.start(execution.backend, request, execution.role or execution.principal)
    except ServiceException as wrong:
        raise StepFailed(f"{wrong.message} (Service: Ssm; Error Code: {wrong.code})") from wrong
    except JsonRESTError as wrong:
        raise StepFailed(f"{wrong.message} (Service: Ssm; Error Code: {wrong.error_type})") from wrong
    step.outputs = {"CommandId": sent.command_id, "Status": "Pending"}
    while not sent.wait(POLL_SECONDS):
        late = time.monotonic() > deadline
        if late or stopping():
            sent.cancel()
            sent.wait(POLL_SECONDS)
            raise TimedOut if late else Stopped
    _outcome(sent, step)


def _outcome(sent: Any, step: Any) -> None:
    status, details = sent.outcome()
    step.outputs["Status"] = status
    answers = list(sent.invocations.values())
    # One node and one step have an output; a fleet's is read from its invocations.
    if len(answers) == 1 and len(answers[0].plugins) == 1:
        plugin = answers[0].plugins[0]
        step.outputs["Output"] = plugin.output
        step.outputs["ResponseCode"] = str(plugin.code)
    if status != "Success":
        facts = f"Status=[{status}], StatusDetails=[{details}], CommandId=[{sent.command_id}]"
        raise StepFailed(
            f"Command {sent.command_id} returns unexpected invocation result: {{{facts}}}.",
            stage="Poll action status for completion",
        )


def _client(service: str, region: str, principal: str) -> Any:
    """Return a client that acts as the automation's role, or as who started it."""
    if principal == iam.ROOT:
        key = settings.ACCESS_KEY
    else:
        key = f"ASIA{uuid.uuid4().hex[:16].upper()}"
        iam.register(key, principal, "Automation", datetime.now(UTC) + timedelta(hours=1))
    secret = settings.SECRET_KEY
    session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)
    return session.client(service, endpoint_url=settings.endpoint())


def _execute_aws_api(execution: Any, step: Any) -> None:
    inputs = dict(step.inputs)
    service, api = inputs.pop("Service"), inputs.pop("Api")
    method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", api).lower()
    try:
        client = _client(service, execution.backend.region_name, execution.role or execution.principal)
        call = getattr(client, method, None)
        if call is None:
            raise StepFailed(f"The service {service} has no API {api}.")
        answer = call(**inputs)
    except (ClientError, BotoCoreError) as wrong:
        raise StepFailed(str(wrong)) from wrong
    answer.pop("ResponseMetadata", None)
    try:
        step.outputs = {one["Name"]: document.select(answer, one) for one in step.spec.get("outputs") or []}
    except document.DocumentError as wrong:
        raise StepFailed(str(wrong), stage="Verify") from wrong
