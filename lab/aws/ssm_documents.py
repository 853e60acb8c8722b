"""Documents as Systems Manager keeps them, where moto's differ: versions, names, duplicates, content."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.ssm import models
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend, ssm_backends

from lab.aws import automation_document, document_run, ssm_amazon
from lab.aws.ssm_support import error, operation

RESERVED = ("aws", "amazon", "amzn", "awsec2", "awsconfigremediation", "awssupport")
MAX_BYTES = 64 * 1024
# https://docs.aws.amazon.com/general/latest/gr/ssm.html
DOCUMENT_LIMIT, VERSION_LIMIT = 500, 1000
EVERY_PLATFORM = ("Windows", "Linux", "MacOS")
PLATFORMS = {
    "aws:runShellScript": ("Linux", "MacOS"),
    "aws:runPowerShellScript": ("Windows", "Linux", "MacOS"),
    "aws:applications": ("Windows",),
    "aws:domainJoin": ("Windows",),
    "aws:psModule": ("Windows",),
}

CHECKS = {"Command": document_run.check_content, "Automation": automation_document.check_content}

# (backend, document name, what changed: default, latest or deleted)
_listeners: list[Callable[[SimpleSystemManagerBackend, str, str], None]] = []


def on_change(listener: Callable[[SimpleSystemManagerBackend, str, str], None]) -> None:
    """Call the listener whenever a document gets a new version or default version, or is deleted."""
    if listener not in _listeners:
        _listeners.append(listener)


def _changed(backend: SimpleSystemManagerBackend, name: str, what: str) -> None:
    for listener in _listeners:
        listener(backend, name, what)


def short_name(name: str) -> str:
    """Return the name of a document named by its name or its ARN."""
    return name.rpartition(":document/")[2] if name.startswith("arn:") else name


def own(backend: SimpleSystemManagerBackend, name: str) -> Documents:
    """Return all versions of a document of this account, the only ones it may change."""
    region, account = name.split(":")[3:5] if name.startswith("arn:") else (backend.region_name, backend.account_id)
    found = backend._documents.get(short_name(name))
    if found is None or (region, account) != (backend.region_name, backend.account_id):
        raise error("InvalidDocument", "The specified document does not exist.")
    return found


def documents_of(self: SimpleSystemManagerBackend, name: str) -> Documents:
    """Return all versions of a document: one's own, Amazon's, or one that another account shares."""
    short = short_name(name)
    region, account = name.split(":")[3:5] if name.startswith("arn:") else (self.region_name, "")
    if short in ssm_amazon.DOCUMENTS and region == self.region_name and not account:
        return Documents(amazon(short))
    if account and account != self.account_id and region == self.region_name:
        shared = ssm_backends[account][region]._documents.get(short)
        if shared and {self.account_id, "all"} & {key.lower() for key in shared.permissions}:
            return shared
    return own(self, name)


def find(
    self: Documents, document_version: str | None = None, version_name: str | None = None, strict: bool = True
) -> Document | None:
    """Return one version: a number, $LATEST or $DEFAULT, which is also what no version at all means."""
    if document_version == "$LATEST":
        found: Document | None = self.get_latest_version()
    elif document_version in (None, "", "$DEFAULT") and not version_name:
        found = self.get_default_version()
    elif document_version in (None, "", "$DEFAULT"):
        found = self.find_by_version_name(str(version_name))
    else:
        found = self.versions.get(str(document_version))
        if found and version_name and found.version_name != version_name:
            found = None
    if strict and found is None:
        raise error("InvalidDocumentVersion", "The document version is not valid or does not exist.")
    return found


def document(backend: SimpleSystemManagerBackend, name: str, version: str | None = None) -> Document:
    """Return the one version of a document that a command or an association asks for."""
    found = find(documents_of(backend, name), version)
    assert found is not None
    return found


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


def _new(backend: SimpleSystemManagerBackend, params: dict[str, Any], base: Document | None, version: str) -> Document:
    content = params["Content"]
    if params.get("Attachments"):
        raise error("ValidationException", "The lab stores no attachments: leave Attachments out.")
    if len(content.encode()) > MAX_BYTES:
        raise error("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    kind = base.document_type if base else params.get("DocumentType", "Command")
    made = Document(
        account_id=backend.account_id,
        name=short_name(params["Name"]),
        version_name=params.get("VersionName", ""),
        content=content,
        document_type=kind,
        document_format=params.get("DocumentFormat", "JSON"),
        requires=params.get("Requires") or (base.requires if base else []),
        attachments=params.get("Attachments") or [],
        target_type=params.get("TargetType") or (base.target_type if base else ""),
        document_version=version,
    )
    check = CHECKS.get(kind)
    if check:
        try:
            check(made.content_json)
        except document_run.DocumentError as wrong:
            raise error("InvalidDocumentContent", f"The content for the document is not valid: {wrong}") from wrong
    return _finish(made, params.get("DisplayName") or (base.display_name if base else None))


def _describe(backend: SimpleSystemManagerBackend, name: str, version: str | None, version_name: str | None) -> Any:
    versions = documents_of(backend, name)
    wanted = find(versions, version, version_name)
    assert wanted is not None
    described = versions.describe(wanted.document_version, None, tags=backend._get_documents_tags(wanted.name))
    if wanted.display_name:
        described["DisplayName"] = wanted.display_name
    return described


def create_document(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Store a new document; its answer still says Creating."""
    name = params["Name"]
    if name.lower().startswith(RESERVED):
        raise error("ValidationException", f"Document name {name} starts with a prefix that is reserved by AWS.")
    if name in backend._documents:
        raise error("DocumentAlreadyExists", f"Document with name {name} already exists.")
    if len(backend._documents) >= DOCUMENT_LIMIT:
        raise error("DocumentLimitExceeded", f"You can have at most {DOCUMENT_LIMIT} active Systems Manager documents.")
    backend._documents[name] = Documents(_new(backend, params, None, "1"))
    backend.add_tags_to_resource("Document", name, {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []})
    return {"DocumentDescription": _describe(backend, name, None, None) | {"Status": "Creating"}}


