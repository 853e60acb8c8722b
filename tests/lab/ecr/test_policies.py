"""Policies of repositories and of the registry, and the scanning of a registry: what ECR keeps and what it refuses.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab import settings
from tests.lab.calls import refused

READER = f"arn:aws:iam::{settings.ACCOUNT}:role/reader"


def policy(**changes: Any) -> str:
    statement = {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"} | changes
    kept = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


POLICIES = [
    ("not JSON", "{"),
    ("a list", "[]"),
    ("empty", "{}"),
    ("no statement", '{"Version": "2012-10-17", "Statement": []}'),
    ("unknown version", policy().replace("2012-10-17", "2020-01-01")),
    ("a statement that is a text", '{"Version": "2012-10-17", "Statement": ["Allow"]}'),
    ("no effect", policy(Effect=None)),
    ("wrong effect", policy(Effect="allow")),
    ("no principal", policy(Principal=None)),
    ("no action", policy(Action=None)),
    ("another service's action", policy(Action="s3:GetObject")),
    ("an action that is none", policy(Action=[7])),
]


@pytest.mark.parametrize("text", [row[1] for row in POLICIES], ids=[row[0] for row in POLICIES])
def test_a_policy_that_is_none(unchecked: Any, text: str) -> None:
    for request in (
        {"operation": "set_repository_policy", "repositoryName": "app", "policyText": text},
        {"operation": "put_registry_policy", "policyText": text.replace('"Action"', '"Resource": "*", "Action"')},
    ):
        error = refused(unchecked, **request)
        assert (error["Code"], "policy provided" in error["Message"]) == ("InvalidParameterException", True)
    assert refused(unchecked, "get_registry_policy")["Code"] == "RegistryPolicyNotFoundException"


@pytest.mark.parametrize("principal", [{"AWS": "nobody"}, {"AWS": "arn:aws:iam::123456789012:role/none"}, {"All": "*"}])
def test_a_registrys_policy_is_about_somebody_who_is_there(unchecked: Any, principal: dict[str, str]) -> None:
    error = refused(unchecked, "put_registry_policy", policyText=policy(Resource="*", Principal=principal))
    assert error["Code"] == "InvalidParameterException"


def test_a_registrys_policy_needs_a_resource_and_had_three_actions_once(unchecked: Any) -> None:
    assert refused(unchecked, "put_registry_policy", policyText=policy())["Code"] == "InvalidParameterException"
    unchecked.put_registry_policy(policyText=policy(Resource="*"))
    unchecked.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1")
    error = refused(unchecked, "put_registry_policy", policyText=policy(Resource="*"))
    assert error["Code"] == "InvalidParameterException"
    unchecked.put_registry_policy(policyText=policy(Resource="*", Action="ecr:ReplicateImage"))


@pytest.mark.parametrize(
    ("kind", "paces"),
    [
        ("BASIC", ["CONTINUOUS_SCAN"]),
        ("ENHANCED", ["SCAN_ON_PUSH", "SCAN_ON_PUSH"]),
        ("FULL", []),
        ("BASIC", ["DAILY"]),
    ],
)
def test_scanning_that_cannot_be(unchecked: Any, kind: str, paces: list[str]) -> None:
    every = [{"filter": "*", "filterType": "WILDCARD"}]
    rules = [{"scanFrequency": pace, "repositoryFilters": every} for pace in paces]
    error = refused(unchecked, "put_registry_scanning_configuration", scanType=kind, rules=rules)
    assert error["Code"] == "InvalidParameterException"


@pytest.fixture
def reader(lab: Any) -> None:
    """Make the role that the policies let in."""
    allow = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    lab.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=trust)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Principal": {"AWS": "reader"}}, "Principal not found"),
        ({"Principal": {"AWS": "12345"}}, "Principal not found"),
        ({"Principal": {"AWS": [READER, f"{READER}s"]}}, "Principal not found"),
        ({"Principal": {"AWS": f"arn:aws:iam::{settings.ACCOUNT}:user/reader"}}, "Principal not found"),
        ({"Principal": {"Robot": "x"}}, "policy provided"),
        ({"Principal": {}}, "policy provided"),
        ({"Principal": "reader"}, "policy provided"),
        ({"Resource": f"arn:aws:ecr:{settings.REGION}:{settings.ACCOUNT}:repository/app"}, "policy provided"),
    ],
)
def test_a_repositorys_policy_names_who_is_there_and_no_resource(
    unchecked: Any, reader: None, changes: dict[str, Any], said: str
) -> None:
    """https://github.com/hashicorp/terraform-provider-aws/issues/11801 and https://github.com/aws/aws-cdk/issues/27753."""
    error = refused(unchecked, "set_repository_policy", repositoryName="app", policyText=policy(**changes))
    assert error["Code"] == "InvalidParameterException" and said in error["Message"]


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": [READER, "111122223333"]},
        {"AWS": [f"arn:aws:iam::{settings.ACCOUNT}:root", "arn:aws:iam::111122223333:role/theirs"]},
        {"AWS": f"arn:aws:sts::{settings.ACCOUNT}:assumed-role/reader/me"},
        {"Service": "codebuild.amazonaws.com"},
    ],
)
def test_whom_a_repositorys_policy_can_name(unchecked: Any, reader: None, principal: Any) -> None:
    text = policy(Principal=principal)
    assert unchecked.set_repository_policy(repositoryName="app", policyText=text)["policyText"] == text


def test_policies_are_kept_as_they_were_sent(unchecked: Any, reader: None) -> None:
    statement = {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": READER}, "Action": ["ecr:BatchGetImage"]}
    text = json.dumps({"Version": "2008-10-17", "Statement": [statement]})
    unchecked.set_repository_policy(repositoryName="app", policyText=text)
    assert unchecked.get_repository_policy(repositoryName="app")["policyText"] == text
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": "*"}]})
    unchecked.put_registry_policy(policyText=text)
    assert unchecked.get_registry_policy()["policyText"] == text
    assert unchecked.delete_registry_policy()["policyText"] == text
