"""Requests that ECR's model allows and ECR refuses.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html for tags, and
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html for what cannot be scanned.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import settings
from lab.aws import ecr
from tests.lab.calls import refused
from tests.lab.ecr.pushes import index, manifest, put

ARN = f"arn:aws:ecr:{settings.REGION}:{settings.ACCOUNT}:repository/app"
FILTERS = [{"filterType": "WILDCARD", "filter": "dev-*"}]


@pytest.fixture
def client(lab: Any) -> Any:
    ecr.install()
    made = lab.client("ecr")
    made.create_repository(repositoryName="app", tags=[{"Key": "team", "Value": "blue"}])
    return made


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": "x"} for key in keys]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (tags("aws:mine"), "InvalidTagParameterException"),
        (tags("one", "one"), "InvalidTagParameterException"),
        (tags(*map(str, range(50))), "TooManyTagsException"),
    ],
)
def test_tags_aws_does_not_take_are_refused(client: Any, given: list[dict[str, str]], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        client.tag_resource(resourceArn=ARN, tags=given)
    assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError) as refused:
        client.create_repository(repositoryName="new", tags=[*given, *tags("team")])
    assert refused.value.response["Error"]["Code"] == code
    assert client.list_tags_for_resource(resourceArn=ARN)["tags"] == [{"Key": "team", "Value": "blue"}]
    client.tag_resource(resourceArn=ARN, tags=tags("team", *map(str, range(49))))
    assert len(client.list_tags_for_resource(resourceArn=ARN)["tags"]) == 50


@pytest.mark.parametrize(
    ("setting", "filters"), [("MUTABLE", FILTERS), ("IMMUTABLE", FILTERS), ("IMMUTABLE_WITH_EXCLUSION", None)]
)
def test_exclusion_filters_go_with_their_settings(client: Any, setting: str, filters: Any) -> None:
    extra = {"imageTagMutabilityExclusionFilters": filters} if filters else {}
    for call, name in ((client.put_image_tag_mutability, "app"), (client.create_repository, "new")):
        with pytest.raises(client.exceptions.InvalidParameterException):
            call(repositoryName=name, imageTagMutability=setting, **extra)
    (found,) = client.describe_repositories()["repositories"]
    assert found["imageTagMutability"] == "MUTABLE"


@pytest.mark.parametrize(("text", "taken"), [("*a*", True), ("*a*b*", False)])
def test_a_filter_has_at_most_two_wildcards(client: Any, text: str, taken: bool) -> None:
    """https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_repository"""
    given = {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": text}],
    }
    calls = {
        client.put_image_tag_mutability: {"repositoryName": "app"},
        client.create_repository: {"repositoryName": "new"},
        client.create_repository_creation_template: {"prefix": "new", "appliedFor": ["REPLICATION"]},
    }
    for call, named in calls.items():
        if taken:
            call(**named, **given)
        else:
            with pytest.raises(client.exceptions.InvalidParameterException):
                call(**named, **given)


def test_mutability_is_answered_with_its_filters(client: Any) -> None:
    given = {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": FILTERS}
    answer = client.put_image_tag_mutability(repositoryName="app", **given)
    assert {key: answer[key] for key in given} == given
    (found,) = client.describe_repositories()["repositories"]
    assert {key: found[key] for key in given} == given


def test_scanning_without_words_is_basic(client: Any) -> None:
    answer = client.put_registry_scanning_configuration()["registryScanningConfiguration"]
    assert answer == {"scanType": "BASIC", "rules": []}


def test_what_cannot_be_scanned(client: Any) -> None:
    put(client, manifest("a"), "one")
    put(client, index(manifest("a")), "several")
    asked = {"repositoryName": "app", "imageId": {"imageTag": "one"}}
    with pytest.raises(ClientError, match="UnsupportedImageTypeException"):
        client.start_image_scan(repositoryName="app", imageId={"imageTag": "several"})
    client.update_image_storage_class(**asked, targetStorageClass="ARCHIVE")
    with pytest.raises(ClientError, match="ImageArchivedException"):
        client.start_image_scan(**asked)
    client.update_image_storage_class(**asked, targetStorageClass="STANDARD")
    assert client.start_image_scan(**asked)["imageScanStatus"]["status"]


@pytest.mark.parametrize("part", [("arn:aws:", "arn:aws-cn:"), ("us-east-1", "eu-west-1"), (":ecr:", ":s3:")])
def test_a_repositorys_arn_is_of_this_partition_region_and_service(unchecked: Any, part: tuple[str, str]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html."""
    arn = "arn:aws:ecr:us-east-1:123456789012:repository/app".replace(*part)
    error = refused(unchecked, "tag_resource", resourceArn=arn, tags=[{"Key": "a", "Value": "b"}])
    assert error["Code"] == "InvalidParameterException"


def test_a_token_is_good_for_the_listing_alone_that_gave_it(unchecked: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html (nextToken)."""
    unchecked.create_repository(repositoryName="other")
    token = unchecked.describe_repositories(maxResults=1)["nextToken"]
    assert len(unchecked.describe_repositories(maxResults=1, nextToken=token)["repositories"]) == 1
    error = refused(unchecked, "list_images", repositoryName="app", nextToken=token)
    assert error["Code"] == "InvalidParameterException"


@pytest.mark.parametrize("on_push", [True, False])
def test_a_push_is_scanned_where_the_repository_says_so(unchecked: Any, on_push: bool) -> None:
    """The scan on push counts as the one that an image may have in a day.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html
    """
    unchecked.create_repository(repositoryName="scanned", imageScanningConfiguration={"scanOnPush": on_push})
    unchecked.put_image(repositoryName="scanned", imageManifest=manifest("a"), imageTag="v1")
    image = {"repositoryName": "scanned", "imageId": {"imageTag": "v1"}}
    if on_push:
        assert unchecked.describe_image_scan_findings(**image)["imageScanStatus"]["status"] == "COMPLETE"
        assert refused(unchecked, "start_image_scan", **image)["Code"] == "LimitExceededException"
    else:
        assert refused(unchecked, "describe_image_scan_findings", **image)["Code"] == "ScanNotFoundException"
        assert unchecked.start_image_scan(**image)["imageScanStatus"]["status"] == "IN_PROGRESS"


@pytest.mark.parametrize("key", ["alias/none", "12345678-1234-1234-1234-123456789012"])
def test_a_repository_is_encrypted_with_a_key_that_is_there(unchecked: Any, key: str) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html (KmsException)."""
    config = {"encryptionType": "KMS", "kmsKey": key}
    error = refused(unchecked, "create_repository", repositoryName="locked", encryptionConfiguration=config)
    assert error["Code"] == "KmsException"
