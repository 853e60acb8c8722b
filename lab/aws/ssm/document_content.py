"""What a document may hold: its size, its format, its schema, and the platforms it is for."""

from __future__ import annotations

import json
from typing import Any

import yaml
from moto.ssm.models import Document, SimpleSystemManagerBackend

from lab.aws.ssm import amazon as ssm_amazon
from lab.aws.ssm import automation_document, calendars, document_parameters, document_run
from lab.aws.ssm.support import error, short_name

MAX_BYTES = 64 * 1024
EVERY_PLATFORM = ("Windows", "Linux", "MacOS")
PLATFORMS = {
    "aws:runShellScript": ("Linux", "MacOS"),
    "aws:runPowerShellScript": ("Windows", "Linux", "MacOS"),
    "aws:applications": ("Windows",),
    "aws:domainJoin": ("Windows",),
    "aws:psModule": ("Windows",),
}

SESSIONS = ("Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port")


def check_session(content: dict[str, Any]) -> None:
    """Refuse what no session can be started with.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
    """
    if content.get("schemaVersion") != "1.0":
        raise document_parameters.DocumentError("a Session document has the schema version 1.0")
    if content.get("sessionType") not in SESSIONS:
        raise document_parameters.DocumentError(f"sessionType is one of {', '.join(SESSIONS)}")


CHECKS = {
    "Command": document_run.check_content,
    "Automation": automation_document.check_content,
    "Session": check_session,
}


def amazon(name: str) -> Document:
    """Return one of Amazon's own documents."""
    made = Document("Amazon", name, "", json.dumps(ssm_amazon.DOCUMENTS[name]), "Command", "JSON", [], [], "/")
    return _finish(made, None)


def _finish(made: Document, display_name: str | None) -> Document:
    made.display_name = display_name
    content = made.content_json if isinstance(made.content_json, dict) else {}
    actions = [step.get("action") for step in document_run.steps_of(content) or []]
    # A document of several platforms has a step for each, with a precondition.
    able = {name for action in actions for name in PLATFORMS.get(action, EVERY_PLATFORM)}
    made.platform_types = [name for name in EVERY_PLATFORM if name in able or not actions]
    return made


def new(backend: SimpleSystemManagerBackend, params: dict[str, Any], base: Document | None, version: str) -> Document:
    """Return a new document, or the next version of one; refuse what Systems Manager would not store."""
    content = params["Content"]
    if params.get("Attachments"):
        raise error("ValidationException", "The lab stores no attachments: leave Attachments out.")
    if len(content.encode()) > MAX_BYTES:
        raise error("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    kind = base.document_type if base else params.get("DocumentType", "Command")
    shape = params.get("DocumentFormat", "JSON")
    _check(kind, shape, content)
    made = Document(
        account_id=backend.account_id,
        name=short_name(params["Name"]),
        version_name=params.get("VersionName", ""),
        # Moto reads JSON and YAML only, and asks for a schema: a calendar is neither and has none.
        content='{"schemaVersion": ""}' if shape == "TEXT" else content,
        document_type=kind,
        document_format="JSON" if shape == "TEXT" else shape,
        requires=params.get("Requires") or (base.requires if base else []),
        attachments=params.get("Attachments") or [],
        target_type=params.get("TargetType") or (base.target_type if base else ""),
        document_version=version,
    )
    made.content, made.document_format = content, shape
    if shape == "TEXT":
        # What its versions are compared by.
        made.content_json = {"calendar": content}
    return _finish(made, params.get("DisplayName") or (base.display_name if base else None))


def _check(kind: str, shape: str, content: str) -> None:
    """Refuse content that is not of its kind of document."""
    if (shape == "TEXT") != (kind == "ChangeCalendar"):
        raise error("InvalidDocumentContent", f"The content of a {kind} document can't be {shape}.")
    try:
        if shape == "TEXT":
            calendars.check_content(content)
            return
        parsed = json.loads(content) if shape == "JSON" else yaml.safe_load(content)
        if not isinstance(parsed, dict):
            raise document_parameters.DocumentError("it is not an object")
        if kind in CHECKS:
            CHECKS[kind](parsed)
    except (ValueError, yaml.YAMLError) as wrong:
        raise error("InvalidDocumentContent", f"The content for the document is not valid: {wrong}") from wrong
