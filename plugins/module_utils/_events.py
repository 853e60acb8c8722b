# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge: every call that rules and targets need."""

from __future__ import annotations

from typing import Any

try:
    from botocore.exceptions import ClientError
except ImportError:
    # AnsibleAWSModule reports the missing library; the name only has to exist until then.
    ClientError = Exception

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.nodecache.eks.plugins.module_utils._aws import RETRY_CODES, call

_retry = AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES))


def find_rule(client: Any, name: str, bus: str) -> dict[str, Any] | None:
    """Return the rule as DescribeRule gives it, with its tags under C(Tags), or None."""
    with call("rule", "describe", name):
        try:
            rule = client.describe_rule(Name=name, EventBusName=bus, aws_retry=True)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        tags = client.list_tags_for_resource(ResourceARN=rule["Arn"], aws_retry=True)["Tags"]
    rule.pop("ResponseMetadata", None)
    return {**rule, "Tags": boto3_tag_list_to_ansible_dict(tags)}


def put_rule(client: Any, rule: dict[str, Any], tags: dict[str, str]) -> str:
    """Write the whole rule and return its ARN; EventBridge looks at tags only when the rule is new."""
    request = dict(rule)
    if tags:
        request["Tags"] = ansible_dict_to_boto3_tag_list(tags)
    with call("rule", "put", rule["Name"]):
        return client.put_rule(**request, aws_retry=True)["RuleArn"]


def delete_rule(client: Any, name: str, bus: str) -> None:
    """Delete a rule that has no targets."""
    with call("rule", "delete", name):
        client.delete_rule(Name=name, EventBusName=bus, aws_retry=True)


def tag_rule(client: Any, name: str, arn: str, to_set: dict[str, str], to_unset: list[str]) -> None:
    """Set and remove tags."""
    with call("rule", "tag", name):
        if to_unset:
            client.untag_resource(ResourceARN=arn, TagKeys=to_unset, aws_retry=True)
        if to_set:
            client.tag_resource(ResourceARN=arn, Tags=ansible_dict_to_boto3_tag_list(to_set), aws_retry=True)


@_retry
def _list_targets(client: Any, rule: str, bus: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_targets_by_rule").paginate(Rule=rule, EventBusName=bus)
    return [target for page in pages for target in page["Targets"]]


def list_targets(client: Any, rule: str, bus: str) -> list[dict[str, Any]] | None:
    """Return all targets of the rule, or None when there is no such rule."""
    with call("rule", "list its targets", rule):
        try:
            return _list_targets(client, rule, bus)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None


def _raise_failed_entry(response: dict[str, Any], operation: str) -> None:
    # A refused target comes back inside a successful answer.
    if not response["FailedEntryCount"]:
        return
    entry = response["FailedEntries"][0]
    error = {"Code": entry.get("ErrorCode", "Unknown"), "Message": entry.get("ErrorMessage", "no reason was given")}
    raise ClientError({"Error": error}, operation)


@_retry
def _put_target(client: Any, rule: str, bus: str, target: dict[str, Any]) -> None:
    response = client.put_targets(Rule=rule, EventBusName=bus, Targets=[target])
    _raise_failed_entry(response, "PutTargets")


def put_target(client: Any, rule: str, bus: str, target: dict[str, Any]) -> None:
    """Write one whole target and leave its siblings alone."""
    with call("target", f"put on rule '{rule}'", target["Id"]):
        _put_target(client, rule, bus, target)


@_retry
def _remove_target(client: Any, rule: str, bus: str, target_id: str) -> None:
    response = client.remove_targets(Rule=rule, EventBusName=bus, Ids=[target_id])
    _raise_failed_entry(response, "RemoveTargets")


def remove_target(client: Any, rule: str, bus: str, target_id: str) -> None:
    """Remove one target and leave its siblings alone."""
    with call("target", f"remove from rule '{rule}'", target_id):
        _remove_target(client, rule, bus, target_id)
