"""Which nodes a command or an association is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.resourcegroups.models import resourcegroups_backends
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm.support import error, fleet

GONE = ("terminated", "shutting-down", "stopped", "stopping")
# What every node of the lab says it is.
PLATFORM = {"PlatformType": "Linux", "PlatformName": "Amazon Linux", "PlatformVersion": "2023"}
GROUP, GROUP_TYPES = "resource-groups:Name", "resource-groups:ResourceTypeFilters"
INSTANCE = "AWS::EC2::Instance"
EVERYTHING = "AWS::AllSupported"
_ID = re.compile(r"(i|mi)-[0-9a-f]{8,17}")
GROUP_TAG_KEYS = GROUP_TAG_VALUES = 5


def instances(backend: SimpleSystemManagerBackend) -> dict[str, Any]:
    """Return the EC2 instances of the backend's account and region that AWS would still list."""
    reservations = ec2_backends[backend.account_id][backend.region_name].all_reservations()
    found = (instance for reservation in reservations for instance in reservation.instances)
    return {instance.id: instance for instance in found if instance.state not in GONE}


def registered(backend: SimpleSystemManagerBackend) -> set[str]:
    """Return every instance whose agent has ever been seen: one that falls silent stays registered."""
    known: set[str] = vars(backend).setdefault("lab_registered", set())
    known.update(fleet().ids())
    return known


def managed(backend: SimpleSystemManagerBackend) -> dict[str, Any]:
    """Return the instances whose agent has registered, online or not."""
    known = registered(backend)
    return {key: value for key, value in instances(backend).items() if key in known}


def tags_of(instance: Any) -> dict[str, str]:
    """Return an instance's tags."""
    return {tag["key"]: tag["value"] for tag in instance.get_tags()}


def by_id(key: str) -> bool:
    """Tell whether a target names nodes by their ids; AWS's guides write the key in either case."""
    return key.lower() == "instanceids"


def check(targets: Iterable[Mapping[str, Any]], code: str, everything: bool = False) -> None:
    """Refuse targets AWS does not know; only State Manager takes * for every managed node."""
    keys = [target.get("Key", "") for target in targets]
    for target, key in zip(targets, keys, strict=True):
        ids = by_id(key)
        known = ids or key in ("tag-key", GROUP, GROUP_TYPES) or (key.startswith("tag:") and key != "tag:")
        if not known:
            raise error(code, f"The target key {key!r} is not valid: use InstanceIds, tag-key, tag:KEY or {GROUP}.")
        values = target.get("Values") or []
        if not values and key != GROUP_TYPES:
            raise error(code, f"The target {key} needs at least one value.")
        if ids and "*" in values and (not everything or len(values) > 1):
            raise error(code, "The value * stands alone, and for associations only.")
        if ids and any(value != "*" and not _ID.fullmatch(value) for value in values):
            raise error(code, f"The target {key} has values that are no instance IDs.")
    if GROUP_TYPES in keys and GROUP not in keys:
        raise error(code, f"{GROUP_TYPES} needs {GROUP}.")
    groups = [target for target in targets if target.get("Key") == GROUP]
    if len(groups) > 1 or any(len(target.get("Values") or []) > 1 for target in groups):
        raise error(code, "A target names at most one resource group.")


def group_query(backend: SimpleSystemManagerBackend, name: str) -> dict[str, Any] | None:
    """Return a resource group's query by tags, or None when there is no such group."""
    groups = resourcegroups_backends[backend.account_id][backend.region_name].groups.by_name
    found = groups.get(name)
    if found is None or found.resource_query.get("Type") != "TAG_FILTERS_1_0":
        return None
    return dict(json.loads(found.resource_query["Query"]))


def check_group(backend: SimpleSystemManagerBackend, targets: Iterable[Mapping[str, Any]]) -> None:
    """Refuse, as State Manager does, a group that is not there or has more than five keys or values to a key."""
    for target in targets:
        if target.get("Key") != GROUP:
            continue
        query = group_query(backend, target["Values"][0])
        if query is None:
            raise error("InvalidTarget", f"The resource group {target['Values'][0]} does not exist.")
        filters = query.get("TagFilters") or []
        if len(filters) > GROUP_TAG_KEYS or any(len(row.get("Values") or []) > GROUP_TAG_VALUES for row in filters):
            raise error("InvalidTarget", "A resource group may have at most five tag keys, with five values each.")


def _in_group(backend: SimpleSystemManagerBackend, name: str, tags: Mapping[str, str]) -> bool:
    query = group_query(backend, name)
    if query is None or not {INSTANCE, EVERYTHING} & set(query.get("ResourceTypeFilters") or []):
        return False
    for row in query.get("TagFilters") or []:
        values = row.get("Values") or []
        if row["Key"] not in tags or (values and tags[row["Key"]] not in values):
            return False
    return True


def match(backend: SimpleSystemManagerBackend, instance: Any, targets: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether an instance answers all targets; the values of one target are alternatives."""
    tags = tags_of(instance)
    for target in targets:
        key, values = target["Key"], target.get("Values") or []
        if by_id(key):
            hit = instance.id in values or "*" in values
        elif key == "tag-key":
            hit = any(value in tags for value in values)
        elif key == GROUP:
            hit = _in_group(backend, values[0], tags)
        elif key == GROUP_TYPES:
            hit = not values or INSTANCE in values
        else:
            hit = tags.get(key.removeprefix("tag:")) in values
        if not hit:
            return False
    return True


def matching(backend: SimpleSystemManagerBackend, targets: list[dict[str, Any]]) -> list[str]:
    """Return the running nodes that answer all targets: one whose agent is silent is waited for, not left out."""
    if not targets:
        return []
    return [one.id for one in managed(backend).values() if one.state == "running" and match(backend, one, targets)]
