"""Tags of documents, associations and automations: what Systems Manager refuses, and whose tags it keeps.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm.support import error, operation

MOST = 50
# Moto knows documents, parameters and windows; each of these tells whether an id is one of its own.
_known: dict[str, Callable[[SimpleSystemManagerBackend, str], bool]] = {}
_plain_check = SimpleSystemManagerBackend._validate_resource_type_and_id


def keep(resource_type: str, known: Callable[[SimpleSystemManagerBackend, str], bool]) -> None:
    """Let resources of this type have tags."""
    _known[resource_type] = known


def given(params: dict[str, Any], code: str) -> dict[str, str]:
    """Return a request's tags, or refuse them under the code that its operation has for it."""
    rows = params.get("Tags") or []
    found = {tag["Key"]: tag["Value"] for tag in rows}
    if len(found) < len(rows):
        raise error(code, "A tag key is given twice.")
    if any(key.lower().startswith("aws:") for key in found):
        raise error(code, "Tag keys that start with aws: are reserved.")
    if len(found) > MOST:
        raise error(code, f"A resource has at most {MOST} tags.")
    return found


def _check(self: SimpleSystemManagerBackend, resource_type: str, resource_id: str) -> str:
    if resource_type not in _known:
        return _plain_check(self, resource_type, resource_id)
    if not _known[resource_type](self, resource_id):
        raise error("InvalidResourceId", "The resource ID is not valid. Verify that you entered the correct ID.")
    return resource_id


def add_tags_to_resource(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags, as long as there are not too many in all."""
    kind, key = params["ResourceType"], params["ResourceId"]
    backend._validate_resource_type_and_id(kind, key)
    added = given({"Tags": params["Tags"][:MOST]}, "ValidationException")
    if len(params["Tags"]) > MOST or len(added | backend.list_tags_for_resource(kind, key)) > MOST:
        raise error("TooManyTagsError", f"A resource has at most {MOST} tags.")
    backend.add_tags_to_resource(kind, key, added)
    return {}


def install() -> None:
    """Check tags before moto keeps them."""
    SimpleSystemManagerBackend._validate_resource_type_and_id = _check
    operation("AddTagsToResource", "add_tags_to_resource", add_tags_to_resource)
