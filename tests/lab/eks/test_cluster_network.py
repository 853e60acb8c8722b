"""Where a cluster cannot be, and which addresses its services cannot have.

https://docs.aws.amazon.com/eks/latest/APIReference/API_VpcConfigRequest.html and
https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html (serviceIpv4Cidr)
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def network(account, **more):
    return {"resourcesVpcConfig": {"subnetIds": account.subnets, **more}}


def test_a_security_group_is_in_the_clusters_vpc(account):
    other = account.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    group = account.ec2.create_security_group(GroupName="other", Description="other", VpcId=other)["GroupId"]
    with pytest.raises(ClientError, match=f"InvalidParameterException.*{group}.* not in the same VPC as the subnets"):
        account.cluster("d", **network(account, securityGroupIds=[group]))
    group = account.ec2.create_security_group(GroupName="own", Description="own", VpcId=account.vpc)["GroupId"]
    assert account.cluster("d", **network(account, securityGroupIds=[group]))["status"] == "CREATING"


def test_who_reaches_the_endpoint_is_a_block_of_addresses(account):
    with pytest.raises(ClientError, match=r"InvalidParameterException.*publicAccessCidrs: \[203.0.113.5\]"):
        account.cluster("d", **network(account, publicAccessCidrs=["203.0.113.5"]))
    assert account.cluster("d", **network(account, publicAccessCidrs=["203.0.113.5/32"]))["status"] == "CREATING"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"serviceIpv4Cidr": "10.9.0.0/16"}, "overlaps with the VPC's CIDR 10.9.0.0/16"),
        ({"serviceIpv4Cidr": "10.9.128.0/20"}, "overlaps with the VPC's CIDR 10.9.0.0/16"),
        ({"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": "ipv6"}, "when ipFamily is ipv6"),
    ],
)
def test_services_have_addresses_of_their_own(account, config, said):
    with pytest.raises(ClientError, match=f"InvalidParameterException.*{said}"):
        account.cluster("d", kubernetesNetworkConfig=config)
    right = account.cluster("d", kubernetesNetworkConfig={"serviceIpv4Cidr": "10.10.0.0/16"})
    assert right["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "10.10.0.0/16"
