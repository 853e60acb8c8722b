"""The registry's protocol as ECR speaks it: who may pass, manifests, tags and referrers. Layers go to docker-registry.

Errors: https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
"""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.models import Image, Repository

from lab.aws.ecr import access as ecr_access
from lab.aws.ecr import images as ecr_images
from lab.aws.ecr import layers as ecr_layers
from lab.aws.ecr import manifest as ecr_manifest
from lab.aws.ecr import pull_through as ecr_pull_through
from lab.aws.ecr import tokens as ecr_tokens

LARGEST = 4194304
_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?::\d+)?")
_PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>manifests|blobs|tags|referrers)/(?P<rest>[^?]+)")
_STATUS = {
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
    "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
    "ImageDigestDoesNotMatchException": (400, "DIGEST_INVALID"),
    "LayersNotFoundException": (400, "MANIFEST_BLOB_UNKNOWN"),
    "ReferencedImagesNotFoundException": (400, "MANIFEST_BLOB_UNKNOWN"),
    "InvalidParameterException": (400, "MANIFEST_INVALID"),
    "AccessDeniedException": (403, "DENIED"),
}
# What the registry's requests are to IAM.
_ACTIONS = {
    ("manifests", "PUT"): "PutImage",
    ("manifests", "GET"): "BatchGetImage",
    ("referrers", "GET"): "BatchGetImage",
    ("tags", "GET"): "ListImages",
    ("blobs", "GET"): "GetDownloadUrlForLayer",
    ("blobs", "HEAD"): "BatchCheckLayerAvailability",
    ("uploads", "POST"): "InitiateLayerUpload",
    ("uploads", "PUT"): "CompleteLayerUpload",
}


@dataclass(frozen=True)
class Reply:
    """An answer to a client."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What a client asked, as nginx hands it on."""

    host: str
    method: str
    path: str
    query: Mapping[str, str]
    authorization: str
    media_type: str
    body: bytes = b""


