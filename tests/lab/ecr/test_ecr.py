"""ECR's own answers: digests, tags that move, pages."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws import ecr


def manifest(seed: str) -> str:
    layer = {"digest": f"sha256:{hashlib.sha256(seed.encode()).hexdigest()}", "size": 1000, "mediaType": "layer"}
    config = {"digest": layer["digest"], "size": 7, "mediaType": "application/vnd.oci.image.config.v1+json"}
    return json.dumps({"schemaVersion": 2, "mediaType": "m", "config": config, "layers": [layer]})


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.fixture
def client(lab: Any) -> Any:
    ecr.install()
    made = lab.client("ecr")
    made.create_repository(repositoryName="app")
    return made


def put(client: Any, text: str, tag: str | None = None) -> None:
    client.put_image(repositoryName="app", imageManifest=text, **({"imageTag": tag} if tag else {}))


def test_digest_and_size_are_the_manifests_own(client: Any) -> None:
    put(client, manifest("a"), "v1")
    image = client.describe_images(repositoryName="app")["imageDetails"][0]
    assert image["imageDigest"] == digest(manifest("a"))
    assert (image["imageSizeInBytes"], image["imageTags"]) == (1007, ["v1"])


def test_index_is_as_large_as_its_largest_image(client: Any) -> None:
    put(client, manifest("a"))
    children = [{"digest": digest(manifest("a"))}, {"digest": digest("x")}]
    index = json.dumps({"schemaVersion": 2, "mediaType": "index", "manifests": children})
    put(client, index, "v1")
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
