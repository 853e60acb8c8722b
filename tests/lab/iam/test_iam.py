"""Roles, their policies and their keys, against moto's IAM.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from lab import settings
from lab.aws import iam

INSTANCE = f"arn:aws:ec2:{settings.REGION}:{settings.ACCOUNT}:instance/i-1"
ACTION = "ssm:SendCommand"
SOURCE = {"aws:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/push", "aws:SourceAccount": settings.ACCOUNT}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": ACTION, "Resource": "*"} | more


@pytest.fixture
def role(lab: Any) -> Any:
    """Return a client and a role without policies, which EventBridge may assume for one rule."""
    client = lab.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:SourceArn": SOURCE["aws:SourceArn"]},
            "StringEquals": {"aws:SourceAccount": settings.ACCOUNT},
        },
    }
    arn = client.create_role(RoleName="events", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    return client, arn


def put(client: Any, *statements: dict[str, Any]) -> None:
    client.put_role_policy(RoleName="events", PolicyName="p", PolicyDocument=document(*statements))


def denial(*arguments: Any) -> str:
    with pytest.raises(iam.Denied) as caught:
        iam.check(*arguments)
    return caught.value.message


def test_a_denial_says_who_what_and_why(role: Any) -> None:
    client, arn = role
    said = f"User: arn:aws:sts::{settings.ACCOUNT}:assumed-role/events/i-9 is not authorized to perform: {ACTION}"
    principal = iam.Principal(arn, "i-9")
    silent = "because no identity-based policy allows the ssm:SendCommand action"
    assert denial(principal, ACTION, INSTANCE) == f"{said} on resource: {INSTANCE} {silent}"
    put(client, statement(), statement("Deny", Resource=INSTANCE))
    assert denial(principal, ACTION, INSTANCE).endswith("with an explicit deny in an identity-based policy")


def test_inline_and_attached_policies_count_and_the_administrator_may_all(role: Any) -> None:
    client, arn = role
    iam.check(iam.ROOT, ACTION, INSTANCE)
    denial(arn, ACTION, INSTANCE)
    put(client, statement(Condition={"StringEquals": {"ssm:resourceTag/cluster": "a"}}))
    denial(arn, ACTION, INSTANCE)
    denial(arn, ACTION, INSTANCE, {"ssm:resourceTag/cluster": "b"})
    iam.check(arn, ACTION, INSTANCE, {"ssm:resourceTag/cluster": "a"})
    client.delete_role_policy(RoleName="events", PolicyName="p")
    managed = client.create_policy(PolicyName="m", PolicyDocument=document(statement()))["Policy"]["Arn"]
    client.attach_role_policy(RoleName="events", PolicyArn=managed)
    iam.check(arn, ACTION, INSTANCE)
    client.create_policy_version(PolicyArn=managed, PolicyDocument=document(statement("Deny")), SetAsDefault=True)
    denial(arn, ACTION, INSTANCE)


def test_a_boundary_allows_nothing_but_limits(role: Any) -> None:
    client, arn = role
    limit = client.create_policy(PolicyName="b", PolicyDocument=document(statement(Action="s3:*")))["Policy"]["Arn"]
    client.put_role_permissions_boundary(RoleName="events", PermissionsBoundary=limit)
    put(client, statement(Action="*"))
    assert "no permissions boundary allows" in denial(arn, ACTION, INSTANCE)
    iam.check(arn, "s3:GetObject", "arn:aws:s3:::a/b")
    assert "no identity-based policy" in denial("arn:aws:iam::123456789012:role/gone", "s3:GetObject", "*")


def test_a_resource_policy_may_allow_and_deny(role: Any) -> None:
    client, arn = role
    mine = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": ACTION}
    iam.check(arn, ACTION, INSTANCE, {}, document(mine))
    put(client, statement())
    assert "resource-based policy" in denial(arn, ACTION, INSTANCE, {}, document(mine | {"Effect": "Deny"}))


@pytest.mark.parametrize(
    ("service", "context"),
    [
        ("ec2.amazonaws.com", SOURCE),
        ("events.amazonaws.com", SOURCE | {"aws:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/other"}),
        ("events.amazonaws.com", SOURCE | {"aws:SourceAccount": "999999999999"}),
        ("events.amazonaws.com", {}),
    ],
    ids=["service", "rule", "account", "nothing said"],
)
def test_a_role_is_assumed_only_as_its_trust_policy_says(role: Any, service: str, context: dict[str, str]) -> None:
    _client, arn = role
    iam.assume(arn, "events.amazonaws.com", SOURCE)
    with pytest.raises(iam.Denied, match=f"User: {service} is not authorized to perform: sts:AssumeRole on resource"):
        iam.assume(arn, service, context)
    with pytest.raises(iam.Denied):
        iam.assume(f"{arn}-gone", "events.amazonaws.com", SOURCE)


def test_passing_a_role_depends_on_the_service(role: Any) -> None:
    client, arn = role
    put(
        client,
        statement(Action="iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}),
    )
    iam.pass_role(arn, arn, "ssm.amazonaws.com")
    with pytest.raises(iam.Denied):
        iam.pass_role(arn, arn, "events.amazonaws.com")


def test_a_key_is_known_or_refused(lab: Any, role: Any) -> None:
    client, arn = role
    assert iam.caller(settings.ACCESS_KEY) == iam.ROOT
    now = datetime.datetime.now(datetime.UTC)
    iam.register("ASIAAAAAAAAAAAAAAAAA", arn, "i-1", now + datetime.timedelta(hours=1))
    assert (iam.caller("ASIAAAAAAAAAAAAAAAAA"), iam.caller("ASIAAAAAAAAAAAAAAAAA").session) == (arn, "i-1")
    iam.register("ASIAAAAAAAAAAAAAAAAA", arn, "i-1", now)
    with pytest.raises(iam.Denied) as late:
        iam.caller("ASIAAAAAAAAAAAAAAAAA")
    with pytest.raises(iam.Denied) as unknown:
        iam.caller("ASIABBBBBBBBBBBBBBBB")
    assert (late.value.code, unknown.value.code) == ("ExpiredTokenException", "UnrecognizedClientException")
    trust = {"Effect": "Allow", "Principal": {"AWS": settings.ACCOUNT}, "Action": "sts:AssumeRole"}
    client.update_assume_role_policy(RoleName=arn.rpartition("/")[2], PolicyDocument=document(trust))
    session = lab.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    assert (iam.caller(session["AccessKeyId"]), iam.caller(session["AccessKeyId"]).session) == (arn, "me")
    user = client.create_user(UserName="ann")["User"]["Arn"]
    key = client.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    assert iam.caller(key) == user
    client.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document(statement()))
    iam.check(iam.caller(key), ACTION, INSTANCE)
    assert denial(user, "s3:GetObject", "*").startswith(f"User: {user} is not authorized")
