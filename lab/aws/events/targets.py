"""How EventBridge calls each kind of target, and what it makes of the target's refusal.

Error codes: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, ParamValidationError
from moto.core.utils import unix_time, unix_time_millis
from moto.events.models import Rule, events_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import Queue, sqs_backends
from moto.sts.models import sts_backends

from lab import settings
from lab.aws import iam
from lab.aws.events.rules import SERVICE
from lab.aws.events.target_checks import AUTOMATION, DOCUMENT
from lab.aws.iam.policy import Request, Verdict, verdict

# EventBridge retries by its own rules, not by the client's.
_ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
_session, _lock = boto3.session.Session(), threading.Lock()
NOBODY: dict[str, Any] = {"Statement": []}
_FORBIDDEN = ("AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError")
_MISSING = ("InvalidDocument", "NotFound", "DoesNotExist", "NonExistentQueue")
_WRONG = ("InvalidParameter", "Validation", "InvalidAutomationExecutionParameters", "SerializationException")
_BUSY = ("Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown")


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one target of one rule."""

    rule: Rule
    target: dict[str, Any]
    event: dict[str, Any]
    text: str

    @property
    def arn(self) -> str:
        """Return the target's ARN."""
        return str(self.target["Arn"])

    @property
    def source(self) -> dict[str, str]:
        """Return the context that role and queue policies can ask for."""
        return {"aws:SourceArn": self.rule.arn, "aws:SourceAccount": self.rule.account_id}


