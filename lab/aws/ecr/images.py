"""ECR's images: what a push makes of a manifest, tags that move, and what is deleted."""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Callable, Iterable

from moto.ecr.exceptions import ImageAlreadyExistsException, ImageNotFoundException
from moto.ecr.models import Image, Repository

from lab.aws.ecr import events
from lab.aws.ecr import manifest as ecr_manifest
from lab.aws.ecr.manifest import Manifest
from lab.aws.ecr.support import LOCK, error, invalid
from lab.registry import store

TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}")
# As ECR writes it; a hyphen within a class is no range here.
DIGEST = re.compile(r"[a-zA-Z0-9\-_+.]+:[a-fA-F0-9]+")
DIGEST_RULE = "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"


def read(text: str) -> Manifest:
    """Take apart a manifest that somebody sent."""
    try:
        return ecr_manifest.parse(text)
    except ValueError as wrong:
        raise invalid("ImageManifest", "Invalid JSON syntax") from wrong


def manifest_of(image: Image) -> Manifest:
    """Return what an image's manifest says."""
    return ecr_manifest.parse(image.image_manifest)


def artifact_type(image: Image) -> str | None:
    """Return what an image is said to be; an index says nothing unless it is told to."""
    return manifest_of(image).artifact_type


def by_digest(repository: Repository, digest: str) -> Image | None:
    """Return the image with this digest."""
    return next((image for image in repository.images if image.image_digest == digest), None)


def by_tag(repository: Repository, tag: str) -> Image | None:
    """Return the image a tag points to."""
    return next((image for image in repository.images if tag in image.image_tags), None)


def find(repository: Repository, reference: str) -> Image | None:
    """Return the image with this tag or digest, as a registry's client writes it."""
    return by_digest(repository, reference) if ":" in reference else by_tag(repository, reference)


def match(repository: Repository, asked: dict[str, str]) -> Image | None:
    """Return the image that the API's imageId means: by digest, by tag, or by both where they agree."""
    digest, tag = asked.get("imageDigest"), asked.get("imageTag")
    image = by_digest(repository, digest) if digest else by_tag(repository, tag) if tag else None
    return image if image and (not tag or tag in image.image_tags) else None


def check_tag(tag: str) -> None:
    """Refuse what is no tag."""
    if not TAG.fullmatch(tag):
        raise invalid("imageTag", f"must satisfy regular expression '{TAG.pattern}'")


def named(repository: Repository, asked: dict[str, str]) -> Image:
    """Return this image, or say as AWS does that there is none."""
    digest, tag = asked.get("imageDigest"), asked.get("imageTag")
    if digest is None and tag is None:
        raise invalid("imageId", "both tag and digest cannot be null")
    # https://github.com/pulumi/pulumi-aws/issues/2466 has ECR's words.
    if digest is not None and not DIGEST.fullmatch(digest):
        raise invalid("imageDigest", f"must satisfy regular expression {DIGEST_RULE}")
    if tag is not None:
        check_tag(tag)
    image = match(repository, asked)
    if image is None:
        said = f"{{imageDigest:'{asked.get('imageDigest', 'null')}', imageTag:'{asked.get('imageTag', 'null')}'}}"
        raise ImageNotFoundException(said, repository.name, repository.registry_id)
    return image


def is_archived(image: Image) -> bool:
    """Tell whether an image lies in the archive: listed, but not to be pulled until it is restored or pushed again.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
    """
    return bool(vars(image).get("lab_archived"))


def size_of(repository: Repository, image: Image) -> int | None:
    """Return an image's size; that of an index is its largest image's."""
    manifest = manifest_of(image)
    if not manifest.children:
        return manifest.size
    children = filter(None, (by_digest(repository, child) for child in manifest.children))
    return max((size for child in children if (size := size_of(repository, child))), default=None)


def is_immutable(repository: Repository, tag: str) -> bool:
    """Tell whether a tag keeps its image.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
    """
    filters = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(fnmatch.fnmatchcase(tag, one["filter"]) for one in filters)
    setting = str(getattr(repository.image_tag_mutability, "value", repository.image_tag_mutability))
    return setting.startswith("IMMUTABLE") != (excluded and setting.endswith("_WITH_EXCLUSION"))


