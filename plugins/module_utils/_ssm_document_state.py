# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as options, as AWS holds it, and what differs between the two. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_document_content import (
    check_content,
    serialised,
    told_by,
)
from ansible_collections.nodecache.eks.plugins.module_utils._state import check_tags, check_wait

_RESERVED = ("aws", "amazon", "amzn")
REQUIRES: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "version": {"type": "str"},
        "require_type": {"type": "str"},
        "version_name": {"type": "str"},
    },
}
ATTACHMENTS: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "key": {
            "type": "str",
            "required": True,
            "choices": ["SourceUrl", "S3FileUrl", "AttachmentReference"],
            "no_log": False,
        },
        "values": {"type": "list", "elements": "str", "required": True},
        "name": {"type": "str"},
    },
}
_UNORDERED = ("CloudProviders",)
# What makes a version another one; AWS stores no two that are alike in these.
_TELLING = ("Content", "TargetType")
# What a version has of its own and not of the one before.
_OWN = ("Description", "VersionName")
# What each version has of its own, and UpdateDocument takes.
VERSIONED: dict[str, dict[str, Any]] = {
    "document_format": {"type": "str", "choices": ["JSON", "YAML", "TEXT"]},
    "target_type": {"type": "str"},
    "display_name": {"type": "str"},
    "cloud_providers": {"type": "list", "elements": "str", "choices": ["AWS", "Azure", "GCP"]},
    "attachments": ATTACHMENTS,
    "version_name": {"type": "str"},
}
TYPES = [
    "ApplicationConfiguration",
    "ApplicationConfigurationSchema",
    "AutoApprovalPolicy",
    "Automation",
    "Automation.ChangeTemplate",
    "ChangeCalendar",
    "CloudFormation",
    "Command",
    "ConformancePackTemplate",
    "DeploymentStrategy",
    "ManualApprovalPolicy",
    "Package",
    "Policy",
    "ProblemAnalysis",
    "ProblemAnalysisTemplate",
    "QuickSetup",
    "Session",
]
_SETTINGS = (
    "name",
    "description",
    "document_version",
    "latest_version",
    "default_version",
    "schema_version",
    "hash",
    "hash_type",
    "status",
    "document_type",
    "document_format",
    "target_type",
    "display_name",
    "version_name",
    "cloud_providers",
    "requires",
    "content",
    "tags",
    "account_ids",
)


def check_params(client: Any, params: dict[str, Any]) -> None:
    """Refuse what Systems Manager would refuse."""
    name = params["name"]
    if name.lower().startswith(_RESERVED):
        raise NodecacheError(f"name is {shown(name)} but must not start with {', '.join(_RESERVED)}, which AWS keeps.")
    create = _model.input_shape(client, "CreateDocument")
    asked = {option: params[option] for option in ("name", *VERSIONED, "requires")}
    _model.check(create, _model.to_request(create, asked), whole=False)
    for option, special in (("default_version", r"\$LATEST|\$DEFAULT|"), ("document_version", "")):
        if params[option] is not None and not re.fullmatch(f"{special}[1-9][0-9]*", params[option]):
            others = " or $LATEST or $DEFAULT" if special else ""
            raise NodecacheError(f"{option} is {shown(params[option])} but must be a number from 1{others}.")
    _check_sharing(params["account_ids"])
    check_tags(params["tags"])
    check_wait(params)
    if params["content"] is not None:
        check_content(params)


def _check_sharing(accounts: list[str] | None) -> None:
    for account in accounts or []:
        if not re.fullmatch("(?i:all)|[0-9]{12}", account):
            raise NodecacheError(f"account_ids has {shown(account)} but must have accounts of 12 digits, or All alone.")
    if accounts and len(accounts) > 1 and any(account.lower() == "all" for account in accounts):
        raise NodecacheError(f"account_ids is {accounts} but All must be the only entry.")