class Refusal(Exception):
    """The request may not pass."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def reply(self, host: str) -> Reply:
        """Return it as a registry says it; what lacks a login is told how to."""
        if self.status == 401:
            challenge = f'Basic realm="https://{host}/",service="ecr.amazonaws.com"'
            return Reply(401, b"Not Authorized\n", {"WWW-Authenticate": challenge, "Content-Type": "text/plain"})
        body = json.dumps({"errors": [{"code": self.code, "message": self.message}]}).encode()
        return Reply(self.status, body, {"Content-Type": "application/json; charset=utf-8"})


@dataclass(frozen=True)
class Passed:
    """What a request that may pass means."""

    repository: Repository | None
    kind: str
    rest: str


def judge(request: Request) -> Passed:
    """Let a request pass, or raise Refusal: host, token, permission, then repository."""
    host = _HOST.fullmatch(request.host)
    token = ecr_tokens.find(request.authorization)
    if host is None or token is None:
        raise Refusal(401, "UNAUTHORIZED", "Not Authorized")
    if token.expired:
        raise Refusal(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
    if request.path in ("/v2", "/v2/"):
        return Passed(None, "", "")
    match = _PATH.fullmatch(request.path)
    kind = "uploads" if match and match["kind"] == "blobs" and match["rest"].startswith("uploads") else None
    kind = kind or (match["kind"] if match else "")
    action = _action(kind, request.method)
    if match is None or action is None:
        raise Refusal(405, "UNSUPPORTED", "The operation is unsupported.")
    asked = (host["account"], host["region"], match["name"])
    try:
        ecr_access.permit(token.principal, f"ecr:{action}", *asked)
        if action == "BatchGetImage" and kind == "manifests":
            ecr_pull_through.fetch(token.principal, *asked, match["rest"])
        repository = ecr_access.open_repository(token.principal, f"ecr:{action}", *asked)
    except ServiceException as wrong:
        raise _refusal(wrong) from wrong
    return Passed(repository, kind, match["rest"])


def _action(kind: str, method: str) -> str | None:
    if kind == "uploads":
        return _ACTIONS.get((kind, method), "UploadLayerPart")
    return _ACTIONS.get((kind, method)) or (_ACTIONS.get((kind, "GET")) if method == "HEAD" else None)


def _refusal(wrong: ServiceException) -> Refusal:
    status, code = _STATUS.get(wrong.code, (400, "UNSUPPORTED"))
    return Refusal(status, code, wrong.message)


def answer(request: Request) -> Reply:
    """Answer a request for anything but layers; for those, say why they were refused."""
    try:
        passed = judge(request)
        reply = _answer(request, passed)
    except Refusal as refused:
        reply = refused.reply(request.host)
    return Reply(reply.status, reply.body, {"Docker-Distribution-Api-Version": "registry/2.0", **reply.headers})


def _answer(request: Request, passed: Passed) -> Reply:
    if passed.repository is None:
        return Reply(200, b"{}", {"Content-Type": "application/json; charset=utf-8"})
    if passed.kind == "manifests" and request.method == "PUT":
        return _put(request, passed.repository, passed.rest)
    if passed.kind == "manifests":
        return _get(request, passed.repository, passed.rest)
    if passed.kind == "tags":
        return _tags(request, passed.repository)
    if passed.kind == "referrers":
        return _referrers(passed.repository, passed.rest)
    raise Refusal(503, "UNAVAILABLE", "Try again.")


def _get(request: Request, repository: Repository, reference: str) -> Reply:
    image = ecr_images.find(repository, reference)
    if image is None or ecr_images.is_archived(image):
        raise Refusal(404, "MANIFEST_UNKNOWN", "Requested image not found")
    headers = {"Content-Type": str(image.image_manifest_media_type)}
    if request.method == "GET":
        vars(image)["lab_pulled_at"] = time.time()
    else:
        # ECR tells the digest to whoever asks for the head alone:
        # https://github.com/ChangemakerStudios/Docker.Registry.DotNet/issues/34
        headers["Docker-Content-Digest"] = image.image_digest
    return Reply(200, image.image_manifest.encode(), headers)


def _put(request: Request, repository: Repository, reference: str) -> Reply:
    if len(request.body) > LARGEST:
        raise Refusal(413, "SIZE_INVALID", f"The image manifest is larger than {LARGEST} bytes.")
    if request.media_type not in ecr_manifest.MEDIA_TYPES:
        raise Refusal(400, "MANIFEST_INVALID", f"The media type '{request.media_type}' is not supported.")
    digest = reference if ":" in reference else None
    try:
        image = _push(repository, request.body.decode(), None if digest else reference, request.media_type, digest)
    except UnicodeDecodeError as wrong:
        raise Refusal(400, "MANIFEST_INVALID", "The image manifest is not UTF-8.") from wrong
    except ServiceException as wrong:
        raise _refusal(wrong) from wrong
    location = f"https://{request.host}/v2/{repository.name}/manifests/{image.image_digest}"
    headers = {"Location": location, "Docker-Content-Digest": image.image_digest}
    if subject := ecr_images.manifest_of(image).subject:
        headers["OCI-Subject"] = subject
    return Reply(201, b"", headers)


def _push(repository: Repository, text: str, tag: str | None, media_type: str, digest: str | None) -> Image:
    ecr_layers.check_parts(repository, text)
    try:
        return ecr_images.put(repository, text, tag, media_type, digest)
    except ServiceException as wrong:
        # To the registry, the same push again has just succeeded again.
        image = ecr_images.by_digest(repository, ecr_images.read(text).digest)
        if wrong.code != "ImageAlreadyExistsException" or image is None:
            raise
        return image


def _tags(request: Request, repository: Repository) -> Reply:
    names = sorted(
        tag for image in repository.images for tag in image.image_tags if tag > request.query.get("last", "")
    )
    size = int(request.query.get("n") or 1000)
    body = json.dumps({"name": repository.name, "tags": names[:size]}).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if size < len(names):
        query = urllib.parse.urlencode({"last": names[size - 1], "n": size})
        headers["Link"] = f'</v2/{repository.name}/tags/list?{query}>; rel="next"'
    return Reply(200, body, headers)


def _referrers(repository: Repository, digest: str) -> Reply:
    manifests: list[dict[str, Any]] = []
    for image in ecr_images.referrers(repository, digest):
        manifest = ecr_images.manifest_of(image)
        manifests.append(
            {
                "mediaType": image.image_manifest_media_type,
                "digest": image.image_digest,
                "size": len(image.image_manifest.encode()),
                "artifactType": manifest.artifact_type,
                "annotations": dict(manifest.annotations),
            }
        )
    index = {"schemaVersion": 2, "mediaType": ecr_manifest.OCI_INDEX, "manifests": manifests}
    return Reply(200, json.dumps(index).encode(), {"Content-Type": ecr_manifest.OCI_INDEX})
