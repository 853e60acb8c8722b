# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as options, as AWS holds it, and what differs between the two. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_targets import check_wait
from ansible_collections.nodecache.eks.plugins.module_utils._state import check_tags, normalise_json

_RESERVED = ("aws", "amazon", "amzn")
_MOST_BYTES = 64 * 1024
# The other types hold what AWS does not give a schema version.
_WITH_SCHEMA = ("Command", "Automation", "Session", "Policy", "Package")
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
    "latest_version",
    "default_version",
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
        raise NodecacheError(f"name is '{name}' but must not start with {', '.join(_RESERVED)}, which AWS keeps.")
    create = _model.input_shape(client, "CreateDocument")
    asked = {option: params[option] for option in ("name", *VERSIONED, "requires") if params[option] != ""}
    _model.check(create, _model.to_request(create, asked), whole=False)
    for option, special in (("default_version", r"\$LATEST|\$DEFAULT|"), ("document_version", "")):
        if params[option] is not None and not re.fullmatch(f"{special}[1-9][0-9]*", params[option]):
            others = " or $LATEST or $DEFAULT" if special else ""
            raise NodecacheError(f"{option} is '{params[option]}' but must be a number from 1{others}.")
    _check_sharing(params["account_ids"])
    check_tags(params["tags"])
    check_wait(params)
    if params["content"] is not None:
        _check_content(params)


def _check_sharing(accounts: list[str] | None) -> None:
    for account in accounts or []:
        if not re.fullmatch("(?i:all)|[0-9]{12}", account):
            raise NodecacheError(f"account_ids has '{account}' but must have accounts of 12 digits, or All alone.")
    if accounts and len(accounts) > 1 and any(account.lower() == "all" for account in accounts):
        raise NodecacheError(f"account_ids is {accounts} but All must be the only entry.")


def _check_content(params: dict[str, Any]) -> None:
    name, document_format = params["name"], params["document_format"] or "JSON"
    content = parsed(params["content"], document_format, name)
    if params["document_type"] in (None, *_WITH_SCHEMA) and document_format != "TEXT":
        if not isinstance(content, dict) or "schemaVersion" not in content:
            raise NodecacheError(
                f"content of '{name}' must be a mapping with schemaVersion, unless document_type is of another kind."
            )
        schema = content["schemaVersion"]
        if not isinstance(schema, str):
            raise NodecacheError(f"content of '{name}' has schemaVersion {schema} but it must be text: quote it.")
    size = len(serialised(params["content"], document_format).encode())
    if size > _MOST_BYTES:
        raise NodecacheError(f"content of '{name}' has {size} bytes but must have at most {_MOST_BYTES}.")


def parsed(content: Any, document_format: str, name: str) -> Any:
    """Return a content as what it is compared by: data, or text without regard to how its lines end."""
    if document_format == "TEXT":
        if not isinstance(content, str):
            raise NodecacheError(f"content of '{name}' must be text, as document_format is TEXT.")
        return "\n".join(content.strip().splitlines())
    try:
        return normalise_json(content)
    except ValueError as error:
        raise NodecacheError(f"content of '{name}' is {error}.") from error


def serialised(content: Any, document_format: str) -> str:
    """Return a content as the text to store; a text that is in this format already stays as it was written."""
    if document_format == "TEXT":
        return str(content)
    if document_format == "YAML":
        if isinstance(content, str):
            return content
        import yaml

        return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    if isinstance(content, str) and content.lstrip()[:1] in ("{", "["):
        try:
            json.loads(content)
            return content
        except ValueError:
            pass
    return json.dumps(normalise_json(content), ensure_ascii=False)


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


def sharing_plan(
    params: dict[str, Any], current: dict[str, str]
) -> tuple[list[str], list[str], dict[str, list[str]]]:
    """Return whom to share with, whom to no longer share with, and what then is."""
    if params["account_ids"] is None:
        return [], [], {}
    # AWS tells of everybody as all, however it was written.
    wanted = {account.lower() for account in params["account_ids"]}
    version = params["shared_document_version"]
    add = sorted(account for account in wanted if version not in (None, current.get(account)) or account not in current)
    remove = sorted(account for account in current if params["purge_account_ids"] and account not in wanted)
    return add, remove, {"AccountIds": sorted({*current, *add} - {*remove})}
