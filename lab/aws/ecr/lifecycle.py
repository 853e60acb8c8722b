"""ECR's lifecycle policies: kept and previewed, never carried out by themselves, which takes AWS up to a day.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import Image, Repository
from moto.ecr.responses import ECRResponse

from lab.aws.ecr import lifecycle_rules
from lab.aws.ecr.lifecycle_rules import Rule
from lab.aws.ecr.support import error, invalid, page, repository


def _where(target: Repository) -> str:
    return f"the repository with name '{target.name}' in the registry with id '{target.registry_id}'"


def _answer(target: Repository, text: str | None) -> dict[str, Any]:
    known = {"registryId": target.registry_id, "repositoryName": target.name}
    return {**known, "lifecyclePolicyText": text}


def _policy(target: Repository) -> str:
    if not target.lifecycle_policy:
        said = f"Lifecycle policy does not exist for {_where(target)}"
        raise error("LifecyclePolicyNotFoundException", said)
    return target.lifecycle_policy


def put_lifecycle_policy(self: ECRResponse) -> ActionResult:
    """Answer PutLifecyclePolicy."""
    target, text = repository(self), self._get_param("lifecyclePolicyText")
    lifecycle_rules.parse(text)
    target.lifecycle_policy = text
    return ActionResult(_answer(target, text))


def start_lifecycle_policy_preview(self: ECRResponse) -> ActionResult:
    """Answer StartLifecyclePolicyPreview, for the policy sent or else the one the repository has."""
    target = repository(self)
    text = self._get_param("lifecyclePolicyText") or _policy(target)
    vars(target)["lab_preview"] = (text, lifecycle_rules.marked(lifecycle_rules.parse(text), target))
    return ActionResult(_answer(target, text) | {"status": "IN_PROGRESS"})


def get_lifecycle_policy_preview(self: ECRResponse) -> ActionResult:
    """Answer GetLifecyclePolicyPreview: a preview is done when it is asked for."""
    target = repository(self)
    if "lab_preview" not in vars(target):
        said = f"Lifecycle policy preview does not exist for {_where(target)}"
        raise error("LifecyclePolicyPreviewNotFoundException", said)
    text, found = vars(target)["lab_preview"]
    asked = self._get_param("imageIds")
    if asked and (self._get_param("nextToken") or self._get_param("maxResults")):
        raise invalid("maxResults", "cannot be used when images are specified with imageIds")
    status = (self._get_param("filter") or {}).get("tagStatus", "ANY")
    rows = [
        _row(rule, image)
        for rule, image in found
        if (not asked or any(_is(image, one) for one in asked))
        and (status == "ANY" or bool(image.image_tags) == (status == "TAGGED"))
    ]
    expiring = sum(row["action"]["type"] == "EXPIRE" for row in rows)
    summary: dict[str, Any] = {"expiringImageTotalCount": expiring}
    if expiring < len(rows):
        moving = {"targetStorageClass": "ARCHIVE", "imageTotalCount": len(rows) - expiring}
        summary["transitioningImageTotalCounts"] = [moving]
    answer = _answer(target, text) | {"status": "COMPLETE", "summary": summary}
    return ActionResult(answer | page(self, rows, "previewResults"))


def _is(image: Image, asked: dict[str, str]) -> bool:
    digest, tag = asked.get("imageDigest"), asked.get("imageTag")
    return digest in (None, image.image_digest) and (not tag or tag in image.image_tags)


def _row(rule: Rule, image: Image) -> dict[str, Any]:
    action = {"type": rule["action"]["type"].upper()}
    if "targetStorageClass" in rule["action"]:
        action["targetStorageClass"] = rule["action"]["targetStorageClass"].upper()
    row = {
        "imageDigest": image.image_digest,
        "imagePushedAt": image.image_pushed_at,
        "action": action,
        "appliedRulePriority": rule["rulePriority"],
        "storageClass": rule["selection"].get("storageClass", "standard").upper(),
    }
    return row | ({"imageTags": list(image.image_tags)} if image.image_tags else {})


METHODS = {
    function.__name__: function
    for function in (put_lifecycle_policy, start_lifecycle_policy_preview, get_lifecycle_policy_preview)
}
