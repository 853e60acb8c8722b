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
        self.filter = filter
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
        return run_module("ecr_image_info", check=check, **{"repository_name": "team/app", **options})

    return run


@pytest.mark.parametrize("check", [False, True])
def test_only_images_the_newest_first_from_every_page(info, ecr, check):
    result = info(check=check)
    assert not result["changed"]
    assert [image["image_size_in_bytes"] for image in result["images"]] == [3, 2, 1]
    assert ecr.filter == {"tagStatus": "TAGGED"}
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


def tags_of(result):
    return [image["image_tags"] for image in result["images"]]


def test_nothing_that_changes_and_few_calls(info, client, ecr):
    ecr.images = ecr.images[:2]
    assert not info()["changed"]
    assert client.names() == ["DescribeRepositories", "DescribeImages"]


def test_artifacts_and_archived_images_come_when_asked_for(info, ecr):
    found = tags_of(info(artifacts=True, tag_pattern="*[!0-9]"))
    assert ["refers"] in found and ["chart"] in found and ["latest", "sha256-00.sig", "v1.2"] in found
    assert ["cold"] not in found
    assert tags_of(info(image_status="ARCHIVED")) == [["cold"]]
    assert ecr.filter == {"tagStatus": "TAGGED", "imageStatus": "ARCHIVED"}
    assert tags_of(info(image_status="ANY"))[0] == ["cold"]


def test_untagged_images_come_when_asked_for(info, ecr):
    bare = detail(10, None, 20)
    del bare["imageTags"]
    ecr.images = [bare, detail(11, ["sha256-11.sig"], 21), detail(12, ["a"], 22)]
    assert tags_of(info(tag_status="ANY")) == [["a"], []]
    assert ecr.filter == {"tagStatus": "ANY"}
    assert tags_of(info(tag_status="ANY", image_tags=["a"])) == [["a"]]
    assert tags_of(info(tag_status="ANY", image_digests=[bare["imageDigest"]])) == [[]]


def test_everything_ecr_says_comes_back(info, ecr):
    scan = {
        "findingSeverityCounts": {"HIGH": 1},
        "imageScanCompletedAt": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
    }
    ecr.images = [detail(1, ["a"], imageScanFindingsSummary=scan, imageManifestMediaType="index")]
    image = info()["images"][0]
    assert image["image_scan_findings_summary"] == {
        "finding_severity_counts": {"HIGH": 1},
        "image_scan_completed_at": "2026-01-02T00:00:00+00:00",
    }
    assert image["image_manifest_media_type"] == "index"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"repository_name": "Team"}, "repository_name is 'Team' but must have 2 to 256 characters and match"),
        ({"registry_id": "12"}, "registry_id is '12' but must match [0-9]{12}"),
        ({"image_tags": ["a", ""]}, "image_tags[1] is '' but must have 1 to 300 characters"),
        ({"image_digests": ["sha256:0"]}, "image_digests[0] is 'sha256:0' but must be sha256: and 64"),
        ({"tag_status": "SOME"}, "value of tag_status must be one of"),
        ({"image_status": "COLD"}, "value of image_status must be one of"),
    ],
)
def test_wrong_options_are_refused_before_any_call(info, client, options, words):
    assert words in info(**{"repository_name": "team/app", **options})["msg"]
    assert client.calls == []


def test_what_may_pass_is_tried_again(info, ecr, monkeypatch):
    def recover(_seconds):
        ecr.refusal = None

    monkeypatch.setattr("time.sleep", recover)
    ecr.refusal = "ThrottlingException"
    assert info()["images"]


@pytest.mark.parametrize(
    ("options", "status", "found"),
    [
        ({}, "TAGGED", [3, 2, 1]),
        ({"image_digests": [f"sha256:{10:064x}", f"sha256:{2:064x}"]}, "ANY", [10, 2]),
        ({"image_digests": [f"sha256:{10:064x}"], "tag_status": "TAGGED"}, "TAGGED", []),
        ({"image_digests": []}, "ANY", []),
    ],
)
def test_a_digest_finds_an_image_that_lost_its_tag(info, ecr, options, status, found):
    if status == "ANY":
        lost = detail(10, None, 20)
        del lost["imageTags"]
        ecr.images.append(lost)
    assert [image["image_size_in_bytes"] for image in info(**options)["images"]] == found
    assert ecr.filter == {"tagStatus": status}
