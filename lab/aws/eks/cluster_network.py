"""A cluster's place in the network: its subnets and security groups, who reaches its endpoint, its services' addresses.

https://docs.aws.amazon.com/eks/latest/APIReference/API_VpcConfigRequest.html and
https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from botocore.exceptions import ClientError

from lab.aws.eks.support import UnsupportedAvailabilityZoneException, are_unreal, client, invalid

# Where no control plane may be: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
FULL = ("use1-az3", "usw1-az2", "cac1-az3")
PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def check_services(config: dict[str, Any]) -> None:
    """Refuse addresses for services that are public, or too many or few."""
    block = config.get("serviceIpv4Cidr")
    if not block:
        return
    if config.get("ipFamily") == "ipv6":
        raise invalid("You cannot specify serviceIpv4Cidr when ipFamily is ipv6")
    try:
        network = ipaddress.IPv4Network(block)
    except ValueError as wrong:
        raise invalid(f"The specified service IPv4 CIDR {block} is invalid") from wrong
    if not any(network.subnet_of(private) for private in PRIVATE):  # type: ignore[arg-type]
        blocks = ", ".join(map(str, PRIVATE))
        raise invalid(f"The specified service IPv4 CIDR {block} is not within one of the private blocks {blocks}")
    if not 12 <= network.prefixlen <= 24:
        raise invalid(f"The specified service IPv4 CIDR {block} must have a netmask between /24 and /12")


def check_network(config: dict[str, Any]) -> dict[str, Any]:
    """Return what EKS adds to a cluster's network settings, having refused what it refuses."""
    if config.get("endpointPublicAccess") is False and not config.get("endpointPrivateAccess"):
        raise invalid("Private and public endpoint access can't both be disabled")
    for block in config.get("publicAccessCidrs") or []:
        try:
            network = ipaddress.ip_network(block if "/" in block else "no block")
        except ValueError as wrong:
            raise invalid(f"The following CIDRs are invalid in publicAccessCidrs: [{block}]") from wrong
        # https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html: no reserved addresses.
        if any(network.version == 4 and network.subnet_of(private) for private in PRIVATE):  # type: ignore[arg-type]
            raise invalid(f"The following CIDRs are not allowed in publicAccessCidrs: [{block}]")
    subnets = config.get("subnetIds") or []
    if not subnets:
        raise invalid("Subnets are required")
    if are_unreal(subnets):
        return {}
    groups = config.get("securityGroupIds") or []
    try:
        found = client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
        if groups:
            groups = client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]
    except ClientError as error:
        raise invalid(error.response["Error"]["Message"]) from error
    if len({subnet["AvailabilityZone"] for subnet in found}) < 2:
        raise invalid("Subnets specified must be in at least two different AZs")
    if len({subnet["VpcId"] for subnet in found}) > 1:
        raise invalid("Subnets specified must belong to the same VPC")
    if strange := [group["GroupId"] for group in groups if group["VpcId"] != found[0]["VpcId"]]:
        raise invalid(f"The security groups [{', '.join(strange)}] are not in the same VPC as the subnets")
    if full := next((subnet["AvailabilityZone"] for subnet in found if subnet["AvailabilityZoneId"] in FULL), None):
        raise UnsupportedAvailabilityZoneException(
            message=f"Cannot create the cluster because {full}, the targeted zone, does not currently have "
            "sufficient capacity to support the cluster. Retry and choose from other Availability Zones."
        )
    return {"vpcId": found[0]["VpcId"]}


def check_overlap(network: dict[str, Any], config: dict[str, Any]) -> None:
    """Refuse addresses for services that the cluster's VPC has itself."""
    block = config.get("serviceIpv4Cidr")
    if not block or not network:
        return
    (vpc,) = client("ec2").describe_vpcs(VpcIds=[network["vpcId"]])["Vpcs"]
    for taken in [row["CidrBlock"] for row in vpc.get("CidrBlockAssociationSet") or []]:
        if ipaddress.IPv4Network(block).overlaps(ipaddress.IPv4Network(taken)):
            raise invalid(f"The specified service IPv4 CIDR {block} overlaps with the VPC's CIDR {taken}")
