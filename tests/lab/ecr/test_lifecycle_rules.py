"""Lifecycle policies that ECR refuses.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.calls import refused


def lifecycle(*rules: dict[str, Any]) -> str:
    # A policy has at least a hundred characters.
    return json.dumps({"rules": list(rules)}, indent=8)


def rule(priority: Any = 1, action: Any = None, **selection: Any) -> dict[str, Any]:
    base = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3}
    chosen = {key: value for key, value in (base | selection).items() if value is not None}
    return {"rulePriority": priority, "selection": chosen, "action": action or {"type": "expire"}}


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
def test_a_lifecycle_policy_that_is_none(unchecked: Any, text: str, said: str) -> None:
    for operation in ("put_lifecycle_policy", "start_lifecycle_policy_preview"):
        error = refused(unchecked, operation, repositoryName="app", lifecyclePolicyText=text)
        assert error["Code"] == "InvalidParameterException"
        assert "Lifecycle policy validation failure: " in error["Message"]
        assert said in error["Message"]
    assert (
        refused(unchecked, "get_lifecycle_policy", repositoryName="app")["Code"] == "LifecyclePolicyNotFoundException"
    )
