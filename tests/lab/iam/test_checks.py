"""Wrong roles and policies, and who may not pass a role.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

M, V, NONE = "MalformedPolicyDocument", "ValidationError", "NoSuchEntity"
Wrong = tuple[str, str, dict[str, Any]]
ALLOW = {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}
MANAGED = "arn:aws:iam::aws:policy"


def document(base: dict[str, Any], **change: Any) -> str:
    statement = {key: value for key, value in (base | change).items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


NO_DOCUMENTS = ["{", "[]", "{}", '{"Version":"2012-10-17"}', '{"Version":"2012","Statement":[]}', '{"Statement":"x"}']
POLICIES = [
    *NO_DOCUMENTS,
    "some policy",
    document(TRUST, NotPrincipal={"AWS": "*"}),
    document(TRUST, Principal={"AWS": "arn:aws:iam::123456789012:role/none"}),
    document(TRUST, Principal={"AWS": "arn:aws:iam::123456789012:user/none"}),
    document(TRUST, Principal={"Service": "nonsense.amazonaws.com"}),
    document(TRUST, Principal={"Federated": ""}),
    *(document(ALLOW, Effect=effect) for effect in (None, "Maybe", "allow")),
    *(document(ALLOW, Action=action) for action in (None, "SendCommand", "", "ssm:", 1)),
    *(document(ALLOW, Resource=resource) for resource in (None, "", "document/x", "arn:aws")),
    *(document(ALLOW, Condition=given) for given in ([], {"StringFoo": {"a": "b"}}, {"StringEquals": "x"})),
    document(ALLOW, Principal={"AWS": "*"}),
    document(ALLOW, NotAction="ssm:*"),
    document(ALLOW, Surprise=1),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    *(document(ALLOW, Sid=name) for name in ("a b", "a-b", "a_b")),
]
TRUSTS = [
    *NO_DOCUMENTS,
    "some policy",
    *(document(TRUST, Principal=given) for given in (None, {}, "events.amazonaws.com", {"Foo": "x"}, {"AWS": "x"})),
    *(document(TRUST, Principal={"Service": name}) for name in ("events", "*", "events.amazon.com", ["ssm"])),
    *(document(TRUST, Action=action) for action in (None, "ssm:SendCommand", "*", "sts:*")),
    *(document(TRUST, Effect=effect) for effect in (None, "No")),
    document(TRUST, Resource="*"),
    document(TRUST, Sid="a-b"),
    *(document(TRUST, Principal={kind: []}) for kind in ("AWS", "Service")),
    document(TRUST, Condition={"Foo": {"a": "b"}}),
]
ROLE = {"RoleName": "new", "AssumeRolePolicyDocument": document(TRUST)}
POLICY = {"RoleName": "role", "PolicyName": "new", "PolicyDocument": document(ALLOW)}
CALLS: list[Wrong] = [
    *((M, "put_role_policy", {**POLICY, "PolicyDocument": text}) for text in POLICIES),
    *((M, "create_policy", {"PolicyName": "new", "PolicyDocument": text}) for text in POLICIES),
    *((M, "create_role", {**ROLE, "AssumeRolePolicyDocument": text}) for text in TRUSTS),
    *((M, "update_assume_role_policy", {"RoleName": "role", "PolicyDocument": text}) for text in TRUSTS),
    ("EntityAlreadyExists", "create_role", {**ROLE, "RoleName": "role"}),
    *((V, "create_role", {**ROLE, "RoleName": name}) for name in ("a b", "", "x" * 65)),
    *((V, "create_role", {**ROLE, "Path": path}) for path in ("x", "/x", "x/", "//x", "", "/a b/")),
    *((V, "create_role", {**ROLE, "MaxSessionDuration": seconds}) for seconds in (10, 43201)),
    (V, "create_role", {"AssumeRolePolicyDocument": document(TRUST)}),
    (V, "create_role", {"RoleName": "new"}),
    *((NONE, name, {"RoleName": "none"}) for name in ("get_role", "delete_role")),
    (NONE, "put_role_policy", {**POLICY, "RoleName": "none"}),
    *((V, "put_role_policy", {**POLICY, "PolicyName": name}) for name in ("a b", "", "x" * 129)),
    *((NONE, name, {"RoleName": "role", "PolicyName": "none"}) for name in ("get_role_policy", "delete_role_policy")),
    (NONE, "update_assume_role_policy", {"RoleName": "none", "PolicyDocument": document(TRUST)}),
    (NONE, "attach_role_policy", {"RoleName": "role", "PolicyArn": f"{MANAGED}/None"}),
    (V, "attach_role_policy", {"RoleName": "role", "PolicyArn": "x"}),
    # https://github.com/aws-samples/aws-cdk-examples/issues/335
    *(
        ("InvalidInput", "attach_role_policy", {"RoleName": "role", "PolicyArn": arn})
        for arn in ("AmazonSSMManagedInstanceCore", f"{MANAGED}/{MANAGED}/AmazonSSMManagedInstanceCore")
    ),
    (NONE, "detach_role_policy", {"RoleName": "role", "PolicyArn": f"{MANAGED}/AmazonSSMManagedInstanceCore"}),
    (NONE, "tag_role", {"RoleName": "none", "Tags": [{"Key": "a", "Value": "b"}]}),
    ("InvalidInput", "tag_role", {"RoleName": "role", "Tags": [{"Key": "aws:a", "Value": "b"}]}),
    (V, "create_instance_profile", {"InstanceProfileName": "a b"}),
    (NONE, "add_role_to_instance_profile", {"InstanceProfileName": "none", "RoleName": "role"}),
    (V, "create_policy", {"PolicyName": "a b", "PolicyDocument": document(ALLOW)}),
    ("DeleteConflict", "delete_role", {"RoleName": "role"}),
    ("InvalidInput", "create_service_linked_role", {"AWSServiceName": "events"}),
    *((V, name, {"Marker": "x"}) for name in ("list_roles", "list_virtual_mfa_devices")),
    (V, "list_role_tags", {"RoleName": "role", "Marker": "x"}),
    (V, "list_policy_tags", {"PolicyArn": f"{MANAGED}/AmazonSSMManagedInstanceCore", "Marker": "x"}),
]


@pytest.fixture
def checked() -> None:
    from lab.aws import query
    from lab.aws.iam import checks

    query.install()
    checks.install()


def test_every_wrong_role_and_policy_is_refused(lab: Any, checked: None, refuses: Any) -> None:
    iam = lab.client("iam")
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=document(TRUST), MaxSessionDuration=7200)
    iam.put_role_policy(RoleName="role", PolicyName="kept", PolicyDocument=document(ALLOW))
    refuses.calls("iam", CALLS)
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["role"]
    assert iam.list_role_policies(RoleName="role")["PolicyNames"] == ["kept"]


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": "ssm.amazonaws.com"},
        {"Service": ["ssm.amazonaws.com", "events.amazonaws.com"]},
        {"AWS": "arn:aws:iam::123456789012:root"},
        {"AWS": ["123456789012", "arn:aws:iam::123456789012:role/path/name"]},
        {"AWS": "arn:aws:iam::111122223333:role/theirs"},
        {"Service": ["ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com", "eks-nodegroup.amazonaws.com"]},
        {"Service": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn", "vpc-flow-logs.amazonaws.com"]},
        {"Federated": "arn:aws:iam::123456789012:oidc-provider/a"},
        "*",
    ],
)
def test_a_right_trust_policy_is_taken(lab: Any, checked: None, principal: Any) -> None:
    iam = lab.client("iam")
    iam.create_role(RoleName="name", Path="/path/", AssumeRolePolicyDocument=document(TRUST))
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=document(TRUST, Principal=principal))


def test_a_marker_is_one_that_a_listing_gave(lab: Any, checked: None, refuses: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html (Marker), and its neighbours."""
    iam = lab.client("iam")
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=document(TRUST))
    iam.create_user(UserName="user")
    arn = iam.create_policy(PolicyName="policy", PolicyDocument=document(ALLOW))["Policy"]["Arn"]
    role, user = {"RoleName": "role"}, {"UserName": "user"}
    lists: dict[str, dict[str, Any]] = {
        **{f"list_{kind}": {} for kind in ("roles", "users", "groups", "policies", "instance_profiles")},
        "list_role_policies": role,
        "list_attached_role_policies": role,
        "list_instance_profiles_for_role": role,
        "list_attached_user_policies": user,
        "list_user_policies": user,
        "list_groups_for_user": user,
        "list_access_keys": user,
        "list_policy_versions": {"PolicyArn": arn},
        "list_entities_for_policy": {"PolicyArn": arn},
        "get_account_authorization_details": {},
    }
    for name, given in lists.items():
        getattr(iam, name)(**given)
    refuses.calls("iam", [(V, name, {**given, "Marker": "bogus"}) for name, given in lists.items()])
    first = iam.list_policies(MaxItems=1)
    assert iam.list_policies(MaxItems=1, Marker=first["Marker"])["Policies"] != first["Policies"]


def test_a_tags_key_comes_once_in_whatever_case(lab: Any, checked: None, refuses: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules (case sensitivity)."""
    iam = lab.client("iam")
    iam.create_user(UserName="user")
    iam.create_instance_profile(InstanceProfileName="profile")
    twice = {"Tags": [{"Key": key, "Value": "x"} for key in ("team", "Team")]}
    calls: list[Wrong] = [
        ("InvalidInput", "tag_user", {"UserName": "user", **twice}),
        ("InvalidInput", "tag_instance_profile", {"InstanceProfileName": "profile", **twice}),
        ("InvalidInput", "create_role", {**ROLE, **twice}),
    ]
    refuses.calls("iam", calls)
