# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems Manager: every call that documents, associations and commands need."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, call
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import wait_for

# Documents


def find_document(client: Any, name: str) -> dict[str, Any] | None:
    """Return DescribeDocument's answer with its newest content under C(Content), or None."""
    with call("document", "describe", name):
        try:
            document = client.describe_document(Name=name, DocumentVersion="$LATEST", aws_retry=True)["Document"]
        except is_boto3_error_code("InvalidDocument"):
            return None
    document["Content"] = document_content(client, name, "$LATEST")
    document["Tags"] = boto3_tag_list_to_ansible_dict(document.get("Tags") or [])
    return document


def document_content(client: Any, name: str, version: str) -> str:
    """Return a version's content as JSON, whatever it was written in."""
    with call("document", "read", name):
        answer = client.get_document(Name=name, DocumentVersion=version, DocumentFormat="JSON", aws_retry=True)
    return answer["Content"]


def document_versions(client: Any, name: str) -> list[str]:
    """Return the numbers of all versions, newest first."""
    with call("document", "list the versions of", name):
        pages = client.get_paginator("list_document_versions").paginate(Name=name)
        numbers = [version["DocumentVersion"] for page in pages for version in page["DocumentVersions"]]
    return sorted(numbers, key=int, reverse=True)


def create_document(client: Any, request: dict[str, Any], tags: dict[str, str]) -> None:
    """Create a document."""
    if tags:
        request = {**request, "Tags": ansible_dict_to_boto3_tag_list(tags)}
    with call("document", "create", request["Name"]):
        client.create_document(**request, aws_retry=True)


def update_document(client: Any, request: dict[str, Any]) -> str:
    """Write a new version and return its number; the default version stays where it is."""
    with call("document", "update", request["Name"]):
        answer = client.update_document(**request, DocumentVersion="$LATEST", aws_retry=True)
    return answer["DocumentDescription"]["DocumentVersion"]


def set_default_version(client: Any, name: str, version: str) -> None:
    """Make a version the default one."""
    with call("document", "set the default version of", name):
        client.update_document_default_version(Name=name, DocumentVersion=version, aws_retry=True)


def delete_document(client: Any, name: str) -> None:
    """Delete a document and all its versions."""
    with call("document", "delete", name):
        client.delete_document(Name=name, aws_retry=True)


def wait_for_document(client: Any, name: str, timeout: int) -> None:
    """Wait until a document can be used."""
    wait_for(client, "document_active", timeout, f"document '{name}'", Name=name)


# Associations


def find_association(client: Any, name: str | None, association_id: str | None) -> dict[str, Any] | None:
    """Return DescribeAssociation's answer with its tags under C(Tags), or None.

    A name is only a label: two associations may carry it, and then only an id tells them apart.
    """
    if association_id is None:
        with call("association", "look up", str(name)):
            pages = client.get_paginator("list_associations").paginate(
                AssociationFilterList=[{"key": "AssociationName", "value": name}]
            )
            found = [item for page in pages for item in page["Associations"] if item.get("AssociationName") == name]
        if not found:
            return None
        if len(found) > 1:
            ids = ", ".join(sorted(item["AssociationId"] for item in found))
            raise NodecacheError(
                f"association '{name}': {len(found)} carry this name, choose one by association_id: {ids}"
            )
        association_id = found[0]["AssociationId"]
    with call("association", "describe", association_id):
        try:
            association = client.describe_association(AssociationId=association_id, aws_retry=True)
        except is_boto3_error_code("AssociationDoesNotExist"):
            return None
        association = association["AssociationDescription"]
        tags = client.list_tags_for_resource(
            ResourceType="Association", ResourceId=association_id, aws_retry=True
        )
    return {**association, "Tags": boto3_tag_list_to_ansible_dict(tags.get("TagList") or [])}


def create_association(client: Any, request: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """Create an association, which runs at once."""
    if tags:
        request = {**request, "Tags": ansible_dict_to_boto3_tag_list(tags)}
    with call("association", "create", request.get("AssociationName", request["Name"])):
        return client.create_association(**request, aws_retry=True)["AssociationDescription"]


def update_association(client: Any, association_id: str, request: dict[str, Any]) -> dict[str, Any]:
    """Write the whole association; what is left out is reset, and it runs at once."""
    with call("association", "update", association_id):
        answer = client.update_association(AssociationId=association_id, **request, aws_retry=True)
    return answer["AssociationDescription"]


def delete_association(client: Any, association_id: str) -> None:
    """Delete an association; what it did on nodes stays."""
    with call("association", "delete", association_id):
        client.delete_association(AssociationId=association_id, aws_retry=True)


def wait_for_association(client: Any, association_id: str, timeout: int) -> None:
    """Wait until an association's run succeeded; one that matches no node stays pending until time is up."""
    wait_for(
        client, "association_success", timeout, f"association '{association_id}'", AssociationId=association_id
    )


def tag(client: Any, kind: str, identifier: str, to_set: dict[str, str], to_unset: list[str]) -> None:
    """Set and remove tags; kind is C(Document) or C(Association)."""
    with call(kind.lower(), "tag", identifier):
        if to_unset:
            client.remove_tags_from_resource(
                ResourceType=kind, ResourceId=identifier, TagKeys=to_unset, aws_retry=True
            )
        if to_set:
            client.add_tags_to_resource(
                ResourceType=kind, ResourceId=identifier, Tags=ansible_dict_to_boto3_tag_list(to_set), aws_retry=True
            )


# Commands


def send_command(client: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Send a command."""
    # Not retried on its own: a lost answer would start the command a second time.
    with call("document", "send", request["DocumentName"]):
        return client.send_command(**request)["Command"]


def find_command(client: Any, command_id: str) -> dict[str, Any]:
    """Return a command with its counts."""
    with call("command", "read", command_id):
        return client.list_commands(CommandId=command_id, aws_retry=True)["Commands"][0]


def invocations(client: Any, command_id: str) -> list[dict[str, Any]]:
    """Return one entry a node, with what its steps printed."""
    with call("command", "read the answers of", command_id):
        pages = client.get_paginator("list_command_invocations").paginate(
            CommandId=command_id, Details=True, PaginationConfig={"PageSize": 50}
        )
        return [item for page in pages for item in page["CommandInvocations"]]


def wait_for_command(client: Any, command_id: str, timeout: int) -> None:
    """Wait until a command is over, well or not."""
    wait_for(client, "command_done", timeout, f"command '{command_id}'", CommandId=command_id)
