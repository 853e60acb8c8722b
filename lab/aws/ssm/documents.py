"""Documents as Systems Manager keeps them, where moto's differ: versions, names, duplicates, content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ssm import models
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend, ssm_backends
from moto.utilities.utils import get_partition

from lab.aws.ssm import amazon as ssm_amazon
from lab.aws.ssm import tags as ssm_tags
from lab.aws.ssm.document_content import amazon, new
from lab.aws.ssm.support import error, operation, short_name

RESERVED = ("aws", "amazon", "amzn", "awsec2", "awsconfigremediation", "awssupport")
# https://docs.aws.amazon.com/general/latest/gr/ssm.html
DOCUMENT_LIMIT, VERSION_LIMIT = 500, 1000

# (backend, document name, what changed: default, latest or deleted)
_listeners: list[Callable[[SimpleSystemManagerBackend, str, str], None]] = []


def on_change(listener: Callable[[SimpleSystemManagerBackend, str, str], None]) -> None:
    """Call the listener whenever a document gets a new version or default version, or is deleted."""
    if listener not in _listeners:
        _listeners.append(listener)


def _changed(backend: SimpleSystemManagerBackend, name: str, what: str) -> None:
    for listener in _listeners:
        listener(backend, name, what)


def _place(backend: SimpleSystemManagerBackend, name: str, account: str) -> tuple[str, str]:
    """Return the region and account an ARN names, or the backend's and the one given for a mere name."""
    if not name.startswith("arn:"):
        return backend.region_name, account
    parts = name.split(":")
    right = ["arn", get_partition(backend.region_name), "ssm"]
    if len(parts) != 6 or parts[:3] != right or not parts[5].startswith("document/"):
        raise error("InvalidDocument", "The specified document does not exist.")
    return parts[3], parts[4]


def own(backend: SimpleSystemManagerBackend, name: str) -> Documents:
    """Return all versions of a document of this account, the only ones it may change."""
    region, account = _place(backend, name, backend.account_id)
    found = backend._documents.get(short_name(name))
    if found is None or (region, account) != (backend.region_name, backend.account_id):
        raise error("InvalidDocument", "The specified document does not exist.")
    return found


def documents_of(self: SimpleSystemManagerBackend, name: str) -> Documents:
    """Return all versions of a document: one's own, Amazon's, or one that another account shares."""
    short = short_name(name)
    region, account = _place(self, name, "")
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
        raise error("InvalidDocumentVersion", "The specified document does not exist.")
    return found


def document(backend: SimpleSystemManagerBackend, name: str, version: str | None = None) -> Document:
    """Return the one version of a document that a command or an association asks for."""
    found = find(documents_of(backend, name), version)
    assert found is not None
    return found


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
    name, tags = params["Name"], ssm_tags.given(params, "ValidationException")
    if name.lower().startswith(RESERVED):
        raise error("ValidationException", f"Document name {name} starts with a prefix that is reserved by AWS.")
    if name in backend._documents:
        raise error("DocumentAlreadyExists", f"Document with name {name} already exists.")
    if len(backend._documents) >= DOCUMENT_LIMIT:
        raise error("DocumentLimitExceeded", f"You can have at most {DOCUMENT_LIMIT} active Systems Manager documents.")
    backend._documents[name] = Documents(new(backend, params, None, "1"))
    backend.add_tags_to_resource("Document", name, tags)
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
    made = new(backend, params, latest, str(int(versions.latest_version) + 1))
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
