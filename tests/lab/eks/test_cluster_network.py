"""Where a cluster cannot be, and which addresses its services cannot have.

https://docs.aws.amazon.com/eks/latest/APIReference/API_VpcConfigRequest.html and
https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html (serviceIpv4Cidr)
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.lab.eks.calls import change, refused


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


def test_five_security_groups_are_the_most(account):
    """The model of resourcesVpcConfig: "You can specify up to five security groups."."""
    make = account.ec2.create_security_group
    groups = [make(GroupName=f"g{n}", Description="g", VpcId=account.vpc)["GroupId"] for n in range(6)]
    with pytest.raises(ClientError, match="InvalidParameterException.*at most 5 security groups"):
        account.cluster("d", **network(account, securityGroupIds=groups))
    assert account.cluster("d", **network(account, securityGroupIds=groups[:5]))["status"] == "CREATING"


def test_ipv6_needs_subnets_that_have_it(account):
    """The models of ipFamily and publicAccessCidrs: neither goes without IPv6 addresses."""
    with pytest.raises(ClientError, match="InvalidParameterException.*IPv6"):
        account.cluster("d", kubernetesNetworkConfig={"ipFamily": "ipv6"})
    with pytest.raises(ClientError, match="InvalidParameterException.*IPv6.*::/0"):
        account.cluster("d", **network(account, publicAccessCidrs=["::/0"]))
    vpc = account.ec2.create_vpc(CidrBlock="10.8.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    six = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].removesuffix("::/56")
    subnets = [
        account.ec2.create_subnet(
            VpcId=vpc["VpcId"],
            CidrBlock=f"10.8.{number}.0/24",
            Ipv6CidrBlock=f"{six[:-2]}{number:02d}::/64",
            AvailabilityZone=f"us-east-1{zone}",
        )["Subnet"]["SubnetId"]
        for number, zone in ((1, "a"), (2, "b"))
    ]
    config = {"subnetIds": subnets, "publicAccessCidrs": ["::/0"]}
    made = account.cluster("d", resourcesVpcConfig=config, kubernetesNetworkConfig={"ipFamily": "ipv6"})
    assert made["kubernetesNetworkConfig"]["ipFamily"] == "ipv6"
    assert made["kubernetesNetworkConfig"].keys() & {"serviceIpv4Cidr", "serviceIpv6Cidr"} == {"serviceIpv6Cidr"}


@pytest.mark.parametrize(
    ("blocks", "mode", "said"),
    [
        (["8.8.0.0/16"], "API", "not within one of the private blocks"),
        (["ten"], "API", "is invalid"),
        (["10.9.1.0/24"], "API", "overlaps with the VPC's CIDR 10.9.0.0/16"),
        (["10.7.0.0/16", "10.7.1.0/24"], "API", "overlaps with the remote network CIDR 10.7.0.0/16"),
        (["10.7.0.0/16"], "CONFIG_MAP", "[API, API_AND_CONFIG_MAP]"),
    ],
)
def test_nodes_elsewhere_have_addresses_of_their_own(account, blocks, mode, said):
    """https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cluster-create.html."""
    remote = {"remoteNodeNetworks": [{"cidrs": blocks}]}
    with pytest.raises(ClientError, match="InvalidParameterException") as caught:
        account.cluster("d", remoteNetworkConfig=remote, accessConfig={"authenticationMode": mode})
    assert said in caught.value.response["Error"]["Message"]
    change(account, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    right = {"remoteNodeNetworks": [{"cidrs": ["10.7.0.0/16"]}], "remotePodNetworks": [{"cidrs": ["10.6.0.0/16"]}]}
    if mode == "API":
        assert refused(account.eks, "update_cluster_config", name="c", remoteNetworkConfig=remote)["Code"]
    assert change(account, remoteNetworkConfig=right)["type"] == "RemoteNetworkConfigUpdate"


@pytest.mark.parametrize(("block", "services"), [("10.8.0.0/16", "172.20.0.0/16"), ("172.20.0.0/16", "10.100.0.0/16")])
def test_services_have_what_the_vpc_leaves_free(account, block, services):
    """The model of serviceIpv4Cidr: "either the 10.100.0.0/16 or 172.20.0.0/16 CIDR blocks"."""
    vpc = account.ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
    start = block.removesuffix(".0.0/16")
    subnets = [account.subnet(f"{start}.{number}.0/24", zone, vpc) for number, zone in ((1, "a"), (2, "b"))]
    made = account.cluster("d", resourcesVpcConfig={"subnetIds": subnets})["kubernetesNetworkConfig"]
    assert made == {"serviceIpv4Cidr": services, "ipFamily": "ipv4", "elasticLoadBalancing": {"enabled": False}}


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
