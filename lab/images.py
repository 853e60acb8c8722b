"""Small images: the base image in ECR and the nodes' pause image, and one for several architectures to test with."""

from __future__ import annotations

import gzip
import io
import json
import platform
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import packages, settings
from lab.aws.ecr.manifest import OCI, OCI_INDEX, digest_of
from lab.registry import store

BASE = f"{settings.ECR_HOST}/busybox:stable"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PAUSE = "localhost/kubernetes/pause:latest"
_APPLETS = ("cat", "date", "df", "echo", "env", "hostname", "id", "ls", "mkdir", "ps", "sh", "sleep", "true")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Content:
    """An image: its blobs by digest, and its manifest."""

    blobs: dict[str, bytes]
    manifest: bytes


@dataclass(frozen=True)
class Index:
    """Several images under one name."""

    images: tuple[Content, ...]
    manifest: bytes


def base_archive() -> Path:
    """Return an OCI archive with a busybox image."""
    return _archive("busybox", BASE, ["/bin/sh"])


def pause_archive() -> Path:
    """Return an OCI archive with the image that holds a Pod's sandbox open."""
    return _archive("pause", PAUSE, ["/bin/sleep", "2147483647"])


def seed() -> None:
    """Push the base image into the lab's ECR."""
    repository, tag = BASE.removeprefix(f"{settings.ECR_HOST}/").split(":")
    settings.client("ecr").create_repository(repositoryName=repository)
    push(repository, image(["/bin/sh"]), tag)


def push(repository: str, content: Content, tag: str | None = None) -> str:
    """Push an image to the lab's ECR, by digest alone if it has no tag, and return its digest."""
    for data in content.blobs.values():
        store.add(settings.ACCOUNT, settings.REGION, repository, data)
    asked = {"repositoryName": repository, "imageManifest": content.manifest.decode()}
    media_type = json.loads(content.manifest)["mediaType"]
    tagged = {"imageTag": tag} if tag else {}
    answer = settings.client("ecr").put_image(**asked, imageManifestMediaType=media_type, **tagged)
    return str(answer["image"]["imageId"]["imageDigest"])


def own_architecture() -> str:
    """Return this machine's architecture as images name it."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


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


def image(command: list[str], architecture: str | None = None) -> Content:
    """Return an image that holds busybox, by default of this machine's architecture."""
    layer = _layer()
    config = {
        "architecture": architecture or own_architecture(),
        "os": "linux",
        "config": {"Cmd": command, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
        # podman refuses to build on an image whose history does not name its layers.
        "history": [{"created_by": "busybox-static"}],
    }
    return content(config, [gzip.compress(layer, mtime=0)])


def attestation(subject: str) -> Content:
    """Return what buildx puts beside an image: a manifest that says how it was built."""
    statement = {"_type": "https://in-toto.io/Statement/v0.1", "subject": [{"digest": {"sha256": subject[7:]}}]}
    layer = json.dumps(statement).encode()
    config = {"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": {"diff_ids": [digest_of(layer)]}}
    return content(config, [layer], "application/vnd.in-toto+json")


def multi_architecture(command: list[str]) -> Index:
    """Return an index of an image for each architecture and the first one's attestation."""
    images = {architecture: image(command, architecture) for architecture in _ARCHITECTURES.values()}
    entries = [_entry(content, {"os": "linux", "architecture": name}) for name, content in images.items()]
    about = attestation(entries[0]["digest"])
    note = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": entries[0]["digest"]}
    entries.append(_entry(about, {"os": "unknown", "architecture": "unknown"}) | {"annotations": note})
    manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    return Index((*images.values(), about), manifest)


def content(config: dict[str, Any], layers: list[bytes], media_type: str = LAYER) -> Content:
    """Return an image of layers as they are to be stored."""
    packed = json.dumps(config).encode()
    kind = "application/vnd.oci.image.config.v1+json"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI,
            "config": {"mediaType": kind, "digest": digest_of(packed), "size": len(packed)},
            "layers": [{"mediaType": media_type, "digest": digest_of(one), "size": len(one)} for one in layers],
        }
    ).encode()
    return Content({digest_of(one): one for one in (packed, *layers)}, manifest)


def _entry(content: Content, platform_: dict[str, str]) -> dict[str, Any]:
    size, digest = len(content.manifest), digest_of(content.manifest)
    return {"mediaType": OCI, "digest": digest, "size": size, "platform": platform_}


def multi_architecture_archive(path: Path, command: list[str]) -> Path:
    """Write the index of several architectures as an OCI archive, for ``skopeo copy --all oci-archive:PATH``."""
    index = multi_architecture(command)
    blobs = {digest: data for content in index.images for digest, data in content.blobs.items()}
    manifests = {digest_of(data): data for data in (*(content.manifest for content in index.images), index.manifest)}
    _write_archive(path, blobs | manifests, {"mediaType": OCI_INDEX, **_named(index.manifest, "multi")})
    return path


def _archive(name: str, reference: str, command: list[str]) -> Path:
    path = settings.CACHE / f"{name}.tar"
    if not path.exists():
        content = image(command)
        blobs = content.blobs | {digest_of(content.manifest): content.manifest}
        _write_archive(path, blobs, {"mediaType": OCI, **_named(content.manifest, reference)})
    return path


def _named(manifest: bytes, reference: str) -> dict[str, Any]:
    names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}
    return {"digest": digest_of(manifest), "size": len(manifest), "annotations": names}


def _write_archive(path: Path, blobs: dict[str, bytes], top: dict[str, Any]) -> None:
    files = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [top]}).encode(),
        **{f"blobs/sha256/{digest[7:]}": data for digest, data in blobs.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with tarfile.open(part, mode="w") as tar:
        for file, data in files.items():
            entry = tarfile.TarInfo(file)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    part.rename(path)
