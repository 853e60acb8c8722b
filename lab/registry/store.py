"""The layers on disk: docker-registry's own layout, read and tidied beside it.

ECR keeps the manifests, the registry keeps what they name. Each repository lies in a folder of its account and region.
"""

from __future__ import annotations

import hashlib
import shutil
import urllib.request
from pathlib import Path
from typing import Any

from lab import settings

STORE = settings.VAR / "registry"
# Whether this process has the registry beside it; without it, ECR is its metadata alone.
running = False


def folder(account: str, region: str, repository: str) -> Path:
    """Return where the registry keeps what it knows of a repository."""
    return STORE / "docker/registry/v2/repositories" / account / region / repository


def blob(account: str, region: str, repository: str, digest: str) -> Path | None:
    """Return the file of a layer, if this repository has it."""
    algorithm, _, value = digest.partition(":")
    if not (folder(account, region, repository) / "_layers" / algorithm / value / "link").exists():
        return None
    path = STORE / "docker/registry/v2/blobs" / algorithm / value[:2] / value / "data"
    return path if path.exists() else None


def add(account: str, region: str, repository: str, data: bytes) -> str:
    """Upload a layer through the registry and return its digest."""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    base = f"http://{settings.API_HOST}:{settings.REGISTRY_PORT}/v2/{account}/{region}/{repository}/blobs/uploads/"
    location = _send("POST", base, b"").headers["Location"]
    _send("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", data)
    return digest


def link(account: str, region: str, repository: str, digest: str) -> None:
    """Let a repository have a layer that another one has."""
    algorithm, _, value = digest.partition(":")
    note = folder(account, region, repository) / "_layers" / algorithm / value / "link"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(digest)


def forget(account: str, region: str, repository: str, digest: str) -> None:
    """Take a layer out of a repository."""
    algorithm, _, value = digest.partition(":")
    shutil.rmtree(folder(account, region, repository) / "_layers" / algorithm / value, ignore_errors=True)


def remove(account: str, region: str, repository: str) -> None:
    """Take everything out of a repository, but not out of those whose names begin with its name."""
    for part in ("_layers", "_manifests", "_uploads"):
        shutil.rmtree(folder(account, region, repository) / part, ignore_errors=True)


def _send(method: str, url: str, data: bytes) -> Any:
    request = urllib.request.Request(
        url, data=data, method=method, headers={"Content-Type": "application/octet-stream"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(request, timeout=60)
