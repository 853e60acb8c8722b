"""What policies allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.aws.iam.policy import Request, Verdict, verdict

INSTANCE = "arn:aws:ec2:us-east-1:123456789012:instance/i-1"
DOCUMENT = "arn:aws:ssm:us-east-1:123456789012:document/nodecache"


def policy(*statements: dict[str, Any], version: str | None = "2012-10-17") -> str:
    head = {"Version": version} if version else {}
    return json.dumps(head | {"Statement": list(statements)})


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*"} | more


def decide(
    *statements: dict[str, Any], action: str = "ssm:SendCommand", resource: str = INSTANCE, **context: str
) -> str:
    return verdict([policy(*statements)], Request(action, resource, context)).value


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ("ssm:SendCommand", "allow"),
        ("SSM:sendcommand", "allow"),
        ("ssm:Send*", "allow"),
        ("ssm:SendComman?", "allow"),
        ("*", "allow"),
        (["ec2:Run*", "ssm:*"], "allow"),
        ("ssm:SendCommands", "silent"),
        ("ssm:", "silent"),
        ("ec2:*", "silent"),
        ([], "silent"),
    ],
)
def test_actions(actions: Any, expected: str) -> None:
    assert decide(allow(Action=actions)) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", True),
        (INSTANCE, True),
        ("arn:aws:ec2:us-east-1:123456789012:instance/*", True),
        ("arn:aws:ec2:*:*:instance/*", True),
        ("arn:aws:ec2:*", True),
        ("arn:aws:ec2:us-east-?:123456789012:instance/i-?", True),
        ("arn:aws:ec2:us-east-1:*:instance/I-1", False),
        ("arn:aws:ec2:us-east-1:999999999999:instance/*", False),
        ("arn:aws:ec2:us-west-2:123456789012:instance/*", False),
        ("arn:aws:ec2:*:instance/*", False),
        ("arn:aws:ec2:us-east-1:123456789012:instance", False),
        (DOCUMENT, False),
    ],
)
def test_resources_are_matched_part_by_part_and_an_incomplete_arn_is_completed(pattern: str, expected: bool) -> None:
    assert (decide(allow(Resource=pattern)) == "allow") is expected


def test_a_document_statement_does_not_allow_instances() -> None:
    assert decide(allow(Resource=DOCUMENT), resource=DOCUMENT) == "allow"
    assert decide(allow(Resource=DOCUMENT)) == "silent"


def test_a_denial_beats_everything_whatever_the_order() -> None:
    no = {"Effect": "Deny", "Action": "ssm:*", "Resource": INSTANCE}
    assert decide(allow(), no) == decide(no, allow()) == "deny"
    assert decide(allow(), no, resource=DOCUMENT) == "allow"
    assert verdict([policy(allow()), policy(no)], Request("ssm:SendCommand", INSTANCE, {})) is Verdict.DENY


def test_not_action_and_not_resource_are_everything_else() -> None:
    others = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": DOCUMENT}
    assert decide(others) == "allow"
    assert decide(others, action="iam:PassRole") == "silent"
    assert decide(others, resource=DOCUMENT) == "silent"


def test_one_statement_need_not_be_a_list() -> None:
    document = {"Version": "2012-10-17", "Statement": allow()}
    assert verdict([document], Request("ssm:SendCommand", INSTANCE, {})) is Verdict.ALLOW


@pytest.mark.parametrize(
    ("pattern", "context", "expected"),
    [
        ("arn:aws:s3:::bucket/${aws:username}/*", {"aws:username": "ann"}, "allow"),
        ("arn:aws:s3:::bucket/${aws:username}/*", {"aws:username": "bob"}, "silent"),
        ("arn:aws:s3:::bucket/${aws:username}/*", {}, "silent"),
        ("arn:aws:s3:::bucket/${aws:username, 'ann'}/*", {}, "allow"),
        ("arn:aws:s3:::bucket/${*}/x", {}, "silent"),
        ("arn:aws:s3:::bucket/${aws:username}/*", {"aws:username": "*"}, "silent"),
    ],
    ids=["right", "other", "missing", "default", "a star that means itself", "a star brought in"],
)
def test_policy_variables(pattern: str, context: dict[str, str], expected: str) -> None:
    assert decide(allow(Resource=pattern), resource="arn:aws:s3:::bucket/ann/x", **context) == expected


def test_variables_in_conditions_and_in_the_old_version() -> None:
    same = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    context = {"aws:ResourceTag/team": "a", "aws:PrincipalTag/team": "a"}
    request = Request("ssm:SendCommand", INSTANCE, context)
    assert verdict([policy(allow(Condition=same))], request) is Verdict.ALLOW
    assert verdict([policy(allow(Condition=same), version=None)], request) is Verdict.SILENT


def trusts(principal: Any, service: str = "events.amazonaws.com", **more: Any) -> bool:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"} | more
    request = Request("sts:AssumeRole", "arn:aws:iam::123456789012:role/r", {}, "Service", service)
    return verdict([policy(statement)], request) is Verdict.ALLOW


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"Service": "events.amazonaws.com"}, True),
        ({"Service": ["ec2.amazonaws.com", "events.amazonaws.com"]}, True),
        ({"Service": "ec2.amazonaws.com"}, False),
        ({"Service": "*"}, True),
        ({"AWS": "*"}, True),
        ("*", True),
        ({"AWS": "arn:aws:iam::123456789012:root"}, False),
    ],
)
def test_principals(principal: Any, expected: bool) -> None:
    assert trusts(principal) is expected


def test_an_account_stands_for_all_of_its_roles() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "ecr:*"}
    for account, expected in (("123456789012", Verdict.ALLOW), ("999999999999", Verdict.SILENT)):
        request = Request("ecr:BatchGetImage", "*", {}, "AWS", f"arn:aws:iam::{account}:role/r")
        assert verdict([policy(statement)], request) is expected
