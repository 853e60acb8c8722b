"""ECR's settings of a whole account: how it scans and signs, and whose pulls leave no trace.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutSigningConfiguration.html
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegisterPullTimeUpdateExclusion.html
"""

from __future__ import annotations

import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from lab.aws.ecr.images import named
from lab.aws.ecr.support import error, invalid, page, registry, repository

# Each setting's values, the first of which an account begins with.
_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE", "CLAIR"),
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
    "BLOB_MOUNTING": ("DISABLED", "ENABLED"),
}
MOST_EXCLUSIONS = 100


def _values(self: ECRResponse, name: str) -> dict[str, str]:
    if name not in _SETTINGS:
        raise invalid("name", f"Member must satisfy enum value set: [{', '.join(_SETTINGS)}]")
    values: dict[str, str] = vars(registry(self)).setdefault("lab_settings", {})
    return values


def get_account_setting(self: ECRResponse) -> ActionResult:
    """Answer GetAccountSetting."""
    name = self._get_param("name")
    return ActionResult({"name": name, "value": _values(self, name).get(name, _SETTINGS[name][0])})


def put_account_setting(self: ECRResponse) -> ActionResult:
    """Answer PutAccountSetting."""
    name, value = self._get_param("name"), self._get_param("value")
    values = _values(self, name)
    if value not in _SETTINGS[name]:
        raise invalid("value", f"Member must satisfy enum value set: [{', '.join(_SETTINGS[name])}]")
    values[name] = value
    return ActionResult({"name": name, "value": value})


def put_signing_configuration(self: ECRResponse) -> ActionResult:
    """Answer PutSigningConfiguration: kept, though nothing is signed here."""
    config = self._get_param("signingConfiguration")
    vars(registry(self))["lab_signing"] = config
    return ActionResult({"signingConfiguration": config})


def _signing(self: ECRResponse) -> ActionResult:
    owner = registry(self)
    if "lab_signing" not in vars(owner):
        said = f"The signing configuration does not exist in the registry with id '{owner.account_id}'"
        raise error("SigningConfigurationNotFoundException", said)
    return ActionResult({"registryId": owner.account_id, "signingConfiguration": vars(owner)["lab_signing"]})


def get_signing_configuration(self: ECRResponse) -> ActionResult:
    """Answer GetSigningConfiguration."""
    return _signing(self)


def delete_signing_configuration(self: ECRResponse) -> ActionResult:
    """Answer DeleteSigningConfiguration."""
    answer = _signing(self)
    del vars(registry(self))["lab_signing"]
    return answer


def describe_image_signing_status(self: ECRResponse) -> ActionResult:
    """Answer DescribeImageSigningStatus."""
    target, asked = repository(self), self._get_param("imageId")
    image = named(target, asked)
    known = {"repositoryName": target.name, "registryId": target.registry_id}
    return ActionResult({**known, "imageId": {"imageDigest": image.image_digest, **asked}, "signingStatuses": []})


def _exclusions(self: ECRResponse) -> dict[str, Any]:
    exclusions: dict[str, Any] = vars(registry(self)).setdefault("lab_exclusions", {})
    return exclusions


def register_pull_time_update_exclusion(self: ECRResponse) -> ActionResult:
    """Answer RegisterPullTimeUpdateExclusion: kept, though every pull here still counts."""
    arn, exclusions = self._get_param("principalArn"), _exclusions(self)
    if arn in exclusions:
        raise error("ExclusionAlreadyExistsException", f"The pull time update exclusion for '{arn}' already exists")
    if len(exclusions) >= MOST_EXCLUSIONS:
        raise error("LimitExceededException", f"A registry can have {MOST_EXCLUSIONS} pull time update exclusions")
    exclusions[arn] = datetime.datetime.now(datetime.UTC)
    return ActionResult({"principalArn": arn, "createdAt": exclusions[arn]})


def deregister_pull_time_update_exclusion(self: ECRResponse) -> ActionResult:
    """Answer DeregisterPullTimeUpdateExclusion."""
    arn = self._get_param("principalArn")
    if _exclusions(self).pop(arn, None) is None:
        raise error("ExclusionNotFoundException", f"The pull time update exclusion for '{arn}' does not exist")
    return ActionResult({"principalArn": arn})


def list_pull_time_update_exclusions(self: ECRResponse) -> ActionResult:
    """Answer ListPullTimeUpdateExclusions."""
    return ActionResult(page(self, list(_exclusions(self)), "pullTimeUpdateExclusions"))


METHODS = {
    function.__name__: function
    for function in (
        get_account_setting,
        put_account_setting,
        put_signing_configuration,
        get_signing_configuration,
        delete_signing_configuration,
        describe_image_signing_status,
        register_pull_time_update_exclusion,
        deregister_pull_time_update_exclusion,
        list_pull_time_update_exclusions,
    )
}
