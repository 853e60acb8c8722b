"""What a lifecycle policy may say, and which images it would take away.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
"""

from __future__ import annotations

import fnmatch
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import jsonschema
from moto.ecr.models import Image, Repository

from lab.aws.ecr import images
from lab.aws.ecr.support import invalid

Rule = dict[str, Any]
_DAY = 86400
_WORDS = {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["rules"],
    "additionalProperties": False,
    "properties": {
        "rules": {
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {
                "type": "object",
                "required": ["action", "rulePriority", "selection"],
                "additionalProperties": False,
                "properties": {
                    "rulePriority": {"type": "integer", "minimum": 1},
                    "description": {"type": "string", "maxLength": 256},
                    "selection": {
                        "type": "object",
                        "required": ["countNumber", "countType", "tagStatus"],
                        "additionalProperties": False,
                        "properties": {
                            "tagStatus": {"enum": ["any", "tagged", "untagged"]},
                            "tagPrefixList": _WORDS,
                            "tagPatternList": _WORDS,
                            "storageClass": {"enum": ["archive", "standard"]},
                            "countType": {
                                "enum": [
                                    "imageCountMoreThan",
                                    "sinceImagePulled",
                                    "sinceImagePushed",
                                    "sinceImageTransitioned",
                                ]
                            },
                            "countUnit": {"enum": ["days"]},
                            "countNumber": {"type": "integer", "minimum": 1},
                        },
                    },
                    "action": {
                        "type": "object",
                        "required": ["type"],
                        "additionalProperties": False,
                        "properties": {
                            "type": {"enum": ["expire", "transition"]},
                            "targetStorageClass": {"enum": ["archive"]},
                        },
                    },
                },
            },
        }
    },
}


def _said(fault: jsonschema.ValidationError) -> str:
    """Return a fault of the form in the words of the validator that AWS uses."""
    found, rule = fault.instance, fault.validator_value
    if fault.validator == "required":
        missing = sorted(set(rule) - set(found))
        return f"object has missing required properties ({json.dumps(missing)})"
    if fault.validator == "additionalProperties":
        unknown = sorted(set(found) - set(fault.schema["properties"]))  # type: ignore[index, call-overload]
        return f"object instance has properties which are not allowed by the schema: ({json.dumps(unknown)})"
    if fault.validator == "enum":
        return f"instance value ({json.dumps(found)}) not found in enum (possible values: {json.dumps(rule)})"
    if fault.validator == "minimum":
        return f"numeric instance is lower than the required minimum (minimum: {rule}, found: {found})"
    return fault.message


def _faults(rules: list[Rule]) -> Iterator[str]:
    """Yield what is wrong with rules of the right form."""
    priorities = [rule["rulePriority"] for rule in rules]
    if len(set(priorities)) < len(priorities):
        yield "Rule priorities must be unique"
    for rule in rules:
        chosen, action = rule["selection"], rule["action"]
        named = [name for name in ("tagPrefixList", "tagPatternList") if name in chosen]
        if chosen["tagStatus"] == "tagged" and len(named) != 1:
            yield "Exactly one of tagPrefixList and tagPatternList is required when tagStatus is tagged"
        if chosen["tagStatus"] != "tagged" and named:
            yield f"{named[0]} is only allowed when tagStatus is tagged"
        if any(pattern.count("*") > 4 for pattern in chosen.get("tagPatternList", [])):
            yield "A tag pattern can have at most 4 wildcards"
        if any(not re.fullmatch(r"[a-zA-Z0-9._*-]{1,128}", word) for name in named for word in chosen[name]):
            yield "Tag prefixes and patterns can have letters, digits, and the characters . _ - *"
        if (chosen["countType"] != "imageCountMoreThan") != ("countUnit" in chosen):
            yield "countUnit is required with, and only with, a countType that counts days"
        if chosen["countType"] == "sinceImageTransitioned" and chosen.get("storageClass") != "archive":
            yield "sinceImageTransitioned needs the storageClass archive"
        if (action["type"] == "transition") != ("targetStorageClass" in action):
            yield "targetStorageClass is required with, and only with, the action transition"
        if action["type"] == "transition" and chosen.get("storageClass") == "archive":
            yield "Only images of the storageClass standard can be transitioned"
    yield from _catch_all(rules)


def _catch_all(rules: list[Rule]) -> Iterator[str]:
    for storage in ("standard", "archive"):
        same = [rule for rule in rules if rule["selection"].get("storageClass", "standard") == storage]
        for status in ("any", "untagged"):
            if sum(rule["selection"]["tagStatus"] == status for rule in same) > 1:
                yield f"There can be only one rule with the tagStatus {status} for each storage class"
        every = [rule["rulePriority"] for rule in same if rule["selection"]["tagStatus"] == "any"]
        if every and every[0] < max(rule["rulePriority"] for rule in same):
            yield "A rule with the tagStatus any must have the highest value for rulePriority"


def parse(text: str) -> list[Rule]:
    """Return a policy's rules, the first to apply first; refuse what ECR refuses."""
    said = "Lifecycle policy validation failure: "
    try:
        policy = json.loads(text)
    except ValueError as wrong:
        raise invalid("LifecyclePolicyText", f"{said}Could not map policyString into LifecyclePolicy.") from wrong
    fault = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(_SCHEMA).iter_errors(policy))
    if fault is not None:
        raise invalid("LifecyclePolicyText", said + _said(fault))
    rules: list[Rule] = sorted(policy["rules"], key=lambda rule: int(rule["rulePriority"]))
    for wrong_rule in _faults(rules):
        raise invalid("LifecyclePolicyText", said + wrong_rule)
    return rules


def _selects(selection: dict[str, Any], image: Image) -> bool:
    archived = selection.get("storageClass", "standard") == "archive"
    if images.is_archived(image) != archived:
        return False
    if selection["tagStatus"] != "tagged":
        return selection["tagStatus"] == "any" or not image.image_tags
    patterns = selection.get("tagPatternList") or [f"{prefix}*" for prefix in selection["tagPrefixList"]]
    return all(fnmatch.filter(image.image_tags, pattern) for pattern in patterns)


def _since(kind: str, image: Image) -> float:
    pushed = float(image.image_pushed_at)
    if kind == "sinceImagePulled":
        return float(vars(image).get("lab_pulled_at") or pushed)
    return pushed


def marked(rules: list[Rule], repository: Repository) -> list[tuple[Rule, Image]]:
    """Return which rule would act on which image.

    An image that a rule selects is safe from every later one, whether the first acts on it or not.
    """
    found: list[tuple[Rule, Image]] = []
    safe: set[str] = set()
    for rule in rules:
        selection = rule["selection"]
        selected = [image for image in repository.images if _selects(selection, image)]
        selected.sort(key=lambda image: float(image.image_pushed_at), reverse=True)
        kind, number = selection["countType"], selection["countNumber"]
        if kind == "imageCountMoreThan":
            hit = selected[number:]
        else:
            hit = [image for image in selected if _since(kind, image) < time.time() - number * _DAY]
        found += [(rule, image) for image in hit if image.image_digest not in safe]
        safe |= {image.image_digest for image in selected}
    return found