def wanted(client: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Return the options that versions have of their own, as UpdateDocument takes them."""
    shape = _model.input_shape(client, "UpdateDocument")
    return dict(_model.to_request(shape, {option: params[option] for option in VERSIONED}))


def differing(options: dict[str, Any], document: dict[str, Any], content: Any) -> set[str]:
    """Return the options that the version described does not meet, with Content where it does not hold that."""
    differs = set() if content == document["Content"] else {"Content"}
    for key, value in options.items():
        if key == "Attachments":
            # AWS tells of an attachment no more than its name.
            named = {entry["Name"] for entry in document.get("AttachmentsInformation") or []}
            if not {entry["Name"] for entry in value if "Name" in entry} <= named or (not value and named):
                differs.add(key)
        elif key != "VersionName" and not _model.same({key: value}, {key: document.get(key) or ""}, _UNORDERED):
            differs.add(key)
    return differs


def check_new(options: dict[str, Any], content: Any, current: dict[str, Any], versions: list[dict[str, Any]]) -> None:
    """Refuse to write a version that AWS would not store."""
    name = current["Name"]
    if current["DocumentType"] == "Command" and current.get("SchemaVersion", "").startswith("1."):
        raise NodecacheError(
            f"document '{name}' is of schema {current['SchemaVersion']}, of which AWS takes no new version: delete it "
            "first."
        )
    new = {"Content": content, "TargetType": options.get("TargetType", current.get("TargetType")) or ""}
    for version in versions:
        if all(new[key] == (version.get(key) or "") for key in _TELLING):
            names = sorted(re.sub("(?<!^)(?=[A-Z])", "_", key).lower() for key in differing(options, version, content))
            raise NodecacheError(
                f"document '{name}': {' and '.join(names)} cannot change without content or target_type, because "
                f"version {version['DocumentVersion']} holds this content and AWS stores none twice."
            )


def check_fixed(client: Any, params: dict[str, Any], document: dict[str, Any]) -> None:
    """Refuse to change what AWS lets nobody change."""
    kind = params["document_type"]
    if kind is not None and kind != document["DocumentType"]:
        raise NodecacheError(
            f"document '{params['name']}' is of type {document['DocumentType']}, "
            f"which cannot become {kind}: delete it first."
        )
    if params["requires"] is None:
        return
    asked, present = _requires(client, params)["Requires"], document.get("Requires") or []
    if not _model.same(asked, present):
        raise NodecacheError(
            f"document '{params['name']}' requires {present}, which cannot become {asked}: delete it first."
        )


def _requires(client: Any, params: dict[str, Any]) -> dict[str, Any]:
    return dict(_model.to_request(_model.input_shape(client, "CreateDocument"), {"requires": params["requires"]}))


def request(options: dict[str, Any], params: dict[str, Any], document: dict[str, Any], content: Any) -> dict[str, Any]:
    """Return what UpdateDocument takes; what options leave out stays as the document has it."""
    document_format = params["document_format"] or document.get("DocumentFormat") or "JSON"
    kept = {key: document[key] for key in ("TargetType", "DisplayName", "CloudProviders") if document.get(key)}
    names = [entry["Name"] for entry in document.get("AttachmentsInformation") or []]
    if names and params["attachments"] is None:
        source = f"{document['Name']}/{document['DocumentVersion']}"
        kept["Attachments"] = [
            {"Key": "AttachmentReference", "Values": [f"{source}/{name}"], "Name": name} for name in names
        ]
    return {
        **kept,
        **options,
        "Name": params["name"],
        "Content": serialised(content, document_format),
        "DocumentFormat": document_format,
    }


def create_request(client: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Return what CreateDocument takes."""
    return {
        **request(wanted(client, params), params, {}, params["content"]),
        **_requires(client, params),
        "DocumentType": params["document_type"] or "Command",
    }


def facts(shape: Any, document: dict[str, Any]) -> dict[str, Any]:
    """Return all that AWS tells of a document; content, tags and accounts are not AWS's to rename."""
    own = {"content": "Content", "tags": "Tags", "account_ids": "AccountIds"}
    told = {key: value for key, value in document.items() if key not in own.values() and value not in (None, "")}
    kept = {option: document[key] for option, key in own.items() if key in document}
    return {**_model.to_result(shape, told), **kept}


def after_write(
    current: dict[str, Any], request: dict[str, Any], content: Any, answer: dict[str, Any], status: str
) -> dict[str, Any]:
    """Return a document as it is once a version was written, as far as the request and AWS's answer tell."""
    kept = {key: value for key, value in current.items() if key not in _OWN}
    known = {"Content": content, "Status": status, "Tags": current.get("Tags", {})}
    number = str(int(current.get("LatestVersion", "0")) + 1)
    counted = {"DocumentVersion": number, "LatestVersion": number}
    return {**kept, **told_by(content, request["Content"]), **request, **counted, **answer, **known}


def default_number(params: dict[str, Any], current: dict[str, Any], after: dict[str, Any]) -> str:
    """Return the number of the version that is to be the default one."""
    asked = params["default_version"]
    if asked is None:
        return str(after["DocumentVersion"])
    return str({"$DEFAULT": current["DefaultVersion"], "$LATEST": after["LatestVersion"]}.get(asked, asked))


def settings(shape: Any, document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as the module's user sees it."""
    return {option: value for option, value in facts(shape, document).items() if option in _SETTINGS}


def one_version(params: dict[str, Any]) -> dict[str, str]:
    """Return how DescribeDocument, GetDocument and DeleteDocument are told of the one version to delete."""
    return {
        key: params[option]
        for option, key in (("document_version", "DocumentVersion"), ("version_name", "VersionName"))
        if params[option] is not None
    }


def sharing_plan(params: dict[str, Any], current: dict[str, str]) -> tuple[list[str], list[str], dict[str, list[str]]]:
    """Return whom to share with, whom to no longer share with, and what then is."""
    if params["account_ids"] is None:
        return [], [], {}
    # AWS tells of everybody as all, however it was written.
    wanted = {account.lower() for account in params["account_ids"]}
    version = params["shared_document_version"]
    add = sorted(account for account in wanted if version not in (None, current.get(account)) or account not in current)
    remove = sorted(account for account in current if params["purge_account_ids"] and account not in wanted)
    return add, remove, {"AccountIds": sorted({*current, *add} - {*remove})}
