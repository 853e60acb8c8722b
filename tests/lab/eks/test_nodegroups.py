"""Managed node groups: aws-facts of https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html."""

from __future__ import annotations

import base64

import pytest
from botocore.exceptions import ClientError

NOT_THERE = {"clusterName": "c", "nodegroupName": "g"}


def test_a_group_goes_up_and_down_and_away(account):
    eks, fleet = account.eks, account.fleet
    assert eks.create_nodegroup(**account.request(labels={"a": "b"}))["nodegroup"]["status"] == "CREATING"
    group = account.reach("g", "ACTIVE")
    assert (group["version"], group["amiType"], group["diskSize"]) == ("1.34", "AL2023_x86_64_STANDARD", 20)
    assert group["releaseVersion"].startswith("1.34.")
    assert "remoteAccess" not in group
    assert "launchTemplate" not in group
    assert len(fleet.nodes) == 2
    assert {role for _ip, role in fleet.nodes.values()} == {account.role}

    update = eks.update_nodegroup_config(
        **NOT_THERE, scalingConfig={"desiredSize": 3}, labels={"addOrUpdateLabels": {"x": "y"}, "removeLabels": ["a"]}
    )["update"]
    assert (update["status"], update["type"]) == ("InProgress", "ConfigUpdate")
    assert {"type": "DesiredSize", "value": "3"} in update["params"]
    assert account.reach("g", "ACTIVE")["labels"] == {"x": "y"}
    assert len(fleet.nodes) == 3
    answer = eks.describe_update(name="c", nodegroupName="g", updateId=update["id"])["update"]
    assert answer["status"] == "Successful"
    assert eks.list_updates(name="c", nodegroupName="g")["updateIds"] == [update["id"]]

    eks.update_nodegroup_config(**NOT_THERE, scalingConfig={"desiredSize": 1})
    account.reach("g", "ACTIVE")
    assert len(fleet.nodes) == 1
    with pytest.raises(ClientError, match="ResourceInUseException.*nodegroups attached"):
        eks.delete_cluster(name="c")
    assert eks.delete_nodegroup(**NOT_THERE)["nodegroup"]["status"] == "DELETING"
    account.gone()
    assert not fleet.nodes
    assert not fleet.disks


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


def test_deleting_a_group_leaves_nothing_of_what_eks_made(account):
    account.group()
    account.eks.delete_nodegroup(**NOT_THERE)
    account.gone()
    assert account.iam.list_instance_profiles()["InstanceProfiles"] == []
    assert account.ec2.describe_launch_templates()["LaunchTemplates"] == []
    assert account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []


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


def test_a_launch_templates_tags_user_data_and_disk_reach_the_instances(account):
    text = base64.b64encode(b"#!/bin/sh\necho hello\n").decode()
    specification = {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "c-g-Node"}]}
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 77, "VolumeType": "gp3"}}
    data = {"UserData": text, "TagSpecifications": [specification], "BlockDeviceMappings": [disk]}
    made = account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData=data)["LaunchTemplate"]
    group = account.group(desired=1, launchTemplate={"name": "mine"}, instanceTypes=["t3.large"])
    assert group["launchTemplate"] == {"name": "mine", "id": made["LaunchTemplateId"], "version": "1"}
    assert "diskSize" not in group
    (name,) = account.fleet.nodes
    one = account.instance(name)
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    assert (tags["Name"], tags["eks:nodegroup-name"], one["InstanceType"]) == ("c-g-Node", "g", "t3.large")
    held = account.ec2.describe_instance_attribute(InstanceId=name, Attribute="userData")["UserData"]["Value"]
    assert held == text
    volumes = account.ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [name]}])["Volumes"]
    assert [volume["Size"] for volume in volumes] == [77]

    data["TagSpecifications"] = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "second"}]}]
    account.ec2.create_launch_template_version(LaunchTemplateName="mine", LaunchTemplateData=data)
    request = {**NOT_THERE, "launchTemplate": {"name": "mine", "version": "2"}}
    update = account.eks.update_nodegroup_version(**request)["update"]
    assert {"type": "LaunchTemplateVersion", "value": "2"} in update["params"]
    assert account.reach("g", "ACTIVE")["launchTemplate"]["version"] == "2"
    (other,) = account.fleet.nodes
    assert other != name
    assert {"Key": "Name", "Value": "second"} in account.instance(other)["Tags"]


