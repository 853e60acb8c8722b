"""Tags on everything of EKS's that has an ARN."""

from __future__ import annotations

import re
from typing import Any

from moto.eks.models import EKSBackend

from lab.aws.eks.support import BadRequestException, NotFoundException, Params, kept, operation

ARN = re.compile(
    r"arn:aws[a-z-]*:eks:[a-z0-9-]+:\d{12}:"
    r"(cluster|nodegroup|fargateprofile|addon|access-entry|podidentityassociation)/.+"
)
MOST = 50


def _resources(backend: EKSBackend) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cluster in list(backend.clusters.values()):
        found[cluster.arn] = cluster
        found |= {group.arn: group for group in list(cluster.nodegroups.values())}
        found |= {profile.fargate_profile_arn: profile for profile in list(cluster.fargate_profiles.values())}
        for store, attribute in (
            ("addons", "addon_arn"),
            ("access_entries", "access_entry_arn"),
            ("pod_identities", "association_arn"),
        ):
            found |= {getattr(row, attribute): row for row in kept(cluster, store).values()}
    return found


def _find(backend: EKSBackend, params: Params) -> Any:
    arn = params["resourceArn"]
    if not ARN.fullmatch(arn):
        raise BadRequestException(message=f"The ARN {arn} is not valid for Amazon EKS.")
    resource = _resources(backend).get(arn)
    if resource is None:
        raise NotFoundException(message=f"The resource {arn} was not found.")
    return resource


def tag_resource(backend: EKSBackend, params: Params) -> None:
    """Set tags."""
    resource = _find(backend, params)
    if any(key.lower().startswith("aws:") for key in params["tags"]):
        raise BadRequestException(message="Tag keys starting with aws: are reserved for system use.")
    tags = {**resource.tags, **params["tags"]}
    if len(tags) > MOST:
        raise BadRequestException(message=f"A resource can have at most {MOST} tags.")
    resource.tags = tags


def untag_resource(backend: EKSBackend, params: Params) -> None:
    """Remove tags."""
    resource = _find(backend, params)
    resource.tags = {key: value for key, value in resource.tags.items() if key not in params["tagKeys"]}


def list_tags_for_resource(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer tags."""
    return {"tags": dict(_find(backend, params).tags)}


def install() -> None:
    """Replace moto's operations, which know clusters only."""
    operation("TagResource", tag_resource)
    operation("UntagResource", untag_resource)
    operation("ListTagsForResource", list_tags_for_resource)
