# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems Manager: every call that documents, nodes, commands and associations need."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.nodecache.eks.plugins.module_utils._aws import call, once, paged
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import wait_for

# ModifyDocumentPermission takes no more accounts at a time.
_ACCOUNTS_PER_CALL = 20
_NO_DOCUMENT = ["InvalidDocument", "InvalidDocumentVersion"]
# DescribeInstanceInformation's own limit for a filter's values.
_NODES_PER_CALL = 50
# Seconds; lists of associations lag behind by a few.
_LISTED_AFTER = 60

# Documents


def find_document(client: Any, name: str, **version: str) -> dict[str, Any] | None:
    """Return DescribeDocument's answer for one version, with its tags under C(Tags), or None."""
    with call("document", "describe", name):
        try:
            document = client.describe_document(Name=name, **version, aws_retry=True)["Document"]
        except is_boto3_error_code(_NO_DOCUMENT):
            return None
    return {**document, "Tags": boto3_tag_list_to_ansible_dict(document.get("Tags") or [])}


def document_content(client: Any, name: str, document_format: str, **version: str) -> str:
    """Return a version's content in a format."""
    with call("document", "read", name):
        answer = client.get_document(Name=name, **version, DocumentFormat=document_format, aws_retry=True)
    return str(answer["Content"])


def document_versions(client: Any, name: str) -> list[dict[str, Any]]:
    """Return all versions, newest first."""
    with call("document", "list the versions of", name):
        found = paged(client, "list_document_versions", "DocumentVersions", Name=name)
    return sorted(found, key=lambda version: int(version["DocumentVersion"]), reverse=True)


