"""What a manifest says: its digest, size, parts and kind. Nothing here knows of AWS."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import Any

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
MEDIA_TYPES = (DOCKER, DOCKER_LIST, OCI, OCI_INDEX)


@dataclass(frozen=True)
class Manifest:
    """A manifest, taken apart."""

    digest: str
    media_type: str | None
    blobs: tuple[tuple[str, int, str], ...]
    children: tuple[str, ...]
    subject: str | None
    artifact_type: str | None
    annotations: tuple[tuple[str, str], ...]

    @property
    def size(self) -> int | None:
        """Return what the registry stores for it; an index stores nothing of its own."""
        return None if self.children else sum(size for _, size, _ in self.blobs)


def digest_of(data: bytes) -> str:
    """Return the name a registry gives to these bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Manifest:
    """Take a manifest apart; ValueError says what is wrong with it."""
    content = json.loads(text)
    if not isinstance(content, dict) or not isinstance(content.get("schemaVersion", 2), int):
        raise ValueError("a manifest is a JSON object with a schemaVersion")
    try:
        return _parse(content, text)
    except (AttributeError, KeyError, TypeError) as wrong:
        raise ValueError(f"a manifest's part is wrong or missing: {wrong}") from wrong


def _parse(content: dict[str, Any], text: str) -> Manifest:
    config = content.get("config") or {}
    parts = [*([config] if config else []), *content.get("layers", [])]
    blobs = tuple((part["digest"], int(part.get("size", 0)), part.get("mediaType", "")) for part in parts)
    return Manifest(
        digest=digest_of(text.encode()),
        media_type=content.get("mediaType"),
        blobs=blobs,
        children=tuple(child["digest"] for child in content.get("manifests", [])),
        subject=(content.get("subject") or {}).get("digest"),
        artifact_type=content.get("artifactType") or config.get("mediaType"),
        annotations=tuple((content.get("annotations") or {}).items()),
    )