def put(
    repository: Repository,
    text: str,
    tag: str | None,
    media_type: str | None = None,
    digest: str | None = None,
    check: Callable[[Repository, str], None] = lambda _repository, _text: None,
) -> Image:
    """Make a manifest an image, if ``check`` has its parts; what is pushed again gives ImageAlreadyExistsException."""
    manifest, given = read(text), media_type
    media_type = media_type or manifest.media_type
    if media_type not in ecr_manifest.MEDIA_TYPES and given:
        raise invalid("imageManifestMediaType", "The image manifest media type is not supported")
    if not media_type:
        raise error("InvalidParameterException", "image manifest mediatype not provided in manifest or parameter")
    if tag is not None:
        check_tag(tag)
    if digest and digest != manifest.digest:
        message = f"Image digest '{digest}' does not match the digest '{manifest.digest}' of the image manifest"
        raise error("ImageDigestDoesNotMatchException", message)
    check(repository, text)
    with LOCK:
        if (archived := by_digest(repository, manifest.digest)) is not None:
            vars(archived)["lab_archived"] = False
        _check_tag(repository, tag, manifest)
        for other in repository.images:
            if tag:
                other.remove_tag(tag)
        image = by_digest(repository, manifest.digest)
        if image is None:
            image = _new(repository, text, tag, media_type, manifest)
        elif tag:
            image.update_tag(tag)
        else:
            return image
        events.image_action(repository, "PUSH", manifest.digest, tag, media_type, manifest.artifact_type)
        return image


def _check_tag(repository: Repository, tag: str | None, manifest: Manifest) -> None:
    current = by_tag(repository, tag) if tag else None
    if current is None or tag is None:
        return
    # AWS refuses an immutable tag even with the image it points to already.
    # https://github.com/aws/containers-roadmap/issues/2179
    if is_immutable(repository, tag):
        raise error(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository "
            "and cannot be overwritten because the tag is immutable.",
        )
    if current.image_digest == manifest.digest:
        raise ImageAlreadyExistsException(repository.name, repository.registry_id, manifest.digest, tag)


def _new(repository: Repository, text: str, tag: str | None, media_type: str, manifest: Manifest) -> Image:
    image = Image(repository.account_id, tag or "", text, repository.name, media_type, manifest.digest)
    image.image_tags = [tag] if tag else []
    # AWS tells milliseconds; no two pushes to a repository are equally new.
    now = round(datetime.datetime.now(datetime.UTC).timestamp(), 3)
    newest = max((other.image_pushed_at for other in repository.images), default=0)
    image.image_pushed_at = max(now, round(newest + 0.001, 3))  # type: ignore[assignment]
    if repository.image_scanning_configuration.get("scanOnPush") and not manifest.children:
        # It counts as the one scan of the day: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
        image.last_scan = datetime.datetime.now()
    repository.images.append(image)
    return image


def parents(repository: Repository, digest: str) -> list[str]:
    """Return the indexes that name this image."""
    return [other.image_digest for other in repository.images if digest in manifest_of(other).children]


def delete(repository: Repository, image: Image, tags: Iterable[str]) -> None:
    """Take these tags from an image, and the image from the repository when none is left."""
    media_type, artifact = image.image_manifest_media_type, artifact_type(image)
    with LOCK:
        gone = list(tags)
        for tag in gone:
            image.remove_tag(tag)
        if not image.image_tags and not (gone and parents(repository, image.image_digest)):
            repository.images.remove(image)
            _forget_layers(repository, image)
        for tag in gone or [""]:
            events.image_action(repository, "DELETE", image.image_digest, tag, media_type, artifact)


def _forget_layers(repository: Repository, image: Image) -> None:
    kept = {digest for other in repository.images for digest, _, _ in manifest_of(other).blobs}
    for digest, _, _ in manifest_of(image).blobs:
        if digest not in kept:
            repository.layers.pop(digest, None)
            store.forget(repository.account_id, repository.region_name, repository.name, digest)


def referrers(repository: Repository, digest: str) -> list[Image]:
    """Return the signatures, attestations and indexes that name this image their subject."""
    return [image for image in repository.images if manifest_of(image).subject == digest]
