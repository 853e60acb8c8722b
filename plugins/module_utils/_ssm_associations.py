# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State Manager: every call that associations need."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._aws import call, once, paged
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._ssm import tag_request
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import wait_for

# Seconds; lists lag behind by a few.
_LISTED_AFTER = 60


def list_associations(client: Any, filters: dict[str, str]) -> list[dict[str, Any]]:
    """Return what ListAssociations tells of the associations that pass every filter."""
    wanted = [{"key": key, "value": value} for key, value in filters.items()]
    with call("associations", "list", ", ".join(filters.values()) or "all"):
        request = {"AssociationFilterList": wanted} if wanted else {}
        return paged(client, "list_associations", "Associations", **request)


def find_association(client: Any, name: str | None, association_id: str | None) -> dict[str, Any] | None:
    """Return DescribeAssociation's answer with its tags under C(Tags), or None.

    A name is only a label: two associations may carry it, and then only an id tells them apart.
    """
    if association_id is None:
        found = list_associations(client, {"AssociationName": str(name)})
        ids = sorted(item["AssociationId"] for item in found if item.get("AssociationName") == name)
        if not ids:
            return None
        if len(ids) > 1:
            raise NodecacheError(
                f"association '{name}': {len(ids)} carry this name, choose one by association_id: {', '.join(ids)}"
            )
        association_id = ids[0]
    return describe_association(client, association_id)


def describe_association(client: Any, association_id: str, **version: str) -> dict[str, Any] | None:
    """Return one version of an association with its tags under C(Tags), or None."""
    with call("association", "describe", association_id):
        try:
            answer = client.describe_association(AssociationId=association_id, **version, aws_retry=True)
        except is_boto3_error_code("AssociationDoesNotExist"):
            return None
        tags = client.list_tags_for_resource(
            ResourceType="Association", ResourceId=association_id, aws_retry=True
        )
    return {**answer["AssociationDescription"], "Tags": boto3_tag_list_to_ansible_dict(tags.get("TagList") or [])}


