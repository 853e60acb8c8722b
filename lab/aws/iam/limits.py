"""Roles, policies and users: quotas, and what cannot be deleted or does not belong together.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.iam.exceptions import (
    DeleteConflictException,
    EntityAlreadyExists,
    IAMException,
    InvalidInput,
    LimitExceededException,
    NotFoundException,
)
from moto.iam.models import IAMBackend

INLINE_OF_ROLE, MANAGED, TRUST, ATTACHED = 10240, 6144, 2048, 10
INLINE = {"Role": INLINE_OF_ROLE, "User": 2048, "Group": 5120}
GROUPS_PER_USER, TAGS = 10, 50
# Policies and roles of AWS's services: what is under this path is theirs alone.
SERVICES = "/aws-service-role/"
POLICY = re.compile(r"arn:[\w-]+:iam::(\d{12}|aws):[^:]+")
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


def _taken(kind: str, name: str, known: Iterable[Any], mine: str = "") -> None:
    """Refuse a name that is taken: in which case it is written makes no difference; the same one is moto's to tell."""
    same = [one.name for one in known if one.name.lower() == name.lower() and one.name != mine]
    if same and (mine or name not in same):
        words = f"Group {name} already exists" if kind == "Group" else f"{kind} with name {name} already exists."
        raise EntityAlreadyExists(words)


def _new_role(backend: IAMBackend, given: Given) -> None:
    _taken("Role", given["RoleName"], backend.roles.values())
    _trust(backend, given)
    _boundary(backend, given)


def _new_user(backend: IAMBackend, given: Given) -> None:
    _taken("User", given["UserName"], backend.users.values())


def _new_group(backend: IAMBackend, given: Given) -> None:
    _taken("Group", given["GroupName"], backend.groups.values())


def _rename_user(backend: IAMBackend, given: Given) -> None:
    if given.get("NewUserName"):
        _taken("User", given["NewUserName"], backend.users.values(), given["UserName"])


def _rename_group(backend: IAMBackend, given: Given) -> None:
    if given.get("NewGroupName"):
        _taken("Group", given["NewGroupName"], backend.groups.values(), given["GroupName"])


def _new_policy(backend: IAMBackend, given: Given) -> None:
    mine = [one for one in backend.managed_policies.values() if one.arn.split(":")[4] == backend.account_id]
    name = given["PolicyName"]
    if any(one.name.lower() == name.lower() for one in mine):
        raise EntityAlreadyExists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    _managed(backend, given)


def _boundary(backend: IAMBackend, given: Given) -> None:
    arn = given.get("PermissionsBoundary") or ""
    if f":policy{SERVICES}" in arn:
        raise IAMException("PolicyNotAttachable", f"Scope ARN: {arn} does not exist or is not attachable.")
    if arn.split(":")[4:5] in ([backend.account_id], ["aws"]) and arn not in backend.managed_policies:
        raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")


def _owner(backend: IAMBackend, given: Given) -> tuple[str, Any]:
    """Return the role, user or group that a request is about."""
    if "RoleName" in given:
        return "Role", backend.get_role(given["RoleName"])
    if "UserName" in given:
        return "User", backend.get_user(given["UserName"])
    return "Group", backend.get_group(given["GroupName"])


def _inline(backend: IAMBackend, given: Given) -> None:
    kind, owner = _owner(backend, given)
    most = INLINE[kind]
    others = [_text(text) for name, text in owner.policies.items() if name != given["PolicyName"]]
    if sum(map(size, [*others, given["PolicyDocument"]])) > most:
        raise LimitExceededException(f"Maximum policy size of {most} bytes exceeded for {kind.lower()} {owner.name}")


def _managed(_backend: IAMBackend, given: Given) -> None:
    if size(given["PolicyDocument"]) > MANAGED:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED}")


