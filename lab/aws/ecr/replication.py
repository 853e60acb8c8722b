"""ECR's replication: its configuration is kept, though nothing is copied from registry to registry here.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend, ecr_backends
from moto.ecr.responses import ECRResponse

from lab.aws.ecr.images import named
from lab.aws.ecr.support import error, invalid, page, registry, repository

MOST_DESTINATIONS = 25


def _places(config: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["region"], one["registryId"]) for rule in config["rules"] for one in rule["destinations"]]


def _regions(owner: ECRBackend) -> set[str]:
    return set(ecr_backends[owner.account_id].regions)


def put_replication_configuration(self: ECRResponse) -> ActionResult:
    """Answer PutReplicationConfiguration."""
    owner, config = registry(self), self._get_param("replicationConfiguration")
    places = _places(config)
    if (owner.region_name, owner.account_id) in places:
        raise invalid("replicationConfiguration", "Replication destination cannot be the same as the source registry")
    unknown = sorted({region for region, _ in places} - _regions(owner))
    if unknown:
        raise invalid("replicationConfiguration", f"Replication destination region '{unknown[0]}' is not valid")
    for rule in config["rules"]:
        ours = _places({"rules": [rule]})
        if len(set(ours)) < len(ours):
            raise invalid("replicationConfiguration", "Replication destinations must be unique within a rule")
    if len(set(places)) > MOST_DESTINATIONS:
        most = f"Replication can have at most {MOST_DESTINATIONS} unique destinations"
        raise invalid("replicationConfiguration", most)
    owner.replication_config = config
    return ActionResult({"replicationConfiguration": config})


def describe_image_replication_status(self: ECRResponse) -> ActionResult:
    """Answer DescribeImageReplicationStatus: on its way to every destination of the rules that cover it."""
    target, asked = repository(self), self._get_param("imageId")
    image = named(target, asked)
    rules = [
        rule
        for rule in registry(self).replication_config["rules"]
        if not rule.get("repositoryFilters")
        or any(target.name.startswith(one["filter"]) for one in rule["repositoryFilters"])
    ]
    rows = [
        {"region": region, "registryId": account, "status": "IN_PROGRESS"}
        for region, account in _places({"rules": rules})
    ]
    answer = {"repositoryName": target.name, "imageId": {"imageDigest": image.image_digest, **asked}}
    return ActionResult(answer | {"replicationStatuses": rows})


def start_replication_backfill(self: ECRResponse) -> ActionResult:
    """Refuse StartReplicationBackfill: what is not replicated is not filled up either."""
    place = self._get_param("destination")
    raise invalid("destination", f"No replication to the registry '{place['registryId']}' in '{place['region']}'")


def _no_backfill(self: ECRResponse) -> ActionResult:
    said = f"The replication backfill with id '{self._get_param('replicationBackfillId')}' does not exist"
    raise error("ReplicationBackfillNotFoundException", f"{said} in the registry with id '{registry(self).account_id}'")


def list_replication_backfills(self: ECRResponse) -> ActionResult:
    """Answer ListReplicationBackfills: there is none."""
    return ActionResult({"registryId": registry(self).account_id} | page(self, [], "backfills"))


METHODS = {
    "put_replication_configuration": put_replication_configuration,
    "describe_image_replication_status": describe_image_replication_status,
    "start_replication_backfill": start_replication_backfill,
    "stop_replication_backfill": _no_backfill,
    "describe_replication_backfill_results": _no_backfill,
    "list_replication_backfills": list_replication_backfills,
}
