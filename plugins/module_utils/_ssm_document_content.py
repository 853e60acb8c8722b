# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document's content, as data to compare and as text to store. Pure.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._state import normalise_json

_MOST_BYTES = 64 * 1024
# The other types hold what AWS does not give a schema version.
_WITH_SCHEMA = ("Command", "Automation", "Session", "Policy", "Package")


def check_content(params: dict[str, Any]) -> None:
    """Refuse content that is no document of its kind, or too large."""
    name, document_format = params["name"], params["document_format"] or "JSON"
    content = parsed(params["content"], document_format, name)
    if params["document_type"] in (None, *_WITH_SCHEMA) and document_format != "TEXT":
        if not isinstance(content, dict) or "schemaVersion" not in content:
            raise NodecacheError(
                f"content of '{name}' is {shown(params['content'])} but must be a mapping with schemaVersion, unless "
                "document_type is of another kind."
            )
        schema = content["schemaVersion"]
        if not isinstance(schema, str):
            raise NodecacheError(f"content of '{name}' has schemaVersion {shown(schema)} but must have text: quote it.")
    size = len(serialised(params["content"], document_format).encode())
    if size > _MOST_BYTES:
        raise NodecacheError(f"content of '{name}' has {size} bytes but must have at most {_MOST_BYTES}.")


def parsed(content: Any, document_format: str, name: str) -> Any:
    """Return a content as what it is compared by: data, or text without regard to how its lines end."""
    if document_format == "TEXT":
        if not isinstance(content, str):
            raise NodecacheError(f"content of '{name}' is {shown(content)} but must be text where it is TEXT.")
        return "\n".join(content.strip().splitlines())
    try:
        return normalise_json(content)
    except ValueError as error:
        raise NodecacheError(f"content of '{name}' is {shown(content)} but must be JSON or YAML: {error}.") from error


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


def told_by(content: Any, text: str) -> dict[str, str]:
    """Return what AWS reads off a document's content, and its hash, by which a command can ask for this text."""
    keys = {"Description": "description", "SchemaVersion": "schemaVersion"}
    data = content if isinstance(content, dict) else {}
    read = {key: str(data[name]) for key, name in keys.items() if data.get(name)}
    return {**read, "Hash": hashlib.sha256(text.encode()).hexdigest(), "HashType": "Sha256"}
