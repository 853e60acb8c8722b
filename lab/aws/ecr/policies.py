"""Policies of repositories and of the registry, in front of moto's own check of their grammar.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import iam_backends
from moto.iam.policy_validation import IAMPolicyDocumentValidator

from lab.aws.ecr.support import invalid, registry
from lab.aws.iam.policy import is_of_resource, many

_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):(root|(?:role|user|assumed-role|federated-user)/.+)")
_VERSIONS = ("2008-10-17", "2012-10-17")
_V1_ACTIONS = ("ecr:CreateRepository", "ecr:ReplicateImage", "ecr:BatchImportUpstreamImage")
_set_repository_policy: Callable[[ECRResponse], Any] = ECRResponse.set_repository_policy


def _is_statement(statement: Any, with_resource: bool) -> bool:
    has_resource = isinstance(statement, dict) and ("Resource" in statement or "NotResource" in statement)
    return is_of_resource(statement, "ecr") and (has_resource or not with_resource)


def statements(text: str, with_resource: bool) -> list[dict[str, Any]] | None:
    """Return a policy's statements, or None where it is no policy on ECR."""
    try:
        policy = json.loads(text)
    except ValueError:
        return None
    if not isinstance(policy, dict) or policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        return None
    found = many(policy.get("Statement") or [])
    return found if found and all(_is_statement(one, with_resource) for one in found) else None


def _principals(statement: dict[str, Any], what: str) -> list[str]:
    """Return the accounts, roles and users a statement is about; whatever else there is has to be a service."""
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return []
    if not isinstance(principal, dict) or not principal or set(principal) - set(_KINDS):
        raise invalid("PolicyText", f"Invalid {what} policy provided")
    return [one for one in many(principal.get("AWS") or []) if one != "*"]


def _is_there(principal: Any, account: str) -> bool:
    """Tell whether a principal may be there: of other accounts only they know."""
    if not isinstance(principal, str):
        return False
    found = _PRINCIPAL.fullmatch(principal)
    if found is None:
        return bool(re.fullmatch(r"\d{12}", principal))
    if found[1] != account or not found[2].startswith(("role/", "user/")):
        return True
    known = iam_backends[account]["aws"]
    return any(one.arn == principal for one in [*known.roles.values(), *known.users.values()])


def _check_principals(found: list[dict[str, Any]], what: str, account: str) -> None:
    if not all(_is_there(one, account) for statement in found for one in _principals(statement, what)):
        raise invalid("PolicyText", "Principal not found")


def set_repository_policy(self: ECRResponse) -> Any:
    """Answer SetRepositoryPolicy: such a policy is about its own repository, and names only who is there.

    https://github.com/aws/aws-cdk/issues/27753 and https://github.com/hashicorp/terraform-provider-aws/issues/11801
    have ECR's words.
    """
    found = statements(self._get_param("policyText"), with_resource=False)
    if found is None or any(one.keys() & {"Resource", "NotResource"} for one in found):
        raise invalid("PolicyText", "Invalid repository policy provided")
    _check_principals(found, "repository", registry(self).account_id)
    return _set_repository_policy(self)


def put_registry_policy(self: ECRResponse) -> ActionResult:
    """Answer PutRegistryPolicy: in its first version a registry's policy had three actions, now it has all."""
    owner, text = registry(self), self._get_param("policyText")
    found = statements(text, with_resource=True)
    scope = vars(owner).get("lab_settings", {}).get("REGISTRY_POLICY_SCOPE")
    actions = {action for one in found or [] for action in many(one.get("Action", []))}
    if found is None or (scope == "V1" and actions - set(_V1_ACTIONS)):
        raise invalid("PolicyText", "Invalid registry policy provided")
    _check_principals(found, "registry", owner.account_id)
    try:
        IAMPolicyDocumentValidator(text).validate()
    except MalformedPolicyDocument as wrong:
        raise invalid("PolicyText", "Invalid registry policy provided") from wrong
    owner.registry_policy = text
    return ActionResult({"registryId": owner.account_id, "policyText": text})


def put_registry_scanning_configuration(self: ECRResponse) -> ActionResult:
    """Answer PutRegistryScanningConfiguration: what is left out is basic scanning and no rules.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
    """
    kind, rules = self._get_param("scanType") or "BASIC", self._get_param("rules") or []
    pace = [rule["scanFrequency"] for rule in rules]
    if kind == "BASIC" and "CONTINUOUS_SCAN" in pace:
        raise invalid("rules", "CONTINUOUS_SCAN is not supported for the scan type BASIC")
    if len(set(pace)) < len(pace):
        raise invalid("rules", "There can be only one rule for each scan frequency")
    registry(self).put_registry_scanning_configuration(kind, rules)
    return ActionResult({"registryScanningConfiguration": {"scanType": kind, "rules": rules}})


METHODS = {
    function.__name__: function
    for function in (
        set_repository_policy,
        put_registry_policy,
        put_registry_scanning_configuration,
    )
}
