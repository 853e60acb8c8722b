"""Who asks ECR, and whether they may."""

from __future__ import annotations

from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.models import Repository
from moto.ecr.responses import ECRResponse

from lab.aws import ecr_support


def caller(response: ECRResponse) -> str:
    """Return the principal who signed a request."""
    return "root"


def open_repository(principal: str, action: str, account: str, region: str, name: str) -> Repository:
    """Return a repository to somebody who may do this with it."""
    registry = ecr_support.backend(account, region)
    if registry is None or name not in registry.repositories:
        raise RepositoryNotFoundException(name, account)
    return registry.repositories[name]
