"""Lifecycle, repository and registry policies, replication and scanning that ECR refuses.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab import settings
from lab.aws import ecr


def lifecycle(*rules: dict[str, Any]) -> str:
    # A policy has at least a hundred characters.
    return json.dumps({"rules": list(rules)}, indent=8)


def rule(priority: Any = 1, action: Any = None, **selection: Any) -> dict[str, Any]:
    base = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3}
    chosen = {key: value for key, value in (base | selection).items() if value is not None}
    return {"rulePriority": priority, "selection": chosen, "action": action or {"type": "expire"}}


def policy(**changes: Any) -> str:
    statement = {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"} | changes
    kept = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


@pytest.fixture
def client(lab: Any) -> Any:
    """Return ECR with one repository."""
    ecr.install()
    made = lab.client("ecr", config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
    made.create_repository(repositoryName="app")
    return made


def refused(client: Any, operation: str, **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**request)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error: dict[str, Any] = caught.value.response["Error"]
    assert error["Message"]
    return error


ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
LIFECYCLES = [
    ("not JSON", "x" * 100, "Could not map policyString"),
    ("a list", json.dumps(["x" * 100]), "object"),
    ("no rules", json.dumps({"rules": [], "description": "x" * 100}), "description"),
    ("rules missing", json.dumps({"rule": "x" * 100}), "rules"),
    ("no selection", lifecycle(rule() | {"selection": {}}), "countNumber"),
    ("unknown member", lifecycle(rule() | {"name": "x"}), "name"),
    ("priority 0", lifecycle(rule(0)), "lower than the required minimum (minimum: 1, found: 0)"),
    ("priority a text", lifecycle(rule("1")), "integer"),
    ("priority twice", lifecycle(rule(1), rule(1, tagStatus="any")), "unique"),
    ("tag status", lifecycle(rule(tagStatus="all")), "enum"),
    ("count type", lifecycle(rule(countType="size")), "enum"),
    ("count 0", lifecycle(rule(countNumber=0)), "minimum"),
    ("count a text", lifecycle(rule(countNumber="3")), "integer"),
    ("unit missing", lifecycle(rule(countType="sinceImagePushed")), "countUnit"),
    ("unit too much", lifecycle(rule(countUnit="days")), "countUnit"),
    ("unit unknown", lifecycle(rule(countType="sinceImagePushed", countUnit="weeks")), "weeks"),
    ("tagged without a list", lifecycle(rule(tagStatus="tagged")), "tagPrefixList"),
    (
        "tagged with two lists",
        lifecycle(rule(tagStatus="tagged", tagPrefixList=["a"], tagPatternList=["a*"])),
        "Exactly one",
    ),
    ("tagged with an empty list", lifecycle(rule(tagStatus="tagged", tagPrefixList=[])), "[]"),
    ("untagged with a list", lifecycle(rule(tagPrefixList=["a"])), "only allowed when tagStatus is tagged"),
    ("five wildcards", lifecycle(rule(tagStatus="tagged", tagPatternList=["*a*b*c*d*"])), "at most 4"),
    ("any before others", lifecycle(rule(1, tagStatus="any"), rule(2)), "highest value for rulePriority"),
    ("any twice", lifecycle(rule(1, tagStatus="any"), rule(2, tagStatus="any")), "only one rule"),
    ("untagged twice", lifecycle(rule(1), rule(2)), "only one rule"),
    ("action unknown", lifecycle(rule(action={"type": "delete"})), "delete"),
    ("target missing", lifecycle(rule(action={"type": "transition"})), "targetStorageClass"),
    ("target too much", lifecycle(rule(action={"type": "expire", "targetStorageClass": "archive"})), "transition"),
    ("already there", lifecycle(rule(action=ARCHIVE, storageClass="archive")), "standard"),
    (
        "never moved",
        lifecycle(rule(countType="sinceImageTransitioned", countUnit="days")),
        "storageClass archive",
    ),
]


@pytest.mark.parametrize(("text", "said"), [row[1:] for row in LIFECYCLES], ids=[row[0] for row in LIFECYCLES])
def test_a_lifecycle_policy_that_is_none(client: Any, text: str, said: str) -> None:
    for operation in ("put_lifecycle_policy", "start_lifecycle_policy_preview"):
        error = refused(client, operation, repositoryName="app", lifecyclePolicyText=text)
        assert error["Code"] == "InvalidParameterException"
        assert "Lifecycle policy validation failure: " in error["Message"]
        assert said in error["Message"]
    assert refused(client, "get_lifecycle_policy", repositoryName="app")["Code"] == "LifecyclePolicyNotFoundException"


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
def test_a_policy_that_is_none(client: Any, text: str) -> None:
    for request in (
        {"operation": "set_repository_policy", "repositoryName": "app", "policyText": text},
        {"operation": "put_registry_policy", "policyText": text.replace('"Action"', '"Resource": "*", "Action"')},
    ):
        error = refused(client, **request)
        assert (error["Code"], "policy provided" in error["Message"]) == ("InvalidParameterException", True)
    assert refused(client, "get_registry_policy")["Code"] == "RegistryPolicyNotFoundException"


def test_a_registrys_policy_needs_a_resource_and_had_three_actions_once(client: Any) -> None:
    assert refused(client, "put_registry_policy", policyText=policy())["Code"] == "InvalidParameterException"
    client.put_registry_policy(policyText=policy(Resource="*"))
    client.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1")
    error = refused(client, "put_registry_policy", policyText=policy(Resource="*"))
    assert error["Code"] == "InvalidParameterException"
    client.put_registry_policy(policyText=policy(Resource="*", Action="ecr:ReplicateImage"))


def place(region: str = "eu-west-1", account: str = settings.ACCOUNT) -> dict[str, str]:
    return {"region": region, "registryId": account}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{"destinations": [place(settings.REGION)]}], "cannot be the same as the source"),
        ([{"destinations": [place("eu-west-9")]}], "eu-west-9"),
        ([{"destinations": [place(), place()]}], "unique"),
        ([{"destinations": [place(account=f"1{number:011}") for number in range(26)]}], "at most 25"),
        ([{"destinations": []}], None),
        ([{"destinations": [place()]}] * 26, "less than or equal to 25"),
        ([{"destinations": [place(account="1")]}], "[0-9]{12}"),
    ],
)
def test_a_replication_that_cannot_be(client: Any, rules: list[Any], said: str | None) -> None:
    config = {"rules": rules}
    if said is None:
        assert client.put_replication_configuration(replicationConfiguration=config)
        return
    error = refused(client, "put_replication_configuration", replicationConfiguration=config)
    assert error["Code"] == "InvalidParameterException"
    assert said in error["Message"]
    assert client.describe_registry()["replicationConfiguration"] == {"rules": []}


@pytest.mark.parametrize(
    ("kind", "paces"),
    [
        ("BASIC", ["CONTINUOUS_SCAN"]),
        ("ENHANCED", ["SCAN_ON_PUSH", "SCAN_ON_PUSH"]),
        ("FULL", []),
        ("BASIC", ["DAILY"]),
    ],
)
def test_scanning_that_cannot_be(client: Any, kind: str, paces: list[str]) -> None:
    every = [{"filter": "*", "filterType": "WILDCARD"}]
    rules = [{"scanFrequency": pace, "repositoryFilters": every} for pace in paces]
    error = refused(client, "put_registry_scanning_configuration", scanType=kind, rules=rules)
    assert error["Code"] == "InvalidParameterException"
