"""What EKS refuses of node groups, with its codes: API_CreateNodegroup, API_UpdateNodegroupConfig, launch-templates."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

NOBODY = "arn:aws:iam::123456789012:role/nobody"


def taint(effect="NO_SCHEDULE", key="k"):
    return {"key": key, "value": "v", "effect": effect}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"scalingConfig": {"minSize": 2, "maxSize": 1, "desiredSize": 1}}, "Minimum capacity 2 can't be greater"),
        (
            {"scalingConfig": {"minSize": 2, "maxSize": 3, "desiredSize": 1}},
            "Minimum capacity 2 can't be greater than desired size 1",
        ),
        (
            {"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 3}},
            "Desired capacity 3 can't be greater than max size 2",
        ),
        ({"scalingConfig": {"minSize": 0, "maxSize": 451, "desiredSize": 0}}, "451"),
        ({"subnets": ["subnet-0123456789abcdef0"]}, "subnet-0123456789abcdef0"),
        ({"subnets": []}, "Subnets are required"),
        ({"taints": [taint("NoSchedule")]}, "NO_SCHEDULE"),
        ({"taints": [{"key": "k", "value": "v"}]}, "effect"),
        ({"taints": [taint(), taint()]}, "repeat"),
        ({"taints": [taint(key=f"k{number}") for number in range(51)]}, "at most 50"),
        ({"labels": {"kubernetes.io/x": "y"}}, "reserved prefixes"),
        ({"labels": {"a b": "y"}}, "Invalid value: a b : field must consist of alphanumeric characters"),
        ({"labels": {"team": "-blue"}}, "Invalid value: -blue : field must consist of"),
        ({"labels": {"team": ""}}, "greater than or equal to 1"),
        ({"taints": [taint(key="example.com/a b")]}, "Invalid value: a b : field must consist of"),
        ({"taints": [{**taint(), "value": "v!"}]}, "Invalid value: v! : field must consist of"),
        ({"diskSize": 0}, "Disk size"),
        ({"diskSize": -1}, "Disk size"),
        ({"nodeRole": NOBODY}, "The role with name nobody cannot be found."),
        ({"nodeRole": "node"}, "Invalid Role Arn"),
        ({"amiType": "AL2023"}, "AL2023_x86_64_STANDARD"),
        ({"amiType": "AL2_x86_64"}, "AMI Type AL2_x86_64 is only supported for kubernetes versions 1.32 or earlier"),
        ({"amiType": "CUSTOM"}, "launch template"),
        ({"amiType": "AL2023_ARM_64_STANDARD", "instanceTypes": ["t3.medium"]}, "[t3.medium] is not a valid instance"),
        ({"instanceTypes": ["t3.gigantic"]}, "t3.gigantic"),
        ({"version": "1.33"}, "1.34"),
        ({"releaseVersion": "1.33.1-20260715"}, "is not valid for kubernetes version 1.34"),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 5}}, "at the same time"),
        ({"updateConfig": {"maxUnavailable": 0}}, "greater than or equal to 1"),
        ({"updateConfig": {"maxUnavailable": 101}}, "100"),
        ({"updateConfig": {"updateStrategy": "MINIMAL"}}, "must be set"),
        ({"updateConfig": {}}, "must be set"),
        # https://github.com/hashicorp/terraform-provider-aws/pull/26551
        (
            {"updateConfig": {"maxUnavailable": 5}},
            "max-unavailable must be within the range 1 and max size of the node group",
        ),
        # https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
        ({"labels": {"/team": "blue"}}, "Invalid value: /team"),
        ({"labels": {"a/b/team": "blue"}}, "Invalid value: a/b/team"),
        ({"labels": {"Example.com/team": "blue"}}, "Invalid value: Example.com/team"),
        ({"taints": [taint(key="-x.example.com/k")]}, "Invalid value: -x.example.com/k"),
        (
            {"nodeRepairConfig": {"maxUnhealthyNodeThresholdCount": 1, "maxUnhealthyNodeThresholdPercentage": 5}},
            "at the same time",
        ),
        ({"nodeRepairConfig": {"nodeRepairConfigOverrides": [{"repairAction": "Reboot"}]}}, "all of"),
        ({"warmPoolConfig": {"enabled": True}, "capacityType": "SPOT"}, "capacity type SPOT"),
        ({"warmPoolConfig": {"enabled": True, "minSize": 3, "maxGroupPreparedCapacity": 2}}, "minSize"),
        ({"warmPoolConfig": {"enabled": True, "poolState": "Stopped"}}, "STOPPED"),
        (
            {"warmPoolConfig": {"enabled": True, "reuseOnScaleIn": True}, "amiType": "BOTTLEROCKET_x86_64"},
            "Bottlerocket",
        ),
        ({"remoteAccess": {"ec2SshKey": "nobody"}}, "nobody"),
        ({"remoteAccess": {"sourceSecurityGroups": ["sg-1"]}}, "ec2SshKey"),
        ({"tags": {"aws:x": "y"}}, "reserved"),
        ({"nodegroupName": "-g"}, "nodegroupName"),
        ({"nodegroupName": "g" * 64}, "63 characters"),
        ({"capacityType": "RESERVED"}, "ON_DEMAND"),
        ({"tags": {f"k{number}": "v" for number in range(51)}}, "50"),
    ],
)
def test_a_group_that_aws_would_not_make(account, more, message):
    with pytest.raises(ClientError) as caught:
        account.eks.create_nodegroup(**account.request(**more))
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert message in caught.value.response["Error"]["Message"]
    assert account.eks.list_nodegroups(clusterName="c")["nodegroups"] == []


def test_subnets_of_another_vpc_are_refused(account):
    vpc = account.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(ClientError, match="InvalidParameterException.*VPC"):
        account.eks.create_nodegroup(**account.request(subnets=[account.subnet("10.8.1.0/24", "a", vpc)]))
