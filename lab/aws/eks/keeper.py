"""What keeps a node group at its size: lost instances are replaced, its warm pool filled, autoscalers followed."""

from __future__ import annotations

import itertools
import logging
import time

from moto.eks.models import eks_backends

from lab.aws.ec2 import nodes as ec2_nodes
from lab.aws.eks.group import Group, every
from lab.aws.eks.instances import FAILURES, cool, launch, reconcile, settle, terminate
from lab.aws.eks.support import background, client

LOG = logging.getLogger(__name__)
# As long as an association's own commands may take; a pull that never ends must not hold the pool for ever.
PATIENCE = 600.0
GLANCE = 0.2
KEPT = ("ACTIVE", "UPDATING", "DEGRADED")


def note_issue(group: Group, error: Exception) -> None:
    """Say in the group's health what went wrong."""
    LOG.error("node group '%s': %s", group.nodegroup_name, error)
    group.health = {
        "issues": [{"code": "NodeCreationFailure", "message": str(error), "resourceIds": list(group.instances)}]
    }


def pool_size(group: Group) -> int:
    """Return how many instances the warm pool holds: what its size leaves of the prepared capacity, or its least."""
    warm = group.warm_pool_config or {}
    if not warm.get("enabled") or group.scaling_group is None:
        return 0
    prepared = warm.get("maxGroupPreparedCapacity")
    most: int = group.scaling_config["maxSize"] if prepared is None or prepared < 0 else prepared
    return max(int(warm.get("minSize", 0)), most - group.scaling_config["desiredSize"])


def _associations_under_way(instance_id: str) -> bool:
    ssm = client("ssm")
    for page in ssm.get_paginator("list_associations").paginate():
        for association in page["Associations"]:
            name = association["AssociationId"]
            for execution in ssm.describe_association_executions(AssociationId=name)["AssociationExecutions"]:
                targets = ssm.describe_association_execution_targets(
                    AssociationId=name, ExecutionId=execution["ExecutionId"]
                )["AssociationExecutionTargets"]
                ours = [row["Status"] for row in targets if row["ResourceId"] == instance_id]
                if {"Pending", "InProgress"} & set(ours):
                    return True
    return False


def _fill(group: Group) -> None:
    """Bring the warm pool to its size: new instances boot, register, run their associations, and stop."""
    with group.lock:
        if group.status not in KEPT:
            return
        excess = len(group.warm) + len(group.warming) - pool_size(group)
        if excess > 0:
            terminate(group, (group.warm + group.warming)[-excess:])
        fresh = launch(group, -excess, group.warming, "Warmed:Pending") if excess < 0 else []
    # Without the lock: the group may be changed or deleted while its new instances pull images.
    settle(fresh)
    deadline = time.monotonic() + PATIENCE
    while set(fresh) & set(group.warming) and time.monotonic() < deadline:
        if not any(map(_associations_under_way, fresh)):
            break
        time.sleep(GLANCE)
    with group.lock:
        cool(group, [name for name in fresh if name in group.warming])


def fill_pool(group: Group) -> None:
    """Bring the warm pool to its size; what goes wrong is the group's issue, and no update's."""
    try:
        _fill(group)
    except FAILURES as error:
        note_issue(group, error)


def restore(group: Group) -> None:
    """Bring a node group back to the size it should have."""
    with group.lock:
        if group.status not in KEPT:
            return
        try:
            reconcile(group, group.scaling_config["desiredSize"])
        except FAILURES as error:
            note_issue(group, error)
    fill_pool(group)


def _replace(instance_id: str) -> None:
    """Let go of an instance that ended in EC2, and start another where its group wants one."""
    backends = [backend for account in list(eks_backends.values()) for backend in list(account.values())]
    for group in itertools.chain.from_iterable(map(every, backends)):
        if instance_id in group.everything():
            group.forget([instance_id])
            restore(group)


def follow(group: Group, size: int) -> None:
    """Take over the size that somebody set on the Auto Scaling group, and what was detached from it."""
    group.scaling_config = {**group.scaling_config, "desiredSize": size}
    background(_follow, group)


def _follow(group: Group) -> None:
    with group.lock:
        held = {state.instance.id for state in group.scaling_group.instance_states} if group.scaling_group else set()
        group.forget([name for name in group.everything() if name not in held])
        restore(group)


def install() -> None:
    """Replace instances that are terminated."""
    ec2_nodes.on_terminated(_replace)
