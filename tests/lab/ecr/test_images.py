"""What ECR makes of a push: digests, times, tags that stay, and what is no image.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html for the errors,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html and archive-image.html for the rules.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import settings
from tests.lab.ecr.pushes import digest, manifest, put, tags


def test_two_pushes_in_a_moment_are_not_equally_new(client: Any) -> None:
    for number in range(10):
        put(client, manifest(str(number)))
    times = [one["imagePushedAt"] for one in client.describe_images(repositoryName="app")["imageDetails"]]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("setting", "tag", "moves"),
    [
        ("MUTABLE", "v1", True),
        ("IMMUTABLE", "v1", False),
        ("IMMUTABLE_WITH_EXCLUSION", "v1", False),
        ("IMMUTABLE_WITH_EXCLUSION", "main-dev", True),
        ("IMMUTABLE_WITH_EXCLUSION", "main-developer", False),
        ("MUTABLE_WITH_EXCLUSION", "v1", True),
        ("MUTABLE_WITH_EXCLUSION", "main-dev", False),
    ],
)
def test_immutable_tags_keep_their_image(client: Any, setting: str, tag: str, moves: bool) -> None:
    filters = [{"filterType": "WILDCARD", "filter": "*-dev"}, {"filterType": "WILDCARD", "filter": "x.y"}]
    extra = {"imageTagMutabilityExclusionFilters": filters} if "EXCLUSION" in setting else {}
    client.put_image_tag_mutability(repositoryName="app", imageTagMutability=setting, **extra)
    put(client, manifest("untagged"))
    put(client, manifest("a"), tag)
    if moves:
        put(client, manifest("b"), tag)
        assert tags(client)[digest(manifest("b"))] == [tag]
        return
    # https://github.com/aws/containers-roadmap/issues/2179: refused with the tag's own image too.
    for again in ("b", "a"):
        with pytest.raises(client.exceptions.ImageTagAlreadyExistsException) as refused:
            put(client, manifest(again), tag)
        assert refused.value.response["Error"]["Message"] == (
            f"The image tag '{tag}' already exists in the 'app' repository "
            "and cannot be overwritten because the tag is immutable."
        )
    assert tags(client)[digest(manifest("a"))] == [tag]
    put(client, manifest("a"), "new")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"imageManifest": "not JSON"}, "InvalidParameterException"),
        ({"imageManifest": "[]"}, "InvalidParameterException"),
        ({"imageManifest": json.dumps({"schemaVersion": 2, "layers": [{}]})}, "InvalidParameterException"),
        ({"imageManifest": json.dumps({"schemaVersion": 2})}, "InvalidParameterException"),
        ({"imageDigest": f"sha256:{'0' * 64}"}, "ImageDigestDoesNotMatchException"),
        ({"imageTag": "no tag"}, "InvalidParameterException"),
        ({"imageTag": "-v1"}, "InvalidParameterException"),
        ({"imageManifestMediaType": "text/plain"}, "InvalidParameterException"),
        ({"repositoryName": "nowhere"}, "RepositoryNotFoundException"),
        ({"registryId": settings.OTHER_ACCOUNT}, "RepositoryNotFoundException"),
    ],
)
def test_what_is_no_image_is_refused(client: Any, given: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        client.put_image(**{"repositoryName": "app", "imageManifest": manifest("a"), "imageTag": "v1", **given})
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert tags(client) == {}


def test_an_archived_image_is_listed_when_asked_for_and_back_when_pushed_again(client: Any) -> None:
    put(client, manifest("a"), "v1")
    asked = {"repositoryName": "app", "imageId": {"imageTag": "v1"}}
    assert client.update_image_storage_class(**asked, targetStorageClass="ARCHIVE")["imageStatus"] == "ARCHIVED"
    assert tags(client) == {}
    found = client.describe_images(repositoryName="app", filter={"imageStatus": "ARCHIVED"})["imageDetails"]
    assert [(one["imageTags"], one["imageStatus"]) for one in found] == [(["v1"], "ARCHIVED")]
    assert client.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "v1"}])["images"] == []
    put(client, manifest("a"), "v2")
    assert tags(client) == {digest(manifest("a")): ["v1", "v2"]}
    client.update_image_storage_class(**asked, targetStorageClass="ARCHIVE")
    assert client.update_image_storage_class(**asked, targetStorageClass="STANDARD")["imageStatus"] == "ACTIVE"
    with pytest.raises(client.exceptions.ImageNotFoundException):
        client.update_image_storage_class(**asked | {"imageId": {"imageTag": "no"}}, targetStorageClass="ARCHIVE")
