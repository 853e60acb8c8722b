"""The Auto Scaling group of a node group: a real one, that EKS made and an autoscaler changes.

https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html for whose it is, and
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html for the sizes.
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from lab import settings
from lab.aws.eks import scaling_group

NOT_THERE = {"clusterName": "c", "nodegroupName": "g"}


def test_the_auto_scaling_group_is_real(account):
    name = account.group()["resources"]["autoScalingGroups"][0]["name"]
    scaling = account.client("autoscaling")

    def described():
        return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]

    assert name.startswith("eks-g-")
    assert (described()["MinSize"], described()["MaxSize"], described()["DesiredCapacity"]) == (0, 4, 2)
    assert {row["InstanceId"] for row in described()["Instances"]} == set(account.fleet.nodes)

    # An autoscaler changes the size here.
    scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    account.until(lambda: len(account.fleet.nodes) == 3)
    assert account.describe()["scalingConfig"]["desiredSize"] == 3
    account.eks.update_nodegroup_config(**NOT_THERE, scalingConfig={"maxSize": 5, "desiredSize": 1})
    account.reach("g", "ACTIVE")
    assert (described()["MaxSize"], described()["DesiredCapacity"]) == (5, 1)
    assert [row["InstanceId"] for row in described()["Instances"]] == list(account.fleet.nodes)


def test_the_auto_scaling_groups_own_termination_is_followed(account):
    account.group(desired=2)
    lost = sorted(account.fleet.nodes)[0]
    scaling = account.client("autoscaling")
    scaling.terminate_instance_in_auto_scaling_group(InstanceId=lost, ShouldDecrementDesiredCapacity=True)
    account.until(lambda: lost not in account.fleet.nodes)
    account.until(lambda: account.describe()["scalingConfig"]["desiredSize"] == 1)
    assert len(account.fleet.nodes) == 1


def test_it_starts_and_ends_nothing_itself(account):
    account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData={"EbsOptimized": True})
    group = scaling_group.create(
        settings.ACCOUNT,
        settings.REGION,
        "own",
        sizes={"minSize": 1, "maxSize": 3, "desiredSize": 2},
        subnets=account.subnets,
        launch_template={"LaunchTemplateName": "mine", "Version": "1"},
        tags={"a": "b"},
    )
    scaling = account.client("autoscaling")
    try:
        (told,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["own"])["AutoScalingGroups"]
        assert (told["MinSize"], told["MaxSize"], told["DesiredCapacity"], told["Instances"]) == (1, 3, 2, [])
        assert told["VPCZoneIdentifier"].split(",") == account.subnets
        assert [(tag["Key"], tag["Value"], tag["PropagateAtLaunch"]) for tag in told["Tags"]] == [("a", "b", True)]
        heard = []
        group.changed = heard.append
        scaling.set_desired_capacity(AutoScalingGroupName="own", DesiredCapacity=3)
        assert heard == [3]
        group.sizes({"minSize": 0, "maxSize": 5, "desiredSize": 1})
        # What EKS itself asked for is not told to it again.
        assert (heard, group.desired_capacity, group.max_size) == ([3], 1, 5)
        with pytest.raises(ClientError, match="ValidationError.*value 6 is above max value 5"):
            scaling.set_desired_capacity(AutoScalingGroupName="own", DesiredCapacity=6)
    finally:
        scaling_group.remove(settings.ACCOUNT, settings.REGION, "own")
    assert scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["own"])["AutoScalingGroups"] == []
    scaling_group.remove(settings.ACCOUNT, settings.REGION, "own")
