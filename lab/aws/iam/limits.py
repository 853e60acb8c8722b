"""Roles, policies and users: quotas, and what cannot be deleted or does not belong together.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.iam.exceptions import (
    DeleteConflictException,
    EntityAlreadyExists,
    LimitExceededException,
    NotFoundException,
)
from moto.iam.models import IAMBackend

INLINE_OF_ROLE, MANAGED, TRUST, ATTACHED = 10240, 6144, 2048, 10
Given = Mapping[str, Any]


def size(text: str) -> int:
    """Return how large IAM thinks a policy is: white space does not count."""
    return len(re.sub(r"\s", "", text))


def _text(policy: Any) -> str:
    return policy if isinstance(policy, str) else str(policy.document)


def _trust(_backend: IAMBackend, given: Given) -> None:
    text = given.get("AssumeRolePolicyDocument") or given.get("PolicyDocument") or ""
    if size(text) > TRUST:
        raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST}")


def _new_role(backend: IAMBackend, given: Given) -> None:
    name = given["RoleName"]
    if any(role.name.lower() == name.lower() for role in backend.roles.values()):
        raise EntityAlreadyExists(f"Role with name {name} already exists.")
    _trust(backend, given)
    _boundary(backend, given)


def _boundary(backend: IAMBackend, given: Given) -> None:
    arn = given.get("PermissionsBoundary") or ""
    if arn.split(":")[4:5] == [backend.account_id] and arn not in backend.managed_policies:
        raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")


def _inline(backend: IAMBackend, given: Given) -> None:
    role = backend.get_role(given["RoleName"])
    others = [_text(text) for name, text in role.policies.items() if name != given["PolicyName"]]
    if sum(map(size, [*others, given["PolicyDocument"]])) > INLINE_OF_ROLE:
        raise LimitExceededException(f"Maximum policy size of {INLINE_OF_ROLE} bytes exceeded for role {role.name}")


def _managed(_backend: IAMBackend, given: Given) -> None:
    if size(given["PolicyDocument"]) > MANAGED:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED}")


def _attach(backend: IAMBackend, given: Given) -> None:
    attached = backend.get_role(given["RoleName"]).managed_policies
    new = given["PolicyArn"] in backend.managed_policies and given["PolicyArn"] not in attached
    if new and len(attached) >= ATTACHED:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {ATTACHED}")


def _delete_policy(backend: IAMBackend, given: Given) -> None:
    found = backend.managed_policies.get(given["PolicyArn"])
    if found is not None and found.attachment_count:
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if found is not None and len(found.versions) > 1:
        raise DeleteConflictException("This policy has more than one version. Delete the other versions first.")


def _delete_user(backend: IAMBackend, given: Given) -> None:
    if backend.get_user(given["UserName"]).access_keys:
        raise DeleteConflictException("Cannot delete entity, must delete access keys first.")


def _remove_role(backend: IAMBackend, given: Given) -> None:
    profile = backend.get_instance_profile(given["InstanceProfileName"])
    if backend.get_role(given["RoleName"]) not in profile.roles:
        raise NotFoundException(f"The role with name {given['RoleName']} cannot be found.")


CHECKS: dict[str, Callable[[IAMBackend, Given], None]] = {
    "AttachRolePolicy": _attach,
    "CreatePolicy": _managed,
    "CreatePolicyVersion": _managed,
    "CreateRole": _new_role,
    "DeletePolicy": _delete_policy,
    "DeleteUser": _delete_user,
    "PutRolePermissionsBoundary": _boundary,
    "PutRolePolicy": _inline,
    "RemoveRoleFromInstanceProfile": _remove_role,
    "UpdateAssumeRolePolicy": _trust,
}
