"""What a set of policies says to a request. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.aws.iam.conditions import Context, arn_matches, glob, lowered, met, substitute

Policy = str | Mapping[str, Any]


class Verdict(enum.Enum):
    """What policies come to: a denial beats everything, silence allows nothing."""

    ALLOW = "allow"
    DENY = "deny"
    SILENT = "silent"


@dataclass(frozen=True)
class Request:
    """What is asked: an action on a resource, in a context, and by whom where a policy names principals."""

    action: str
    resource: str
    context: Context
    principal_type: str = ""
    principal: str = ""


def many(value: Any) -> list[Any]:
    """Return what a policy may say of one thing alone or of a list of them, as a list."""
    return value if isinstance(value, list) else [value]


def is_of_resource(statement: Any, service: str) -> bool:
    """Tell whether a statement of a resource's own policy has what each must have, on its service and nothing else."""
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    if ("Principal" in statement) == ("NotPrincipal" in statement):
        return False
    if ("Action" in statement) == ("NotAction" in statement):
        return False
    actions = many(statement.get("Action", statement.get("NotAction")))
    return bool(actions) and all(
        isinstance(action, str) and (action == "*" or action.lower().startswith(f"{service}:")) for action in actions
    )


def _action_matches(patterns: Any, action: str) -> bool:
    return any(glob(pattern, action, ignore_case=True) for pattern in many(patterns))


def _resource_matches(patterns: Any, resource: str, context: Mapping[str, list[str]], variables: bool) -> bool:
    filled = (substitute(pattern, context) if variables else pattern for pattern in many(patterns))
    return any(pattern is not None and arn_matches(pattern, resource, complete=True) for pattern in filled)


def _names(given: Any, kind: str, principal: str) -> bool:
    if given == "*":
        return True
    for of_kind, values in given.items():
        for value in many(values):
            # A star under AWS is everyone, services too: only a condition narrows it.
            if value == "*" and of_kind in ("AWS", kind):
                return True
            if of_kind == kind and value in (principal, *_account_names(principal)):
                return True
    return False


def _account_names(principal: str) -> tuple[str, ...]:
    """Return how a policy names the account of a principal: that lets in whom the account itself lets in."""
    parts = principal.split(":")
    return (parts[4], f"{parts[0]}:{parts[1]}:iam::{parts[4]}:root") if len(parts) > 5 else ()


def _applies(statement: Mapping[str, Any], request: Request, context: Mapping[str, list[str]], variables: bool) -> bool:
    if "Principal" in statement and not _names(statement["Principal"], request.principal_type, request.principal):
        return False
    if "NotPrincipal" in statement and _names(statement["NotPrincipal"], request.principal_type, request.principal):
        return False
    if "Action" in statement and not _action_matches(statement["Action"], request.action):
        return False
    if "NotAction" in statement and _action_matches(statement["NotAction"], request.action):
        return False
    if "Resource" in statement and not _resource_matches(statement["Resource"], request.resource, context, variables):
        return False
    if "NotResource" in statement and _resource_matches(statement["NotResource"], request.resource, context, variables):
        return False
    return met(statement.get("Condition") or {}, context, variables)


def verdict(policies: Iterable[Policy], request: Request) -> Verdict:
    """Evaluate policies together, as one."""
    context, found = lowered(request.context), Verdict.SILENT
    for policy in policies:
        document = json.loads(policy) if isinstance(policy, str) else policy
        # The older version, which is the default, takes a variable for plain text.
        variables = document.get("Version") == "2012-10-17"
        for statement in many(document["Statement"]):
            if not _applies(statement, request, context, variables):
                continue
            if statement["Effect"] == "Deny":
                return Verdict.DENY
            found = Verdict.ALLOW
    return found
