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


def test_policies_are_kept_as_they_were_sent(unchecked: Any) -> None:
    statement = {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": READER}, "Action": ["ecr:BatchGetImage"]}
    text = json.dumps({"Version": "2008-10-17", "Statement": [statement]})
    unchecked.set_repository_policy(repositoryName="app", policyText=text)
    assert unchecked.get_repository_policy(repositoryName="app")["policyText"] == text
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": "*"}]})
    unchecked.put_registry_policy(policyText=text)
    assert unchecked.get_registry_policy()["policyText"] == text
    assert unchecked.delete_registry_policy()["policyText"] == text
