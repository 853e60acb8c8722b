"""SimulatePrincipalPolicy and SimulateCustomPolicy: what policies would say, from the evaluator that decides here.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import InvalidInput, MalformedPolicyDocument, NotFoundException, ValidationError
from moto.iam.responses import IamResponse

from lab.aws import iam
from lab.aws.iam.checks import check_policy
from lab.aws.iam.policy import Policy, Request, Verdict, verdict

DECISIONS = {Verdict.ALLOW: "allowed", Verdict.DENY: "explicitDeny", Verdict.SILENT: "implicitDeny"}
PAGE = 100
# What has no counterpart here, and so is refused rather than left out of the answer.
NOT_IN_THE_LAB = ("OrderedOrganizationPolicyInputList", "PolicyExclusionList", "ResourceHandlingOption")


def _documents(given: Mapping[str, Any], name: str) -> list[Policy]:
    found = list(given.get(name) or [])
    for text in found:
        try:
            check_policy(text)
        except MalformedPolicyDocument as wrong:
            raise InvalidInput(f"{name} holds a policy that is malformed: {wrong.message}") from wrong
    return found


def _keys(policies: list[Policy]) -> Iterator[str]:
    """Return the condition keys that policies ask for."""
    for policy in policies:
        statements = (json.loads(policy) if isinstance(policy, str) else policy)["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            for asked in (statement.get("Condition") or {}).values():
                yield from asked


def evaluate(policies: list[Policy], boundary: list[Policy] | None, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the policies say to each action on each resource."""
    context = {row["ContextKeyName"]: row.get("ContextKeyValues") or [] for row in given.get("ContextEntries") or []}
    lower, resource_policy = {key.lower() for key in context}, given.get("ResourcePolicy")
    missing = sorted({key for key in _keys([*policies, *(boundary or [])]) if key.lower() not in lower})
    rows = []
    for action in given["ActionNames"]:
        if not all(action.partition(":")[::2]):
            raise InvalidInput(f"Invalid action name: {action}")
        for resource in given.get("ResourceArns") or ["*"]:
            request = Request(action, resource, context, "AWS", given.get("CallerArn") or "")
            said = verdict(policies, request)
            limit = verdict(boundary, request) if boundary is not None else Verdict.ALLOW
            other = verdict([resource_policy], request) if resource_policy else Verdict.SILENT
            if Verdict.DENY in (said, limit, other):
                decision = Verdict.DENY
            elif other is Verdict.ALLOW or (said is limit is Verdict.ALLOW):
                decision = Verdict.ALLOW
            else:
                decision = Verdict.SILENT
            row = {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": DECISIONS[decision]}
            row |= {"MatchedStatements": [], "MissingContextValues": missing}
            if boundary is not None:
                row["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": limit is Verdict.ALLOW}
            rows.append(row)
    return rows


def _answer(rows: list[dict[str, Any]], given: Mapping[str, Any]) -> ActionResult:
    marker, size = str(given.get("Marker") or "0"), int(given.get("MaxItems") or PAGE)
    if not marker.isdecimal() or int(marker) > len(rows):
        raise ValidationError("Invalid Marker.")
    end = int(marker) + size
    answer: dict[str, Any] = {"EvaluationResults": rows[int(marker) : end], "IsTruncated": end < len(rows)}
    return ActionResult(answer | ({"Marker": str(end)} if end < len(rows) else {}))


def _given(response: IamResponse) -> Mapping[str, Any]:
    given: Mapping[str, Any] = response._get_params()
    for name in NOT_IN_THE_LAB:
        if given.get(name):
            raise InvalidInput(f"The lab simulates no {name}.")
    return given


def simulate_custom_policy(self: IamResponse) -> ActionResult:
    """Say what the policies of the request allow."""
    given = _given(self)
    boundary = _documents(given, "PermissionsBoundaryPolicyInputList") or None
    return _answer(evaluate(_documents(given, "PolicyInputList"), boundary, given), given)


def simulate_principal_policy(self: IamResponse) -> ActionResult:
    """Say what the policies of a role, user or group allow, and those of the request."""
    given = _given(self)
    arn = given["PolicySourceArn"]
    found = iam.policies_of(arn)
    if found is None:
        raise NotFoundException(f"The entity {arn} cannot be found.")
    policies, boundary = found
    more = _documents(given, "PolicyInputList")
    asked = _documents(given, "PermissionsBoundaryPolicyInputList") or boundary
    return _answer(evaluate([*policies, *more], asked, {"CallerArn": arn, **given}), given)


def install() -> None:
    """Add these to moto."""
    IamResponse.simulate_custom_policy = simulate_custom_policy  # type: ignore[attr-defined]
    IamResponse.simulate_principal_policy = simulate_principal_policy  # type: ignore[attr-defined]
