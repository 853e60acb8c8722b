# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS: every call that managed node groups need, and what waits for them.

botocore's own waiters know neither DEGRADED nor updates.
"""

from __future__ import annotations

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, call
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import NotReached, despite, poll, when

# Seconds between two looks.
DELAY = 5
_STATUS, _GONE = "nodegroup.status", "ResourceNotFoundException"
_WAITERS: dict[str, dict[str, Any]] = {
    "become ACTIVE": {
        "operation": "DescribeNodegroup",
        "acceptors": [
            *when("success", _STATUS, "ACTIVE"),
            *when("failure", _STATUS, "CREATE_FAILED", "DEGRADED", "DELETING", "DELETE_FAILED"),
            *despite(),
        ],
    },
    "come to rest": {
        "operation": "DescribeNodegroup",
        "acceptors": [
            *when("success", _STATUS, "ACTIVE", "DEGRADED", "CREATE_FAILED", "DELETE_FAILED"),
            *when("success", "", _GONE, matcher="error"),
            *despite(),
        ],
    },
    "be deleted": {
        "operation": "DescribeNodegroup",
        "acceptors": [
            *when("success", "", _GONE, matcher="error"),
            *when("failure", _STATUS, "DELETE_FAILED"),
            *despite(),
        ],
    },
    # A failed update leaves its node group ACTIVE.
    "finish its update": {
        "operation": "DescribeUpdate",
        "acceptors": [
            *when("success", "update.status", "Successful"),
            *when("failure", "update.status", "Failed", "Cancelled"),
            *despite(),
        ],
    },
}


def no_cluster(client: Any, name: str) -> bool:
    """Tell whether there is no cluster of that name."""
    with call("cluster", "describe", name):
        try:
            client.describe_cluster(name=name, aws_retry=True)
        except is_boto3_error_code(_GONE):
            return True
    return False


def find_nodegroup(client: Any, cluster: str, name: str) -> dict[str, Any] | None:
    """Return the node group, or None when it or its cluster is not there."""
    with call("node group", "describe", name):
        try:
            answer = client.describe_nodegroup(clusterName=cluster, nodegroupName=name, aws_retry=True)
        except is_boto3_error_code(_GONE):
            return None
    group: dict[str, Any] = answer["nodegroup"]
    return group


def _with_token(request: dict[str, Any]) -> dict[str, Any]:
    # Of what is asked for again with the same token, as a busy EKS wants it, EKS does only the first.
    return {**request, "clientRequestToken": str(uuid.uuid4())}


def create_nodegroup(client: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Create the node group and return it as it begins."""
    with call("node group", "create", request["nodegroupName"]):
        group: dict[str, Any] = client.create_nodegroup(**_with_token(request), aws_retry=True)["nodegroup"]
    return group


def update_config(client: Any, cluster: str, name: str, changes: dict[str, Any]) -> str:
    """Begin to change the configuration and return the update's id."""
    with call("node group", "update its configuration", name):
        response = client.update_nodegroup_config(
            clusterName=cluster, nodegroupName=name, **_with_token(changes), aws_retry=True
        )
    return str(response["update"]["id"])


def update_version(client: Any, cluster: str, name: str, changes: dict[str, Any]) -> str:
    """Begin to replace the nodes with nodes of another version and return the update's id."""
    with call("node group", "update its version", name):
        response = client.update_nodegroup_version(
            clusterName=cluster, nodegroupName=name, **_with_token(changes), aws_retry=True
        )
    return str(response["update"]["id"])


def delete_nodegroup(client: Any, cluster: str, name: str) -> None:
    """Begin to delete the node group."""
    with call("node group", "delete", name):
        try:
            client.delete_nodegroup(clusterName=cluster, nodegroupName=name, aws_retry=True)
        except is_boto3_error_code(_GONE):
            # It went between being described and now, which is what was wanted.
            return


def tag_nodegroup(client: Any, name: str, arn: str, to_set: dict[str, str], to_unset: list[str]) -> None:
    """Set and remove tags."""
    with call("node group", "tag", name):
        if to_unset:
            client.untag_resource(resourceArn=arn, tagKeys=to_unset, aws_retry=True)
        if to_set:
            client.tag_resource(resourceArn=arn, tags=to_set, aws_retry=True)


def wait(client: Any, end: str, name: str, timeout: int, request: dict[str, str]) -> None:
    """Wait for at most timeout seconds for that end; a failure or the end of patience tells what was seen last."""
    with call("node group", end, name):
        try:
            poll(client, {**_WAITERS[end], "delay": DELAY}, timeout, request)
        except NotReached as error:
            late = f" in {timeout} seconds" if error.late else ""
            raise NodecacheError(f"node group '{name}': could not {end}{late}: {_seen(error.last)}.") from error


def _seen(answer: Any) -> str:
    if "Error" in answer:
        return f"({answer['Error'].get('Code')}): {answer['Error'].get('Message')}"
    group, update = answer.get("nodegroup") or {}, answer.get("update") or {}
    status = f"it was last seen {group['status']}" if group else f"the update was last seen {update['status']}"
    errors = [f"{error['errorCode']}: {error['errorMessage']}" for error in update.get("errors") or []]
    return "; ".join([status, *health(group), *errors])


def health(group: dict[str, Any]) -> list[str]:
    """Return what ails the node group, a text for each."""
    texts = []
    for issue in (group.get("health") or {}).get("issues") or []:
        resources = f" ({', '.join(issue['resourceIds'])})" if issue.get("resourceIds") else ""
        texts.append(f"{issue.get('code')}: {issue.get('message')}{resources}")
    return texts
