"""What ECR refuses though its model allows it, in front of the operations that moto answers itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from lab.aws import keys
from lab.aws.ecr.images import is_archived, manifest_of, named
from lab.aws.ecr.support import error, find, invalid, registry, repository

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html
MOST_TAGS = 50
MOST_WILDCARDS = 2
_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")
_VALUE = re.compile(r"[\w\s.:/=+\-@]{0,256}")
Method = Callable[[ECRResponse], Any]
_create_repository: Method = ECRResponse.create_repository
_start_image_scan: Method = ECRResponse.start_image_scan
_describe_image_scan_findings: Method = ECRResponse.describe_image_scan_findings
_tag_resource: Method = ECRResponse.tag_resource
_put_image_tag_mutability: Method = ECRResponse.put_image_tag_mutability


def check_tags(given: list[dict[str, str]], there: dict[str, str | None]) -> None:
    """Refuse tags that a repository cannot have beside those it has."""
    names = [tag["Key"] for tag in given]
    if any(key.lower().startswith("aws:") for key in names):
        raise error("InvalidTagParameterException", "Tag keys that begin with 'aws:' are reserved for AWS.")
    for tag in given:
        if not _KEY.fullmatch(tag["Key"]) or not _VALUE.fullmatch(tag["Value"]):
            said = "Tag keys must have 1 to 128, and values up to 256, letters, digits, spaces and _ . : / = + - @"
            raise error("InvalidTagParameterException", said)
    if len(set(names)) != len(names):
        raise error("InvalidTagParameterException", "Each tag key must be unique.")
    if len(there.keys() | set(names)) > MOST_TAGS:
        raise error("TooManyTagsException", f"A repository can have {MOST_TAGS} tags.")


def check_exclusions(filters: list[dict[str, str]] | None) -> None:
    """Refuse filters of more wildcards than ECR takes.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_repository says how many.
    """
    for one in filters or []:
        if one["filter"].count("*") > MOST_WILDCARDS:
            most = f"A filter can have at most {MOST_WILDCARDS} wildcards"
            raise invalid("imageTagMutabilityExclusionFilters", most)


def create_repository(self: ECRResponse) -> Any:
    """Answer CreateRepository."""
    check_tags(self._get_param("tags") or [], {})
    check_exclusions(self._get_param("imageTagMutabilityExclusionFilters"))
    _check_encryption(self)
    return _create_repository(self)


def _check_encryption(self: ECRResponse) -> None:
    """Refuse a key that is not there, or that nothing is to be encrypted with.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
    """
    config = self._get_param("encryptionConfiguration") or {}
    key = config.get("kmsKey")
    if not key:
        return
    if config["encryptionType"] == "AES256":
        raise invalid("encryptionConfiguration", "kmsKey cannot be specified with the encryption type AES256")
    if not keys.is_there(self.current_account, self.region, key):
        raise error("KmsException", f"The KMS key '{key}' does not exist, or ECR may not use it.")


def tag_resource(self: ECRResponse) -> Any:
    """Answer TagResource."""
    owner = registry(self)
    where, _, resource = self._get_param("resourceArn").partition(":repository/")
    if not resource or where.split(":")[:4] != ["arn", owner.partition, "ecr", owner.region_name]:
        raise invalid("resourceArn", "Invalid ARN")
    there = owner.tagger.get_tag_dict_for_resource(find(owner, resource).arn)
    check_tags(self._get_param("tags"), there)
    return _tag_resource(self)


def start_image_scan(self: ECRResponse) -> Any:
    """Answer StartImageScan."""
    image = named(repository(self), self._get_param("imageId"))
    if is_archived(image):
        raise error("ImageArchivedException", "The specified image is archived and cannot be scanned.")
    if manifest_of(image).children:
        said = f"The image manifest type '{image.image_manifest_media_type}' cannot be scanned."
        raise error("UnsupportedImageTypeException", said)
    return _start_image_scan(self)


def describe_image_scan_findings(self: ECRResponse) -> Any:
    """Answer DescribeImageScanFindings; what a scan finds comes in one page."""
    if self._get_param("nextToken"):
        raise invalid("nextToken", "Invalid token")
    named(repository(self), self._get_param("imageId"))
    return _describe_image_scan_findings(self)


def put_image_tag_mutability(self: ECRResponse) -> Any:
    """Answer PutImageTagMutability; filters and the settings that have them go together."""
    filters = self._get_param("imageTagMutabilityExclusionFilters")
    check_exclusions(filters)
    ECRBackend.validate_image_tag_mutability_params_compatibility(self._get_param("imageTagMutability"), filters)
    _put_image_tag_mutability(self)
    target = repository(self)
    answer = {
        "registryId": target.registry_id,
        "repositoryName": target.name,
        "imageTagMutability": target.image_tag_mutability,
        "imageTagMutabilityExclusionFilters": filters,
    }
    return ActionResult({key: value for key, value in answer.items() if value is not None})


METHODS = {
    function.__name__: function
    for function in (
        create_repository,
        tag_resource,
        start_image_scan,
        describe_image_scan_findings,
        put_image_tag_mutability,
    )
}
