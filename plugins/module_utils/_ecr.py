# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: which images a repository holds, and which of them a node can run."""

from __future__ import annotations

import datetime
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.nodecache.eks.plugins.module_utils._aws import RETRY_CODES, call

IMAGE_MEDIA_TYPES = (
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.oci.image.config.v1+json",
)
# Signatures, attestations and SOCI indexes are stored under such tags by tools that do not use referrers.
ARTIFACT_TAGS = ("sha256-*", "*.sig", "*.att", "*-soci")


def describe_repository(client: Any, name: str, registry_id: str | None) -> dict[str, Any]:
    """Return the repository."""
    request: dict[str, Any] = {"repositoryNames": [name]}
    if registry_id:
        request["registryId"] = registry_id
    with call("repository", "describe", name):
        return client.describe_repositories(**request, aws_retry=True)["repositories"][0]


@AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES))
def _describe_images(client: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_images").paginate(**request, PaginationConfig={"PageSize": 1000})
    return [image for page in pages for image in page["imageDetails"]]


def describe_tagged_images(client: Any, name: str, registry_id: str | None) -> list[dict[str, Any]]:
    """Return every tagged image of the repository."""
    request: dict[str, Any] = {"repositoryName": name, "filter": {"tagStatus": "TAGGED"}}
    if registry_id:
        request["registryId"] = registry_id
    with call("repository", "list its images", name):
        return _describe_images(client, request)


def is_image(detail: dict[str, Any]) -> bool:
    """Tell an image a node can run from what else a registry keeps."""
    media_type = detail.get("artifactMediaType")
    return (
        "subjectManifestDigest" not in detail
        and detail.get("imageStatus", "ACTIVE") == "ACTIVE"
        and (media_type is None or media_type in IMAGE_MEDIA_TYPES)
    )


def image_tags(detail: dict[str, Any]) -> list[str]:
    """Return the tags a person gave."""
    tags = detail.get("imageTags", [])
    return sorted(tag for tag in tags if not any(fnmatchcase(tag, pattern) for pattern in ARTIFACT_TAGS))


def pushed_at(detail: dict[str, Any]) -> str:
    """Return when the image was pushed, in UTC."""
    return detail["imagePushedAt"].astimezone(datetime.timezone.utc).isoformat()  # noqa: UP017 - managed hosts may have an older Python
