"""What ECR makes of pushes and deletions, and what it refuses. The rules' sources are in lab/aws/ecr."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import images, settings
from lab.aws import ecr
from lab.aws.ecr.manifest import OCI, OCI_INDEX, digest_of

CONFIG = "application/vnd.oci.image.config.v1+json"


def manifest(seed: str, **more: Any) -> str:
    config = {"digest": digest_of(f"config {seed}".encode()), "size": 7, "mediaType": CONFIG}
    layer = {"digest": digest_of(seed.encode()), "size": 1000, "mediaType": "layer"}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [layer], **more})


def index(*children: str) -> str:
    entries = [{"mediaType": OCI, "digest": digest(child), "size": len(child)} for child in children]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def digest(text: str) -> str:
    return digest_of(text.encode())


@pytest.fixture
def client(lab: Any) -> Any:
    ecr.install()
    made = lab.client("ecr")
    made.create_repository(repositoryName="app")
    return made


def put(client: Any, text: str, tag: str | None = None) -> Any:
    return client.put_image(repositoryName="app", imageManifest=text, **({"imageTag": tag} if tag else {}))


def tags(client: Any) -> dict[str, list[str] | None]:
    details = client.describe_images(repositoryName="app")["imageDetails"]
    return {one["imageDigest"]: one.get("imageTags") for one in details}


@pytest.fixture
def events(lab: Any, client: Any) -> Any:
    """Return what reads the events so far, in their order."""
    sqs, bus = lab.client("sqs"), lab.client("events")
    url = sqs.create_queue(QueueName="seen.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
    bus.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.ecr"]}))
    arn = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:seen.fifo"
    bus.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn, "SqsParameters": {"MessageGroupId": "one"}}])

    def read() -> list[Any]:
        found: list[Any] = []
        while messages := sqs.receive_message(QueueUrl=url["QueueUrl"], MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
        return found

    return read


def test_a_multi_architecture_push_is_one_event_a_manifest(client: Any, events: Any) -> None:
    several = images.multi_architecture(["/bin/sh"])
    for child in several.images:
        put(client, child.manifest.decode())
    put(client, several.manifest.decode(), "v1")
    seen = events()
    assert [one["detail"]["image-tag"] for one in seen] == ["", "", "", "v1"]
    assert [one["detail"].get("artifact-media-type") for one in seen] == [CONFIG, CONFIG, CONFIG, None]
    assert [one["detail"]["manifest-media-type"] for one in seen] == [OCI, OCI, OCI, OCI_INDEX]
    last = seen[-1]
    assert {key: value for key, value in last.items() if key not in ("id", "time", "ingestion-time", "account")} == {
        "version": "0",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "region": settings.REGION,
        "resources": [],
        "detail": {
            "result": "SUCCESS",
            "repository-name": "app",
            "image-digest": digest_of(several.manifest),
            "action-type": "PUSH",
            "image-tag": "v1",
            "manifest-media-type": OCI_INDEX,
        },
    }
    assert len({one["id"] for one in seen}) == 4 and all(one["time"] for one in seen)
    assert list(tags(client).values()) == [None, None, None, ["v1"]]


def test_events_come_in_the_order_of_the_pushes_and_a_repeated_push_makes_none(client: Any, events: Any) -> None:
    for number in range(8):
        put(client, manifest(str(number)), "latest")
    with pytest.raises(client.exceptions.ImageAlreadyExistsException):
        put(client, manifest("7"), "latest")
    put(client, manifest("7"))
    put(client, manifest("7"), "other")
    seen = [(one["detail"]["image-digest"], one["detail"]["image-tag"]) for one in events()]
    assert seen == [*((digest(manifest(str(n))), "latest") for n in range(8)), (digest(manifest("7")), "other")]


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
