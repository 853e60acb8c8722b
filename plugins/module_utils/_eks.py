# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS: every call that managed node groups need."""

from __future__ import annotations

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.nodecache.eks.plugins.module_utils._aws import call


def find_nodegroup(client: Any, cluster: str, name: str) -> dict[str, Any] | None:
    """Return the node group, or None when it or its cluster is not there."""
    with call("node group", "describe", name):
        try:
            answer = client.describe_nodegroup(clusterName=cluster, nodegroupName=name, aws_retry=True)
        except is_boto3_error_code("ResourceNotFoundException"):
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
        except is_boto3_error_code("ResourceNotFoundException"):
            # It went between being described and now, which is what was wanted.
            return


def tag_nodegroup(client: Any, name: str, arn: str, to_set: dict[str, str], to_unset: list[str]) -> None:
    """Set and remove tags."""
    with call("node group", "tag", name):
        if to_unset:
            client.untag_resource(resourceArn=arn, tagKeys=to_unset, aws_retry=True)
        if to_set:
            client.tag_resource(resourceArn=arn, tags=to_set, aws_retry=True)
