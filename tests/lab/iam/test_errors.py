"""Every error that the model of an operation lists comes from the lab, or there is a reason why it cannot.

Each operation's page lists its errors, and says when they come; for example
https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html,
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; the limits are those of
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore import xform_name
from moto.core.utils import get_service_model

NONE, THERE, LIMIT, CONFLICT = "NoSuchEntity", "EntityAlreadyExists", "LimitExceeded", "DeleteConflict"
MALFORMED, INPUT, OURS = "MalformedPolicyDocument", "InvalidInput", "UnmodifiableEntity"
UNATTACHABLE = "PolicyNotAttachable"
ARN, AWS = "arn:aws:iam::123456789012", "arn:aws:iam::aws:policy"
SERVICES = f"{AWS}/aws-service-role/AmazonEKSServiceRolePolicy"
VERSION = "2012-10-17"
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}
POLICY = json.dumps({"Version": VERSION, "Statement": [ALLOW]})
TRUSTING = json.dumps({"Version": VERSION, "Statement": [TRUST]})
LARGE = json.dumps({"Version": VERSION, "Statement": [ALLOW | {"Resource": "arn:aws:s3:::" + "x" * 10300}]})
LONG = json.dumps({"Version": VERSION, "Statement": [TRUST | {"Condition": {"StringEquals": {"a:b": ["x" * 2100]}}}]})
LINKED = "AWSServiceRoleForeks-nodegroup"
FIFTY_ONE = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
# What each member is where the request is right, but for the thing it names.
MEMBERS: dict[str, Any] = {
    "RoleName": "none",
    "UserName": "none",
    "GroupName": "none",
    "InstanceProfileName": "none",
    "PolicyArn": f"{ARN}:policy/none",
    "PermissionsBoundary": f"{ARN}:policy/none",
    "PolicyName": "none",
    "PolicyDocument": POLICY,
    "VersionId": "v1",
    "AccessKeyId": "AKIA0000000000000000",
    "Status": "Inactive",
    "Description": "x",
    "Tags": [{"Key": "a", "Value": "b"}],
    "TagKeys": ["a"],
    "NewUserName": "new",
    "NewGroupName": "new",
    "DeletionTaskId": "task/aws-service-role/x/y/12345678-1234-1234-1234-123456789012",
}
# The operations about roles, users, groups, policies and instance profiles, and the errors beside NoSuchEntity.
SHOWN: dict[str, dict[str, dict[str, Any]]] = {
    "AddRoleToInstanceProfile": {
        LIMIT: {"InstanceProfileName": "full", "RoleName": "free"},
        OURS: {"InstanceProfileName": "empty", "RoleName": LINKED},
    },
    "AddUserToGroup": {LIMIT: {"UserName": "full", "GroupName": "more"}},
    "AttachGroupPolicy": {
        LIMIT: {"GroupName": "full", "PolicyArn": f"{ARN}:policy/more"},
        UNATTACHABLE: {"GroupName": "more", "PolicyArn": SERVICES},
    },
    "AttachRolePolicy": {
        LIMIT: {"RoleName": "role", "PolicyArn": f"{ARN}:policy/more"},
        OURS: {"RoleName": LINKED, "PolicyArn": f"{ARN}:policy/more"},
        UNATTACHABLE: {"RoleName": "free", "PolicyArn": SERVICES},
    },
    "AttachUserPolicy": {
        LIMIT: {"UserName": "full", "PolicyArn": f"{ARN}:policy/more"},
        UNATTACHABLE: {"UserName": "user", "PolicyArn": SERVICES},
    },
    "CreateAccessKey": {LIMIT: {"UserName": "full"}},
    "CreateGroup": {THERE: {"GroupName": "MORE"}},
    "CreateInstanceProfile": {
        THERE: {"InstanceProfileName": "full"},
        INPUT: {"InstanceProfileName": "new", "Tags": [{"Key": "aws:a", "Value": ""}]},
    },
    "CreatePolicy": {
        THERE: {"PolicyName": "More", "PolicyDocument": POLICY},
        MALFORMED: {"PolicyName": "new", "PolicyDocument": "{"},
        LIMIT: {"PolicyName": "new", "PolicyDocument": LARGE},
        INPUT: {"PolicyName": "new", "PolicyDocument": POLICY, "Tags": [{"Key": "aws:a", "Value": ""}]},
    },
    "CreatePolicyVersion": {
        MALFORMED: {"PolicyArn": f"{ARN}:policy/more", "PolicyDocument": "{"},
        LIMIT: {"PolicyArn": f"{ARN}:policy/versions", "PolicyDocument": POLICY},
    },
    "CreateRole": {
        THERE: {"RoleName": "ROLE", "AssumeRolePolicyDocument": TRUSTING},
        MALFORMED: {"RoleName": "new", "AssumeRolePolicyDocument": "{"},
        LIMIT: {"RoleName": "new", "AssumeRolePolicyDocument": LONG},
        INPUT: {"RoleName": "new", "AssumeRolePolicyDocument": TRUSTING, "Tags": [{"Key": "aws:a", "Value": ""}]},
    },
    "CreateServiceLinkedRole": {INPUT: {"AWSServiceName": "events"}},
    "CreateUser": {THERE: {"UserName": "USER"}, INPUT: {"UserName": "new", "Tags": [{"Key": "aws:a", "Value": ""}]}},
    "DeleteAccessKey": {},
    "DeleteGroup": {CONFLICT: {"GroupName": "full"}},
    "DeleteGroupPolicy": {},
    "DeleteInstanceProfile": {CONFLICT: {"InstanceProfileName": "full"}},
    "DeletePolicy": {CONFLICT: {"PolicyArn": f"{ARN}:policy/versions"}},
    "DeletePolicyVersion": {CONFLICT: {"PolicyArn": f"{ARN}:policy/more", "VersionId": "v1"}},
    "DeleteRole": {CONFLICT: {"RoleName": "role"}, OURS: {"RoleName": LINKED}},
    "DeleteRolePermissionsBoundary": {OURS: {"RoleName": LINKED}},
    "DeleteRolePolicy": {OURS: {"RoleName": LINKED, "PolicyName": "p"}},
    "DeleteServiceLinkedRole": {},
    "DeleteUser": {CONFLICT: {"UserName": "full"}},
    "DeleteUserPolicy": {},
    "DetachGroupPolicy": {},
    "DetachRolePolicy": {OURS: {"RoleName": LINKED, "PolicyArn": f"{ARN}:policy/more"}},
    "DetachUserPolicy": {},
    **{
        name: {}
        for name in (
            "GetGroup",
            "GetGroupPolicy",
            "GetInstanceProfile",
            "GetPolicy",
            "GetPolicyVersion",
            "GetRole",
            "GetRolePolicy",
            "GetUser",
            "GetUserPolicy",
            "ListAccessKeys",
            "ListAttachedGroupPolicies",
            "ListAttachedRolePolicies",
            "ListAttachedUserPolicies",
            "ListEntitiesForPolicy",
            "ListGroupPolicies",
            "ListGroupsForUser",
            "ListInstanceProfilesForRole",
            "ListPolicyTags",
            "ListPolicyVersions",
            "ListRolePolicies",
            "ListRoleTags",
            "ListUserPolicies",
            "ListUserTags",
            "RemoveUserFromGroup",
            "SetDefaultPolicyVersion",
            "UntagInstanceProfile",
            "UntagPolicy",
            "UntagRole",
            "UntagUser",
        )
    },
    "PutGroupPolicy": {
        MALFORMED: {"GroupName": "more", "PolicyName": "p", "PolicyDocument": "{"},
        LIMIT: {"GroupName": "more", "PolicyName": "p", "PolicyDocument": LARGE},
    },
    "PutRolePermissionsBoundary": {
        OURS: {"RoleName": LINKED, "PermissionsBoundary": f"{ARN}:policy/more"},
        UNATTACHABLE: {"RoleName": "free", "PermissionsBoundary": SERVICES},
    },
    "PutRolePolicy": {
        MALFORMED: {"RoleName": "role", "PolicyName": "p", "PolicyDocument": "{"},
        LIMIT: {"RoleName": "role", "PolicyName": "p", "PolicyDocument": LARGE},
        OURS: {"RoleName": LINKED, "PolicyName": "p", "PolicyDocument": POLICY},
    },
    "PutUserPolicy": {
        MALFORMED: {"UserName": "user", "PolicyName": "p", "PolicyDocument": "{"},
        LIMIT: {"UserName": "user", "PolicyName": "p", "PolicyDocument": LARGE},
    },
    "RemoveRoleFromInstanceProfile": {OURS: {"InstanceProfileName": "linked", "RoleName": LINKED}},
    **{
        f"Tag{kind}": {
            INPUT: {**named, "Tags": [{"Key": "aws:a", "Value": ""}]},
            LIMIT: {**named, "Tags": [{"Key": "one", "Value": ""}]},
        }
        for kind, named in (
            ("InstanceProfile", {"InstanceProfileName": "full"}),
            ("Policy", {"PolicyArn": f"{ARN}:policy/more"}),
            ("Role", {"RoleName": "role"}),
            ("User", {"UserName": "full"}),
        )
    },
    "UpdateAccessKey": {},
    "UpdateAssumeRolePolicy": {
        MALFORMED: {"RoleName": "role", "PolicyDocument": "{"},
        LIMIT: {"RoleName": "role", "PolicyDocument": LONG},
        OURS: {"RoleName": LINKED, "PolicyDocument": TRUSTING},
    },
    "UpdateGroup": {THERE: {"GroupName": "more", "NewGroupName": "full"}},
    "UpdateRole": {OURS: {"RoleName": LINKED, "MaxSessionDuration": 3600}},
    "UpdateRoleDescription": {},
    "UpdateUser": {THERE: {"UserName": "user", "NewUserName": "full"}},
}
_GONE = "A thing that goes, or only changes, reaches no quota."
NEVER: dict[Any, str] = {
    "ServiceFailure": "It is AWS's own fault.",
    "ConcurrentModification": "It comes when two callers change a thing in the same moment.",
    "EntityTemporarilyUnmodifiable": "It comes for a moment after a user was deleted and made again.",
    # The query protocol refuses these forms as ValidationError before.
    (INPUT, "*"): "Names, ARNs and lengths are refused as ValidationError, the error that all operations share.",
    (LIMIT, "(Delete|Detach|Remove|Update|SetDefault).*"): _GONE,
    (
        LIMIT,
        "Create(Group|User|InstanceProfile|ServiceLinkedRole)",
    ): "The numbers of things are an account's own to raise.",
    (NONE, "Create(Group|User)"): "Neither names anything that has to be there.",
    (NONE, "CreateServiceLinkedRole"): "The same.",
    (THERE, "AddRoleToInstanceProfile"): "A profile holds one role: a second, or the same, is one too many.",
    (OURS, "UpdateRoleDescription"): "A service's role may be described anew.",
}
MODEL = get_service_model("iam")


def code_of(shape: Any) -> str:
    return str(shape.metadata.get("error", {}).get("code", shape.name))


def explained(error: str, operation: str) -> bool:
    return error in NEVER or any(
        isinstance(key, tuple) and key[0] == error and re.fullmatch(key[1].replace("*", ".*"), operation)
        for key in NEVER
        if isinstance(key, tuple) and key[1] != "*"
    )


@pytest.mark.parametrize("operation", SHOWN)
def test_every_error_of_an_operation_is_shown_or_explained(operation: str) -> None:
    listed = {code_of(shape) for shape in MODEL.operation_model(operation).error_shapes}
    told = {error for error in listed if explained(error, operation)}
    told |= {INPUT} - set(SHOWN[operation])
    shown = set(SHOWN[operation]) | ({NONE} - told)
    assert listed - told - shown == set()
    assert shown - {NONE} <= listed


@pytest.fixture(name="iam")
def iam_fixture(lab: Any) -> Any:
    """Make what the calls are about."""
    from lab.aws import query
    from lab.aws.iam import checks

    query.install()
    checks.install()
    iam = lab.client("iam")
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    iam.create_policy(PolicyName="more", PolicyDocument=POLICY, Tags=tags)
    iam.create_policy(PolicyName="versions", PolicyDocument=POLICY)
    for _ in range(4):
        iam.create_policy_version(PolicyArn=f"{ARN}:policy/versions", PolicyDocument=POLICY)
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=TRUSTING, Tags=tags)
    iam.create_role(RoleName="free", AssumeRolePolicyDocument=TRUSTING)
    iam.create_service_linked_role(AWSServiceName="eks-nodegroup.amazonaws.com")
    iam.create_user(UserName="user")
    iam.create_user(UserName="full", Tags=tags)
    for _ in range(2):
        iam.create_access_key(UserName="full")
    for name in ("more", "full"):
        iam.create_group(GroupName=name)
    for number in range(10):
        iam.create_group(GroupName=f"g{number}")
        iam.add_user_to_group(UserName="full", GroupName=f"g{number}")
        arn = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=POLICY)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="role", PolicyArn=arn)
        iam.attach_user_policy(UserName="full", PolicyArn=arn)
        iam.attach_group_policy(GroupName="full", PolicyArn=arn)
    for name in ("full", "empty", "linked"):
        iam.create_instance_profile(InstanceProfileName=name, Tags=tags)
    iam.add_role_to_instance_profile(InstanceProfileName="full", RoleName="role")
    return iam


def test_every_error_comes(iam: Any, refuses: Any) -> None:
    calls = []
    for name, errors in SHOWN.items():
        model = MODEL.operation_model(name)
        members = model.input_shape.members if model.input_shape else {}
        needed = {key: MEMBERS[key] for key in members if key in MEMBERS}
        if name == "UpdateAssumeRolePolicy":
            needed["PolicyDocument"] = TRUSTING
        if NONE in {code_of(shape) for shape in model.error_shapes} and not explained(NONE, name):
            calls.append((NONE, xform_name(name), needed))
        calls += [(error, xform_name(name), given) for error, given in errors.items()]
    refuses.calls("iam", calls)
