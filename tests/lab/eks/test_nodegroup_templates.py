"""What EKS refuses of a node group's launch template, and beside it.

https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html; where EKS's own words are known, the comment
beside the case says from where.
"""

from __future__ import annotations

import base64

import pytest
from botocore.exceptions import ClientError

from tests.lab.eks.calls import refused

IMAGE = {"ImageId": "ami-12c6146b"}
GROUP = {"clusterName": "c", "nodegroupName": "g"}


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        ({}, {"diskSize": 30}, "Disk size must be specified within the launch template."),
        ({}, {"remoteAccess": {"ec2SshKey": "me"}}, "Remote access configuration cannot be specified"),
        ({"IamInstanceProfile": {"Name": "mine"}}, {}, "instance profile"),
        ({"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1"}]}, {}, "subnets"),
        ({"ImageId": "ami-12c6146b"}, {"amiType": "AL2023_x86_64_STANDARD"}, "EKS optimized AMI"),
        # https://github.com/pulumi/pulumi-eks/issues/1283
        (
            {"ImageId": "ami-12c6146b"},
            {"version": "1.34"},
            "You cannot specify a kubernetes version to use when specifying an image id",
        ),
        ({"ImageId": "ami-12c6146b"}, {"releaseVersion": "1.34.1-20260715"}, "releaseVersion when using custom AMIs"),
        ({"ImageId": "ami-12c6146b"}, {"warmPoolConfig": {"enabled": True}}, "custom AMIs"),
        ({}, {"launchTemplate": {"name": "mine", "version": "7"}}, "7"),
        ({}, {"launchTemplate": {"name": "nobody"}}, "nobody"),
        ({}, {"launchTemplate": {"name": "mine", "id": "lt-0123456789abcdef0"}}, "Either provide"),
        ({}, {"launchTemplate": {"version": "1"}}, "Either provide launch template ID or launch template name"),
        ({}, {"launchTemplate": {}}, "Either provide"),
        # https://github.com/hashicorp/terraform-provider-aws/issues/18025
        (
            {"InstanceMarketOptions": {"MarketType": "spot"}},
            {"capacityType": "SPOT"},
            "Instance market options are not supported with the launch template.",
        ),
        ({"InstanceMarketOptions": {"MarketType": "capacity-block"}}, {}, "Instance market options are not supported"),
        ({}, {"launchTemplate": {"name": "mine", "version": "x"}}, "Could not find the specified version x"),
        ({}, {"launchTemplate": {"name": "mine", "version": "0"}}, "Could not find the specified version 0"),
        ({"InstanceInitiatedShutdownBehavior": "stop"}, {}, "shutdown"),
        ({"HibernationOptions": {"Configured": True}}, {}, "hibernation"),
    ],
)
def test_what_a_launch_template_excludes(account, data, more, message):
    account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData={"EbsOptimized": True, **data})
    with pytest.raises(ClientError) as caught:
        account.eks.create_nodegroup(**account.request(**{"launchTemplate": {"name": "mine"}, **more}))
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert message in caught.value.response["Error"]["Message"]


def test_instance_types_are_said_once(account):
    """https://github.com/terraform-aws-modules/terraform-aws-eks/issues/1386 has the code and the words."""
    account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData={"InstanceType": "t3.large"})
    with pytest.raises(ClientError, match="InvalidRequestException.*Cannot specify instance types in launch template"):
        account.eks.create_nodegroup(**account.request(launchTemplate={"name": "mine"}, instanceTypes=["t3.medium"]))


def test_an_image_of_ones_own_makes_the_group_custom(account):
    data = {"ImageId": "ami-12c6146b", "InstanceType": "t3.large"}
    account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData=data)
    group = account.group(desired=1, launchTemplate={"name": "mine"})
    assert (group["amiType"], group["releaseVersion"]) == ("CUSTOM", "ami-12c6146b")
    (name,) = account.fleet.nodes
    assert (account.instance(name)["ImageId"], account.instance(name)["InstanceType"]) == ("ami-12c6146b", "t3.large")


BLOCK = {
    "InstanceType": "p5.48xlarge",
    "InstanceMarketOptions": {"MarketType": "capacity-block"},
    "CapacityReservationSpecification": {
        "CapacityReservationTarget": {"CapacityReservationId": "cr-02168da1478b509e0"}
    },
}


