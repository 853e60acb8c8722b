"""Queues, as far as dead letters need them: attributes that SQS refuses and moto takes, or falls over.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html and
API_CreateQueue.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.core.utils import get_service_model
from moto.sqs.exceptions import InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue, QueueDoesNotExist
from moto.sqs.models import Queue, SQSBackend
from moto.sqs.responses import SQSResponse

from lab.aws import guard
from lab.aws.iam.policy import is_of_resource, many

RANGES = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86400),
    "MaximumMessageSize": (1024, 1048576),
    "MessageRetentionPeriod": (60, 1209600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43200),
}
MOST_RECEIVES = 1000
WORDS = {
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
    "ContentBasedDeduplication": ("true", "false"),
}
# What a queue says of itself and nobody tells it.
TOLD = re.compile(r"Approximate\w+|\w+Timestamp|QueueArn|All")
REDRIVERS = ("allowAll", "denyAll", "byQueue")
VERSIONS = ("2008-10-17", "2012-10-17")
_create_queue = SQSBackend.create_queue
_set_queue_attributes = SQSBackend.set_queue_attributes


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _object(value: Any) -> dict[str, Any] | None:
    """Return what an attribute in JSON says."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _is_policy(text: Any) -> bool:
    policy = _object(text)
    if policy is None or policy.get("Version", VERSIONS[0]) not in VERSIONS:
        return False
    statements = many(policy.get("Statement") or [])
    return bool(statements) and all(is_of_resource(one, "sqs") for one in statements)


def check_names(_self: SQSResponse, params: Mapping[str, Any]) -> None:
    """Refuse attributes that no queue has, or that nobody tells it, and words that are none."""
    attributes = {name.strip(): value for name, value in (params.get("Attributes") or {}).items()}
    known = get_service_model("sqs").shape_for("QueueAttributeName").enum  # type: ignore[attr-defined]
    for name in attributes:
        if name not in known or TOLD.fullmatch(name):
            raise InvalidAttributeName(name)
    for name, allowed in WORDS.items():
        if name in attributes and str(attributes[name]).lower() not in [word.lower() for word in allowed]:
            raise InvalidAttributeValue(name)


def _check_redrive(backend: SQSBackend, attributes: Mapping[str, Any], is_fifo: bool) -> None:
    """Refuse dead letters to a queue that is not there or of the other kind."""
    if attributes.get("RedriveAllowPolicy"):
        allowed = _object(attributes["RedriveAllowPolicy"]) or {}
        if allowed.get("redrivePermission") not in REDRIVERS or (
            (allowed["redrivePermission"] == "byQueue") != bool(allowed.get("sourceQueueArns"))
        ):
            raise InvalidAttributeValue("RedriveAllowPolicy")
    target = (_object(attributes.get("RedrivePolicy")) or {}).get("deadLetterTargetArn")
    if not target:
        return
    queue = next((one for one in backend.queues.values() if one.queue_arn == target), None)
    why = "Dead letter target does not exist." if queue is None else ""
    if queue is not None and bool(queue.fifo_queue) != is_fifo:
        why = "Dead-letter queue must be same type of queue as the source."
    if why:
        said = f"Value {attributes['RedrivePolicy']} for parameter RedrivePolicy is invalid."
        raise InvalidParameterValue(f"{said} Reason: {why}")


def check(attributes: Mapping[str, Any]) -> None:
    """Refuse numbers out of their range, and what should be JSON and is none; nothing at all takes a policy away."""
    for name, (least, most) in RANGES.items():
        number = _number(attributes[name]) if name in attributes else least
        if number is None or not least <= number <= most:
            raise InvalidAttributeValue(name)
    if attributes.get("Policy") and not _is_policy(attributes["Policy"]):
        raise InvalidAttributeValue("Policy")
    if attributes.get("RedrivePolicy"):
        redrive = _object(attributes["RedrivePolicy"])
        if redrive is None:
            raise InvalidParameterValue("Redrive policy is not a dict or valid json")
        receives = _number(redrive.get("maxReceiveCount", 1))
        if receives is None or not 1 <= receives <= MOST_RECEIVES:
            raise InvalidParameterValue(f"maxReceiveCount of the redrive policy must be from 1 to {MOST_RECEIVES}.")


def create_queue(self: SQSBackend, name: str, tags: dict[str, str] | None = None, **attributes: Any) -> Queue:
    """Make a queue whose attributes are right."""
    is_fifo = str(attributes.get("FifoQueue", "")).lower() == "true"
    if name.endswith(".fifo") and not is_fifo:
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    check(attributes)
    _check_redrive(self, attributes, is_fifo)
    return _create_queue(self, name, tags, **attributes)


def set_queue_attributes(self: SQSBackend, queue_name: str, attributes: dict[str, Any]) -> Queue:
    """Change a queue's attributes to right ones."""
    queue = self.get_queue(queue_name)
    check(attributes)
    if "FifoQueue" in attributes and (str(attributes["FifoQueue"]).lower() == "true") != bool(queue.fifo_queue):
        # Only a new queue takes it: the page of CreateQueue.
        raise InvalidAttributeName("FifoQueue")
    _check_redrive(self, attributes, bool(queue.fifo_queue))
    return _set_queue_attributes(self, queue_name, attributes)


def check_url(self: SQSResponse, params: Mapping[str, Any]) -> None:
    """Ask only for queues of the account; of others only they know who may."""
    if params.get("QueueOwnerAWSAccountId", self.current_account) != self.current_account:
        raise QueueDoesNotExist


def check_tags(_self: SQSResponse, params: Mapping[str, Any]) -> None:
    """Refuse tags that only AWS itself sets."""
    if any(key.lower().startswith("aws:") for key in params.get("Tags") or params.get("tags") or {}):
        raise InvalidParameterValue("Tag keys that begin with aws: are reserved for AWS's own use.")


def install() -> None:
    """Check requests in front of moto."""
    guard.before(SQSResponse, "GetQueueUrl", check_url)
    for operation in ("CreateQueue", "SetQueueAttributes"):
        guard.before(SQSResponse, operation, check_names)
    for operation in ("TagQueue", "CreateQueue"):
        guard.before(SQSResponse, operation, check_tags)
    SQSBackend.create_queue = create_queue  # type: ignore[method-assign]
    SQSBackend.set_queue_attributes = set_queue_attributes  # type: ignore[method-assign]
