"""What keeps a node group at its size: warm pools and what replaces lost instances.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html and
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
"""

from __future__ import annotations

import threading
from types import SimpleNamespace

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


def test_a_terminated_instance_is_replaced_to_hold_the_desired_size(account):
    account.group(desired=2)
    before = set(account.fleet.nodes)
    lost = sorted(before)[0]
    account.ec2.terminate_instances(InstanceIds=[lost])
    account.until(lambda: lost not in account.fleet.nodes and len(account.fleet.nodes) == 2)
    assert before & set(account.fleet.nodes) == before - {lost}
    assert lost not in account.fleet.disks


@pytest.mark.parametrize(
    ("warm", "desired", "size"),
    [
        (None, 1, 0),
        ({"enabled": False, "minSize": 2}, 1, 0),
        # What the largest size of the group leaves, unless another capacity is to be prepared.
        ({"enabled": True}, 1, 3),
        ({"enabled": True}, 4, 0),
        ({"enabled": True, "maxGroupPreparedCapacity": -1}, 1, 3),
        ({"enabled": True, "maxGroupPreparedCapacity": 2}, 1, 1),
        ({"enabled": True, "maxGroupPreparedCapacity": 2}, 3, 0),
        ({"enabled": True, "maxGroupPreparedCapacity": 2, "minSize": 3}, 3, 3),
        ({"enabled": True, "minSize": 1}, 4, 1),
    ],
)
def test_how_large_the_pool_is(warm, desired, size):
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutWarmPool.html"""
    sizes = {"minSize": 0, "maxSize": 4, "desiredSize": desired}
    group = SimpleNamespace(warm_pool_config=warm, scaling_config=sizes, scaling_group=object())
    assert keeper.pool_size(group) == size


def test_a_lost_instance_that_cannot_be_replaced_is_an_issue_of_the_group(account):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html: NodeCreationFailure."""
    account.group(desired=1)
    (lost,) = account.fleet.nodes
    account.fleet.refuse = "no room"
    account.ec2.terminate_instances(InstanceIds=[lost])
    issues = account.until(lambda: account.describe()["health"]["issues"])
    assert (issues[0]["code"], "no room" in issues[0]["message"]) == ("NodeCreationFailure", True)


@pytest.mark.parametrize("status", ["CREATING", "DELETING", "CREATE_FAILED"])
def test_a_group_that_comes_or_goes_is_not_kept_at_its_size(monkeypatch, status):
    monkeypatch.setattr(keeper, "reconcile", lambda *_given: pytest.fail("it was"))
    monkeypatch.setattr(keeper, "launch", lambda *_given: pytest.fail("it was"))
    group = SimpleNamespace(status=status, lock=threading.RLock())
    keeper.restore(group)
