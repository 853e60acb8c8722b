"""What a manifest says: its digest, size, parts and kind. Nothing here knows of AWS."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
MEDIA_TYPES = (DOCKER, DOCKER_LIST, OCI, OCI_INDEX)
# https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_SHA = {"sha256": re.compile("[a-f0-9]{64}"), "sha512": re.compile("[a-f0-9]{128}")}


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


def _digest(part: dict[str, Any]) -> str:
    """Return the digest that a descriptor names."""
    digest, size = part["digest"], part.get("size", 0)
    kind, _, name = digest.partition(":")
    if not _DIGEST.fullmatch(digest) or (kind in _SHA and not _SHA[kind].fullmatch(name)):
        raise ValueError(f"{digest!r} is no digest")
    if not isinstance(size, int) or size < 0:
        raise ValueError(f"{size!r} is no size")
    return str(digest)


def _parse(content: dict[str, Any], text: str) -> Manifest:
    if content.get("mediaType") in MEDIA_TYPES and content.get("schemaVersion", 2) != 2:
        raise ValueError(f"{content['mediaType']} has the schemaVersion 2")
    config = content.get("config") or {}
    parts = [*([config] if config else []), *content.get("layers", [])]
    blobs = tuple((_digest(part), part.get("size", 0), part.get("mediaType", "")) for part in parts)
    return Manifest(
        digest=digest_of(text.encode()),
        media_type=content.get("mediaType"),
        blobs=blobs,
        children=tuple(_digest(child) for child in content.get("manifests", [])),
        subject=(content.get("subject") or {}).get("digest"),
        artifact_type=content.get("artifactType") or config.get("mediaType"),
        annotations=tuple((content.get("annotations") or {}).items()),
    )
