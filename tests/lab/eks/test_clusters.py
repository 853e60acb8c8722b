"""Clusters: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.lab.eks.calls import change, settled

NOBODY = "arn:aws:iam::123456789012:role/nobody"


def test_a_cluster_keeps_what_it_is_given(account):
    kept = {
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "upgradePolicy": {"supportType": "STANDARD"},
        "deletionProtection": True,
        "computeConfig": {"enabled": True, "nodePools": ["system"], "nodeRoleArn": account.role},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "zonalShiftConfig": {"enabled": True},
        "tags": {"k": "v"},
    }
    network = {"elasticLoadBalancing": {"enabled": True}}
    made = account.cluster("d", "1.36", **kept, kubernetesNetworkConfig=network)
    assert made["status"] == "CREATING"
    found = settled(account, "d")
    assert {key: found[key] for key in kept} == kept
    assert found["kubernetesNetworkConfig"] == {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4", **network}
    assert found["version"] == "1.36"
    assert account.eks.list_clusters()["clusters"] == ["c", "d"]


def test_a_cluster_has_awss_defaults(account):
    found = account.cluster("d", None)
    assert found["version"] == "1.35"
    assert found["accessConfig"] == {
        "authenticationMode": "CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": True,
    }
    assert found["upgradePolicy"] == {"supportType": "EXTENDED"}
    network = found["resourcesVpcConfig"]
    assert network["vpcId"] == account.vpc
    assert (network["endpointPublicAccess"], network["endpointPrivateAccess"]) == (True, False)
    group = account.ec2.describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])["SecurityGroups"][0]
    assert group["GroupName"].startswith("eks-cluster-sg-d-")


def test_a_cluster_goes_with_its_security_group(account):
    group = account.cluster("d")["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert account.eks.delete_cluster(name="d")["cluster"]["status"] == "DELETING"
    with pytest.raises(ClientError, match="ResourceNotFoundException.*No cluster found for name: d"):
        account.eks.describe_cluster(name="d")
    with pytest.raises(ClientError, match="InvalidGroup.NotFound"):
        account.ec2.describe_security_groups(GroupIds=[group])


def test_a_protected_cluster_stays_until_it_is_protected_no_more(account):
    change(account, deletionProtection=True)
    with pytest.raises(ClientError, match="InvalidRequestException.*deletion protection"):
        account.eks.delete_cluster(name="c")
    change(account, deletionProtection=False)
    account.eks.delete_cluster(name="c")
    account.cluster()


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"name": "c"}, "ResourceInUseException", "Cluster already exists with name: c"),
        ({"name": "-d"}, "InvalidParameterException", "pattern"),
        ({"name": "d" * 101}, "InvalidParameterException", "100"),
        ({"version": "1.19"}, "InvalidParameterException", "unsupported Kubernetes version"),
        ({"roleArn": "node"}, "InvalidParameterException", "Invalid Role Arn"),
        ({"roleArn": NOBODY}, "InvalidParameterException", "could not be assumed because it does not exist"),
        ({"resourcesVpcConfig": {}}, "InvalidParameterException", "Subnets are required"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-x"]}}, "InvalidParameterException", "subnet-x"),
        ({"tags": {"aws:x": "y"}}, "InvalidParameterException", "reserved"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "8.8.0.0/16"}}, "InvalidParameterException", "8.8.0.0/16"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.1.0.0/25"}}, "InvalidParameterException", "netmask"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "ten"}}, "InvalidParameterException", "ten"),
        ({"encryptionConfig": [{"resources": ["pods"]}]}, "InvalidParameterException", "secrets"),
        ({"logging": {"clusterLogging": [{"types": ["kubelet"]}]}}, "InvalidParameterException", "controllerManager"),
        (
            {"resourcesVpcConfig": {"subnetIds": ["subnet-0123456789abcdef0"]}},
            "InvalidParameterException",
            "subnet-0123456789abcdef0",
        ),
        (
            {"resourcesVpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": False}},
            "InvalidParameterException",
            "disabled",
        ),
        ({"resourcesVpcConfig": {"publicAccessCidrs": ["here"]}}, "InvalidParameterException", "CIDRs are invalid"),
        (
            {"resourcesVpcConfig": {"publicAccessCidrs": ["1.2.3.0/24", "10.1.0.0/16"]}},
            "InvalidParameterException",
            "not allowed in publicAccessCidrs: [10.1.0.0/16]",
        ),
        ({"computeConfig": {"enabled": True}}, "InvalidParameterException", "EKS Auto Mode"),
        ({"accessConfig": {"authenticationMode": "IAM"}}, "InvalidParameterException", "CONFIG_MAP"),
        ({"upgradePolicy": {"supportType": "LONG"}}, "InvalidParameterException", "EXTENDED"),
    ],
)
def test_a_cluster_that_aws_would_not_make(account, more, code, message):
    with pytest.raises(ClientError) as caught:
        account.cluster(**{"name": "d", **more})
    assert caught.value.response["Error"]["Code"] == code
    assert message in caught.value.response["Error"]["Message"]


def test_a_security_group_that_is_not_there_is_refused(account):
    with pytest.raises(ClientError, match="InvalidParameterException.*sg-0123456789abcdef0"):
        config = {"subnetIds": account.subnets, "securityGroupIds": ["sg-0123456789abcdef0"]}
        account.cluster("d", resourcesVpcConfig=config)


def test_a_zone_without_room_for_control_planes_is_refused(account):
    """https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html names the zones by their ids."""
    config = {"subnetIds": [*account.subnets, account.subnet("10.9.7.0/24", "e")]}
    with pytest.raises(ClientError, match="UnsupportedAvailabilityZoneException.*us-east-1e"):
        account.cluster("d", resourcesVpcConfig=config)
    assert account.eks.list_clusters()["clusters"] == ["c"]


def test_a_cluster_needs_two_availability_zones(account):
    with pytest.raises(ClientError, match="at least two different AZs"):
        account.cluster("d", resourcesVpcConfig={"subnetIds": account.subnets[:1]})


@pytest.mark.parametrize(
    "call",
    [
        lambda eks: eks.describe_cluster(name="nobody"),
        lambda eks: eks.delete_cluster(name="nobody"),
        lambda eks: eks.update_cluster_config(name="nobody"),
        lambda eks: eks.update_cluster_version(name="nobody", version="1.35"),
        lambda eks: eks.list_updates(name="nobody"),
        lambda eks: eks.list_fargate_profiles(clusterName="nobody"),
    ],
)
def test_a_cluster_that_is_not_there_is_not_found(account, call):
    with pytest.raises(ClientError, match="ResourceNotFoundException.*No cluster found for name: nobody"):
        call(account.eks)
