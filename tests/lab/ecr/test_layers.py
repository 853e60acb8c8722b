"""Layers: their uploads, whether they are there, and the addresses that download them.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CompleteLayerUpload.html, API_UploadLayerPart.html,
API_BatchCheckLayerAvailability.html, API_GetDownloadUrlForLayer.html and, for what an image needs, API_PutImage.html
"""

from __future__ import annotations

import json
import urllib.parse

import pytest
from botocore.exceptions import ClientError

from lab import settings
from lab.aws.ecr import layers
from lab.aws.ecr.manifest import OCI, OCI_INDEX, digest_of
from lab.registry import store
from tests.lab.ecr.pushes import digest, manifest

APP = {"repositoryName": "app"}
NOBODY = f"sha256:{'0' * 64}"
ABC = digest_of(b"abc")


def refused(client, operation, **request):
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**APP, **request)
    return caught.value.response["Error"]


def upload(client, *parts):
    """Upload a layer in parts."""
    given = {"uploadId": client.initiate_layer_upload(**APP)["uploadId"]}
    first = 0
    for part in parts:
        last = first + len(part) - 1
        client.upload_layer_part(**APP, **given, partFirstByte=first, partLastByte=last, layerPartBlob=part)
        first = last + 1
    return given


def test_a_layer_comes_in_parts_and_is_there(client):
    large = b"x" * layers.SMALLEST_PART
    given, whole = upload(client, large, b"bc"), digest_of(large + b"bc")
    assert client.complete_layer_upload(**APP, **given, layerDigests=[whole])["layerDigest"] == whole
    asked = client.batch_check_layer_availability(**APP, layerDigests=[whole, NOBODY, "sha256:short", ""])
    assert [(one["layerDigest"], one["layerSize"], one["layerAvailability"]) for one in asked["layers"]] == [
        (whole, len(large) + 2, "AVAILABLE")
    ]
    assert [(one["layerDigest"], one["failureCode"]) for one in asked["failures"]] == [
        (NOBODY, "MissingLayerDigest"),
        ("sha256:short", "InvalidLayerDigest"),
        ("", "MissingLayerDigest"),
    ]


def test_only_the_last_part_may_be_small(client):
    given = upload(client, b"x" * (layers.SMALLEST_PART - 1), b"c")
    error = refused(client, "complete_layer_upload", **given, layerDigests=[NOBODY])
    assert error["Code"] == "LayerPartTooSmallException"


@pytest.mark.parametrize(("first", "last"), [(0, 9), (0, 1), (0, 0), (3, 5), (2, 0)])
def test_a_part_is_as_long_as_it_says(unchecked, first, last):
    given = {"uploadId": unchecked.initiate_layer_upload(**APP)["uploadId"], "layerPartBlob": b"abc"}
    error = refused(unchecked, "upload_layer_part", **given, partFirstByte=first, partLastByte=last)
    assert error["Code"] == "InvalidLayerPartException"
    assert unchecked.upload_layer_part(**APP, **given, partFirstByte=0, partLastByte=2)["lastByteReceived"] == 2


def test_a_layer_is_taken_once(client):
    client.complete_layer_upload(**APP, **upload(client, b"abc"), layerDigests=[ABC])
    again = upload(client, b"abc")
    error = refused(client, "complete_layer_upload", **again, layerDigests=[ABC])
    assert error["Code"] == "LayerAlreadyExistsException"


def test_uploads_in_pieces_that_do_not_fit(unchecked):
    given = upload(unchecked)
    assert refused(unchecked, "complete_layer_upload", **given, layerDigests=[NOBODY])["Code"] == "EmptyUploadException"
    part = {"partFirstByte": 5, "partLastByte": 7, "layerPartBlob": b"abc"}
    assert refused(unchecked, "upload_layer_part", **given, **part)["Code"] == "InvalidLayerPartException"
    unchecked.upload_layer_part(**APP, **given, **(part | {"partFirstByte": 0, "partLastByte": 2}))
    error = refused(unchecked, "complete_layer_upload", **given, layerDigests=[NOBODY])
    assert error["Code"] == "InvalidLayerException"
    unchecked.complete_layer_upload(**APP, **given, layerDigests=[ABC])
    error = refused(unchecked, "complete_layer_upload", **given, layerDigests=[ABC])
    assert error["Code"] == "UploadNotFoundException"


def test_an_image_whose_parts_nobody_pushed(unchecked, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "running", True)
    monkeypatch.setattr(store, "STORE", tmp_path)
    text = manifest("two")
    error = refused(unchecked, "put_image", imageManifest=text, imageTag="v2")
    assert error["Code"] == "LayersNotFoundException"
    assert json.loads(text)["layers"][0]["digest"] in error["Message"]
    # What is wrong with the request itself is said first.
    for wrong in ({"imageManifest": json.dumps({"schemaVersion": 2})}, {"imageTag": "a b"}):
        error = refused(unchecked, "put_image", **({"imageManifest": text} | wrong))
        assert error["Code"] == "InvalidParameterException"
    error = refused(unchecked, "put_image", imageManifest=text, imageDigest=NOBODY)
    assert error["Code"] == "ImageDigestDoesNotMatchException"
    index = json.dumps({"schemaVersion": 2, "manifests": [{"digest": digest("x"), "size": 2, "mediaType": OCI}]})
    error = refused(unchecked, "put_image", imageManifest=index, imageManifestMediaType=OCI_INDEX)
    assert error["Code"] == "ReferencedImagesNotFoundException"
    assert digest("x") in error["Message"]
    assert unchecked.list_images(**APP)["imageIds"] == []


@pytest.fixture(name="stored")
def stored_fixture(client, tmp_path, monkeypatch):
    """Return the file of a layer that the registry has."""
    monkeypatch.setattr(store, "STORE", tmp_path)
    store.link(settings.ACCOUNT, settings.REGION, "app", ABC)
    path = tmp_path / "docker/registry/v2/blobs/sha256" / ABC[7:9] / ABC[7:] / "data"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"abc")
    return path


def signed(client):
    url = client.get_download_url_for_layer(**APP, layerDigest=ABC)["downloadUrl"]
    parts = urllib.parse.urlsplit(url)
    return parts.path, urllib.parse.parse_qs(parts.query)


def test_an_address_opens_its_own_layer_for_its_own_time(client, stored, monkeypatch):
    path, query = signed(client)
    assert layers.opened(path, query) == stored
    later = {"X-Amz-Expires": [str(int(query["X-Amz-Expires"][0]) + 1)]}
    for wrong in ({}, query | later, query | {"X-Amz-Signature": ["x"]}, query | {"X-Amz-Expires": ["soon"]}):
        assert layers.opened(path, wrong) is None
    assert layers.opened(path.replace("/app/", "/other/"), query) is None
    monkeypatch.setattr(layers.time, "time", lambda: int(query["X-Amz-Expires"][0]) + 1.0)
    assert layers.opened(path, query) is None


def test_the_size_is_that_of_the_file_or_of_the_upload(client, stored):
    from moto.ecr.models import ecr_backends

    repository = ecr_backends[settings.ACCOUNT][settings.REGION].repositories["app"]
    assert layers.layer_size(repository, ABC) == 3
    assert layers.layer_size(repository, NOBODY) is None
    repository.layers[NOBODY] = 7
    assert layers.layer_size(repository, NOBODY) == 7
