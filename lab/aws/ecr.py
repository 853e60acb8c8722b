"""ECR: tokens that expire, digests and sizes that are the manifest's own, tags that move."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
import secrets
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageAlreadyExistsException, RepositoryNotFoundException
from moto.ecr.models import ECRBackend, Image, ecr_backends
from moto.ecr.responses import ECRResponse

from lab import settings

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html: a token is valid for 12 hours.
TOKEN_LIFETIME = datetime.timedelta(hours=12)
_PROBE = re.compile(r"[0-9]{12}")

_tokens: dict[str, datetime.datetime] = {}
_lock = threading.Lock()


def issue_token() -> tuple[str, datetime.datetime]:
    """Return a new registry password and when it ends."""
    token, now = secrets.token_urlsafe(48), datetime.datetime.now(datetime.UTC)
    with _lock:
        for old in [old for old, end in _tokens.items() if end <= now]:
            del _tokens[old]
        _tokens[token] = now + TOKEN_LIFETIME
        return token, _tokens[token]


def token_is_valid(token: str) -> bool:
    """Tell whether the registry lets this password in."""
    with _lock:
        end = _tokens.get(token)
    return end is not None and end > datetime.datetime.now(datetime.UTC)


def repository_exists(name: str) -> bool:
    """Tell whether ECR has the repository."""
    return name in ecr_backends[settings.ACCOUNT][settings.REGION].repositories


def get_authorization_token(self: ECRResponse) -> ActionResult:
    """Answer GetAuthorizationToken."""
    data = []
    for registry in self._get_param("registryIds") or [self.current_account]:
        if not _PROBE.fullmatch(registry):
            raise RepositoryNotFoundException(registry, registry)
        token, end = issue_token()
        data.append(
            {
                "authorizationToken": base64.b64encode(f"AWS:{token}".encode()).decode(),
                "expiresAt": end,
                "proxyEndpoint": f"https://{registry}.dkr.ecr.{self.region}.amazonaws.com",
            }
        )
    return ActionResult({"authorizationData": data})


def put_image(
    self: ECRBackend,
    repository_name: str,
    image_manifest: str,
    image_tag: str | None,
    image_manifest_mediatype: str | None = None,
    digest: str | None = None,
) -> Image:
    """Store a manifest; a tag that pointed elsewhere leaves its old image, which stays."""
    repository = self._get_repository(repository_name)
    digest = digest or f"sha256:{hashlib.sha256(image_manifest.encode()).hexdigest()}"
    image = next((found for found in repository.images if found.get_image_digest() == digest), None)
    if image and (image_tag is None or image_tag in image.image_tags):
        raise ImageAlreadyExistsException(
            registry_id=repository.registry_id,
            image_tag=image_tag,
            digest=image.get_image_digest(),
            repository_name=repository_name,
        )
    if image_tag is not None:
        try:
            self._resolve_image_tag_mutability(repository, image_tag)
        except ImageAlreadyExistsException as error:
            # moto names an immutable tag's refusal like that of an image pushed twice; AWS does not.
            error.code = "ImageTagAlreadyExistsException"
            raise
        for other in repository.images:
            other.remove_tag(image_tag)
    if image:
        image.update_tag(image_tag)
        return image
    media_type = image_manifest_mediatype or json.loads(image_manifest).get("mediaType")
    image = Image(self.account_id, image_tag, image_manifest, repository_name, media_type, digest)
    # moto keeps whole seconds, which makes two quick pushes equally new.
    image.image_pushed_at = datetime.datetime.now(datetime.UTC).timestamp()
    repository.images.append(image)
    return image


def image_size(self: Image) -> int | None:
    """Return what the registry stores, config and layers; for an index that of its largest image."""
    manifest = json.loads(self.image_manifest)
    if "manifests" in manifest:
        named = {child["digest"] for child in manifest["manifests"]}
        images = ecr_backends[self.registry_id][settings.REGION].repositories[self.repository_name].images
        sizes = [size for image in images if image.get_image_digest() in named and (size := image_size(image))]
        return max(sizes, default=None)
    if "layers" not in manifest:
        return None
    return sum(part["size"] for part in (manifest["config"], *manifest["layers"]))


def describe_images(self: ECRResponse) -> ActionResult:
    """Answer DescribeImages, with its tagStatus filter and pages."""
    status = (self._get_param("filter") or {}).get("tagStatus", "ANY")
    images = self.ecr_backend.describe_images(
        self._get_param("repositoryName"), self._get_param("registryId"), self._get_param("imageIds")
    )
    details = []
    for image in images:
        tagged = bool(image.image_tags)
        if status != "ANY" and tagged != (status == "TAGGED"):
            continue
        manifest = json.loads(image.image_manifest)
        detail = {
            "registryId": image.registry_id,
            "repositoryName": image.repository_name,
            "imageDigest": image.get_image_digest(),
            "imageTags": list(image.image_tags) or None,
            "imageSizeInBytes": image_size(image),
            "imagePushedAt": image.image_pushed_at,
            "imageManifestMediaType": image.image_manifest_media_type,
            "artifactMediaType": manifest.get("artifactType") or manifest.get("config", {}).get("mediaType"),
        }
        details.append({key: value for key, value in detail.items() if value is not None})
    start, size = int(self._get_param("nextToken") or 0), int(self._get_param("maxResults") or 100)
    page: dict[str, Any] = {"imageDetails": details[start : start + size]}
    if start + size < len(details) and not self._get_param("imageIds"):
        page["nextToken"] = str(start + size)
    return ActionResult(page)


def install() -> None:
    """Put these in moto's place."""
    ECRResponse.get_authorization_token = get_authorization_token  # type: ignore[method-assign]
    ECRResponse.describe_images = describe_images  # type: ignore[method-assign]
    ECRBackend.put_image = put_image  # type: ignore[method-assign]
    Image.get_image_size_in_bytes = image_size  # type: ignore[method-assign]
