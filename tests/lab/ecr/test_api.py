"""ECR's operations on images and repositories.

Each operation's page: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html, among them
API_DescribeImages for order, filters and pages, API_BatchDeleteImage for tags, API_ImageFailure for the codes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import settings
from lab.aws.ecr.manifest import OCI, OCI_INDEX
from tests.lab.ecr.pushes import digest, index, manifest, put, tags


def test_digest_and_size_are_the_manifests_own(client: Any) -> None:
    put(client, manifest("a"), "v1")
    image = client.describe_images(repositoryName="app")["imageDetails"][0]
    assert image["imageDigest"] == digest(manifest("a"))
    assert (image["imageSizeInBytes"], image["imageTags"]) == (1007, ["v1"])


def test_index_is_as_large_as_its_largest_image(client: Any) -> None:
    put(client, manifest("a"))
    children = [{"digest": digest(manifest("a"))}, {"digest": digest("x")}]
    put(client, json.dumps({"schemaVersion": 2, "mediaType": "index", "manifests": children}), "v1")
    image = client.describe_images(repositoryName="app", filter={"tagStatus": "TAGGED"})["imageDetails"]
    assert [one["imageSizeInBytes"] for one in image] == [1007]


def test_moved_tag_leaves_the_old_image_untagged(client: Any) -> None:
    put(client, manifest("a"), "latest")
    put(client, manifest("b"), "latest")
    found = {i["imageDigest"]: i.get("imageTags") for i in client.describe_images(repositoryName="app")["imageDetails"]}
    assert found == {digest(manifest("a")): None, digest(manifest("b")): ["latest"]}
    put(client, manifest("a"), "latest")
    newest = client.describe_images(repositoryName="app", imageIds=[{"imageTag": "latest"}])["imageDetails"][0]
    assert newest["imageDigest"] == digest(manifest("a"))


def test_same_image_under_the_same_tag_is_refused_and_under_another_is_one_image(client: Any) -> None:
    put(client, manifest("a"), "v1")
    with pytest.raises(client.exceptions.ImageAlreadyExistsException):
        put(client, manifest("a"), "v1")
    put(client, manifest("a"), "v2")
    images = client.describe_images(repositoryName="app")["imageDetails"]
    assert [sorted(image["imageTags"]) for image in images] == [["v1", "v2"]]


def test_immutable_tag_does_not_move(client: Any) -> None:
    client.put_image_tag_mutability(repositoryName="app", imageTagMutability="IMMUTABLE")
    put(client, manifest("a"), "v1")
    with pytest.raises(ClientError, match="ImageTagAlreadyExistsException"):
        put(client, manifest("b"), "v1")
    images = client.describe_images(repositoryName="app")["imageDetails"]
    assert [image["imageTags"] for image in images] == [["v1"]]


def test_pages_and_the_tag_filter(client: Any) -> None:
    for number in range(5):
        put(client, manifest(str(number)), f"v{number}" if number % 2 == 0 else None)
    pages = list(client.get_paginator("describe_images").paginate(repositoryName="app", maxResults=2))
    assert [len(page["imageDetails"]) for page in pages] == [2, 2, 1]
    counts = {
        status: len(client.describe_images(repositoryName="app", filter={"tagStatus": status})["imageDetails"])
        for status in ("TAGGED", "UNTAGGED", "ANY")
    }
    assert counts == {"TAGGED": 3, "UNTAGGED": 2, "ANY": 5}


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("put_image", {"imageManifest": manifest("a")}),
        ("describe_images", {}),
        ("list_images", {}),
        ("list_image_referrers", {"subjectId": {"imageDigest": digest("x")}}),
        ("batch_get_image", {"imageIds": [{"imageTag": "v1"}]}),
        ("batch_delete_image", {"imageIds": [{"imageTag": "v1"}]}),
        ("batch_check_layer_availability", {"layerDigests": [digest("x")]}),
        ("get_download_url_for_layer", {"layerDigest": digest("x")}),
        ("delete_repository", {}),
        ("get_repository_policy", {}),
        ("initiate_layer_upload", {}),
    ],
)
def test_an_unknown_repository_is_said_to_be_one(client: Any, operation: str, given: dict[str, Any]) -> None:
    with pytest.raises(client.exceptions.RepositoryNotFoundException) as refused:
        getattr(client, operation)(repositoryName="nowhere", **given)
    assert refused.value.response["Error"]["Message"] == (
        f"The repository with name 'nowhere' does not exist in the registry with id '{settings.ACCOUNT}'"
    )


def test_named_images_come_in_the_order_asked_for(client: Any) -> None:
    for seed in "abc":
        put(client, manifest(seed), seed)
    asked = [{"imageTag": "c"}, {"imageDigest": digest(manifest("a"))}, {"imageTag": "b"}]
    found = client.describe_images(repositoryName="app", imageIds=asked)["imageDetails"]
    assert [one["imageTags"] for one in found] == [["c"], ["a"], ["b"]]
    got = client.batch_get_image(repositoryName="app", imageIds=[*asked, {"imageTag": "d"}])
    assert [one["imageManifest"] for one in got["images"]] == [manifest("c"), manifest("a"), manifest("b")]
    failure = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
    assert got["failures"] == [{"imageId": {"imageTag": "d"}, **failure}]
    with pytest.raises(client.exceptions.ImageNotFoundException) as missing:
        client.describe_images(repositoryName="app", imageIds=[*asked, {"imageTag": "d"}])
    assert "imageTag:'d'" in missing.value.response["Error"]["Message"]
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.describe_images(repositoryName="app", imageIds=asked, maxResults=2)


def test_an_index_is_given_to_who_takes_one(client: Any) -> None:
    put(client, manifest("a"))
    put(client, index(manifest("a")), "v1")
    asked = {"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]}
    assert client.batch_get_image(**asked, acceptedMediaTypes=[OCI])["images"] == []
    (got,) = client.batch_get_image(**asked, acceptedMediaTypes=[OCI, OCI_INDEX])["images"]
    assert got["imageId"] == {"imageDigest": digest(index(manifest("a"))), "imageTag": "v1"}
    assert got["imageManifestMediaType"] == OCI_INDEX


def test_listings_have_filters_and_pages(client: Any) -> None:
    for number in range(3):
        put(client, manifest(str(number)), f"v{number}")
    put(client, manifest("0"), "latest")
    put(client, manifest("untagged"))
    pages = list(client.get_paginator("list_images").paginate(repositoryName="app", maxResults=2))
    assert [len(page["imageIds"]) for page in pages] == [2, 2, 1]
    ids = [one.get("imageTag") for page in pages for one in page["imageIds"]]
    assert ids == ["v0", "latest", "v1", "v2", None]
    tagged = client.list_images(repositoryName="app", filter={"tagStatus": "TAGGED"})["imageIds"]
    assert len(tagged) == 4
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.list_images(repositoryName="app", nextToken="no token")
    for name in ("b", "c", "d"):
        client.create_repository(repositoryName=name * 2)
    pages = list(client.get_paginator("describe_repositories").paginate(maxResults=3))
    assert [[one["repositoryName"] for one in page["repositories"]] for page in pages] == [["app", "bb", "cc"], ["dd"]]
    named = client.describe_repositories(repositoryNames=["dd", "app"])["repositories"]
    assert [one["repositoryName"] for one in named] == ["dd", "app"]


def test_a_signature_refers_to_its_subject(client: Any) -> None:
    put(client, manifest("a"), "v1")
    subject = {"mediaType": OCI, "digest": digest(manifest("a")), "size": len(manifest("a"))}
    kinds = ("application/vnd.dev.cosign.artifact.sig.v1+json", "application/vnd.amazon.soci.index.v2+json")
    for kind in kinds:
        put(client, manifest(kind, artifactType=kind, subject=subject, annotations={"by": "test"}))
    details = client.describe_images(repositoryName="app", filter={"tagStatus": "UNTAGGED"})["imageDetails"]
    assert [one["artifactMediaType"] for one in details] == list(kinds)
    assert {one["subjectManifestDigest"] for one in details} == {digest(manifest("a"))}
    asked = {"repositoryName": "app", "subjectId": {"imageDigest": digest(manifest("a"))}}
    found = client.list_image_referrers(**asked)["referrers"]
    assert [(one["artifactType"], one["annotations"]) for one in found] == [(kind, {"by": "test"}) for kind in kinds]
    only = client.list_image_referrers(**asked, filter={"artifactTypes": [kinds[1]]})["referrers"]
    assert [one["artifactType"] for one in only] == [kinds[1]]


def test_deleting_by_tag_leaves_the_image_until_the_last(client: Any, events: Any) -> None:
    put(client, manifest("a"), "v1")
    put(client, manifest("a"), "v2")
    events()
    a = digest(manifest("a"))
    gone = client.batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "v1"}, {"imageTag": "no"}])
    assert gone["imageIds"] == [{"imageDigest": a, "imageTag": "v1"}]
    assert [one["failureCode"] for one in gone["failures"]] == ["ImageNotFound"]
    assert tags(client) == {a: ["v2"]}
    client.batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "v2"}])
    assert tags(client) == {}
    seen = [(one["detail"]["action-type"], one["detail"]["image-tag"]) for one in events()]
    assert seen == [("DELETE", "v1"), ("DELETE", "v2")]


def test_an_indexs_image_goes_after_the_index(client: Any) -> None:
    put(client, manifest("a"))
    put(client, index(manifest("a")), "v1")
    child = {"imageDigest": digest(manifest("a"))}
    (failure,) = client.batch_delete_image(repositoryName="app", imageIds=[child])["failures"]
    assert failure["failureCode"] == "ImageReferencedByManifestList"
    assert digest(index(manifest("a"))) in failure["failureReason"]
    whole = {"imageDigest": digest(index(manifest("a")))}
    assert client.batch_delete_image(repositoryName="app", imageIds=[whole, child])["failures"] == []
    assert tags(client) == {}


def test_a_repository_with_images_needs_force(client: Any) -> None:
    put(client, manifest("a"), "v1")
    with pytest.raises(client.exceptions.RepositoryNotEmptyException):
        client.delete_repository(repositoryName="app")
    gone = client.delete_repository(repositoryName="app", force=True)["repository"]
    assert gone["repositoryName"] == "app"
    with pytest.raises(client.exceptions.RepositoryNotFoundException):
        client.describe_images(repositoryName="app")


def test_another_accounts_registry_is_another(client: Any) -> None:
    client.create_repository(repositoryName="theirs", registryId=settings.OTHER_ACCOUNT)
    (theirs,) = client.describe_repositories(registryId=settings.OTHER_ACCOUNT)["repositories"]
    assert theirs["repositoryUri"].startswith(f"{settings.OTHER_ACCOUNT}.dkr.ecr.")
    assert [one["repositoryName"] for one in client.describe_repositories()["repositories"]] == ["app"]
