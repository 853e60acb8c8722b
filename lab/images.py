"""The two small images that exist before anybody pushes: a base image in ECR, and the nodes' pause image."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import tarfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from lab import packages, settings

BASE = f"{settings.ECR_HOST}/busybox:stable"
PAUSE = "localhost/kubernetes/pause:latest"
_APPLETS = ("cat", "date", "df", "echo", "env", "hostname", "id", "ls", "mkdir", "ps", "sh", "sleep", "true")
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def base_archive() -> Path:
    """Return an OCI archive with a busybox image."""
    return _archive("busybox", BASE, ["/bin/sh"])


def pause_archive() -> Path:
    """Return an OCI archive with the image that holds a Pod's sandbox open."""
    return _archive("pause", PAUSE, ["/bin/sleep", "2147483647"])


def seed() -> None:
    """Push the base image into the lab's ECR, through the registry as everybody has to."""
    repository, tag = BASE.removeprefix(f"{settings.ECR_HOST}/").split(":")
    client = settings.client("ecr")
    client.create_repository(repositoryName=repository)
    blobs, manifest = _image(["/bin/sh"])
    registry = f"http://{settings.API_HOST}:{settings.REGISTRY_PORT}/v2/{repository}"
    for digest, data in blobs.items():
        answer = _send("POST", f"{registry}/blobs/uploads/", b"")
        location = answer.headers["Location"]
        _send("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", data, "application/octet-stream")
    _send("PUT", f"{registry}/manifests/{tag}", manifest, _MANIFEST)
    deadline = time.monotonic() + 30
    while not client.describe_images(repositoryName=repository)["imageDetails"]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"ECR did not hear of {BASE} from the registry within 30 seconds")
        time.sleep(0.05)


def _send(method: str, url: str, data: bytes, media_type: str | None = None) -> Any:
    request = urllib.request.Request(url, data=data, method=method)
    if media_type:
        request.add_header("Content-Type", media_type)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(request, timeout=60)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _layer() -> bytes:
    """Return a tar with busybox and links to it; the same bytes each time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in ("bin", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        program = packages.binary("busybox").read_bytes()
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program))
        for applet in _APPLETS:
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
    return buffer.getvalue()


def _image(command: list[str]) -> tuple[dict[str, bytes], bytes]:
    """Return an image's blobs by digest, and its manifest."""
    layer = _layer()
    packed = gzip.compress(layer, mtime=0)
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Cmd": command, "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
            # podman refuses to build on an image whose history does not name its layers.
            "history": [{"created_by": "busybox-static"}],
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": _digest(config),
                "size": len(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "digest": _digest(packed),
                    "size": len(packed),
                }
            ],
        }
    ).encode()
    return {_digest(config): config, _digest(packed): packed}, manifest


def _archive(name: str, reference: str, command: list[str]) -> Path:
    path = settings.CACHE / f"{name}.tar"
    if path.exists():
        return path
    blobs, manifest = _image(command)
    index = {
        "schemaVersion": 2,
        "manifests": [
            {
                "mediaType": _MANIFEST,
                "digest": _digest(manifest),
                "size": len(manifest),
                "annotations": {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference},
            }
        ],
    }
    files = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": json.dumps(index).encode(),
        **{f"blobs/sha256/{digest[7:]}": data for digest, data in (blobs | {_digest(manifest): manifest}).items()},
    }
    settings.CACHE.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with tarfile.open(part, mode="w") as tar:
        for file, data in files.items():
            entry = tarfile.TarInfo(file)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    part.rename(path)
    return path
