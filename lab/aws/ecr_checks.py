"""What ECR refuses though its model allows it, in front of the operations that moto answers itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from lab.aws.ecr_support import error, find, invalid, registry

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html
MOST_TAGS = 50
Method = Callable[[ECRResponse], Any]
_create_repository: Method = ECRResponse.create_repository
_tag_resource: Method = ECRResponse.tag_resource
_put_image_tag_mutability: Method = ECRResponse.put_image_tag_mutability


def _check_tags(given: list[dict[str, str]], there: dict[str, str | None]) -> None:
    keys = [tag["Key"] for tag in given]
    if any(key.lower().startswith("aws:") for key in keys):
        raise error("InvalidTagParameterException", "Tag keys that begin with 'aws:' are reserved for AWS.")
    if len(set(keys)) != len(keys):
        raise error("InvalidTagParameterException", "Each tag key must be unique.")
    if len(there.keys() | set(keys)) > MOST_TAGS:
        raise error("TooManyTagsException", f"A repository can have {MOST_TAGS} tags.")


def create_repository(self: ECRResponse) -> Any:
    """Answer CreateRepository."""
    _check_tags(self._get_param("tags") or [], {})
    return _create_repository(self)


def tag_resource(self: ECRResponse) -> Any:
    """Answer TagResource."""
    _, _, resource = self._get_param("resourceArn").partition(":repository/")
    if not resource:
        raise invalid("resourceArn", "Invalid ARN")
    owner = registry(self)
    there = owner.tagger.get_tag_dict_for_resource(find(owner, resource).arn)
    _check_tags(self._get_param("tags"), there)
    return _tag_resource(self)


def put_image_tag_mutability(self: ECRResponse) -> Any:
    """Answer PutImageTagMutability; filters and the settings that have them go together."""
    filters = self._get_param("imageTagMutabilityExclusionFilters")
    ECRBackend.validate_image_tag_mutability_params_compatibility(self._get_param("imageTagMutability"), filters)
    _put_image_tag_mutability(self)
    repository = find(registry(self), self._get_param("repositoryName"))
    answer = {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageTagMutability": repository.image_tag_mutability,
        "imageTagMutabilityExclusionFilters": filters,
    }
    return ActionResult({key: value for key, value in answer.items() if value is not None})


def put_registry_scanning_configuration(self: ECRResponse) -> Any:
    """Answer PutRegistryScanningConfiguration: what is left out is basic scanning and no rules."""
    kind, rules = self._get_param("scanType") or "BASIC", self._get_param("rules") or []
    registry(self).put_registry_scanning_configuration(kind, rules)
    return ActionResult({"registryScanningConfiguration": {"scanType": kind, "rules": rules}})


METHODS = {
    function.__name__: function
    for function in (create_repository, tag_resource, put_image_tag_mutability, put_registry_scanning_configuration)
}
