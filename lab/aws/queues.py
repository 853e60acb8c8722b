"""Queues, as far as dead letters need them: attributes that SQS refuses and moto takes, or falls over.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.sqs.exceptions import InvalidAttributeValue, InvalidParameterValue
from moto.sqs.models import Queue, SQSBackend

RANGES = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86400),
    "MaximumMessageSize": (1024, 1048576),
    "MessageRetentionPeriod": (60, 1209600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43200),
}
MOST_RECEIVES = 1000
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


def check(attributes: Mapping[str, Any]) -> None:
    """Refuse numbers out of their range, and what should be JSON and is none; nothing at all takes a policy away."""
    for name, (least, most) in RANGES.items():
        number = _number(attributes[name]) if name in attributes else least
        if number is None or not least <= number <= most:
            raise InvalidAttributeValue(name)
    if attributes.get("Policy") and _object(attributes["Policy"]) is None:
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
    check(attributes)
    return _create_queue(self, name, tags, **attributes)


def set_queue_attributes(self: SQSBackend, queue_name: str, attributes: dict[str, Any]) -> Queue:
    """Change a queue's attributes to right ones."""
    check(attributes)
    return _set_queue_attributes(self, queue_name, attributes)


def install() -> None:
    """Check attributes in front of moto."""
    SQSBackend.create_queue = create_queue  # type: ignore[method-assign]
    SQSBackend.set_queue_attributes = set_queue_attributes  # type: ignore[method-assign]
