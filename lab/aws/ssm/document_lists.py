"""Which documents there are, in which versions, and with whom they are shared."""

from __future__ import annotations

from typing import Any

from moto.ssm.models import Document, SimpleSystemManagerBackend

from lab.aws.ssm import amazon as ssm_amazon
from lab.aws.ssm.document_content import amazon
from lab.aws.ssm.documents import documents_of, own
from lab.aws.ssm.support import error, operation, page

KEYS = ("CloudProviders", "DocumentType", "Name", "Owner", "PlatformTypes", "TargetType")
OWNERS = ("Amazon", "Private", "Public", "Self", "ThirdParty")
ACCOUNTS_PER_CALL, ACCOUNTS, PUBLIC = 20, 1000, 5


def list_document_versions(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List a document's versions, newest first."""
    versions = documents_of(backend, params["Name"])
    rows = []
    for number in sorted(versions.versions, key=int, reverse=True):
        version = versions.versions[number]
        row = {
            "Name": version.name,
            "DocumentVersion": number,
            "CreatedDate": version.created_date,
            "IsDefaultVersion": number == versions.default_version,
            "DocumentFormat": version.document_format,
            "Status": version.status,
        }
        row |= {"VersionName": version.version_name} if version.version_name else {}
        row |= {"DisplayName": version.display_name} if version.display_name else {}
        rows.append(row)
    return page(rows, params, "DocumentVersions")


def _filters(params: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the filters as keys and values, the deprecated form included."""
    filters = [(row["Key"], row.get("Values") or []) for row in params.get("Filters") or []]
    filters += [(row["key"], [row["value"]]) for row in params.get("DocumentFilterList") or []]
    for key, values in filters:
        if key not in KEYS and not key.startswith("tag:"):
            raise error("InvalidFilterKey", f"The filter key {key} is not valid.")
        if key == "Owner" and (len(values) != 1 or values[0] not in OWNERS):
            raise error("ValidationException", f"Owner filter takes one value of {', '.join(OWNERS)}.")
    if len([key for key, _ in filters if key.startswith("tag:")]) > 1:
        raise error("ValidationException", "ListDocuments takes a single tag key.")
    return filters


def _passes(one: Document, tags: dict[str, str], filters: list[tuple[str, list[str]]], public: bool) -> bool:
    owned = "Self" if one.owner != "Amazon" else "Amazon"
    for key, values in filters:
        passed = {
            "Name": any(one.name.startswith(value) for value in values),
            "Owner": values[:1] == [owned] or (values[:1] == ["Public"] and (owned == "Amazon" or public)),
            "PlatformTypes": any(value in one.platform_types for value in values),
            "DocumentType": one.document_type in values,
            "TargetType": one.target_type in values,
            "CloudProviders": "AWS" in values,
        }.get(key, tags.get(key.removeprefix("tag:")) in values)
        if not passed:
            return False
    return True


def list_documents(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List documents by name; Amazon's are some hundred, and here they come only when they are asked for."""
    filters = _filters(params)
    asked = any(key == "Name" or (key == "Owner" and values[0] != "Self") for key, values in filters)
    known = [(found.get_default_version(), found.permissions) for _, found in sorted(backend._documents.items())]
    known += [(amazon(name), {}) for name in ssm_amazon.DOCUMENTS] if asked else []
    rows = []
    for one, permissions in known:
        tags = backend._resource_tags["Document"].get(one.name) or {}
        if _passes(one, tags, filters, any(key.lower() == "all" for key in permissions)):
            row = one.list_describe(tags=backend._get_documents_tags(one.name)) | {"CreatedDate": one.created_date}
            rows.append(row | ({"DisplayName": one.display_name} if one.display_name else {}))
    return {"NextToken": "", **page(rows, params, "DocumentIdentifiers", default=10, plain=True)}


def _check_kind(kind: str) -> None:
    if kind != "Share":
        said = f"Value '{kind}' at 'permissionType' failed to satisfy constraint: Member must satisfy enum value set: "
        raise error("InvalidPermissionType", f"{said}[Share].")


def modify_document_permission(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Share a document with accounts or with everybody, or stop that."""
    _check_kind(params["PermissionType"])
    found = own(backend, params["Name"])
    add, remove = params.get("AccountIdsToAdd") or [], params.get("AccountIdsToRemove") or []
    if not add and not remove:
        raise error("ValidationException", "AccountIdsToAdd or AccountIdsToRemove must name an account.")
    if backend.account_id in add:
        raise error("ValidationException", "A document can't be shared with the account that owns it.")
    everyone = [one for one in add if one.lower() == "all"]
    shared = {one for one in found.permissions if one.lower() != "all"} | set(add)
    if everyone and len(add) > 1:
        raise error("DocumentPermissionLimit", "Accounts can either be all or a group of AWS accounts")
    if everyone and _public(backend) >= PUBLIC:
        raise error("DocumentPermissionLimit", f"You can share at most {PUBLIC} documents publicly.")
    if not everyone and len(shared) > ACCOUNTS:
        raise error("DocumentPermissionLimit", f"A document can be shared with at most {ACCOUNTS} accounts.")
    if everyone or any(one.lower() == "all" for one in remove):
        found.permissions.clear()
    backend.modify_document_permission(
        found.get_default_version().name,
        add,
        remove,
        params.get("SharedDocumentVersion") or "",
        params["PermissionType"],
    )
    return {}


def _public(backend: SimpleSystemManagerBackend) -> int:
    return sum("all" in map(str.lower, found.permissions) for found in backend._documents.values())


def describe_document_permission(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return with whom a document is shared."""
    _check_kind(params["PermissionType"])
    rows = own(backend, params["Name"]).describe_permissions()["AccountSharingInfoList"]
    answer = page(rows, params, "AccountSharingInfoList", default=20)
    return answer | {"AccountIds": [row["AccountId"] for row in answer["AccountSharingInfoList"]]}


def install() -> None:
    """Replace moto's listings and its sharing."""
    operation("ListDocuments", "list_documents", list_documents)
    operation("ListDocumentVersions", "list_document_versions", list_document_versions)
    operation("ModifyDocumentPermission", "modify_document_permission", modify_document_permission)
    operation("DescribeDocumentPermission", "describe_document_permission", describe_document_permission)