def test_a_capacity_block_is_all_in_the_launch_template(account):
    """https://docs.aws.amazon.com/eks/latest/userguide/capacity-blocks-mng.html."""
    wanted = {"capacityType": "CAPACITY_BLOCK", "desired": 0}
    assert refused(account.eks, "create_nodegroup", **account.request(**wanted))["Code"] == "InvalidParameterException"
    for number, missing in enumerate(BLOCK):
        data = {"EbsOptimized": True, **{key: value for key, value in BLOCK.items() if key != missing}}
        account.ec2.create_launch_template(LaunchTemplateName=f"part{number}", LaunchTemplateData=data)
        request = account.request(**wanted, launchTemplate={"name": f"part{number}"})
        error = refused(account.eks, "create_nodegroup", **request)
        assert error["Code"] == "InvalidParameterException"
        assert error["Message"].startswith("The capacity type CAPACITY_BLOCK requires")
    account.ec2.create_launch_template(LaunchTemplateName="whole", LaunchTemplateData=BLOCK)
    assert account.group(**wanted, launchTemplate={"name": "whole"})["capacityType"] == "CAPACITY_BLOCK"


@pytest.fixture(name="versions")
def versions_fixture(account):
    """Return what makes versions of the launch template, the first with what is given, and a group of the first."""

    def make(*rows):
        first, *others = ({"EbsOptimized": True, **row} for row in rows)
        account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData=first)
        for row in others:
            account.ec2.create_launch_template_version(LaunchTemplateName="mine", LaunchTemplateData=row)
        return account.group(desired=0, launchTemplate={"name": "mine"})

    return make


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({}, IMAGE, "since your nodegroup is configured to use an EKS optimized AMI"),
        (IMAGE, {}, "You must specify an image id within the launch template"),
        ({}, {"IamInstanceProfile": {"Name": "mine"}}, "instance profile"),
        ({}, {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1"}]}, "subnets"),
        ({}, {"InstanceMarketOptions": {"MarketType": "spot"}}, "market options"),
    ],
)
def test_a_new_version_of_the_template_has_to_fit_too(account, versions, first, second, message):
    before = versions(first, second)
    change = {"launchTemplate": {"name": "mine", "version": "2"}}
    error = refused(account.eks, "update_nodegroup_version", **GROUP, **change)
    assert (error["Code"], message in error["Message"]) == ("InvalidParameterException", True)
    assert account.describe() == before


@pytest.mark.parametrize("wanted", [("id", "name"), ()])
def test_an_update_names_the_template_in_one_way(account, versions, wanted):
    """https://github.com/aws-controllers-k8s/community/issues/2645 has EKS's words."""
    named = versions({})["launchTemplate"]
    change = {"launchTemplate": {"version": "1", **{key: named[key] for key in wanted}}}
    error = refused(account.eks, "update_nodegroup_version", **GROUP, **change)
    assert error["Code"] == "InvalidParameterException"
    assert error["Message"] == "Either provide launch template ID or launch template name in the request."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        # https://github.com/rancher/eks-operator/issues/85
        ({}, "Launch template details can't be null for Custom ami type node group"),
        # https://github.com/eksctl-io/eksctl/issues/5999
        ({"version": "1.34"}, "You cannot specify the field kubernetesVersion when using custom AMIs."),
        ({"releaseVersion": "1.34.1-20260715"}, "You cannot specify the field releaseVersion when using custom AMIs."),
    ],
)
def test_a_group_of_ones_own_image_is_updated_by_its_template_alone(account, versions, change, message):
    versions(IMAGE)
    error = refused(account.eks, "update_nodegroup_version", **GROUP, **change)
    assert (error["Code"], error["Message"]) == ("InvalidParameterException", message)


@pytest.mark.parametrize(
    ("text", "data", "status"),
    [
        (b"#!/bin/sh\n", {}, "CREATE_FAILED"),
        (b"#cloud-config\n", {}, "CREATE_FAILED"),
        (b"#!/bin/sh\n", IMAGE, "ACTIVE"),
        (b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n--B--\n', {}, "ACTIVE"),
    ],
)
def test_user_data_of_ones_own_is_merged_with_ekss(account, text, data, status):
    """https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html#launch-template-user-data, and
    https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2955 for what becomes of the group.
    """
    data = {"UserData": base64.b64encode(text).decode(), **data}
    account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData=data)
    group = account.request(desired=0, launchTemplate={"name": "mine"})
    account.eks.create_nodegroup(**group)
    issues = account.reach("g", status)["health"]["issues"]
    assert [issue["code"] for issue in issues] == (
        ["Ec2LaunchTemplateInvalidConfiguration"] if status != "ACTIVE" else []
    )
