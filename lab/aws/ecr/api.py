"""ECR's operations on images and repositories."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import RepositoryNotEmptyException
from moto.ecr.models import Image, Repository
from moto.ecr.responses import ECRResponse

from lab.aws.ecr import images as ecr_images
from lab.aws.ecr import layers
from lab.aws.ecr import manifest as ecr_manifest
from lab.aws.ecr.support import LOCK, find, invalid, page, registry, repository
from lab.registry import store

_INDEXES = (ecr_manifest.DOCKER_LIST, ecr_manifest.OCI_INDEX)


def put_image(self: ECRResponse) -> ActionResult:
    """Answer PutImage.

    Where no registry runs beside the API nobody can upload a layer, and an image without its layers is taken.
    """
    target, tag = repository(self), self._get_param("imageTag")
    text, media_type = self._get_param("imageManifest"), self._get_param("imageManifestMediaType")
    check = {"check": layers.check_parts} if store.running else {}
    image = ecr_images.put(target, text, tag, media_type, self._get_param("imageDigest"), **check)
    return ActionResult({"image": _image(image, {"imageTag": tag} if tag else {})})


def _image(image: Image, asked: dict[str, str]) -> dict[str, Any]:
    image_id = {"imageDigest": image.image_digest}
    if tag := asked.get("imageTag"):
        image_id["imageTag"] = tag
    return {
        "registryId": image.registry_id,
        "repositoryName": image.repository_name,
        "imageId": image_id,
        "imageManifest": image.image_manifest,
        "imageManifestMediaType": image.image_manifest_media_type,
    }


def _status(image: Image) -> str:
    return "ARCHIVED" if ecr_images.is_archived(image) else "ACTIVE"


def _detail(target: Repository, image: Image) -> dict[str, Any]:
    manifest = ecr_images.manifest_of(image)
    detail = {
        "registryId": image.registry_id,
        "repositoryName": image.repository_name,
        "imageDigest": image.image_digest,
        "imageTags": list(image.image_tags) or None,
        "imageSizeInBytes": ecr_images.size_of(target, image),
        "imagePushedAt": image.image_pushed_at,
        "imageManifestMediaType": image.image_manifest_media_type,
        "artifactMediaType": manifest.artifact_type,
        "subjectManifestDigest": manifest.subject,
        "imageStatus": _status(image),
    }
    # A day is as exact as AWS tells it.
    pulled = vars(image).get("lab_pulled_at")
    if pulled is not None:
        detail["lastRecordedPullTime"] = pulled - pulled % 86400
    return {key: value for key, value in detail.items() if value is not None}


def _listed(self: ECRResponse, target: Repository) -> list[Image]:
    wanted = self._get_param("filter") or {}
    storage, status = wanted.get("imageStatus", "ACTIVE"), wanted.get("tagStatus", "ANY")
    images = [image for image in target.images if storage in ("ANY", _status(image))]
    return [image for image in images if status == "ANY" or bool(image.image_tags) == (status == "TAGGED")]


def describe_images(self: ECRResponse) -> ActionResult:
    """Answer DescribeImages: what was asked for in its order, or everything in that of the pushes."""
    target, wanted = repository(self), self._get_param("imageIds")
    if not wanted:
        images = _listed(self, target)
        return ActionResult(page(self, [_detail(target, image) for image in images], "imageDetails"))
    if self._get_param("nextToken") or self._get_param("maxResults"):
        raise invalid("maxResults", "cannot be used when images are specified with imageIds")
    return ActionResult({"imageDetails": [_detail(target, ecr_images.named(target, asked)) for asked in wanted]})


def update_image_storage_class(self: ECRResponse) -> ActionResult:
    """Answer UpdateImageStorageClass."""
    target, asked = repository(self), self._get_param("imageId")
    image = ecr_images.named(target, asked)
    vars(image)["lab_archived"] = self._get_param("targetStorageClass") == "ARCHIVE"
    answer = {"registryId": target.registry_id, "repositoryName": target.name, "imageStatus": _status(image)}
    return ActionResult(answer | {"imageId": asked})


def list_images(self: ECRResponse) -> ActionResult:
    """Answer ListImages: one entry a tag."""
    ids = []
    for image in _listed(self, repository(self)):
        digest = {"imageDigest": image.image_digest}
        ids += [digest | {"imageTag": tag} for tag in image.image_tags] or [digest]
    return ActionResult(page(self, ids, "imageIds"))


def list_image_referrers(self: ECRResponse) -> ActionResult:
    """Answer ListImageReferrers."""
    target, wanted = repository(self), self._get_param("filter") or {}
    types = wanted.get("artifactTypes")
    found = []
    for image in ecr_images.referrers(target, self._get_param("subjectId")["imageDigest"]):
        if types and ecr_images.artifact_type(image) not in types:
            continue
        found.append(
            {
                "digest": image.image_digest,
                "mediaType": image.image_manifest_media_type,
                "artifactType": ecr_images.artifact_type(image),
                "size": len(image.image_manifest.encode()),
                "annotations": dict(ecr_images.manifest_of(image).annotations),
                "artifactStatus": "ACTIVE",
            }
        )
    return ActionResult(page(self, found, "referrers", 50))


def _fault(asked: dict[str, str]) -> tuple[str, str] | None:
    digest, tag, said = asked.get("imageDigest"), asked.get("imageTag"), "Invalid request parameters:"
    if not digest and not tag:
        return "MissingDigestAndTag", f"{said} both tag and digest cannot be null"
    if digest and not ecr_images.DIGEST.fullmatch(digest):
        return "InvalidImageDigest", f"{said} image digest should satisfy the regex {ecr_images.DIGEST_RULE}"
    if tag and not ecr_images.TAG.fullmatch(tag):
        return "InvalidImageTag", f"{said} image tag should satisfy the regex '{ecr_images.TAG.pattern}'"
    return None


def _failure(asked: dict[str, str], code: str, reason: str) -> dict[str, Any]:
    return {"imageId": asked, "failureCode": code, "failureReason": reason}


def batch_get_image(self: ECRResponse) -> ActionResult:
    """Answer BatchGetImage."""
    target, accepted = repository(self), self._get_param("acceptedMediaTypes")
    images, failures = [], []
    for asked in self._get_param("imageIds"):
        fault, image = _fault(asked), ecr_images.match(target, asked)
        if fault:
            failures.append(_failure(asked, *fault))
        elif image is None or ecr_images.is_archived(image) or (accepted and not _acceptable(image, accepted)):
            failures.append(_failure(asked, "ImageNotFound", "Requested image not found"))
        else:
            images.append(_image(image, asked))
    return ActionResult({"images": images, "failures": failures})


def _acceptable(image: Image, accepted: list[str]) -> bool:
    """Tell whether the caller takes such an image: ECR turns OCI's form into Docker's, but no index into an image."""
    is_index = image.image_manifest_media_type in _INDEXES
    return any((kind in _INDEXES) == is_index for kind in accepted)


def batch_delete_image(self: ECRResponse) -> ActionResult:
    """Answer BatchDeleteImage: a tag goes alone until it is the last, a digest takes its tags along."""
    target = repository(self)
    ids: list[dict[str, str]] = []
    failures = []
    with LOCK:
        for asked in self._get_param("imageIds"):
            fault, image = _fault(asked), ecr_images.match(target, asked)
            if fault:
                failures.append(_failure(asked, *fault))
            elif image is None:
                failures.append(_failure(asked, "ImageNotFound", "Requested image not found"))
            elif "imageDigest" in asked and (parents := ecr_images.parents(target, image.image_digest)):
                reason = f"Requested image referenced by manifest list: [{', '.join(parents)}]"
                failures.append(_failure(asked, "ImageReferencedByManifestList", reason))
            else:
                tags = list(reversed(image.image_tags)) if "imageDigest" in asked else [asked["imageTag"]]
                digest = {"imageDigest": image.image_digest}
                ids += [digest | {"imageTag": tag} for tag in tags] or [digest]
                ecr_images.delete(target, image, tags)
    return ActionResult({"imageIds": ids, "failures": failures})


def describe_repositories(self: ECRResponse) -> ActionResult:
    """Answer DescribeRepositories."""
    owner, names = registry(self), self._get_param("repositoryNames")
    if names and (self._get_param("nextToken") or self._get_param("maxResults")):
        raise invalid("maxResults", "cannot be used when repositories are specified with repositoryNames")
    if names:
        return ActionResult({"repositories": [find(owner, name) for name in names]})
    return ActionResult(page(self, list(owner.repositories.values()), "repositories"))


def delete_repository(self: ECRResponse) -> ActionResult:
    """Answer DeleteRepository; what is not empty needs force."""
    with LOCK:
        target = repository(self)
        if target.images and not self._get_param("force"):
            raise RepositoryNotEmptyException(target.name, target.registry_id)
        owner = registry(self)
        owner.tagger.delete_all_tags_for_resource(target.arn)
        del owner.repositories[target.name]
        store.remove(target.account_id, target.region_name, target.name)
    return ActionResult({"repository": target})


METHODS = {
    function.__name__: function
    for function in (
        put_image,
        describe_images,
        update_image_storage_class,
        list_images,
        list_image_referrers,
        batch_get_image,
        batch_delete_image,
        describe_repositories,
        delete_repository,
    )
}
