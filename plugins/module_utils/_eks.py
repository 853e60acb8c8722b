# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS: every call that managed node groups need."""

from __future__ import annotations

import math
from typing import Any

try:
    from botocore.exceptions import WaiterError
    from botocore.waiter import WaiterModel, create_waiter_with_client
except ImportError:
    # AnsibleAWSModule reports the missing library; the name only has to exist until then.
    WaiterError = Exception

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, call

DELAY = 5

# Botocore has no waiter for updates, and a failed update leaves its node group ACTIVE.
UPDATE_WAITER = {
    "version": 2,
    "waiters": {
        "UpdateSuccessful": {
            "operation": "DescribeUpdate",
            "delay": DELAY,
            "maxAttempts": 120,
            "acceptors": [
                {"state": "success", "matcher": "path", "argument": "update.status", "expected": "Successful"},
                {"state": "failure", "matcher": "path", "argument": "update.status", "expected": "Failed"},
                {"state": "failure", "matcher": "path", "argument": "update.status", "expected": "Cancelled"},
            ],
        }
    },
}


def find_nodegroup(client: Any, cluster: str, name: str) -> dict[str, Any] | None:
    """Return the node group, or None when it or its cluster is not there."""
    with call("node group", "describe", name):
        try:
            return client.describe_nodegroup(clusterName=cluster, nodegroupName=name, aws_retry=True)["nodegroup"]
        except is_boto3_error_code("ResourceNotFoundException"):
            return None


def create_nodegroup(client: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Create the node group and return it as it begins."""
    with call("node group", "create", request["nodegroupName"]):
        return client.create_nodegroup(**request, aws_retry=True)["nodegroup"]


def update_config(client: Any, cluster: str, name: str, changes: dict[str, Any]) -> str:
    """Begin to change the configuration and return the update's id."""
    with call("node group", "update its configuration", name):
        response = client.update_nodegroup_config(clusterName=cluster, nodegroupName=name, **changes, aws_retry=True)
    return response["update"]["id"]


def update_version(client: Any, cluster: str, name: str, changes: dict[str, Any]) -> str:
    """Begin to replace the nodes with nodes of another version and return the update's id."""
    with call("node group", "update its version", name):
        response = client.update_nodegroup_version(clusterName=cluster, nodegroupName=name, **changes, aws_retry=True)
    return response["update"]["id"]


def delete_nodegroup(client: Any, cluster: str, name: str) -> None:
    """Begin to delete the node group."""
    with call("node group", "delete", name):
        client.delete_nodegroup(clusterName=cluster, nodegroupName=name, aws_retry=True)


def tag_nodegroup(client: Any, name: str, arn: str, to_set: dict[str, str], to_unset: list[str]) -> None:
    """Set and remove tags."""
    with call("node group", "tag", name):
        if to_unset:
            client.untag_resource(resourceArn=arn, tagKeys=to_unset, aws_retry=True)
        if to_set:
            client.tag_resource(resourceArn=arn, tags=to_set, aws_retry=True)


def _wait_config(timeout: int) -> dict[str, int]:
    return {"Delay": DELAY, "MaxAttempts": max(1, math.ceil(timeout / DELAY))}


def _reasons(response: dict[str, Any]) -> str:
    group, update = response.get("nodegroup", {}), response.get("update", {})
    status = group.get("status") or update.get("status") or "unknown"
    issues = [f"{issue['code']}: {issue['message']}" for issue in group.get("health", {}).get("issues", [])]
    errors = [f"{error['errorCode']}: {error['errorMessage']}" for error in update.get("errors", [])]
    return f"its status is {status}" + "".join(f"; {reason}" for reason in issues + errors)


def _wait(waiter: Any, action: str, name: str, timeout: int, request: dict[str, str]) -> None:
    with call("node group", action, name):
        try:
            waiter.wait(**request, WaiterConfig=_wait_config(timeout))
        except WaiterError as error:
            reasons = f"{error.kwargs['reason']}, {_reasons(error.last_response)}"
            raise NodecacheError(f"node group '{name}': could not {action}: {reasons}") from error


def wait_active(client: Any, cluster: str, name: str, timeout: int) -> None:
    """Wait until the node group is ACTIVE; fail as soon as it cannot be."""
    request = {"clusterName": cluster, "nodegroupName": name}
    _wait(client.get_waiter("nodegroup_active"), "become ACTIVE", name, timeout, request)


def wait_deleted(client: Any, cluster: str, name: str, timeout: int) -> None:
    """Wait until the node group is gone; fail as soon as it cannot go."""
    request = {"clusterName": cluster, "nodegroupName": name}
    _wait(client.get_waiter("nodegroup_deleted"), "be deleted", name, timeout, request)


def wait_update(client: Any, cluster: str, name: str, update_id: str, timeout: int) -> None:
    """Wait until the update is through and the node group ACTIVE again; fail when the update fails."""
    # The factory reads the client's operation, so it wants botocore's client and not the retrying wrapper around it.
    waiter = create_waiter_with_client(
        "UpdateSuccessful", WaiterModel(UPDATE_WAITER), getattr(client, "client", client)
    )
    request = {"name": cluster, "nodegroupName": name, "updateId": update_id}
    _wait(waiter, "finish its update", name, timeout, request)
    wait_active(client, cluster, name, timeout)
