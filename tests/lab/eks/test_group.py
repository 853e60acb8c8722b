"""What EKS makes for a managed node group: launch template, instance profile, security group.

https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html for what is the user's and what is added,
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html for the tags.
"""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from lab.aws.eks import group as eks_group

NOT_THERE = {"clusterName": "c", "nodegroupName": "g"}
OWN = {"aws:eks:cluster-name": "c", **eks_group.instance_tags("c", "g")}


def template(users=None, **group):
    base = {"disk_size": None, "instance_types": None, "remote_access": None}
    given = {**base, "cluster_name": "c", "nodegroup_name": "g", **group}
    return eks_group.template_of(SimpleNamespace(**given), users or {})


def tags(found, kind="instance"):
    rows = [row["Tags"] for row in found["TagSpecifications"] if row["ResourceType"] == kind]
    return {tag["Key"]: tag["Value"] for tag in rows[0]} if rows else None


def disk(size):
    return [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": size, "VolumeType": "gp3", "DeleteOnTermination": True}}]


@pytest.mark.parametrize(
    ("users", "group", "told"),
    [
        # Both are API_CreateNodegroup's defaults.
        ({}, {}, {"InstanceType": "t3.medium", "BlockDeviceMappings": disk(20)}),
        ({}, {"disk_size": 50, "instance_types": ["m5.large", "m5a.large"]}, {"InstanceType": "m5.large"}),
        ({}, {"disk_size": 50}, {"BlockDeviceMappings": disk(50)}),
        ({"InstanceType": "c5.large"}, {}, {"InstanceType": "c5.large"}),
        ({"BlockDeviceMappings": disk(99)}, {}, {"BlockDeviceMappings": disk(99)}),
        # AL2023's nodes want tokens, and Pods are a hop away.
        ({}, {}, {"MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}}),
        ({"MetadataOptions": {"HttpTokens": "optional"}}, {}, {"MetadataOptions": {"HttpTokens": "optional"}}),
        ({}, {"remote_access": {"ec2SshKey": "me"}}, {"KeyName": "me"}),
        ({"UserData": "eA=="}, {}, {"UserData": "eA=="}),
        ({"ImageId": "ami-1"}, {}, {"ImageId": "ami-1"}),
    ],
)
def test_ekss_template_is_the_users_and_what_is_missing(users, group, told):
    found = template(users, **group)
    assert {name: found[name] for name in told} == told


def test_ekss_tags_win_over_the_users_of_the_same_key():
    users = [
        {
            "ResourceType": "instance",
            "Tags": [{"Key": "Name", "Value": "n"}, {"Key": "eks:cluster-name", "Value": "x"}],
        },
        {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "v"}]},
    ]
    found = template({"TagSpecifications": users})
    assert tags(found) == {"Name": "n", **OWN}
    assert tags(found, "volume") == {"Name": "v"}
    assert tags(template()) == OWN
    assert "Name" not in OWN and OWN["kubernetes.io/cluster/c"] == "owned"


def test_the_users_template_is_left_as_it_was():
    users = {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "n"}]}]}
    template(users)
    assert users == {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "n"}]}]}


def test_a_templates_version_is_its_default_unless_it_is_said(account):
    data = [{"InstanceType": kind} for kind in ("t3.small", "t3.large", "m5.large")]
    made = account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData=data[0])["LaunchTemplate"]
    for one in data[1:]:
        account.ec2.create_launch_template_version(LaunchTemplateName="mine", LaunchTemplateData=one)
    account.ec2.modify_launch_template(LaunchTemplateName="mine", DefaultVersion="2")
    identity = made["LaunchTemplateId"]
    for asked, number in (({}, 2), ({"version": "$Latest"}, 3), ({"version": "1"}, 1), ({"version": "$Default"}, 2)):
        for name in ({"name": "mine"}, {"id": identity}):
            found, named = eks_group.read_template({**name, **asked})
            assert found["InstanceType"] == data[number - 1]["InstanceType"]
            assert named == {"id": identity, "name": "mine", "version": str(number)}


def test_an_instance_is_on_one_list_until_it_is_forgotten():
    lists = {"instances": ["i-1", "i-2"], "warm": ["i-3"], "warming": ["i-4"]}
    group = SimpleNamespace(**lists)
    assert eks_group.Group.everything(group) == ["i-1", "i-2", "i-3", "i-4"]
    eks_group.Group.forget(group, ["i-2", "i-4", "i-9"])
    assert (group.instances, group.warm, group.warming) == (["i-1"], ["i-3"], [])
    # The very lists, as others hold them.
    assert group.instances is lists["instances"]


def test_deleting_a_group_leaves_nothing_of_what_eks_made(account):
    account.group()
    account.eks.delete_nodegroup(**NOT_THERE)
    account.gone()
    assert account.iam.list_instance_profiles()["InstanceProfiles"] == []
    assert account.ec2.describe_launch_templates()["LaunchTemplates"] == []
    assert account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_a_launch_templates_tags_user_data_and_disk_reach_the_instances(account):
    script = (
        b'Content-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n--B--\n'
    )
    text = base64.b64encode(script).decode()
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
