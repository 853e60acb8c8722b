"""The instances of a node group: how they are launched, spread, replaced and ended.

https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html for updates,
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html for those that are warm.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lab.aws.eks import instances as eks_instances

GROUP = {"clusterName": "c", "nodegroupName": "g"}


def test_instances_have_ekss_tags_and_settings(account):
    account.group()
    filters = [{"Name": "tag:kubernetes.io/cluster/c", "Values": ["owned"]}]
    found = account.ec2.describe_instances(Filters=filters)["Reservations"]
    instances = {one["InstanceId"]: one for reservation in found for one in reservation["Instances"]}
    assert set(instances) == set(account.fleet.nodes)
    assert {one["SubnetId"] for one in instances.values()} == set(account.subnets)
    assert {one["PrivateIpAddress"] for one in instances.values()} == {ip for ip, _ in account.fleet.nodes.values()}
    one = next(iter(instances.values()))
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    name = account.describe()["resources"]["autoScalingGroups"][0]["name"]
    assert tags["eks:cluster-name"] == "c"
    assert tags["eks:nodegroup-name"] == "g"
    assert tags["aws:autoscaling:groupName"] == name
    assert "aws:ec2launchtemplate:id" in tags
    assert "Name" not in tags
    assert (one["MetadataOptions"]["HttpTokens"], one["MetadataOptions"]["HttpPutResponseHopLimit"]) == ("required", 2)
    profile = account.iam.get_instance_profile(InstanceProfileName=one["IamInstanceProfile"]["Arn"].rpartition("/")[2])
    assert [role["Arn"] for role in profile["InstanceProfile"]["Roles"]] == [account.role]
    volumes = account.ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [one["InstanceId"]]}])
    assert [volume["Size"] for volume in volumes["Volumes"]] == [20]
    cluster = account.eks.describe_cluster(name="c")["cluster"]["resourcesVpcConfig"]
    assert [group["GroupId"] for group in one["SecurityGroups"]] == [cluster["clusterSecurityGroupId"]]


def test_a_node_that_does_not_start_fails_the_group(account):
    account.fleet.refuse = "no bridge"
    account.eks.create_nodegroup(**account.request(desired=1))
    group = account.reach("g", "CREATE_FAILED")
    assert "no bridge" in group["health"]["issues"][0]["message"]
    account.eks.delete_nodegroup(**GROUP)
    account.gone()


def test_an_update_that_fails_says_so(account):
    account.group(desired=1)
    account.fleet.refuse = "no room"
    update = account.eks.update_nodegroup_config(**GROUP, scalingConfig={"desiredSize": 2})["update"]
    account.reach("g", "DEGRADED")
    answer = account.eks.describe_update(name="c", nodegroupName="g", updateId=update["id"])["update"]
    assert answer["status"] == "Failed"
    assert "no room" in answer["errors"][0]["errorMessage"]


@pytest.mark.parametrize(
    ("update", "number", "steps"),
    [
        # One at a time unless more is said, the new one first; MINIMAL ends before it starts.
        (None, 2, ["+1", "-1", "+1", "-1"]),
        ({"maxUnavailable": 2}, 3, ["+2", "-2", "+1", "-1"]),
        ({"maxUnavailable": 5}, 3, ["+3", "-3"]),
        ({"maxUnavailablePercentage": 50}, 4, ["+2", "-2", "+2", "-2"]),
        # A percentage that comes to less than one node is one node.
        ({"maxUnavailablePercentage": 1}, 2, ["+1", "-1", "+1", "-1"]),
        ({"maxUnavailable": 2, "updateStrategy": "MINIMAL"}, 3, ["-2", "+2", "-1", "+1"]),
        ({"maxUnavailable": 2}, 0, []),
    ],
)
def test_a_version_update_goes_in_steps(monkeypatch, update, number, steps):
    done = []

    def end(_group, ids):
        if ids:
            done.append(f"-{len(ids)}")

    monkeypatch.setattr(eks_instances, "terminate", end)
    monkeypatch.setattr(eks_instances, "grow", lambda _group, count: done.append(f"+{count}"))
    from threading import RLock

    names = [f"i-{one}" for one in range(number)]
    group = SimpleNamespace(update_config=update, lock=RLock(), instances=names, warm=[], warming=[])
    eks_instances.roll(group)
    assert done == steps


def test_instances_are_spread_over_the_subnets_as_they_come_and_go(account):
    def spread():
        return sorted(account.instance(name)["SubnetId"] for name in account.fleet.nodes)

    account.group(desired=1)
    assert len(spread()) == 1
    for size in (2, 4):
        account.eks.update_nodegroup_config(**GROUP, scalingConfig={"desiredSize": size})
        account.reach("g", "ACTIVE")
        assert spread() == sorted(account.subnets * (size // 2))


def test_the_newest_instances_leave_first(account):
    account.group(desired=3)
    oldest = list(account.fleet.nodes)[0]
    account.eks.update_nodegroup_config(**GROUP, scalingConfig={"desiredSize": 1})
    account.reach("g", "ACTIVE")
    (left,) = account.fleet.nodes
    held = account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    assert [row["InstanceId"] for row in held] == [left]
    assert oldest in account.fleet.started
