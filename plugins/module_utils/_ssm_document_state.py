# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as options, as AWS holds it, and what differs between the two. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._checks import (
    LONGEST_WAIT,
    check_count,
    check_number,
    check_text,
)
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._shape import from_api, to_api
from ansible_collections.nodecache.eks.plugins.module_utils._state import check_tags, normalise_json

NAME = r"[a-zA-Z0-9_.-]{3,128}"
NAME_RULE = "3 to 128 letters, digits, dots, hyphens or underscores"
LABEL = r"[a-zA-Z0-9_.-]{1,128}"
LABEL_RULE = "1 to 128 letters, digits, dots, hyphens or underscores"
VERSION = r"\$LATEST|\$DEFAULT|[1-9][0-9]*"
VERSION_RULE = "$DEFAULT, $LATEST or a number from 1"
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
_SETTINGS: dict[str, dict[str, Any]] = {
    "name": {},
    "latest_version": {},
    "default_version": {},
    "status": {},
    "document_type": {},
    "document_format": {},
    "target_type": {},
    "display_name": {},
    "version_name": {},
    "cloud_providers": {},
    "requires": REQUIRES,
    "content": {},
    "tags": {},
    "account_ids": {},
}
_FACTS: dict[str, dict[str, Any]] = {
    "document_version": {},
    "status_information": {},
    "schema_version": {},
    "description": {},
    "owner": {},
    "author": {},
    "created_date": {},
    "hash": {},
    "hash_type": {},
    "platform_types": {},
    "parameters": {"options": {"name": {}, "type": {}, "description": {}, "default_value": {}}},
    "attachments_information": {"options": {"name": {}}},
    "review_status": {},
    "approved_version": {},
    "pending_review_version": {},
    "category": {},
    "is_default_version": {},
}


def check_params(params: dict[str, Any]) -> None:
    """Refuse what Systems Manager would refuse."""
    name = params["name"]
    check_text("name", name, NAME, NAME_RULE)
    if name.lower().startswith(_RESERVED):
        raise NodecacheError(f"name is '{name}' but must not start with {', '.join(_RESERVED)}, which AWS keeps.")
    check_text("default_version", params["default_version"], VERSION, VERSION_RULE)
    check_text("document_version", params["document_version"], r"[1-9][0-9]*", "a number from 1")
    check_text("version_name", params["version_name"], LABEL, LABEL_RULE)
    check_text(
        "target_type", params["target_type"], r"(?a:/[\w.:/-]{0,199})", "/ or a type such as /AWS::EC2::Instance"
    )
    check_text(
        "display_name",
        params["display_name"],
        r"(?a:[\w.:/ -]{0,1024})",
        "at most 1024 letters without accents, digits, spaces or any of _ . : / -",
    )
    check_count("attachments", params["attachments"], 0, 20)
    for attachment in params["attachments"] or []:
        check_count(f"attachments: values of {attachment['key']}", attachment["values"], 1, 1)
        check_text("attachments: name", attachment["name"], NAME, NAME_RULE)
    check_count("cloud_providers", params["cloud_providers"], 1, 10)
    _check_sharing(params["account_ids"])
    check_tags(params["tags"])
    check_number("wait_timeout", params["wait_timeout"], 1, LONGEST_WAIT)
    for needed in params["requires"] or []:
        check_text("requires: name", needed["name"], r"[a-zA-Z0-9_.:/-]{3,128}", "a document's name or ARN")
        check_text("requires: version", needed["version"], VERSION, VERSION_RULE)
        check_text("requires: require_type", needed["require_type"], LABEL, LABEL_RULE)
        check_text("requires: version_name", needed["version_name"], LABEL, LABEL_RULE)
    if params["content"] is not None:
        _check_content(params)


def _check_sharing(accounts: list[str] | None) -> None:
    for account in accounts or []:
        check_text("account_ids", account, r"(?i:all)|[0-9]{12}", "an account's 12 digits, or All for everybody")
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


def differing(params: dict[str, Any], document: dict[str, Any], content: Any) -> set[str]:
    """Return the options that the version described does not meet, with Content where it does not hold that."""
    wanted = to_api({option: facts for option, facts in VERSIONED.items() if option != "version_name"}, params)
    differs = set()
    for key, value in wanted.items():
        present: Any = document.get(key) or ""
        if key == "Attachments":
            # AWS tells of an attachment no more than its name.
            named = {entry["Name"] for entry in document.get("AttachmentsInformation") or []}
            if not {entry["Name"] for entry in value if "Name" in entry} <= named or (not value and named):
                differs.add(key)
        elif (sorted(value) if isinstance(value, list) else value) != (
            sorted(present) if isinstance(present, list) else present
        ):
            differs.add(key)
    return differs | ({"Content"} if content != document["Content"] else set())


def check_fixed(params: dict[str, Any], document: dict[str, Any]) -> None:
    """Refuse to change what AWS lets nobody change."""
    kind = params["document_type"]
    if kind is not None and kind != document["DocumentType"]:
        raise NodecacheError(
            f"document '{params['name']}' is of type {document['DocumentType']}, "
            f"which cannot become {kind}: delete it first."
        )
    wanted = to_api({"requires": REQUIRES}, params).get("Requires")
    if wanted is not None and _plain(wanted) != _plain(document.get("Requires") or []):
        raise NodecacheError(
            f"document '{params['name']}' requires {_plain(document.get('Requires') or [])}, "
            f"which cannot become {_plain(wanted)}: delete it first."
        )


def _plain(requires: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if value is not None} for entry in requires]


def request(params: dict[str, Any], document: dict[str, Any], content: Any) -> dict[str, Any]:
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
        **to_api(VERSIONED, params),
        "Name": params["name"],
        "Content": serialised(content, document_format),
        "DocumentFormat": document_format,
    }


def create_request(params: dict[str, Any]) -> dict[str, Any]:
    """Return what CreateDocument takes."""
    return {
        **request(params, {}, params["content"]),
        **to_api({"requires": REQUIRES}, params),
        "DocumentType": params["document_type"] or "Command",
    }


def settings(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as the module's user sees it."""
    return from_api(_SETTINGS, document)


def facts(document: dict[str, Any]) -> dict[str, Any]:
    """Return all that AWS tells of a document."""
    return from_api({**_FACTS, **_SETTINGS}, document)


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
