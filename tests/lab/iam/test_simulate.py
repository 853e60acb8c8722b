"""What policies would say.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.calls import code

NODE = "arn:aws:ec2:us-east-1:123456789012:instance/i-1"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}
TAGGED = {"StringEquals": {"ssm:resourceTag/cluster": "a"}}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "ssm:SendCommand", "Resource": "*"} | more


@pytest.fixture(name="iam")
def iam_fixture(lab: Any) -> Any:
    from lab.aws import query
    from lab.aws.iam import simulate

    query.install()
    simulate.install()
    return lab.client("iam")


def decision(answer: Any) -> str:
    (row,) = answer["EvaluationResults"]
    return str(row["EvalDecision"])


@pytest.mark.parametrize(
    ("policies", "boundary", "expected"),
    [
        ([policy(allow())], [], "allowed"),
        ([policy(allow()), policy(allow("Deny", Resource=NODE))], [], "explicitDeny"),
        ([policy(allow(Action="s3:*"))], [], "implicitDeny"),
        ([policy(allow())], [policy(allow(Action="s3:*"))], "implicitDeny"),
        ([policy(allow())], [policy(allow())], "allowed"),
    ],
)
def test_policies_of_the_request(iam: Any, policies: list[str], boundary: list[str], expected: str) -> None:
    more = {"PermissionsBoundaryPolicyInputList": boundary} if boundary else {}
    asked = {"ActionNames": ["ssm:SendCommand"], "ResourceArns": [NODE]}
    assert decision(iam.simulate_custom_policy(PolicyInputList=policies, **asked, **more)) == expected


def test_a_role_with_a_condition(iam: Any) -> None:
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=policy(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy(allow(Condition=TAGGED)))
    asked = {"PolicySourceArn": arn, "ActionNames": ["ssm:SendCommand"], "ResourceArns": [NODE]}
    (row,) = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert (row["EvalDecision"], row["MissingContextValues"]) == ("implicitDeny", ["ssm:resourceTag/cluster"])
    entry = {"ContextKeyName": "ssm:resourceTag/cluster", "ContextKeyType": "string", "ContextKeyValues": ["a"]}
    assert decision(iam.simulate_principal_policy(**asked, ContextEntries=[entry])) == "allowed"
    assert decision(iam.simulate_principal_policy(**asked, PolicyInputList=[policy(allow("Deny"))])) == "explicitDeny"


def test_a_user_has_its_groups_policies(iam: Any) -> None:
    user, group = iam.create_user(UserName="u")["User"]["Arn"], iam.create_group(GroupName="g")["Group"]["Arn"]
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=policy(allow()))
    asked = {"ActionNames": ["ssm:SendCommand"]}
    assert decision(iam.simulate_principal_policy(PolicySourceArn=user, **asked)) == "implicitDeny"
    iam.add_user_to_group(UserName="u", GroupName="g")
    for arn in (user, group):
        assert decision(iam.simulate_principal_policy(PolicySourceArn=arn, **asked)) == "allowed"


def test_each_action_on_each_resource_page_by_page(iam: Any) -> None:
    asked = {"ActionNames": ["ssm:SendCommand", "s3:GetObject"], "ResourceArns": [NODE, f"{NODE}2"]}
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[policy(allow())], **asked, PaginationConfig={"PageSize": 3}
    )
    rows = [[row["EvalDecision"] for row in page["EvaluationResults"]] for page in pages]
    assert rows == [["allowed", "allowed", "implicitDeny"], ["implicitDeny"]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"PolicySourceArn": "arn:aws:iam::123456789012:role/none"}, "NoSuchEntity"),
        ({"PolicyInputList": ["{"]}, "InvalidInput"),
        ({"ActionNames": ["SendCommand"]}, "InvalidInput"),
        ({"ActionNames": ["ssm:"]}, "InvalidInput"),
        ({"Marker": "x"}, "ValidationError"),
    ],
)
def test_what_cannot_be_simulated(iam: Any, change: dict[str, Any], expected: str) -> None:
    arn = iam.create_user(UserName="u")["User"]["Arn"]
    asked = {"PolicySourceArn": arn, "ActionNames": ["ssm:SendCommand"], **change}
    assert code(iam.simulate_principal_policy, **asked) == expected