class Failure(Exception):
    """A call of a target that failed; ``passing`` when another try may help."""

    def __init__(self, code: str, message: str, passing: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.passing = code, message, passing


def _as_role(delivery: Delivery, service: str) -> Any:
    """Assume the target's role, as its trust policy allows, and return a client that acts as it."""
    role_arn = delivery.target.get("RoleArn", "")
    try:
        iam.assume(role_arn, SERVICE, delivery.source)
    except iam.Denied as no:
        raise Failure("FAILED_TO_ASSUME_ROLE", no.message) from no
    keys = sts_backends[delivery.rule.account_id]["aws"].assume_role(
        delivery.rule.region_name, uuid.uuid4().hex, role_arn, "", 3600, ""
    )
    # A session reads the service's model from disk once, but makes one client at a time.
    with _lock:
        return _session.client(
            service,
            endpoint_url=settings.endpoint(),
            region_name=delivery.rule.region_name,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            config=_ONCE,
        )


def failure_of(error: Exception) -> Failure:
    """Return what EventBridge calls an error of the target."""
    if isinstance(error, ClientError):
        answer, status = error.response["Error"], error.response["ResponseMetadata"].get("HTTPStatusCode", 400)
        code, message = answer["Code"], f"{answer['Message']} (Error Code: {answer['Code']})"
        if any(part in code for part in _BUSY) or status == 429:
            return Failure("THROTTLING", message, passing=True)
        if status >= 500 or code in ("InternalServerError", "InternalFailure", "ServiceUnavailable"):
            return Failure("ERROR_FROM_TARGET", message, passing=True)
        for name, parts in (("NO_PERMISSIONS", _FORBIDDEN), ("INVALID_PARAMETER", _WRONG), ("NO_RESOURCE", _MISSING)):
            if any(part in code for part in parts):
                return Failure(name, message)
        return Failure("RESOURCE_LIMIT_EXCEEDED" if "LimitExceeded" in code else "SDK_CLIENT_ERROR", message)
    if isinstance(error, ParamValidationError):
        return Failure("SDK_CLIENT_ERROR", str(error))
    if isinstance(error, (ConnectionError, HTTPClientError)):
        return Failure("CONNECTION_FAILURE", str(error), passing=True)
    return Failure("INTERNAL_ERROR", f"{type(error).__name__}: {error}")


def _parameters(text: str) -> dict[str, Any]:
    try:
        parameters = json.loads(text)
    except ValueError as wrong:
        raise Failure("INVALID_JSON", f"The input of the target is not JSON: {wrong}") from wrong
    if not isinstance(parameters, dict):
        raise Failure("INVALID_PARAMETER", "The input of the target is not an object of document parameters.")
    return parameters


def run_command(delivery: Delivery) -> None:
    """Send the document to the target's nodes; what it comes to there is nobody's business here."""
    parameters = _parameters(delivery.text)
    name = delivery.arn.partition(":document/")[2]
    owner = delivery.arn.split(":")[4]
    # The command then goes by that ARN: the article lists its commands by AWS's own document's.
    foreign = owner != delivery.rule.account_id
    _as_role(delivery, "ssm").send_command(
        DocumentName=delivery.arn if foreign else name,
        Parameters=parameters,
        Targets=delivery.target["RunCommandParameters"]["RunCommandTargets"],
    )


def start_automation(delivery: Delivery) -> None:
    """Start the Automation document in the version the ARN names."""
    parameters = _parameters(delivery.text)
    name, _, version = delivery.arn.partition(":automation-definition/")[2].partition(":")
    more: dict[str, Any] = {"DocumentVersion": version} if version else {}
    if parameters:
        more["Parameters"] = parameters
    _as_role(delivery, "ssm").start_automation_execution(DocumentName=name, **more)


def queue_of(arn: str) -> Queue | None:
    """Return the queue with this ARN, if there is one."""
    _, _, _, region, account, name = arn.split(":", 5)
    return sqs_backends[account][region].queues.get(name)


def send_to_queue(delivery: Delivery) -> None:
    """Send the input as a message.

    A queue with a policy has to let EventBridge in. One without is open, as it is to moto's own tests.
    """
    queue = queue_of(delivery.arn)
    if queue is None:
        raise Failure("NO_RESOURCE", f"The queue {delivery.arn} does not exist.")
    statements = json.loads(queue.policy)["Statement"] if queue.policy else []
    if statements and not iam.admits(queue.policy, SERVICE, "sqs:SendMessage", delivery.arn, delivery.source):
        raise Failure("NO_PERMISSIONS", f"The policy of {delivery.arn} does not let {SERVICE} send messages.")
    group = (delivery.target.get("SqsParameters") or {}).get("MessageGroupId")
    if group and queue.attributes.get("ContentBasedDeduplication") != "true":
        raise Failure("INVALID_PARAMETER", f"The queue {delivery.arn} has no content-based deduplication.")
    sqs_backends[queue.account_id][queue.region].send_message(queue.name, delivery.text, group_id=group)


def publish(delivery: Delivery) -> None:
    """Publish the input to a topic, whose policy has to let EventBridge in: the default one does not."""
    _, _, _, region, account, _ = delivery.arn.split(":", 5)
    topic = sns_backends[account][region].topics.get(delivery.arn)
    if topic is None:
        raise Failure("NO_RESOURCE", f"The topic {delivery.arn} does not exist.")
    if not iam.admits(topic.policy, SERVICE, "sns:Publish", delivery.arn, delivery.source):
        raise Failure("NO_PERMISSIONS", f"The policy of {delivery.arn} does not let {SERVICE} publish.")
    topic.publish(delivery.text)


def send_to_logs(delivery: Delivery) -> None:
    """Write the input to a log group, as a stream of its own."""
    group, stream = delivery.arn.partition(":log-group:")[2].removesuffix(":*"), uuid.uuid4().hex
    logs = logs_backends[delivery.rule.account_id][delivery.rule.region_name]
    if group not in logs.groups:
        raise Failure("NO_RESOURCE", f"The log group {group} does not exist.")
    logs.create_log_stream(group, stream)
    logs.put_log_events(group, stream, [{"timestamp": unix_time_millis(), "message": delivery.text}])


def send_to_bus(delivery: Delivery) -> None:
    """Hand the event itself to the rules of another bus, which do not hand it on to a third one.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html and eb-cross-account.html: another
    account's bus has to let the sender in by its policy.
    """
    _, _, _, region, account, name = delivery.arn.split(":", 5)
    bus = events_backends[account][region].event_buses.get(name.removeprefix("event-bus/"))
    if bus is None:
        raise Failure("NO_RESOURCE", f"The event bus {delivery.arn} does not exist.")
    role = delivery.target.get("RoleArn")
    if role:
        try:
            iam.assume(role, SERVICE, delivery.source)
            iam.check(role, "events:PutEvents", delivery.arn)
        except iam.Denied as no:
            raise Failure("NO_PERMISSIONS", no.message) from no
    sender = f"arn:aws:iam::{delivery.rule.account_id}:root"
    asked = Request("events:PutEvents", delivery.arn, delivery.source, "AWS", sender)
    if account != delivery.rule.account_id and verdict([bus.policy or NOBODY], asked) is not Verdict.ALLOW:
        raise Failure("NO_PERMISSIONS", f"The policy of {delivery.arn} does not let {sender} put events.")
    for rule in list(bus.rules.values()):
        rule.send_to_targets({**delivery.event, "ingestion-time": unix_time(), "handed-on": True})


def kind(arn: str) -> Callable[[Delivery], None] | None:
    """Return what delivers to a target, or None for a kind nobody here delivers to."""
    if DOCUMENT.fullmatch(arn):
        return run_command
    if AUTOMATION.fullmatch(arn):
        return start_automation
    if ":sqs:" in arn:
        return send_to_queue
    if ":sns:" in arn:
        return publish
    if ":event-bus/" in arn:
        return send_to_bus
    return send_to_logs if ":log-group:" in arn else None


def call(delivery: Delivery) -> None:
    """Call the target once; raise Failure when it refuses."""
    deliver = kind(delivery.arn)
    if deliver is None:
        raise Failure("INTERNAL_ERROR", f"There is nothing here that delivers to {delivery.arn}.")
    try:
        deliver(delivery)
    except (ClientError, BotoCoreError) as error:
        raise failure_of(error) from error
