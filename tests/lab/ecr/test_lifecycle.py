"""Lifecycle policies: kept as sent, and previewed by AWS's rules of evaluation.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from moto.ecr.models import ecr_backends

from lab import settings
from lab.aws import ecr

APP = {"repositoryName": "app"}
DAY = 86400


@pytest.fixture
def client(lab: Any) -> Any:
    """Return ECR with old, dev-1, dev-2, prod-1 and an image without a tag, each pushed a day after the last."""
    ecr.install()
    made = lab.client("ecr")
    made.create_repository(**APP)
    for number, tag in enumerate(("old", "dev-1", "dev-2", "prod-1", None)):
        text = json.dumps({"schemaVersion": 2, "config": {"digest": f"sha256:{number:064}", "size": number + 1}})
        kind = "application/vnd.oci.image.manifest.v1+json"
        extra = {"imageTag": tag} if tag else {}
        made.put_image(**APP, imageManifest=text, imageManifestMediaType=kind, **extra)
    images = ecr_backends[settings.ACCOUNT][settings.REGION].repositories["app"].images
    for age, image in enumerate(reversed(images)):
        image.image_pushed_at = time.time() - age * DAY - 60  # type: ignore[assignment]
    return made


def rule(priority: int, status: str, kind: str, number: int, **more: Any) -> dict[str, Any]:
    action = more.pop("action", {"type": "expire"})
    chosen = {"tagStatus": status, "countType": kind, "countNumber": number, **more}
    return {"rulePriority": priority, "selection": chosen, "action": action}


def text_of(*rules: dict[str, Any]) -> str:
    return json.dumps({"rules": list(rules)}, indent=4)


def preview(client: Any, *rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    started = client.start_lifecycle_policy_preview(**APP, lifecyclePolicyText=text_of(*rules))
    assert started["status"] == "IN_PROGRESS"
    found: dict[str, Any] = client.get_lifecycle_policy_preview(**APP, **more)
    assert (found["status"], found["lifecyclePolicyText"]) == ("COMPLETE", started["lifecyclePolicyText"])
    return found


def acts(found: dict[str, Any]) -> list[tuple[int, str | None]]:
    return [(row["appliedRulePriority"], *(row.get("imageTags") or [None])) for row in found["previewResults"]]


def test_a_policy_is_kept_as_it_was_sent(client: Any) -> None:
    text = text_of(rule(1, "untagged", "imageCountMoreThan", 1))
    assert client.put_lifecycle_policy(**APP, lifecyclePolicyText=text)["lifecyclePolicyText"] == text
    assert client.get_lifecycle_policy(**APP)["lifecyclePolicyText"] == text
    # A preview without a policy of its own is one of the repository's.
    assert client.start_lifecycle_policy_preview(**APP)["lifecyclePolicyText"] == text
    assert client.delete_lifecycle_policy(**APP)["lifecyclePolicyText"] == text


def test_the_newest_are_kept(client: Any) -> None:
    found = preview(client, rule(1, "any", "imageCountMoreThan", 3))
    assert acts(found) == [(1, "dev-1"), (1, "old")]
    assert found["summary"] == {"expiringImageTotalCount": 2}
    assert {row["action"]["type"] for row in found["previewResults"]} == {"EXPIRE"}


def test_what_an_earlier_rule_selects_is_safe_from_a_later_one(client: Any) -> None:
    keep = rule(1, "tagged", "imageCountMoreThan", 5, tagPrefixList=["dev-"])
    assert acts(preview(client, keep, rule(2, "any", "imageCountMoreThan", 1))) == [(2, "prod-1"), (2, "old")]


def test_days_are_counted_from_the_push(client: Any) -> None:
    rules = rule(1, "tagged", "sinceImagePushed", 2, countUnit="days", tagPatternList=["*-1"])
    assert acts(preview(client, rules)) == [(1, "dev-1")]
    assert acts(preview(client, rule(1, "untagged", "sinceImagePushed", 1, countUnit="days"))) == []


def test_a_transition_is_told_apart_and_passes_over_the_archive(client: Any) -> None:
    client.update_image_storage_class(**APP, imageId={"imageTag": "old"}, targetStorageClass="ARCHIVE")
    archive = {"type": "transition", "targetStorageClass": "archive"}
    found = preview(client, rule(1, "any", "imageCountMoreThan", 3, action=archive))
    assert acts(found) == [(1, "dev-1")]
    assert found["previewResults"][0]["action"] == {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}
    assert found["summary"]["transitioningImageTotalCounts"] == [
        {"targetStorageClass": "ARCHIVE", "imageTotalCount": 1}
    ]


def test_a_preview_has_pages_and_filters(client: Any) -> None:
    every = rule(1, "any", "sinceImagePulled", 1, countUnit="days")
    first = preview(client, every, maxResults=3)
    rest = client.get_lifecycle_policy_preview(**APP, nextToken=first["nextToken"])
    assert (len(first["previewResults"]), len(rest["previewResults"])) == (3, 1)
    assert acts(preview(client, every, filter={"tagStatus": "UNTAGGED"})) == []
    assert acts(preview(client, every, imageIds=[{"imageTag": "dev-2"}])) == [(1, "dev-2")]