def list_documents(client: Any, filters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what ListDocuments tells of the documents that pass every filter."""
    with call("documents", "list", ", ".join(wanted["Key"] for wanted in filters)):
        found = paged(client, "list_documents", "DocumentIdentifiers", Filters=filters)
    return [{**entry, "Tags": boto3_tag_list_to_ansible_dict(entry.get("Tags") or [])} for entry in found]


def create_document(client: Any, request: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """Create a document and return what AWS tells of it."""
    with call("document", "create", request["Name"]):
        answer = once(client.create_document)(**request, **tag_request(tags))
    return dict(answer["DocumentDescription"])


def update_document(client: Any, request: dict[str, Any]) -> dict[str, Any] | None:
    """Write a new version and return what AWS tells of it, or None where a version holds this content already.

    The default version stays where it is.
    """
    with call("document", "update", request["Name"]):
        try:
            answer = once(client.update_document)(**request, DocumentVersion="$LATEST")
        except is_boto3_error_code("DuplicateDocumentContent"):
            return None
    return dict(answer["DocumentDescription"])


def set_default_version(client: Any, name: str, version: str) -> None:
    """Make a version the default one."""
    with call("document", "set the default version of", name):
        client.update_document_default_version(Name=name, DocumentVersion=version, aws_retry=True)


def delete_document(client: Any, name: str, **how: Any) -> None:
    """Delete a document, or one version of it."""
    with call("document", "delete", name):
        try:
            client.delete_document(Name=name, **how, aws_retry=True)
        except is_boto3_error_code(_NO_DOCUMENT):
            # It went between being described and now, which is what was wanted.
            return


def wait_for_document(client: Any, name: str, timeout: int, **version: Any) -> None:
    """Wait until a version can be used."""
    wait_for(client, "document_active", timeout, f"document '{name}'", Name=name, **version)


def wait_for_no_document(client: Any, name: str, timeout: int, **version: Any) -> None:
    """Wait until a document, or one version of it, is gone, so that its name is free again."""
    wait_for(client, "document_gone", timeout, f"document '{name}'", Name=name, **version)


def shared_accounts(client: Any, name: str) -> dict[str, str]:
    """Return the accounts that a document is shared with, and which version each sees."""
    with call("document", "read the permissions of", name):
        found = paged(
            client, "describe_document_permission", "AccountSharingInfoList", Name=name, PermissionType="Share"
        )
    return {entry["AccountId"]: entry.get("SharedDocumentVersion", "$DEFAULT") for entry in found}


def share_document(client: Any, name: str, add: list[str], remove: list[str], version: str | None) -> None:
    """Share a document with some accounts, and no longer with others."""
    with call("document", "share", name):
        for key, accounts in (("AccountIdsToRemove", remove), ("AccountIdsToAdd", add)):
            shown = {"SharedDocumentVersion": version} if version and accounts is add else {}
            for start in range(0, len(accounts), _ACCOUNTS_PER_CALL):
                some = {key: accounts[start : start + _ACCOUNTS_PER_CALL]}
                client.modify_document_permission(Name=name, PermissionType="Share", **some, **shown, aws_retry=True)


# Nodes


def online_instances(client: Any, instance_ids: list[str]) -> set[str]:
    """Return those instances whose agent is connected."""
    found: list[dict[str, Any]] = []
    for chunk in (instance_ids[at : at + _NODES_PER_CALL] for at in range(0, len(instance_ids), _NODES_PER_CALL)):
        asked = [{"Key": "InstanceIds", "Values": chunk}]
        with call("nodes", "look up the agents of", ", ".join(chunk)):
            found += paged(
                client,
                "describe_instance_information",
                "InstanceInformationList",
                Filters=asked,
                MaxResults=_NODES_PER_CALL,
            )
    return {node["InstanceId"] for node in found if node["PingStatus"] == "Online"} & set(instance_ids)


# Tags


def tag(client: Any, kind: str, identifier: str, to_set: dict[str, str], to_unset: list[str]) -> None:
    """Set and remove tags; kind is C(Document) or C(Association)."""
    with call(kind.lower(), "tag", identifier):
        if to_unset:
            client.remove_tags_from_resource(ResourceType=kind, ResourceId=identifier, TagKeys=to_unset, aws_retry=True)
        if to_set:
            client.add_tags_to_resource(
                ResourceType=kind, ResourceId=identifier, Tags=ansible_dict_to_boto3_tag_list(to_set), aws_retry=True
            )


def tag_request(tags: dict[str, str]) -> dict[str, Any]:
    """Return what a create call takes of tags."""
    return {"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}


# Commands


def send_command(client: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Send a command."""
    with call("document", "send", request["DocumentName"]):
        return dict(once(client.send_command)(**request)["Command"])


def find_command(client: Any, command_id: str) -> dict[str, Any]:
    """Return a command with its counts."""
    with call("command", "read", command_id):
        return dict(client.list_commands(CommandId=command_id, aws_retry=True)["Commands"][0])


def invocations(client: Any, command_id: str) -> list[dict[str, Any]]:
    """Return one entry a node, with what its steps printed."""
    with call("command", "read the answers of", command_id):
        return paged(
            client, "list_command_invocations", "CommandInvocations", CommandId=command_id, Details=True, MaxResults=50
        )


def wait_for_command(client: Any, command_id: str, timeout: int) -> None:
    """Wait until a command is over, well or not."""
    wait_for(client, "command_done", timeout, f"command '{command_id}'", CommandId=command_id)


def wait_for_answers(client: Any, command_id: str, answers: int, timeout: int) -> None:
    """Wait until so many nodes are done with a command, well or not, or it is over."""
    wait_for(
        client,
        "command_answered",
        timeout,
        f"command '{command_id}'",
        {"answers": str(answers)},
        CommandId=command_id,
    )


def cancel_command(client: Any, command_id: str) -> None:
    """Cancel a command on every node that is not done with it."""
    with call("command", "cancel", command_id):
        client.cancel_command(CommandId=command_id, aws_retry=True)


# Associations


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
    return {**answer["AssociationDescription"], "Tags": association_tags(client, association_id) or {}}


def association_tags(client: Any, association_id: str) -> dict[str, str] | None:
    """Return an association's tags, or None where it is only still listed."""
    with call("association", "list the tags of", association_id):
        try:
            answer = client.list_tags_for_resource(
                ResourceType="Association", ResourceId=association_id, aws_retry=True
            )
        except is_boto3_error_code("InvalidResourceId"):
            return None
    return dict(boto3_tag_list_to_ansible_dict(answer.get("TagList") or []))


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
