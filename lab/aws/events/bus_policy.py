"""A bus's policy as a whole: statements that let somebody put events on this bus, or on rules of it.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html (Policy) and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventBus, EventsBackend

from lab.aws.iam.policy import many


def _invalid(reason: str) -> ValidationException:
    return ValidationException(f"Parameter Policy is not valid. Reason: {reason}")


def statements(text: str) -> list[dict[str, Any]]:
    """Return a policy's statements, having refused what allows nothing on a bus."""
    try:
        found = many(json.loads(text)["Statement"])
    except (ValueError, KeyError, TypeError):
        found = []
    if not found or not all(isinstance(one, dict) for one in found):
        raise _invalid("The policy has no statement, or is no JSON.")
    for one in found:
        _check(one)
    return found


def _check(statement: dict[str, Any]) -> None:
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _invalid("The Effect of a statement is Allow or Deny.")
    if not statement.get("Principal") and not statement.get("NotPrincipal"):
        raise _invalid("A statement of a resource's policy has a Principal.")
    actions = many(statement.get("Action") or statement.get("NotAction") or [])
    if not actions or not all(isinstance(one, str) and one.startswith("events:") for one in actions):
        raise _invalid("The Action of a statement is EventBridge's.")
    resources = many(statement.get("Resource") or [])
    if not resources or not all(isinstance(one, str) and one.count(":") >= 5 for one in resources):
        raise _invalid("The Resource of a statement is the event bus, or rules of it.")


def put(bus: EventBus, policy: str) -> None:
    """Keep a policy; moto knows its statements by their Sid, which need not have one."""
    found = [{"Sid": f"statement-{number}", **one} for number, one in enumerate(statements(policy), 1)]
    for resource in [resource for one in found for resource in many(one["Resource"])]:
        if ":event-bus/" in resource and resource != bus.arn:
            raise _invalid(f"{resource} is not this event bus.")
    bus.add_policy({"Statement": found})


def install() -> None:
    """Put this in moto's place."""
    EventsBackend._put_permission_from_policy = staticmethod(put)  # type: ignore[assignment]
