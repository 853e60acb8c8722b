"""What the Systems Manager modules share: requests checked against the model, paging, nodes and targets."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.exceptions import SSMException
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse

GONE = ("terminated", "shutting-down", "stopped", "stopping")


def fleet() -> Any:
    """Return the lab's nodes; imported late, because nodes need root and most tests have none."""
    from lab.node.fleet import FLEET

    return FLEET


def error(code: str, message: str) -> SSMException:
    """Return the exception moto answers a client with."""
    return SSMException(code, message)


@functools.cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("ssm")


def _python_pattern(pattern: str) -> str:
    for java, python in ((r"\p{L}", r"\w"), (r"\p{Z}", r"\s"), (r"\p{N}", r"\d")):
        pattern = pattern.replace(java, python)
    return pattern


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    facts = shape.metadata
    said = f"Value at '{path}' failed to satisfy constraint: Member must"
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _violations(member, value[name], f"{path}.{name}".lstrip("."))
        return
    if shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    if shape.type_name == "map":
        for key, item in value.items():
            yield from _violations(shape.value, item, f"{path}.{key}")
    size = value if shape.type_name in ("integer", "long") else len(value) if hasattr(value, "__len__") else None
    noun = "value" if shape.type_name in ("integer", "long") else "length"
    if size is not None and "min" in facts and size < facts["min"]:
        yield f"{said} have {noun} greater than or equal to {facts['min']}"
    if size is not None and "max" in facts and size > facts["max"]:
        yield f"{said} have {noun} less than or equal to {facts['max']}"
    if shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{said} satisfy enum value set: [{', '.join(shape.enum)}]"
    if "pattern" in facts and isinstance(value, str) and not re.fullmatch(_python_pattern(facts["pattern"]), value):
        yield f"{said} satisfy regular expression pattern: {facts['pattern']}"


def validate(operation: str, params: dict[str, Any]) -> None:
    """Refuse what botocore's model of the operation does not allow, in AWS's own words."""
    found = list(_violations(_model().operation_model(operation).input_shape, params, ""))
    if found:
        errors = "error" if len(found) == 1 else "errors"
        raise error("ValidationException", f"{len(found)} validation {errors} detected: {'; '.join(found)}")


def operation(name: str, method: str, handler: Callable[[SimpleSystemManagerBackend, dict[str, Any]], Any]) -> None:
    """Make ``handler(backend, params)`` answer one API operation."""

    def respond(self: SimpleSystemManagerResponse) -> ActionResult:
        params = json.loads(self.body or "{}")
        validate(name, params)
        return ActionResult(handler(self.ssm_backend, params) or {})

    respond.__name__ = method
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
