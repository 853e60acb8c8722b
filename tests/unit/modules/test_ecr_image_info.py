from __future__ import annotations

import datetime

import pytest
from botocore.exceptions import ClientError

URI = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app"


def detail(number, tags, minute=0, **more):
    return {
        "imageDigest": f"sha256:{number:064x}",
        "imageTags": tags,
        "imageSizeInBytes": number,
        "imagePushedAt": datetime.datetime(2026, 1, 1, 12, minute, tzinfo=datetime.UTC),
        **more,
    }


class Ecr:
    def __init__(self):
        self.refusal = None
        self.images = [
            detail(1, ["v1.0"], 1, artifactMediaType="application/vnd.oci.image.config.v1+json"),
            detail(3, ["latest", "v1.2", "sha256-00.sig"], 3),
            detail(2, ["v1.1"], 2, artifactMediaType="application/vnd.docker.container.image.v1+json"),
            detail(4, ["sha256-aa.sig"], 10),
            detail(5, ["x.att"], 11),
            detail(6, ["v1.2-soci"], 12),
            detail(7, ["chart"], 13, artifactMediaType="application/vnd.cncf.helm.config.v1+json"),
            detail(8, ["refers"], 14, subjectManifestDigest="sha256:00"),
            detail(9, ["cold"], 15, imageStatus="ARCHIVED"),
        ]

    def DescribeRepositories(self, repositoryNames, registryId="123456789012"):
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "refused"}}, "DescribeRepositories")
        return {
            "repositories": [{"repositoryName": "team/app", "registryId": registryId, "repositoryUri": URI}],
        }

    def DescribeImages(self, repositoryName, filter, maxResults, registryId=None, nextToken=None):
        assert filter == {"tagStatus": "TAGGED"}
        start = int(nextToken or 0)
        answer = {"imageDetails": self.images[start : start + 2]}
        return {**answer, "nextToken": str(start + 2)} if start + 2 < len(self.images) else answer


@pytest.fixture(name="ecr")
def ecr_fixture():
    return Ecr()


@pytest.fixture(name="client")
def client_fixture(strict_client, ecr):
    return strict_client("ecr", ecr)


@pytest.fixture(name="info")
def info_fixture(run_module, client):
    def run(check=False, **options):
        return run_module("ecr_image_info", check=check, repository_name="team/app", **options)

    return run


@pytest.mark.parametrize("check", [False, True])
def test_only_images_the_newest_first_from_every_page(info, check):
    result = info(check=check)
    assert not result["changed"]
    assert [image["image_size_in_bytes"] for image in result["images"]] == [3, 2, 1]
    assert result["images"][0] == {
        "repository_name": "team/app",
        "registry_id": "123456789012",
        "repository_uri": URI,
        "image_digest": f"sha256:{3:064x}",
        "image_tags": ["latest", "v1.2"],
        "image_size_in_bytes": 3,
        "image_pushed_at": "2026-01-01T12:03:00+00:00",
    }


def test_pattern_puts_matching_tags_first(info):
    result = info(tag_pattern="v1.*")
    assert [image["image_tags"] for image in result["images"]] == [["v1.2", "latest"], ["v1.1"], ["v1.0"]]


def test_tags_select_and_missing_ones_find_nothing(info):
    assert [image["image_tags"] for image in info(image_tags=["v1.0", "gone"])["images"]] == [["v1.0"]]
    assert info(image_tags=["gone"])["images"] == []
    assert info(image_tags=["v1.0"], tag_pattern="v2*")["images"] == []


def test_same_moment_has_one_order(info, ecr):
    ecr.images = [detail(1, ["a"]), detail(2, ["b"])]
    first = info()["images"]
    ecr.images.reverse()
    assert info()["images"] == first


def test_registry_id_reaches_both_calls(info, client):
    info(registry_id="210987654321")
    assert {request["registryId"] for _name, request in client.calls} == {"210987654321"}


def test_missing_repository_is_one_sentence(info, ecr):
    ecr.refusal = "RepositoryNotFoundException"
    assert info()["msg"] == "repository 'team/app': could not describe (RepositoryNotFoundException): refused"
