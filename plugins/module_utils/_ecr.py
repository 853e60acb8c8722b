# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: which images a repository holds, which of them a node can run, and the login to the registry."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._aws import RETRY_CODES, call

IMAGE_MEDIA_TYPES = (
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.oci.image.config.v1+json",
)
# Signatures, attestations and SOCI indexes are stored under such tags by tools that do not use referrers.
ARTIFACT_TAGS = ("sha256-*", "*.sig", "*.att", "*-soci")


def authorization(client: Any, registry_id: str | None) -> dict[str, Any]:
    """Return a login to one registry."""
    request = {"registryIds": [registry_id]} if registry_id is not None else {}
    with call("registry", "get a login", registry_id or client.meta.region_name):
        data: dict[str, Any] = client.get_authorization_token(**request, aws_retry=True)["authorizationData"][0]
    return data


def describe_repository(client: Any, name: str, registry_id: str | None) -> dict[str, Any]:
    """Return the repository."""
    registry = {"registryId": registry_id} if registry_id else {}
    with call("repository", "describe", name):
        found = client.describe_repositories(repositoryNames=[name], **registry, aws_retry=True)["repositories"]
    repository: dict[str, Any] = found[0]
    return repository


def _describe_images(client: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_images").paginate(**request, PaginationConfig={"PageSize": 1000})
    return [image for page in pages for image in page["imageDetails"]]


def describe_images(client: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every image of the repository that the request's filter lets through."""
    with call("repository", "list its images", request["repositoryName"]):
        retry = AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES))
        images: list[dict[str, Any]] = retry(_describe_images)(client, request)
    return images


def is_image(detail: dict[str, Any]) -> bool:
    """Tell an image a node can run from what else a registry keeps."""
    media_type = detail.get("artifactMediaType")
    return "subjectManifestDigest" not in detail and (media_type is None or media_type in IMAGE_MEDIA_TYPES)


def is_artifact_tag(tag: str) -> bool:
    """Tell a tag that a tool gave from one that a person gave."""
    return any(fnmatchcase(tag, pattern) for pattern in ARTIFACT_TAGS)


def select(
    details: list[dict[str, Any]],
    shape: Any,
    tags: Collection[str] | None = None,
    digests: Collection[str] | None = None,
    pattern: str | None = None,
    status: str = "ACTIVE",
    artifacts: bool = False,
) -> list[dict[str, Any]]:
    """Return the images that were asked for in snake case, the newest pushed first, wanted tags before others."""

    def is_wanted(tag: str) -> bool:
        return (tags is None or tag in tags) and (pattern is None or fnmatchcase(tag, pattern))

    images = []
    for detail in details:
        if status not in ("ANY", detail.get("imageStatus", "ACTIVE")) or not (artifacts or is_image(detail)):
            continue
        all_tags = detail.get("imageTags") or []
        named = sorted(tag for tag in all_tags if artifacts or not is_artifact_tag(tag))
        wanted = [tag for tag in named if is_wanted(tag)]
        by_tag = tags is not None or pattern is not None or bool(all_tags)
        if (by_tag and not wanted) or (digests is not None and detail["imageDigest"] not in digests):
            continue
        image = _model.to_result(shape, detail)
        image["image_tags"] = wanted + [tag for tag in named if tag not in wanted]
        images.append((detail["imagePushedAt"], detail["imageDigest"], image))
    # The digest makes the order of images pushed at the same moment the same every time.
    return [image for _pushed, _digest, image in sorted(images, key=lambda entry: entry[:2], reverse=True)]
