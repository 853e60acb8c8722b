"""Repository creation templates.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from lab.aws.ecr import lifecycle_rules
from lab.aws.ecr.checks import check_exclusions, check_tags
from lab.aws.ecr.support import error, invalid, page, registry

_MEMBERS = (
    "description",
    "encryptionConfiguration",
    "resourceTags",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "repositoryPolicy",
    "lifecyclePolicy",
    "appliedFor",
    "customRoleArn",
)
_DEFAULTS = {"encryptionConfiguration": {"encryptionType": "AES256"}, "imageTagMutability": "MUTABLE"}


def _kept(owner: ECRBackend) -> dict[str, dict[str, Any]]:
    templates: dict[str, dict[str, Any]] = vars(owner).setdefault("lab_templates", {})
    return templates


def _find(owner: ECRBackend, prefix: str) -> dict[str, Any]:
    if prefix not in _kept(owner):
        said = f"The Repository Creation Template with prefix '{prefix}' does not exist"
        raise error("TemplateNotFoundException", f"{said} in the registry with id '{owner.account_id}'")
    return _kept(owner)[prefix]


def _given(self: ECRResponse) -> dict[str, Any]:
    """Return what a request sets, having refused what no repository could be made with."""
    given = {name: self._get_param(name) for name in _MEMBERS if self._get_param(name) is not None}
    check_tags(given.get("resourceTags") or [], {})
    if given.get("lifecyclePolicy"):
        lifecycle_rules.parse(given["lifecyclePolicy"])
    if given.get("repositoryPolicy"):
        try:
            json.loads(given["repositoryPolicy"])
        except ValueError as wrong:
            raise invalid("repositoryPolicy", "Invalid repository policy provided") from wrong
    if "imageTagMutability" in given:
        filters = given.get("imageTagMutabilityExclusionFilters")
        check_exclusions(filters)
        ECRBackend.validate_image_tag_mutability_params_compatibility(given["imageTagMutability"], filters)
    if given.get("resourceTags") and not given.get("customRoleArn"):
        raise invalid("customRoleArn", "is required when resourceTags are specified")
    return given


def _answer(owner: ECRBackend, template: dict[str, Any]) -> ActionResult:
    return ActionResult({"registryId": owner.account_id, "repositoryCreationTemplate": template})


def create_repository_creation_template(self: ECRResponse) -> ActionResult:
    """Answer CreateRepositoryCreationTemplate."""
    owner, prefix, given = registry(self), self._get_param("prefix"), _given(self)
    if prefix in _kept(owner):
        said = f"The Repository Creation Template with prefix '{prefix}' already exists"
        raise error("TemplateAlreadyExistsException", f"{said} in the registry with id '{owner.account_id}'")
    now = datetime.datetime.now(datetime.UTC)
    made = {"prefix": prefix, **_DEFAULTS, **given, "createdAt": now, "updatedAt": now}
    _kept(owner)[prefix] = made
    return _answer(owner, made)


def update_repository_creation_template(self: ECRResponse) -> ActionResult:
    """Answer UpdateRepositoryCreationTemplate: what is left out stays."""
    owner = registry(self)
    template = _find(owner, self._get_param("prefix"))
    template |= _given(self) | {"updatedAt": datetime.datetime.now(datetime.UTC)}
    return _answer(owner, template)


def describe_repository_creation_templates(self: ECRResponse) -> ActionResult:
    """Answer DescribeRepositoryCreationTemplates; a prefix that has none is left out."""
    owner, wanted = registry(self), self._get_param("prefixes")
    if wanted and (self._get_param("nextToken") or self._get_param("maxResults")):
        raise invalid("maxResults", "cannot be used when prefixes are specified")
    rows = [row for prefix, row in _kept(owner).items() if not wanted or prefix in wanted]
    return ActionResult({"registryId": owner.account_id} | page(self, rows, "repositoryCreationTemplates"))


def delete_repository_creation_template(self: ECRResponse) -> ActionResult:
    """Answer DeleteRepositoryCreationTemplate."""
    owner = registry(self)
    template = _find(owner, self._get_param("prefix"))
    del _kept(owner)[template["prefix"]]
    return _answer(owner, template)


METHODS = {
    function.__name__: function
    for function in (
        create_repository_creation_template,
        update_repository_creation_template,
        describe_repository_creation_templates,
        delete_repository_creation_template,
    )
}