def update_document(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Add a version. The default stays where it is."""
    name, versions = short_name(params["Name"]), own(backend, params["Name"])
    if params.get("DocumentVersion") not in ("$LATEST", versions.latest_version):
        raise error(
            "InvalidDocumentVersion",
            "The document version is not valid or does not exist.",
        )
    if params.get("VersionName") and versions.find_by_version_name(params["VersionName"]):
        raise error("DuplicateDocumentVersionName", "The specified version name is a duplicate.")
    latest = versions.get_latest_version()
    if latest.document_type == "Command" and latest.schema_version.startswith("1."):
        raise error("InvalidDocumentSchemaVersion", "Documents of schema 1.x can't be updated.")
    if len(versions.versions) >= VERSION_LIMIT:
        raise error("DocumentVersionLimitExceeded", f"A document has at most {VERSION_LIMIT} versions.")
    made = _new(backend, params, latest, str(int(versions.latest_version) + 1))
    for version in versions.versions.values():
        if (version.content_json, version.target_type) == (made.content_json, made.target_type):
            raise error(
                "DuplicateDocumentContent",
                "The content of the association document matches another document. "
                "Change the content of the document and try again.",
            )
    versions.add_new_version(made)
    _changed(backend, name, "latest")
    answer = _describe(backend, name, made.document_version, None)
    return {"DocumentDescription": answer | {"Status": "Updating"}}


def update_document_default_version(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Move the default, which runs the associations that follow it."""
    name, versions = short_name(params["Name"]), own(backend, params["Name"])
    chosen = find(versions, params["DocumentVersion"])
    assert chosen is not None
    moved = versions.default_version != chosen.document_version
    versions.default_version = chosen.document_version
    if moved:
        _changed(backend, name, "default")
    answer = {"Name": name, "DefaultVersion": chosen.document_version}
    if chosen.version_name:
        answer["DefaultVersionName"] = chosen.version_name
    return {"Description": answer}


def describe_document(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Describe one version of a document."""
    described = _describe(backend, params["Name"], params.get("DocumentVersion"), params.get("VersionName"))
    return {"Document": described}


def get_document(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return one version's content, in the format asked for."""
    wanted = find(documents_of(backend, params["Name"]), params.get("DocumentVersion"), params.get("VersionName"))
    assert wanted is not None
    answer = backend._generate_document_information(wanted, params.get("DocumentFormat", "JSON"))
    answer["CreatedDate"] = wanted.created_date
    if wanted.display_name:
        answer["DisplayName"] = wanted.display_name
    return answer


def delete_document(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a document or one version of it; with the last version go its associations."""
    name = short_name(params["Name"])
    own(backend, params["Name"])
    backend.delete_document(
        name=name,
        document_version=params.get("DocumentVersion", ""),
        version_name=params.get("VersionName", ""),
        force=params.get("Force", False),
    )
    if name not in backend._documents:
        _changed(backend, name, "deleted")
    return {}


def _delete_versions(self: Documents, *versions: str) -> None:
    for version in versions:
        self.versions.pop(version, None)
    if self.versions and self.latest_version not in self.versions:
        self.latest_version = max(self.versions, key=int)


def install() -> None:
    """Patch moto's documents."""
    # Not every document is made here: CloudFormation makes its own.
    models.Document.display_name = None
    models.Documents.find = find
    models.Documents.delete = _delete_versions
    SimpleSystemManagerBackend._get_documents = documents_of
    operation("CreateDocument", "create_document", create_document)
    operation("UpdateDocument", "update_document", update_document)
    operation("UpdateDocumentDefaultVersion", "update_document_default_version", update_document_default_version)
    operation("DescribeDocument", "describe_document", describe_document)
    operation("GetDocument", "get_document", get_document)
    operation("DeleteDocument", "delete_document", delete_document)
