# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge: every call that rules and targets need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from botocore.exceptions import ClientError
except ImportError:
    # AnsibleAWSModule reports the missing library; the name only has to exist until then.
    ClientError = Exception

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.nodecache.eks.plugins.module_utils._aws import RETRY_CODES, NodecacheError, call, paged
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import wait_for

# What was just made or removed may not be known everywhere for a moment.
_PASSING = ("cannot be assumed by principal", "has targets")
# Seconds; what reads lags behind what was written by a few.
_KNOWN_AFTER = 60
# The API takes that many at once.
_BATCH = 10


def _again(function: Callable[..., Any], *arguments: Any) -> Any:
    return AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES))(function)(*arguments)


class _Settling(AWSRetry):  # type: ignore[misc]
    @staticmethod
    def status_code_from_exception(error: Any) -> str:
        return str(error.response["Error"].get("Message"))

    @staticmethod
    def found(response_code: str, catch_extra_error_codes: Any = None) -> bool:
        return any(text in response_code for text in _PASSING)


def _settled(function: Callable[..., Any], *arguments: Any, **request: Any) -> Any:
    # About 20 seconds: a role that EventBridge never may assume is told soon enough.
    return _Settling.jittered_backoff(retries=5)(function)(*arguments, **request)


def find_rule(client: Any, name: str, bus: str) -> dict[str, Any] | None:
    """Return the rule as DescribeRule gives it, or None."""
    with call("rule", "describe", name):
        try:
            rule: dict[str, Any] = client.describe_rule(Name=name, EventBusName=bus, aws_retry=True)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
    rule.pop("ResponseMetadata", None)
    return rule


def list_rules(client: Any, prefix: str) -> list[dict[str, Any]]:
    """Return the default bus's rules whose names begin so."""
    with call("rules", "list", prefix):
        return paged(client, "list_rules", "Rules", NamePrefix=prefix)


def rule_tags(client: Any, name: str, arn: str) -> dict[str, str]:
    """Return the rule's tags."""
    with call("rule", "list its tags", name):
        tags = client.list_tags_for_resource(ResourceARN=arn, aws_retry=True)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def refuse_managed(rule: dict[str, Any] | None, thing: str, action: str) -> None:
    """Refuse to change what an AWS service keeps for itself."""
    owner = (rule or {}).get("ManagedBy")
    if owner:
        raise NodecacheError(f"{thing}: could not {action}, because {owner} manages the rule.")


def put_rule(client: Any, rule: dict[str, Any], tags: dict[str, str]) -> str:
    """Write the whole rule and return its ARN; EventBridge looks at tags only when the rule is new."""
    request = dict(rule)
    if tags:
        request["Tags"] = _tag_list(tags)
    with call("rule", "put", rule["Name"]):
        return str(_settled(client.put_rule, **request, aws_retry=True)["RuleArn"])


def wait_for_rule(client: Any, name: str, bus: str) -> None:
    """Wait until a new rule is found, so that the next task can give it targets."""
    wait_for(client, "rule_known", _KNOWN_AFTER, f"rule '{name}'", Name=name, EventBusName=bus)


def delete_rule(client: Any, name: str, bus: str, force: bool) -> None:
    """Delete a rule that has no targets."""
    with call("rule", "delete", name):
        _settled(client.delete_rule, Name=name, EventBusName=bus, **_force(force), aws_retry=True)


def tag_rule(client: Any, name: str, arn: str, to_set: dict[str, str], to_unset: list[str]) -> None:
    """Set and remove tags."""
    with call("rule", "tag", name):
        if to_unset:
            client.untag_resource(ResourceARN=arn, TagKeys=to_unset, aws_retry=True)
        if to_set:
            client.tag_resource(ResourceARN=arn, Tags=_tag_list(to_set), aws_retry=True)


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _force(force: bool) -> dict[str, bool]:
    return {"Force": True} if force else {}


def _list_targets(client: Any, rule: str, bus: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_targets_by_rule").paginate(Rule=rule, EventBusName=bus)
    return [target for page in pages for target in page["Targets"]]


def list_targets(client: Any, rule: str, bus: str) -> list[dict[str, Any]] | None:
    """Return all targets of the rule, or None when there is no such rule."""
    with call("rule", "list its targets", rule):
        try:
            targets: list[dict[str, Any]] = _again(_list_targets, client, rule, bus)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
    return targets


def _raise_failed_entry(response: dict[str, Any], operation: str) -> None:
    # A refused target comes back inside a successful answer.
    if not response["FailedEntryCount"]:
        return
    entry = response["FailedEntries"][0]
    error = {"Code": entry.get("ErrorCode", "Unknown"), "Message": entry.get("ErrorMessage", "no reason was given")}
    raise ClientError({"Error": error}, operation)


def _put_target(client: Any, rule: str, bus: str, target: dict[str, Any]) -> None:
    response = client.put_targets(Rule=rule, EventBusName=bus, Targets=[target])
    _raise_failed_entry(response, "PutTargets")


def put_target(client: Any, rule: str, bus: str, target: dict[str, Any]) -> None:
    """Write one whole target and leave its siblings alone."""
    with call("target", f"put on rule '{rule}'", target["Id"]):
        _settled(_again, _put_target, client, rule, bus, target)


def _remove_targets(client: Any, rule: str, bus: str, ids: list[str], force: bool) -> None:
    response = client.remove_targets(Rule=rule, EventBusName=bus, Ids=ids, **_force(force))
    _raise_failed_entry(response, "RemoveTargets")


def remove_targets(client: Any, rule: str, bus: str, ids: list[str], force: bool) -> None:
    """Remove these targets and leave their siblings alone."""
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        with call("target", f"remove from rule '{rule}'", "', '".join(batch)):
            _again(_remove_targets, client, rule, bus, batch, force)
