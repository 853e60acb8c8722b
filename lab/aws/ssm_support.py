"""What the Systems Manager modules share: operations, paging, nodes and targets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.exceptions import SSMException
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from lab import settings

GONE = ("terminated", "shutting-down", "stopped", "stopping")


def fleet() -> Any:
    """Return the lab's nodes; imported late, because nodes need root and most tests have none."""
    from lab.node.fleet import FLEET

    return FLEET


def error(code: str, message: str) -> SSMException:
    """Return the exception moto answers a client with."""
    return SSMException(code, message)


# Whose key signed the request that is being answered.
_caller: ContextVar[str] = ContextVar("caller", default=settings.ACCESS_KEY)


def principal() -> str:
    """Return who is asking, as an ARN."""
    return f"arn:aws:iam::{settings.ACCOUNT}:root"


def operation(name: str, method: str, handler: Callable[[SimpleSystemManagerBackend, dict[str, Any]], Any]) -> None:
    """Make ``handler(backend, params)`` answer one API operation."""

    def respond(self: SimpleSystemManagerResponse) -> ActionResult:
        _caller.set(self.get_access_key())
        return ActionResult(handler(self.ssm_backend, json.loads(self.body or "{}")) or {})

    respond.__name__, respond.__doc__ = method, f"Answer {name}."
    setattr(SimpleSystemManagerResponse, method, respond)


def moment(text: str) -> datetime:
    """Return the time a filter names; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as wrong:
        raise error("ValidationException", f"{text!r} is not a time in ISO 8601.") from wrong
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def page(items: list[Any], params: dict[str, Any], key: str, default: int = 50) -> dict[str, Any]:
    """Return one page of a listing; the token is the offset of the next one."""
    token = params.get("NextToken") or "0"
    if not token.isdigit():
        raise error("InvalidNextToken", "The specified token is not valid.")
    start, size = int(token), params.get("MaxResults") or default
    answer: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        answer["NextToken"] = str(start + size)
    return answer


def backends() -> list[SimpleSystemManagerBackend]:
    """Return every Systems Manager backend somebody has used."""
    return [backend for account in list(ssm_backends.values()) for backend in list(account.values())]


def instances(backend: SimpleSystemManagerBackend) -> dict[str, Any]:
    """Return the EC2 instances of the backend's account and region that AWS would still list."""
    reservations = ec2_backends[backend.account_id][backend.region_name].all_reservations()
    found = (instance for reservation in reservations for instance in reservation.instances)
    return {instance.id: instance for instance in found if instance.state not in GONE}


def registered(backend: SimpleSystemManagerBackend) -> set[str]:
    """Return every instance whose agent has ever been seen: one that falls silent stays registered."""
    known: set[str] = vars(backend).setdefault("lab_registered", set())
    known.update(fleet().ids())
    return known


def managed(backend: SimpleSystemManagerBackend) -> dict[str, Any]:
    """Return the instances whose agent has registered, online or not."""
    known = registered(backend)
    return {key: value for key, value in instances(backend).items() if key in known}


def tags_of(instance: Any) -> dict[str, str]:
    """Return an instance's tags."""
    return {tag["key"]: tag["value"] for tag in instance.get_tags()}


def check_targets(targets: Iterable[dict[str, Any]], code: str) -> None:
    """Refuse a target key the lab, or AWS, does not know."""
    for target in targets:
        key = target.get("Key", "")
        if key not in ("InstanceIds", "tag-key") and not (key.startswith("tag:") and key != "tag:"):
            raise error(code, f"The target key {key!r} is not valid: use InstanceIds, tag-key or tag:KEY.")


def match(instance: Any, targets: Iterable[dict[str, Any]], everything: bool = False) -> bool:
    """Tell whether an instance answers all targets; the values of one target are alternatives."""
    tags = tags_of(instance)
    for target in targets:
        key, values = target["Key"], target.get("Values") or []
        if key == "InstanceIds":
            hit = instance.id in values or (everything and "*" in values)
        elif key == "tag-key":
            hit = any(value in tags for value in values)
        else:
            hit = tags.get(key.removeprefix("tag:")) in values
        if not hit:
            return False
    return True