def test_what_is_asked_is_kept(account):
    pool = {"enabled": False, "minSize": 1}
    kept = {
        "updateConfig": {"maxUnavailablePercentage": 50, "updateStrategy": "MINIMAL"},
        "nodeRepairConfig": {"enabled": True, "maxParallelNodesRepairedCount": 1},
        "warmPoolConfig": pool,
        "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
        "tags": {"k": "v"},
        "capacityType": "SPOT",
        "instanceTypes": ["t3.large", "t3a.large"],
        "diskSize": 50,
    }
    group = account.group(desired=0, **kept)
    assert {key: group[key] for key in kept} == kept
    # Omitted members of the warm pool's settings keep their values.
    account.eks.update_nodegroup_config(**NOT_THERE, warmPoolConfig={"minSize": 2})
    assert account.reach("g", "ACTIVE")["warmPoolConfig"] == {"enabled": False, "minSize": 2}


def test_remote_access_has_a_security_group_while_the_group_lives(account):
    account.ec2.create_key_pair(KeyName="me")
    group = account.group(desired=1, remoteAccess={"ec2SshKey": "me"})
    made = group["resources"]["remoteAccessSecurityGroup"]
    rules = account.ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"][0]["IpPermissions"]
    assert [(rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) for rule in rules] == [(22, "0.0.0.0/0")]
    (name,) = account.fleet.nodes
    assert account.instance(name)["KeyName"] == "me"
    account.eks.delete_nodegroup(**NOT_THERE)
    account.gone()
    with pytest.raises(ClientError, match="InvalidGroup.NotFound"):
        account.ec2.describe_security_groups(GroupIds=[made])


def test_a_node_that_does_not_start_fails_the_group(account):
    account.fleet.refuse = "no bridge"
    account.eks.create_nodegroup(**account.request(desired=1))
    group = account.reach("g", "CREATE_FAILED")
    assert "no bridge" in group["health"]["issues"][0]["message"]
    account.eks.delete_nodegroup(**NOT_THERE)
    account.gone()


def test_a_request_that_comes_twice_with_its_token_is_done_once(account):
    request = account.request(desired=0, clientRequestToken="once")
    first = account.eks.create_nodegroup(**request)["nodegroup"]
    assert account.eks.create_nodegroup(**request)["nodegroup"]["nodegroupArn"] == first["nodegroupArn"]
    with pytest.raises(ClientError, match="ResourceInUseException.*already exists"):
        account.eks.create_nodegroup(**account.request(desired=0))
    account.reach("g", "ACTIVE")
    account.eks.delete_nodegroup(**NOT_THERE)
    account.gone()
    assert account.eks.create_nodegroup(**request)["nodegroup"]["nodegroupArn"] != first["nodegroupArn"]
    account.reach("g", "ACTIVE")


def test_groups_are_listed_in_pages(account):
    for name in ("b", "a", "d"):
        account.group(name, 0)
    first = account.eks.list_nodegroups(clusterName="c", maxResults=2)
    assert first["nodegroups"] == ["a", "b"]
    rest = account.eks.list_nodegroups(clusterName="c", maxResults=2, nextToken=first["nextToken"])
    assert rest["nodegroups"] == ["d"]
    assert "nextToken" not in rest
    with pytest.raises(ClientError, match="InvalidParameterException.*nextToken"):
        account.eks.list_nodegroups(clusterName="c", nextToken="none of ours")


@pytest.mark.parametrize(
    "call",
    [
        lambda eks: eks.list_nodegroups(clusterName="nobody"),
        lambda eks: eks.describe_nodegroup(clusterName="nobody", nodegroupName="g"),
        lambda eks: eks.describe_nodegroup(clusterName="c", nodegroupName="nobody"),
        lambda eks: eks.delete_nodegroup(clusterName="c", nodegroupName="nobody"),
        lambda eks: eks.update_nodegroup_config(clusterName="c", nodegroupName="nobody"),
        lambda eks: eks.update_nodegroup_version(clusterName="c", nodegroupName="nobody"),
        lambda eks: eks.create_nodegroup(clusterName="nobody", nodegroupName="g", nodeRole="x", subnets=["y"]),
        lambda eks: eks.list_updates(name="c", nodegroupName="nobody"),
        lambda eks: eks.describe_update(name="c", updateId="nobody"),
    ],
)
def test_what_is_not_there_is_not_found(account, call):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        call(account.eks)