def create_association(client: Any, request: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """Create an association, which runs at once."""
    with call("association", "create", request.get("AssociationName", request["Name"])):
        answer = once(client.create_association)(**request, **tag_request(tags))
    return dict(answer["AssociationDescription"])


def wait_until_listed(client: Any, association: dict[str, Any], gone: bool = False) -> None:
    """Wait until a new association is found by its name, or one that is gone no longer is.

    Else somebody makes another of that name meanwhile, or finds two.
    """
    identifier, name = association["AssociationId"], association.get("AssociationName")
    if name is None:
        return
    filters = [{"key": "AssociationName", "value": name}]
    waiter, thing = "association_listed", f"association '{name}', which was created as '{identifier}'"
    if gone:
        waiter, thing = "association_unlisted", f"the name '{name}' of association '{identifier}', which was deleted"
    wait_for(client, waiter, _LISTED_AFTER, thing, {"id": identifier}, AssociationFilterList=filters)


def update_association(client: Any, current: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Write the whole association; what is left out is reset, and it runs at once.

    AWS refuses when somebody else has changed it since it was described, as their change would be undone.
    """
    known = {key: current[key] for key in ("AssociationId", "AssociationVersion")}
    with call("association", "update", known["AssociationId"]):
        answer = once(client.update_association)(**known, **request)
    return dict(answer["AssociationDescription"])


def start_association(client: Any, association_id: str) -> None:
    """Run an association now."""
    with call("association", "start", association_id):
        once(client.start_associations_once)(AssociationIds=[association_id])


def delete_association(client: Any, association_id: str) -> None:
    """Delete an association; what it did on nodes stays."""
    with call("association", "delete", association_id):
        try:
            client.delete_association(AssociationId=association_id, aws_retry=True)
        except is_boto3_error_code("AssociationDoesNotExist"):
            # It went between being described and now, which is what was wanted.
            return


def executions(client: Any, association_id: str, since: datetime | None = None) -> list[dict[str, Any]]:
    """Return an association's executions, newest first; all of them, or those that were made after a time."""
    with call("association", "list the executions of", association_id):
        found = paged(
            client,
            "describe_association_executions",
            "AssociationExecutions",
            AssociationId=association_id,
            **_made_after(since),
        )
    return sorted(found, key=lambda execution: execution["CreatedTime"], reverse=True)


def execution_targets(client: Any, association_id: str, execution_id: str) -> list[dict[str, Any]]:
    """Return what one execution did on each node."""
    with call("association", "list the targets of an execution of", association_id):
        return paged(
            client,
            "describe_association_execution_targets",
            "AssociationExecutionTargets",
            AssociationId=association_id,
            ExecutionId=execution_id,
        )


def wait_for_execution(
    client: Any, association: dict[str, Any], since: datetime | None, before: Iterable[str], timeout: int
) -> dict[str, Any]:
    """Return the execution that a change or a start caused, once it is over.

    It is the first one of the association's version that is not among those that were there before.
    """
    identifier, thing = association["AssociationId"], f"association '{association['AssociationId']}'"
    version, known = association["AssociationVersion"], set(before)
    end = time.monotonic() + timeout
    ours = f"AssociationVersion=='{version}' && !contains(`{json.dumps(sorted(known))}`, ExecutionId)"
    started = f"length(AssociationExecutions[?{ours}]) > `0`"
    wait_for(
        client,
        "execution_started",
        timeout,
        thing,
        {"started": started},
        AssociationId=identifier,
        **_made_after(since),
    )
    caused = [
        execution
        for execution in executions(client, identifier, since)
        if execution["AssociationVersion"] == version and execution["ExecutionId"] not in known
    ][-1]["ExecutionId"]
    this = [{"Key": "ExecutionId", "Value": caused, "Type": "EQUAL"}]
    left = max(1, end - time.monotonic())
    wait_for(client, "execution_done", left, thing, AssociationId=identifier, Filters=this)
    with call("association", "read an execution of", identifier):
        answer = client.describe_association_executions(AssociationId=identifier, Filters=this, aws_retry=True)
    return dict(answer["AssociationExecutions"][0])


def run(client: Any, execution: dict[str, Any]) -> dict[str, Any]:
    """Return an execution with its targets as a module's user sees it."""
    if not execution:
        return {}
    shape = _model.output_shape(client, "DescribeAssociationExecutions").members["AssociationExecutions"]
    node = _model.output_shape(client, "DescribeAssociationExecutionTargets").members["AssociationExecutionTargets"]
    return {**_model.to_result(shape.member, execution), "targets": _model.to_result(node, execution["Targets"])}


def _made_after(since: datetime | None) -> dict[str, Any]:
    if since is None:
        return {}
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since.timestamp()))
    text = f"{seconds}.{since.microsecond // 1000:03d}Z"
    return {"Filters": [{"Key": "CreatedTime", "Value": text, "Type": "GREATER_THAN"}]}


def any_node_online(client: Any, targets: list[dict[str, Any]]) -> bool:
    """Tell whether a managed node that is online matches targets; where AWS cannot tell, say that one does."""
    tags = [target for target in targets if target["Key"].startswith("tag")]
    ids = [target for target in targets if target["Key"] == "InstanceIds" and target["Values"] != ["*"]]
    if any(target["Key"].startswith("resource-groups") for target in targets):
        return True
    # AWS refuses filters by tag together with others.
    filters = tags or ids
    request = {"Filters": [{"Key": target["Key"], "Values": target["Values"]} for target in filters]} if filters else {}
    with call("association", "list the nodes of", str([target["Key"] for target in targets])):
        try:
            nodes = paged(client, "describe_instance_information", "InstanceInformationList", **request)
        except is_boto3_error_code("InvalidInstanceId"):
            return False
    online = {node["InstanceId"] for node in nodes if node.get("PingStatus") == "Online"}
    return any(all(node in target["Values"] for target in ids) for node in online)
