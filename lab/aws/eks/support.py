"""What the EKS modules share: operations read by the model, AWS's errors, paging, updates, and EKS's own clients."""

from __future__ import annotations

import datetime
import functools
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.eks.exceptions import (
    EKSError,
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from moto.eks.models import CLUSTER_NOT_FOUND_MSG, Cluster, EKSBackend
from moto.eks.responses import EKSResponse

from lab import settings
from lab.aws import paging

Params = dict[str, Any]
Answer = dict[str, Any]
Handler = Callable[[EKSBackend, Params], Any]


class NotFoundException(EKSError):
    """What the tagging operations answer where the others say ResourceNotFoundException."""

    TYPE = "NotFoundException"
    STATUS = 404


class BadRequestException(EKSError):
    """What the tagging operations answer where the others say InvalidParameterException."""

    TYPE = "BadRequestException"
    STATUS = 400


class InvalidStateException(EKSError):
    """What CancelUpdate answers about an update that goes its way."""

    TYPE = "InvalidStateException"
    STATUS = 409


class UnsupportedAvailabilityZoneException(EKSError):
    """What CreateCluster answers about a zone that has no room for control planes."""

    TYPE = "UnsupportedAvailabilityZoneException"
    STATUS = 400


def invalid(message: str, **where: Any) -> InvalidParameterException:
    """Return the error for a parameter that cannot be right."""
    return InvalidParameterException(message=message, **where)


def refused(message: str, **where: Any) -> InvalidRequestException:
    """Return the error for a request that the resource's state forbids."""
    return InvalidRequestException(message=message, **where)


def in_use(message: str, cluster: str, group: str | None = None, addon: str | None = None) -> ResourceInUseException:
    """Return the error for a name that is taken, or a resource that is busy."""
    return ResourceInUseException(clusterName=cluster, nodegroupName=group, addonName=addon, message=message)


def not_found(
    message: str, cluster: str | None = None, group: str | None = None, addon: str | None = None
) -> ResourceNotFoundException:
    """Return the error for what is not there."""
    return ResourceNotFoundException(
        clusterName=cluster, nodegroupName=group, fargateProfileName=None, addonName=addon, message=message
    )


# moto's own tests, which the lab is held to as well, name subnets as EC2 never could: what is in them is a record only.
UNREAL = re.compile(r"subnet-[0-9a-f]{7}")


def are_unreal(subnets: Sequence[str]) -> bool:
    """Tell whether these are no subnets that there could be."""
    return all(UNREAL.fullmatch(name) for name in subnets)


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse tags that only AWS itself sets."""
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("Tag keys starting with aws: are reserved for system use.")


@functools.cache
def _made(make: Callable[[str], Any], service: str, _endpoint: str) -> Any:
    return make(service)


def client(service: str) -> Any:
    """Return the client with which EKS reaches another service; to make one takes longer than most requests do."""
    return _made(settings.client, service, settings.endpoint())


def now() -> datetime.datetime:
    """Return the time."""
    return datetime.datetime.now(datetime.UTC)


def background(work: Callable[..., None], *arguments: Any) -> None:
    """Do what AWS does after it has answered."""
    threading.Thread(target=work, args=arguments, daemon=True, name=f"eks-{work.__name__}").start()


def operation(name: str, handler: Handler) -> None:
    """Make ``handler(backend, params)`` answer one API operation; the parameters have the model's names."""

    def respond(self: EKSResponse) -> ActionResult:
        # moto would look for each one in the query, the body and the path, by names of its own.
        self.parse_parameters(self.normalized_request)
        return ActionResult(handler(self.eks_backend, dict(self.params)) or {})

    method = camelcase_to_underscores(name)
    respond.__name__ = method
    setattr(EKSResponse, method, respond)


def find_cluster(backend: EKSBackend, name: str) -> Cluster:
    """Return the cluster, or say as AWS does that there is none."""
    if name not in backend.clusters:
        raise not_found(CLUSTER_NOT_FOUND_MSG.format(clusterName=name), name)
    return backend.clusters[name]


def arn_in(cluster: Cluster, kind: str, name: str) -> str:
    """Return the ARN of something a cluster has."""
    region, account = cluster.arn.split(":")[3:5]
    return f"arn:aws:eks:{region}:{account}:{kind}/{cluster.name}/{name}"


def kept(owner: Any, what: str) -> dict[str, Any]:
    """Return what the lab keeps with one of moto's objects, so that it goes when that one goes."""
    store: dict[str, Any] = vars(owner).setdefault(f"lab_{what}", {})
    return store


def page(items: Sequence[Any], params: Params, key: str, default: int = 100) -> dict[str, Any]:
    """Return one page of a listing; a token is good for the listing alone that gave it."""
    token, size = params.get("nextToken"), params.get("maxResults") or default
    try:
        start = paging.offset(key, token) if token else 0
    except ValueError as wrong:
        raise invalid("The specified nextToken is not valid.") from wrong
    if start > len(items):
        raise invalid("The specified nextToken is not valid.")
    answer: dict[str, Any] = {key: list(items[start : start + size])}
    if start + size < len(items):
        answer["nextToken"] = paging.token(key, start + size)
    return answer


def once(
    backend: EKSBackend,
    name: str,
    params: Params,
    work: Callable[[], Answer],
    alive: Callable[[], bool] = lambda: True,
) -> Answer:
    """Do a request; one that comes again with its token, while what it made is alive, is only answered again."""
    # Without the path, which is the resource's name, two resources made with one careless token would be one.
    key = f"{name} {json.dumps(params, sort_keys=True, default=str)}"
    answers: dict[str, Answer] = kept(backend, "tokens")
    if params.get("clientRequestToken") and key in answers and alive():
        return answers[key]
    answer = work()
    if params.get("clientRequestToken"):
        answers[key] = answer
    return answer


def begin(owner: Any, kind: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Record an update of a cluster, node group or add-on that is about to be done."""
    update = {
        "id": str(uuid.uuid4()),
        "status": "InProgress",
        "type": kind,
        "params": [
            {"type": name, "value": value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))}
            for name, value in changes.items()
            if value is not None
        ],
        "createdAt": now(),
        "errors": [],
    }
    kept(owner, "updates")[str(update["id"])] = update
    return update
