"""What ECR's modules share: one lock, errors in AWS's words, repositories and pages."""

from __future__ import annotations

import threading
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.exceptions import RepositoryNotFoundException, ValidationException
from moto.ecr.models import ECRBackend, Repository, ecr_backends
from moto.ecr.responses import ECRResponse

from lab.aws import paging

# Images, tags and their events change together, so that events come in the order of the pushes.
LOCK = threading.RLock()


def error(code: str, message: str) -> ServiceException:
    """Return the exception moto answers a client with; it asks the exception's module which service's it is."""
    return ValidationException(code, message)


def invalid(name: str, rule: str) -> ServiceException:
    """Return ECR's refusal of a parameter."""
    return error("InvalidParameterException", f"Invalid parameter at '{name}' failed to satisfy constraint: '{rule}'")


def backend(account: str, region: str) -> ECRBackend | None:
    """Return the registry of an account and region, if there can be one."""
    try:
        return ecr_backends[account][region]
    except KeyError:
        return None


def registry(response: ECRResponse) -> ECRBackend:
    """Return the registry a request means: the caller's, or the one it names."""
    account = response._get_param("registryId") or response.current_account
    return ecr_backends[account][response.region]


def find(registry: ECRBackend, name: str) -> Repository:
    """Return a repository."""
    if name not in registry.repositories:
        raise missing(name, registry.account_id)
    return registry.repositories[name]


def missing(name: str, account: str) -> ServiceException:
    """Return what AWS says of a repository that is not there."""
    return RepositoryNotFoundException(name, account)


def repository(response: ECRResponse) -> Repository:
    """Return the repository a request names."""
    return find(registry(response), response._get_param("repositoryName"))


def page(response: ECRResponse, items: list[Any], key: str, default: int = 100) -> dict[str, Any]:
    """Return one page of a listing; a token is good for the listing alone that gave it."""
    token, size = response._get_param("nextToken"), int(response._get_param("maxResults") or default)
    listing = f"{response._get_param('repositoryName') or ''}:{key}"
    try:
        start = paging.offset(listing, token) if token else 0
    except ValueError as wrong:
        raise invalid("nextToken", "Invalid token") from wrong
    if start > len(items):
        raise invalid("nextToken", "Invalid token")
    answer: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        answer["nextToken"] = paging.token(listing, start + size)
    return answer
