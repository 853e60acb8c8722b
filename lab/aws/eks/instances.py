"""The instances of a node group: launched from EKS's template, taken from its warm pool, and ended."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance

from lab.aws.ec2 import nodes as ec2_nodes
from lab.aws.eks.group import Group
from lab.aws.eks.support import client

FAILURES = (ClientError, BotoCoreError, *ec2_nodes.FAILURES)
AT_ONCE = 4
STATES = {"STOPPED": "Warmed:Stopped", "RUNNING": "Warmed:Running", "HIBERNATED": "Warmed:Hibernated"}


def _instance(group: Group, instance_id: str) -> Instance:
    return ec2_backends[group.account_id][group.region].get_instance(instance_id)


def hold(group: Group, instance_id: str, state: str = "InService") -> None:
    """Tell the Auto Scaling group in which state an instance is."""
    if group.scaling_group is not None:
        group.scaling_group.hold(_instance(group, instance_id), state)


def _run_instance(group: Group, subnet: str) -> str:
    data = group.template_data
    request: dict[str, Any] = {
        "MinCount": 1,
        "MaxCount": 1,
        "SubnetId": subnet,
        "LaunchTemplate": {"LaunchTemplateName": group.own_name, "Version": "$Default"},
        "IamInstanceProfile": {"Arn": group.profile_arn},
        # moto reads neither of these from a launch template.
        "MetadataOptions": data["MetadataOptions"],
        "BlockDeviceMappings": data["BlockDeviceMappings"],
    }
    if group.capacity_type == "SPOT":
        request["InstanceMarketOptions"] = {"MarketType": "spot"}
    instance_id: str = client("ec2").run_instances(**request)["Instances"][0]["InstanceId"]
    instance = _instance(group, instance_id)
    # Through the API nobody may set a tag of AWS's own.
    instance.add_tags({"aws:autoscaling:groupName": group.scaling_group_name})
    ec2_nodes.adopt(instance, group.node_role)
    return instance_id


def settle(instance_ids: Iterable[str]) -> None:
    """Wait until nodes are what EC2 says of their instances; the first failure is raised after all were tried."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [pool.submit(ec2_nodes.settle, instance_id) for instance_id in instance_ids]
    for one in done:
        one.result()


def launch(group: Group, number: int, held_in: list[str], state: str) -> list[str]:
    """Run instances, spread over the subnets; each is on the list before the next one may fail."""
    subnets = itertools.cycle(sorted(group.subnets))
    for _taken in group.everything():
        next(subnets)
    made = []
    for _ in range(number):
        made.append(_run_instance(group, next(subnets)))
        held_in.append(made[-1])
        hold(group, made[-1], state)
    return made


def terminate(group: Group, instance_ids: list[str]) -> None:
    """End instances."""
    # Off the lists first, so that its end is not taken for a loss to be replaced.
    group.forget(instance_ids)
    if instance_ids:
        client("ec2").terminate_instances(InstanceIds=instance_ids)
        settle(instance_ids)


def cool(group: Group, instance_ids: list[str]) -> None:
    """Put instances that run into the warm pool, in the state it keeps them in."""
    state = (group.warm_pool_config or {}).get("poolState", "STOPPED")
    group.forget(instance_ids)
    group.warm += instance_ids
    if state != "RUNNING" and instance_ids:
        client("ec2").stop_instances(InstanceIds=instance_ids)
        settle(instance_ids)
    for instance_id in instance_ids:
        hold(group, instance_id, STATES[state])


def grow(group: Group, number: int) -> None:
    """Put more instances in service: those that are warm first."""
    woken = group.warm[:number]
    if woken:
        group.forget(woken)
        group.instances += woken
        client("ec2").start_instances(InstanceIds=woken)
        for instance_id in woken:
            hold(group, instance_id)
    settle(woken + launch(group, number - len(woken), group.instances, "InService"))


def shrink(group: Group, number: int) -> None:
    """Take instances out of service."""
    leaving = group.instances[-number:]
    warm = group.warm_pool_config or {}
    if warm.get("enabled") and warm.get("reuseOnScaleIn"):
        cool(group, leaving)
    else:
        terminate(group, leaving)


def reconcile(group: Group, wanted: int) -> None:
    """Start or end instances until as many as wanted are in service."""
    if group.scaling_group is None:
        return
    with group.lock:
        missing = wanted - len(group.instances)
        if missing > 0:
            grow(group, missing)
        elif missing < 0:
            shrink(group, -missing)


def end(group: Group) -> None:
    """End every instance of a node group."""
    with group.lock:
        terminate(group, group.everything())


def roll(group: Group) -> None:
    """Give every instance a successor: a version update starts with cold caches."""
    update = group.update_config or {}
    with group.lock:
        old = list(group.instances)
        share = update.get("maxUnavailablePercentage")
        step = max(1, len(old) * share // 100) if share else update.get("maxUnavailable", 1)
        terminate(group, group.warm + group.warming)
        for start in range(0, len(old), step):
            batch = old[start : start + step]
            if update.get("updateStrategy") == "MINIMAL":
                terminate(group, batch)
                grow(group, len(batch))
            else:
                grow(group, len(batch))
                terminate(group, batch)