def _attach(backend: IAMBackend, given: Given) -> None:
    if not POLICY.fullmatch(given["PolicyArn"]):
        # https://github.com/aws-samples/aws-cdk-examples/issues/335 has the code and the words.
        raise InvalidInput(f"ARN {given['PolicyArn']} is not valid.")
    kind, owner = _owner(backend, given)
    if f":policy{SERVICES}" in given["PolicyArn"]:
        raise IAMException("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
    new = given["PolicyArn"] in backend.managed_policies and given["PolicyArn"] not in owner.managed_policies
    if new and len(owner.managed_policies) >= ATTACHED:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPer{kind}: {ATTACHED}")


def _join(backend: IAMBackend, given: Given) -> None:
    user, group = backend.get_user(given["UserName"]), backend.get_group(given["GroupName"])
    groups = [one for one in backend.groups.values() if user in one.users]
    if group not in groups and len(groups) >= GROUPS_PER_USER:
        raise LimitExceededException(f"Cannot exceed quota for GroupsPerUser: {GROUPS_PER_USER}")


def _delete_policy(backend: IAMBackend, given: Given) -> None:
    found = backend.managed_policies.get(given["PolicyArn"])
    if found is not None and found.attachment_count:
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if found is not None and len(found.versions) > 1:
        raise DeleteConflictException("This policy has more than one version. Delete the other versions first.")


def _delete_user(backend: IAMBackend, given: Given) -> None:
    user = backend.get_user(given["UserName"])
    if user.access_keys:
        raise DeleteConflictException("Cannot delete entity, must delete access keys first.")
    if any(user in group.users for group in backend.groups.values()):
        raise DeleteConflictException("Cannot delete entity, must remove users from group first.")


def _delete_group(backend: IAMBackend, given: Given) -> None:
    group = backend.groups.get(given["GroupName"])
    if group is None:
        return
    for kept, first in (
        (group.users, "remove users from group"),
        (group.managed_policies, "detach all policies"),
        (group.policies, "delete policies"),
    ):
        if kept:
            raise DeleteConflictException(f"Cannot delete entity, must {first} first.")


def _remove_role(backend: IAMBackend, given: Given) -> None:
    profile = backend.get_instance_profile(given["InstanceProfileName"])
    if backend.get_role(given["RoleName"]) not in profile.roles:
        raise NotFoundException(f"The role with name {given['RoleName']} cannot be found.")


def _known_role(backend: IAMBackend, given: Given) -> None:
    backend.get_role(given["RoleName"])


def _known_policy(backend: IAMBackend, given: Given) -> None:
    backend.get_policy(given["PolicyArn"])


def _bound_role(backend: IAMBackend, given: Given) -> None:
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html
    if not backend.get_role(given["RoleName"]).permissions_boundary_arn:
        raise NotFoundException(f"The role with name {given['RoleName']} has no permissions boundary.")


def _alias(backend: IAMBackend, given: Given) -> None:
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountAlias.html
    if given["AccountAlias"] not in backend.account_aliases:
        raise NotFoundException(f"The Account Alias {given['AccountAlias']} is not associated with this account.")


def _tags_of(backend: IAMBackend, given: Given) -> set[str]:
    """Return the tag keys of what a request is about."""
    if "PolicyArn" in given:
        # Policies keep theirs by the key in small letters.
        return {tag["Key"] for tag in backend.get_policy(given["PolicyArn"]).tags.values()}
    if "UserName" in given:
        return {tag["Key"] for tag in backend.list_user_tags(given["UserName"])}
    if "RoleName" in given:
        return {tag["Key"] for tag in backend.get_role(given["RoleName"]).tags or []}
    return {tag["Key"] for tag in backend.get_instance_profile(given["InstanceProfileName"]).tags}


def _tag(backend: IAMBackend, given: Given) -> None:
    added = {tag["Key"] for tag in given.get("Tags") or []}
    if len(added) <= TAGS < len(_tags_of(backend, given) | added):
        raise LimitExceededException(f"Cannot exceed quota for TagsPerResource: {TAGS}")


def protect(backend: IAMBackend, given: Given) -> None:
    """Leave the roles of AWS's own services alone."""
    found = next((one for one in backend.roles.values() if one.name == given.get("RoleName")), None)
    if found is not None and str(found.path or "").startswith(SERVICES):
        raise IAMException(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{found.name}' - this role is only modifiable by AWS",
        )


PROTECTED = (
    *("AddRoleToInstanceProfile", "AttachRolePolicy", "DeleteRole", "DeleteRolePermissionsBoundary"),
    *("DeleteRolePolicy", "DetachRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy"),
    *("RemoveRoleFromInstanceProfile", "UpdateAssumeRolePolicy", "UpdateRole"),
)
CHECKS: dict[str, Callable[[IAMBackend, Given], None]] = {
    "AddUserToGroup": _join,
    "AttachGroupPolicy": _attach,
    "AttachRolePolicy": _attach,
    "AttachUserPolicy": _attach,
    "CreateGroup": _new_group,
    "CreatePolicy": _new_policy,
    "CreatePolicyVersion": _managed,
    "CreateRole": _new_role,
    "CreateUser": _new_user,
    "DeleteAccountAlias": _alias,
    "DeleteGroup": _delete_group,
    "DeletePolicy": _delete_policy,
    "DeleteRolePermissionsBoundary": _bound_role,
    "DeleteUser": _delete_user,
    "ListEntitiesForPolicy": _known_policy,
    "ListInstanceProfilesForRole": _known_role,
    "PutGroupPolicy": _inline,
    "PutRolePermissionsBoundary": _boundary,
    "PutRolePolicy": _inline,
    "PutUserPolicy": _inline,
    "RemoveRoleFromInstanceProfile": _remove_role,
    "TagInstanceProfile": _tag,
    "TagPolicy": _tag,
    "TagRole": _tag,
    "TagUser": _tag,
    "UpdateAssumeRolePolicy": _trust,
    "UpdateGroup": _rename_group,
    "UpdateUser": _rename_user,
}
