"""What ECR refuses though its model allows it: things that are not there, wrong states, texts and pages.

The codes are those of each operation's page: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
What the model itself rules out is in test_refusals_model.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from lab import settings
from lab.aws import ecr
from tests.lab.calls import UNCHECKED, refused

ARN = f"arn:aws:ecr:{settings.REGION}:{settings.ACCOUNT}:repository/"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
NOBODY = f"sha256:{'0' * 64}"
UPLOAD = "01234567-89ab-cdef-0123-456789abcdef"
SIGNER = f"arn:aws:iam::{settings.ACCOUNT}:role/signer"
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3},
                "action": {"type": "expire"},
            }
        ]
    }
)
POLICY = json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}})
TAG = [{"Key": "team", "Value": "blue"}]
SECRET = f"arn:aws:secretsmanager:{settings.REGION}:{settings.ACCOUNT}:secret:ecr-pullthroughcache/x-AbCdEf"


def manifest(*layers: str, **more: Any) -> str:
    """Return a manifest of layers named by their content."""
    blobs = [f"sha256:{hashlib.sha256(layer.encode()).hexdigest()}" for layer in layers]
    rows = [{"mediaType": "application/x", "size": 3, "digest": digest} for digest in blobs]
    return json.dumps({"schemaVersion": 2, "mediaType": DOCKER, "config": rows[0], "layers": rows[1:]} | more)


@pytest.fixture
def client(lab: Any) -> Any:
    """Return ECR with an empty repository, one with an image, and one whose tags stay."""
    ecr.install()
    made = lab.client("ecr", config=UNCHECKED)
    for name in ("empty", "app"):
        made.create_repository(repositoryName=name)
    made.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    for name in ("app", "fixed"):
        made.put_image(repositoryName=name, imageManifest=manifest("config", "one"), imageTag="v1")
    return made


IMAGE = {"imageDigest": NOBODY}
NO_REPOSITORY = [
    ("batch_check_layer_availability", {"layerDigests": [NOBODY]}),
    ("batch_delete_image", {"imageIds": [IMAGE]}),
    ("batch_get_image", {"imageIds": [IMAGE]}),
    ("complete_layer_upload", {"uploadId": UPLOAD, "layerDigests": [NOBODY]}),
    ("delete_lifecycle_policy", {}),
    ("delete_repository", {}),
    ("delete_repository", {"force": True}),
    ("delete_repository_policy", {}),
    ("describe_image_replication_status", {"imageId": IMAGE}),
    ("describe_image_scan_findings", {"imageId": IMAGE}),
    ("describe_image_signing_status", {"imageId": IMAGE}),
    ("describe_images", {}),
    ("get_download_url_for_layer", {"layerDigest": NOBODY}),
    ("get_lifecycle_policy", {}),
    ("get_lifecycle_policy_preview", {}),
    ("get_repository_policy", {}),
    ("initiate_layer_upload", {}),
    ("list_image_referrers", {"subjectId": IMAGE}),
    ("list_images", {}),
    ("put_image", {"imageManifest": manifest("config", "one")}),
    ("put_image_scanning_configuration", {"imageScanningConfiguration": {"scanOnPush": True}}),
    ("put_image_tag_mutability", {"imageTagMutability": "IMMUTABLE"}),
    ("put_lifecycle_policy", {"lifecyclePolicyText": LIFECYCLE}),
    ("set_repository_policy", {"policyText": POLICY}),
    ("start_image_scan", {"imageId": IMAGE}),
    ("start_lifecycle_policy_preview", {"lifecyclePolicyText": LIFECYCLE}),
    ("update_image_storage_class", {"imageId": IMAGE, "targetStorageClass": "ARCHIVE"}),
    ("upload_layer_part", {"uploadId": UPLOAD, "partFirstByte": 0, "partLastByte": 2, "layerPartBlob": b"abc"}),
]


@pytest.mark.parametrize(("operation", "request_"), NO_REPOSITORY, ids=[name for name, _ in NO_REPOSITORY])
def test_a_repository_that_is_not_there(client: Any, operation: str, request_: dict[str, Any]) -> None:
    for where in ({"repositoryName": "nobody"}, {"repositoryName": "app", "registryId": "999999999999"}):
        error = refused(client, operation, **where, **request_)
        assert error["Code"] == "RepositoryNotFoundException"
        assert where["repositoryName"] in error["Message"]


OTHERS = [
    ("describe_repositories", {"repositoryNames": ["app", "nobody"]}, "RepositoryNotFoundException"),
    ("list_tags_for_resource", {"resourceArn": f"{ARN}nobody"}, "RepositoryNotFoundException"),
    ("tag_resource", {"resourceArn": f"{ARN}nobody", "tags": TAG}, "RepositoryNotFoundException"),
    ("untag_resource", {"resourceArn": f"{ARN}nobody", "tagKeys": ["a"]}, "RepositoryNotFoundException"),
    ("list_tags_for_resource", {"resourceArn": "app"}, "InvalidParameterException"),
    ("tag_resource", {"resourceArn": "app", "tags": TAG}, "InvalidParameterException"),
    ("untag_resource", {"resourceArn": "app", "tagKeys": ["a"]}, "InvalidParameterException"),
    ("create_repository", {"repositoryName": "app"}, "RepositoryAlreadyExistsException"),
    ("create_repository", {"repositoryName": "New"}, "InvalidParameterException"),
    ("create_repository", {"repositoryName": "a"}, "InvalidParameterException"),
    ("create_repository", {"repositoryName": "a//b"}, "InvalidParameterException"),
    ("create_repository", {"repositoryName": "-a"}, "InvalidParameterException"),
    ("create_repository", {"repositoryName": "new", "imageTagMutability": "FIXED"}, "InvalidParameterException"),
    ("create_repository", {"repositoryName": "new", "tags": [{"Key": "a"}]}, "InvalidParameterException"),
    (
        "create_repository",
        {"repositoryName": "new", "tags": [{"Key": "k" * 129, "Value": ""}]},
        "InvalidTagParameterException",
    ),
    (
        "create_repository",
        {"repositoryName": "new", "tags": [{"Key": "k", "Value": "v" * 257}]},
        "InvalidTagParameterException",
    ),
    (
        "create_repository",
        {"repositoryName": "new", "tags": [{"Key": "k!", "Value": ""}]},
        "InvalidTagParameterException",
    ),
    (
        "create_repository",
        {"repositoryName": "new", "encryptionConfiguration": {"encryptionType": "RSA"}},
        "InvalidParameterException",
    ),
    (
        "create_repository",
        {"repositoryName": "new", "encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "k"}},
        "InvalidParameterException",
    ),
    (
        "create_repository",
        {"repositoryName": "new", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "nobody"}},
        "KmsException",
    ),
    ("delete_repository", {"repositoryName": "app"}, "RepositoryNotEmptyException"),
    ("delete_repository", {"repositoryName": "app", "force": False}, "RepositoryNotEmptyException"),
    ("put_image", {"repositoryName": "app", "imageManifest": "{"}, "InvalidParameterException"),
    ("put_image", {"repositoryName": "app", "imageManifest": "[]"}, "InvalidParameterException"),
    ("put_image", {"repositoryName": "app", "imageManifest": '{"schemaVersion": 2}'}, "InvalidParameterException"),
    (
        "put_image",
        {"repositoryName": "app", "imageManifest": manifest("config", "one"), "imageTag": "v1"},
        "ImageAlreadyExistsException",
    ),
    (
        "put_image",
        {"repositoryName": "app", "imageManifest": manifest("config", "two"), "imageTag": "-v"},
        "InvalidParameterException",
    ),
    (
        "put_image",
        {"repositoryName": "app", "imageManifest": manifest("config", "two"), "imageTag": "a b"},
        "InvalidParameterException",
    ),
    (
        "put_image",
        {"repositoryName": "app", "imageManifest": manifest("config", "two"), "imageDigest": NOBODY},
        "ImageDigestDoesNotMatchException",
    ),
    (
        "put_image",
        {"repositoryName": "fixed", "imageManifest": manifest("config", "two"), "imageTag": "v1"},
        "ImageTagAlreadyExistsException",
    ),
    ("describe_images", {"repositoryName": "app", "imageIds": [IMAGE]}, "ImageNotFoundException"),
    ("describe_images", {"repositoryName": "app", "imageIds": [{"imageTag": "v9"}]}, "ImageNotFoundException"),
    ("describe_images", {"repositoryName": "app", "imageIds": [{}]}, "InvalidParameterException"),
    ("describe_images", {"repositoryName": "app", "imageIds": [{"imageDigest": "None"}]}, "InvalidParameterException"),
    ("describe_images", {"repositoryName": "app", "imageIds": [{"imageTag": "a b"}]}, "InvalidParameterException"),
    (
        "describe_images",
        {"repositoryName": "app", "imageIds": [{"imageTag": "v1", "imageDigest": ""}]},
        "InvalidParameterException",
    ),
    (
        "describe_image_scan_findings",
        {"repositoryName": "app", "imageId": {"imageDigest": "None"}},
        "InvalidParameterException",
    ),
    (
        "describe_images",
        {"repositoryName": "app", "imageIds": [{"imageTag": "v1"}], "maxResults": 5},
        "InvalidParameterException",
    ),
    ("describe_images", {"repositoryName": "app", "nextToken": "bogus"}, "InvalidParameterException"),
    ("list_images", {"repositoryName": "app", "nextToken": "bogus"}, "InvalidParameterException"),
    ("list_images", {"repositoryName": "app", "nextToken": "LTE="}, "InvalidParameterException"),
    ("list_images", {"repositoryName": "app", "nextToken": "OTk5"}, "InvalidParameterException"),
    ("describe_repositories", {"nextToken": "bogus"}, "InvalidParameterException"),
    ("describe_repositories", {"repositoryNames": ["app"], "maxResults": 5}, "InvalidParameterException"),
    ("describe_pull_through_cache_rules", {"nextToken": "bogus"}, "InvalidParameterException"),
    ("describe_repository_creation_templates", {"nextToken": "bogus"}, "InvalidParameterException"),
    ("list_pull_time_update_exclusions", {"nextToken": "bogus"}, "InvalidParameterException"),
    ("list_replication_backfills", {"nextToken": "bogus"}, "InvalidParameterException"),
    ("start_image_scan", {"repositoryName": "app", "imageId": IMAGE}, "ImageNotFoundException"),
    ("start_image_scan", {"repositoryName": "app", "imageId": {}}, "InvalidParameterException"),
    ("describe_image_scan_findings", {"repositoryName": "app", "imageId": IMAGE}, "ImageNotFoundException"),
    ("describe_image_scan_findings", {"repositoryName": "app", "imageId": {"imageTag": "v1"}}, "ScanNotFoundException"),
    ("describe_image_replication_status", {"repositoryName": "app", "imageId": IMAGE}, "ImageNotFoundException"),
    ("describe_image_signing_status", {"repositoryName": "app", "imageId": IMAGE}, "ImageNotFoundException"),
    ("describe_image_signing_status", {"repositoryName": "app", "imageId": {}}, "InvalidParameterException"),
    (
        "update_image_storage_class",
        {"repositoryName": "app", "imageId": IMAGE, "targetStorageClass": "ARCHIVE"},
        "ImageNotFoundException",
    ),
    ("get_download_url_for_layer", {"repositoryName": "app", "layerDigest": NOBODY}, "LayersNotFoundException"),
    (
        "upload_layer_part",
        {
            "repositoryName": "app",
            "uploadId": UPLOAD,
            "partFirstByte": 0,
            "partLastByte": 2,
            "layerPartBlob": b"abc",
        },
        "UploadNotFoundException",
    ),
    (
        "complete_layer_upload",
        {"repositoryName": "app", "uploadId": UPLOAD, "layerDigests": [NOBODY]},
        "UploadNotFoundException",
    ),
    ("get_repository_policy", {"repositoryName": "app"}, "RepositoryPolicyNotFoundException"),
    ("delete_repository_policy", {"repositoryName": "app"}, "RepositoryPolicyNotFoundException"),
    ("get_registry_policy", {}, "RegistryPolicyNotFoundException"),
    ("delete_registry_policy", {}, "RegistryPolicyNotFoundException"),
    ("get_lifecycle_policy", {"repositoryName": "app"}, "LifecyclePolicyNotFoundException"),
    ("delete_lifecycle_policy", {"repositoryName": "app"}, "LifecyclePolicyNotFoundException"),
    ("start_lifecycle_policy_preview", {"repositoryName": "app"}, "LifecyclePolicyNotFoundException"),
    ("get_lifecycle_policy_preview", {"repositoryName": "app"}, "LifecyclePolicyPreviewNotFoundException"),
    (
        "put_image_tag_mutability",
        {"repositoryName": "app", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
        "InvalidParameterException",
    ),
    (
        "create_pull_through_cache_rule",
        {"ecrRepositoryPrefix": "mine", "upstreamRegistryUrl": "example.com"},
        "UnsupportedUpstreamRegistryException",
    ),
    (
        "create_pull_through_cache_rule",
        {"ecrRepositoryPrefix": "mine", "upstreamRegistryUrl": "quay.io", "upstreamRegistry": "k8s"},
        "UnsupportedUpstreamRegistryException",
    ),
    (
        "create_pull_through_cache_rule",
        {"ecrRepositoryPrefix": "mine", "upstreamRegistryUrl": "ghcr.io"},
        "InvalidParameterException",
    ),
    (
        "create_pull_through_cache_rule",
        {"ecrRepositoryPrefix": "Mine", "upstreamRegistryUrl": "quay.io"},
        "InvalidParameterException",
    ),
    (
        "create_pull_through_cache_rule",
        {"ecrRepositoryPrefix": "mine", "upstreamRegistryUrl": "ghcr.io", "credentialArn": "arn"},
        "InvalidParameterException",
    ),
    ("delete_pull_through_cache_rule", {"ecrRepositoryPrefix": "mine"}, "PullThroughCacheRuleNotFoundException"),
    ("validate_pull_through_cache_rule", {"ecrRepositoryPrefix": "mine"}, "PullThroughCacheRuleNotFoundException"),
    (
        "create_pull_through_cache_rule",
        {"ecrRepositoryPrefix": "mine", "upstreamRegistryUrl": "ghcr.io", "credentialArn": SECRET},
        "SecretNotFoundException",
    ),
    (
        "update_pull_through_cache_rule",
        {"ecrRepositoryPrefix": "mine", "credentialArn": SECRET},
        "PullThroughCacheRuleNotFoundException",
    ),
    (
        "describe_pull_through_cache_rules",
        {"ecrRepositoryPrefixes": ["mine"]},
        "PullThroughCacheRuleNotFoundException",
    ),
    ("delete_repository_creation_template", {"prefix": "mine"}, "TemplateNotFoundException"),
    ("update_repository_creation_template", {"prefix": "mine"}, "TemplateNotFoundException"),
    (
        "create_repository_creation_template",
        {"prefix": "mine", "appliedFor": ["REPLICATION"], "resourceTags": TAG},
        "InvalidParameterException",
    ),
    (
        "create_repository_creation_template",
        {"prefix": "mine", "appliedFor": ["REPLICATION"], "lifecyclePolicy": "{}"},
        "InvalidParameterException",
    ),
    (
        "create_repository_creation_template",
        {"prefix": "mine", "appliedFor": ["REPLICATION"], "repositoryPolicy": "{"},
        "InvalidParameterException",
    ),
    (
        "create_repository_creation_template",
        {"prefix": "mine", "appliedFor": ["REPLICATION"], "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
        "InvalidParameterException",
    ),
    ("get_signing_configuration", {}, "SigningConfigurationNotFoundException"),
    ("delete_signing_configuration", {}, "SigningConfigurationNotFoundException"),
    ("deregister_pull_time_update_exclusion", {"principalArn": SIGNER}, "ExclusionNotFoundException"),
    ("get_account_setting", {"name": "COLOUR"}, "InvalidParameterException"),
    ("put_account_setting", {"name": "COLOUR", "value": "BLUE"}, "InvalidParameterException"),
    ("put_account_setting", {"name": "BASIC_SCAN_TYPE_VERSION", "value": "V1"}, "InvalidParameterException"),
    ("stop_replication_backfill", {"replicationBackfillId": UPLOAD}, "ReplicationBackfillNotFoundException"),
    (
        "describe_replication_backfill_results",
        {"replicationBackfillId": UPLOAD},
        "ReplicationBackfillNotFoundException",
    ),
    (
        "start_replication_backfill",
        {"destination": {"region": "eu-west-1", "registryId": settings.ACCOUNT}},
        "InvalidParameterException",
    ),
]


@pytest.mark.parametrize(("operation", "request_", "code"), OTHERS, ids=[f"{row[0]}-{row[2]}" for row in OTHERS])
def test_what_is_wrong_with_the_rest(client: Any, operation: str, request_: dict[str, Any], code: str) -> None:
    assert refused(client, operation, **request_)["Code"] == code


def test_what_is_there_already(client: Any) -> None:
    cache = {"ecrRepositoryPrefix": "mine", "upstreamRegistryUrl": "quay.io"}
    template = {"prefix": "mine", "appliedFor": ["PULL_THROUGH_CACHE"]}
    for operation, request, code in (
        ("create_pull_through_cache_rule", cache, "PullThroughCacheRuleAlreadyExistsException"),
        ("create_repository_creation_template", template, "TemplateAlreadyExistsException"),
        ("register_pull_time_update_exclusion", {"principalArn": SIGNER}, "ExclusionAlreadyExistsException"),
    ):
        getattr(client, operation)(**request)
        assert refused(client, operation, **request)["Code"] == code


def test_image_ids_that_a_batch_cannot_be_asked_for(client: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html lists the codes."""
    asked = [{}, {"imageDigest": "None"}, {"imageTag": "a b"}, {"imageTag": "v1", "imageDigest": NOBODY}]
    for call in (client.batch_get_image, client.batch_delete_image):
        codes = [one["failureCode"] for one in call(repositoryName="app", imageIds=asked)["failures"]]
        assert codes == ["MissingDigestAndTag", "InvalidImageDigest", "InvalidImageTag", "ImageNotFound"]
