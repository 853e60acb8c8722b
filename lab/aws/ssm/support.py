"""What the Systems Manager modules share: operations, who asks, paging."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.exceptions import SSMException
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from lab import settings
from lab.aws import iam, paging


def fleet() -> Any:
    """Return the lab's nodes; imported late, because nodes need root and most tests have none."""
    from lab.node.fleet import FLEET

    return FLEET


def error(code: str, message: str) -> SSMException:
    """Return the exception moto answers a client with."""
    return SSMException(code, message)


# Who signed the request that is being answered.
_caller: ContextVar[str] = ContextVar("caller", default=iam.ROOT)


def caller() -> str:
    """Return who is asking, as IAM's evaluator names them."""
    return _caller.get()


def shown(principal: str) -> str:
    """Return a principal's ARN."""
    return f"arn:aws:iam::{settings.ACCOUNT}:root" if principal == iam.ROOT else principal


def allow(principal: str, action: str, resource: str, context: Mapping[str, str] | None = None) -> None:
    """Refuse what the principal's policies do not allow."""
    try:
        iam.check(principal, action, resource, context)
    except iam.Denied as denied:
        raise error(denied.code, denied.message) from denied


def operation(name: str, method: str, handler: Callable[[SimpleSystemManagerBackend, dict[str, Any]], Any]) -> None:
    """Make ``handler(backend, params)`` answer one API operation."""

    def respond(self: SimpleSystemManagerResponse) -> ActionResult:
        try:
            _caller.set(iam.caller(iam.key_of(self.headers)))
        except iam.Denied as denied:
            raise error(denied.code, denied.message) from denied
        return ActionResult(handler(self.ssm_backend, json.loads(self.body or "{}")) or {})

    respond.__name__, respond.__doc__ = method, f"Answer {name}."
    setattr(SimpleSystemManagerResponse, method, respond)


def short_name(name: str) -> str:
    """Return the name of a document named by its name or its ARN."""
    return name.rpartition(":document/")[2] if name.startswith("arn:") else name


def moment(text: str) -> datetime:
    """Return the time a filter names; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as wrong:
        raise error("ValidationException", f"{text!r} is not a time in ISO 8601.") from wrong
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def page(items: list[Any], params: dict[str, Any], key: str, default: int = 50, plain: bool = False) -> dict[str, Any]:
    """Return one page of a listing; a token is good for the listing alone that gave it.

    A plain one is the number that moto gives out, which its own test reads.
    """
    token = params.get("NextToken")
    if token is not None and plain:
        token = paging.token(key, int(token)) if re.fullmatch("[1-9][0-9]*", token) else token
    size = params.get("MaxResults") or default
    try:
        start = 0 if token is None else paging.offset(key, token)
    except ValueError as wrong:
        raise error("InvalidNextToken", "The specified token is not valid.") from wrong
    if start > len(items):
        raise error("InvalidNextToken", "The specified token is not valid.")
    answer: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        answer["NextToken"] = str(start + size) if plain else paging.token(key, start + size)
    return answer


def backends() -> list[SimpleSystemManagerBackend]:
    """Return every Systems Manager backend somebody has used."""
    return [backend for account in list(ssm_backends.values()) for backend in list(account.values())]
