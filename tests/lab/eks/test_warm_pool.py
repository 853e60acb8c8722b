"""Warm pools: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html, through EKS."""

from __future__ import annotations

import pytest

from lab.aws.eks import keeper

GROUP = {"clusterName": "c", "nodegroupName": "g"}


def states(account):
    name = account.describe()["resources"]["autoScalingGroups"][0]["name"]
    scaling = account.client("autoscaling")
    group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
    return sorted(row["LifecycleState"] for row in group["Instances"])


def warm(account, number, state="Warmed:Stopped"):
    account.until(lambda: states(account).count(state) == number)


def test_instances_boot_and_stop_before_they_are_needed(account):
    pool = {"enabled": True, "maxGroupPreparedCapacity": 3}
    account.group(desired=1, warmPoolConfig=pool)
    warm(account, 2)
    assert len(account.fleet.nodes) == 1
    assert len(account.fleet.started) == len(account.fleet.disks) == 3
    # A scale-out takes those that are warm, with what is on their disks.
    account.eks.update_nodegroup_config(**GROUP, scalingConfig={"desiredSize": 3})
    account.reach("g", "ACTIVE")
    assert len(account.fleet.nodes) == len(set(account.fleet.started)) == 3
    assert states(account) == ["InService"] * 3


def test_the_pool_holds_the_rest_of_the_prepared_capacity_and_never_less_than_its_least(account):
    # The group's largest size is what is prepared when nothing else is said.
    account.group(desired=1, warmPoolConfig={"enabled": True})
    warm(account, 3)
    account.eks.update_nodegroup_config(**GROUP, warmPoolConfig={"maxGroupPreparedCapacity": 1, "minSize": 1})
    warm(account, 1)
    account.eks.update_nodegroup_config(**GROUP, warmPoolConfig={"enabled": False})
    warm(account, 0)
    account.until(lambda: len(account.fleet.disks) == 1)


@pytest.mark.parametrize(("reuse", "left"), [(True, 2), (False, 1)])
def test_a_scale_in_returns_instances_only_when_they_are_to_be_reused(account, reuse, left):
    pool = {"enabled": True, "minSize": 0, "maxGroupPreparedCapacity": 2, "reuseOnScaleIn": reuse}
    account.group(desired=2, warmPoolConfig=pool)
    before = set(account.fleet.nodes)
    account.eks.update_nodegroup_config(**GROUP, scalingConfig={"desiredSize": 1})
    warm(account, 1)
    assert len(before & account.fleet.disks) == left


def test_a_running_pool_does_not_stop_its_instances(account):
    account.group(desired=1, warmPoolConfig={"enabled": True, "minSize": 1, "poolState": "RUNNING"})
    warm(account, 3, "Warmed:Running")
    assert len(account.fleet.nodes) == 4


def test_an_instance_is_stopped_only_when_its_associations_are_through(account, monkeypatch):
    pulling = {"yes": True}
    monkeypatch.setattr(keeper, "_associations_under_way", lambda _name: pulling["yes"])
    account.group(desired=0, warmPoolConfig={"enabled": True, "maxGroupPreparedCapacity": 1})
    warm(account, 1, "Warmed:Pending")
    account.until(lambda: account.fleet.nodes)
    assert len(account.fleet.nodes) == 1
    pulling["yes"] = False
    warm(account, 1)
    assert not account.fleet.nodes


def test_a_group_is_deleted_with_its_pool(account):
    account.group(desired=1, warmPoolConfig={"enabled": True})
    warm(account, 3)
    account.eks.delete_nodegroup(**GROUP)
    account.gone()
    assert not account.fleet.disks


def test_a_warm_instance_that_is_terminated_is_replaced(account):
    account.group(desired=0, warmPoolConfig={"enabled": True, "maxGroupPreparedCapacity": 1})
    warm(account, 1)
    (lost,) = account.fleet.disks
    account.ec2.terminate_instances(InstanceIds=[lost])
    account.until(lambda: account.fleet.disks and lost not in account.fleet.disks)
    warm(account, 1)
