"""Who asks ECR, and whether they may: the API's calls and the registry's requests alike.

Actions and resources:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse
from moto.ecr.models import Repository
from moto.ecr.responses import ECRResponse

from lab import settings
from lab.aws import iam
from lab.aws.ecr import support
from lab.aws.iam.policy import Request, Verdict, verdict

_original = BaseResponse._authenticate_and_authorize_normal_action


def caller(response: ECRResponse) -> str:
    """Return the principal who signed a request."""
    return iam.caller(response.get_access_key())


def arn_of(account: str, region: str, name: str) -> str:
    """Return a repository's ARN, whether there is one of this name or not."""
    return f"arn:aws:ecr:{region}:{account}:repository/{name}"


def check(principal: str, action: str, arn: str) -> None:
    """Raise iam.Denied unless the principal, and for a stranger the repository too, allow this."""
    if principal == iam.ROOT:
        return
    if arn == "*":
        iam.check(principal, action, arn)
        return
    _, _, _, region, account, resource = arn.split(":", 5)
    registry = support.backend(account, region)
    name = resource.removeprefix("repository/")
    repository = registry.repositories.get(name) if registry else None
    context = _tags(repository)
    policy = repository.policy if repository else None
    iam.check(principal, action, arn, context, policy if _account(principal) == account else None)
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    if _account(principal) != account and not _admits(policy, Request(action, arn, context, "AWS", principal)):
        why = f"because no resource-based policy allows the {action} action"
        raise iam.Denied(
            f"User: {iam.shown(principal)} is not authorized to perform: {action} on resource: {arn} {why}"
        )


def _admits(policy: str | None, request: Request) -> bool:
    return policy is not None and verdict([policy], request) is Verdict.ALLOW


def _account(principal: str) -> str:
    return principal.split(":")[4] if principal.count(":") >= 5 else settings.ACCOUNT


def _tags(repository: Repository | None) -> dict[str, str | list[str]]:
    if repository is None:
        return {}
    tagger = support.ecr_backends[repository.account_id][repository.region_name].tagger
    tags = tagger.get_tag_dict_for_resource(repository.arn)
    kinds = ("aws:ResourceTag", "ecr:ResourceTag")
    return {f"{kind}/{key}": value or "" for kind in kinds for key, value in tags.items()}


def permit(principal: str, action: str, account: str, region: str, name: str) -> None:
    """Refuse in ECR's own words what the principal may not do with a repository, there or not."""
    try:
        check(principal, action, arn_of(account, region, name))
    except iam.Denied as no:
        raise support.error("AccessDeniedException", no.message) from no


def open_repository(principal: str, action: str, account: str, region: str, name: str) -> Repository:
    """Return a repository to somebody who may do this with it."""
    permit(principal, action, account, region, name)
    registry = support.backend(account, region)
    if registry is None:
        raise support.missing(name, account)
    return support.find(registry, name)


def _resources(response: ECRResponse, params: dict[str, Any]) -> list[str]:
    account, region = params.get("registryId") or response.current_account, response.region
    if "resourceArn" in params:
        return [params["resourceArn"]]
    if "repositoryName" in params:
        return [arn_of(account, region, params["repositoryName"])]
    if response._get_action() in ("DescribeRepositories", "BatchGetRepositoryScanningConfiguration"):
        return [arn_of(account, region, name) for name in params.get("repositoryNames") or ["*"]]
    return ["*"]


def authorize(self: ECRResponse, resource: str = "*") -> None:
    """Refuse a call its caller may not make, before anything is looked up."""
    try:
        principal = caller(self)
        for arn in _resources(self, json.loads(self.body or "{}")):
            check(principal, f"ecr:{self._get_action()}", arn)
    except iam.Denied as no:
        raise JsonRESTError(no.code, no.message) from no
    _original(self, resource)
