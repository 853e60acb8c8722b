"""Quotas of IAM, and what it does not let go of.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab import settings
from lab.aws.iam import checks, limits

LIMIT, CONFLICT, NONE = "LimitExceeded", "DeleteConflict", "NoSuchEntity"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}
ARN = f"arn:aws:iam::{settings.ACCOUNT}:policy"


def document(*resources: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": list(resources) or "*"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(**more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [TRUST | more]})


def sized(characters: int) -> str:
    """Return a policy of just so many characters, white space not counted."""
    base = limits.size(document("arn:aws:s3:::"))
    text = document("arn:aws:s3:::" + "x" * (characters - base))
    assert limits.size(text) == characters
    return text


@pytest.fixture(name="iam")
def iam_fixture(lab: Any) -> Any:
    checks.install()
    client = lab.client("iam")
    client.create_role(RoleName="role", AssumeRolePolicyDocument=trust())
    return client


def test_all_inline_policies_of_a_role_share_10240_characters(iam: Any, refuses: Any) -> None:
    iam.put_role_policy(RoleName="role", PolicyName="one", PolicyDocument=sized(10000))
    iam.put_role_policy(RoleName="role", PolicyName="one", PolicyDocument=sized(10240))
    small = {"RoleName": "role", "PolicyName": "two", "PolicyDocument": document()}
    refuses.calls("iam", [(LIMIT, "put_role_policy", small)])
    assert iam.list_role_policies(RoleName="role")["PolicyNames"] == ["one"]


def test_white_space_is_not_counted(iam: Any) -> None:
    loose = json.dumps(json.loads(sized(10240)), indent=200)
    iam.put_role_policy(RoleName="role", PolicyName="one", PolicyDocument=loose)


def test_a_managed_policy_has_6144_characters_and_a_trust_policy_2048(iam: Any, refuses: Any) -> None:
    made = iam.create_policy(PolicyName="large", PolicyDocument=sized(6144))["Policy"]["Arn"]
    long = trust(Condition={"StringEquals": {"aws:SourceArn": ["x" * 2048]}})
    calls = [
        (LIMIT, "create_policy", {"PolicyName": "larger", "PolicyDocument": sized(6145)}),
        (LIMIT, "create_policy_version", {"PolicyArn": made, "PolicyDocument": sized(6145)}),
        (LIMIT, "create_role", {"RoleName": "new", "AssumeRolePolicyDocument": long}),
        (LIMIT, "update_assume_role_policy", {"RoleName": "role", "PolicyDocument": long}),
    ]
    refuses.calls("iam", calls)


def test_a_role_has_ten_managed_policies(iam: Any, refuses: Any) -> None:
    for number in range(11):
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=document())
    for number in range(10):
        iam.attach_role_policy(RoleName="role", PolicyArn=f"{ARN}/p{number}")
    # One that is attached already is no eleventh.
    iam.attach_role_policy(RoleName="role", PolicyArn=f"{ARN}/p0")
    calls = [(LIMIT, "attach_role_policy", {"RoleName": "role", "PolicyArn": f"{ARN}/p10"})]
    refuses.calls("iam", [*calls, (NONE, "attach_role_policy", {"RoleName": "role", "PolicyArn": f"{ARN}/none"})])


def test_what_is_in_use_stays(iam: Any, refuses: Any) -> None:
    attached = iam.create_policy(PolicyName="attached", PolicyDocument=document())["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="role", PolicyArn=attached)
    versions = iam.create_policy(PolicyName="versions", PolicyDocument=document())["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=versions, PolicyDocument=document())
    iam.create_user(UserName="ann")
    iam.create_access_key(UserName="ann")
    iam.create_instance_profile(InstanceProfileName="profile")
    calls = [
        (CONFLICT, "delete_policy", {"PolicyArn": attached}),
        (CONFLICT, "delete_policy", {"PolicyArn": versions}),
        (CONFLICT, "delete_user", {"UserName": "ann"}),
        (NONE, "remove_role_from_instance_profile", {"InstanceProfileName": "profile", "RoleName": "role"}),
    ]
    refuses.calls("iam", calls)


def test_a_roles_name_is_taken_in_any_case_and_its_boundary_has_to_be_there(iam: Any, refuses: Any) -> None:
    new = {"RoleName": "new", "AssumeRolePolicyDocument": trust()}
    calls = [
        ("EntityAlreadyExists", "create_role", {**new, "RoleName": "ROLE"}),
        (NONE, "create_role", {**new, "PermissionsBoundary": f"{ARN}/none"}),
        (NONE, "put_role_permissions_boundary", {"RoleName": "role", "PermissionsBoundary": f"{ARN}/none"}),
    ]
    refuses.calls("iam", calls)
    iam.create_policy(PolicyName="boundary", PolicyDocument=document())
    iam.put_role_permissions_boundary(RoleName="role", PermissionsBoundary=f"{ARN}/boundary")


def test_what_is_not_there_is_not_taken_away(iam: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html and
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountAlias.html (NoSuchEntity).
    """
    iam.create_account_alias(AccountAlias="ours")
    calls = [
        (NONE, "delete_role_permissions_boundary", {"RoleName": "role"}),
        (NONE, "delete_account_alias", {"AccountAlias": "theirs"}),
    ]
    refuses.calls("iam", calls)
    iam.delete_account_alias(AccountAlias="ours")


def test_a_service_has_one_role_of_its_own(iam: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html (InvalidInput)."""
    given = {"AWSServiceName": "eks-nodegroup.amazonaws.com"}
    iam.create_service_linked_role(**given)
    refuses.calls("iam", [("InvalidInput", "create_service_linked_role", given)])
