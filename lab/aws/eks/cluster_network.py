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
MOST_GROUPS = 5
# What services have where nothing is said, whichever the VPC leaves free.
SERVICES = ("172.20.0.0/16", "10.100.0.0/16")
PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _taken(network: dict[str, Any]) -> list[str]:
    """Return the blocks of addresses that a cluster's VPC has."""
    (vpc,) = client("ec2").describe_vpcs(VpcIds=[network["vpcId"]])["Vpcs"]
    return [row["CidrBlock"] for row in vpc.get("CidrBlockAssociationSet") or []]


def services(network: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a cluster's own addresses with what EKS fills in."""
    filled: dict[str, Any] = {"serviceIpv6Cidr": "fd30:4d9e:5b2a::/108"}
    if config.get("ipFamily") != "ipv6":
        used = [ipaddress.IPv4Network(block) for block in _taken(network)]
        free = (block for block in SERVICES if not any(map(ipaddress.IPv4Network(block).overlaps, used)))
        filled = {"serviceIpv4Cidr": next(free, SERVICES[0]), "ipFamily": "ipv4"}
    return {**filled, "elasticLoadBalancing": {"enabled": False}, **config}


def _network(block: str, what: str) -> ipaddress.IPv4Network:
    """Read a block of private addresses."""
    try:
        network = ipaddress.IPv4Network(block if "/" in block else "no block")
    except ValueError as wrong:
        raise invalid(f"The specified {what} CIDR {block} is invalid") from wrong
    if not any(network.subnet_of(private) for private in PRIVATE):
        blocks = ", ".join(map(str, PRIVATE))
        raise invalid(f"The specified {what} CIDR {block} is not within one of the private blocks {blocks}")
    return network


def _check_services(config: dict[str, Any]) -> None:
    """Refuse addresses for services that are public, or too many or few."""
    block = config.get("serviceIpv4Cidr")
    if not block:
        return
    if config.get("ipFamily") == "ipv6":
        raise invalid("You cannot specify serviceIpv4Cidr when ipFamily is ipv6")
    if not 12 <= _network(block, "service IPv4").prefixlen <= 24:
        raise invalid(f"The specified service IPv4 CIDR {block} must have a netmask between /24 and /12")


def _check_endpoint(config: dict[str, Any], family: str) -> None:
    """Refuse an endpoint that nobody reaches, and blocks of addresses that reach it from nowhere."""
    if config.get("endpointPublicAccess") is False and not config.get("endpointPrivateAccess"):
        raise invalid("Private and public endpoint access can't both be disabled")
    for block in config.get("publicAccessCidrs") or []:
        try:
            network = ipaddress.ip_network(block if "/" in block else "no block")
        except ValueError as wrong:
            raise invalid(f"The following CIDRs are invalid in publicAccessCidrs: [{block}]") from wrong
        if network.version == 6 and family != "ipv6":
            raise invalid(f"IPv6 CIDRs are not allowed in publicAccessCidrs of an IPv4 cluster: [{block}]")
        # https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html: no reserved addresses.
        if any(network.version == 4 and network.subnet_of(private) for private in PRIVATE):  # type: ignore[arg-type]
            raise invalid(f"The following CIDRs are not allowed in publicAccessCidrs: [{block}]")


def check_network(config: dict[str, Any], family: str | None) -> dict[str, Any]:
    """Return what EKS adds to a cluster's network settings, having refused what it refuses."""
    _check_endpoint(config, family or "ipv4")
    subnets = config.get("subnetIds") or []
    if not subnets:
        raise invalid("Subnets are required")
    if are_unreal(subnets):
        return {}
    groups = config.get("securityGroupIds") or []
    if len(groups) > MOST_GROUPS:
        raise invalid(f"You can specify at most {MOST_GROUPS} security groups")
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
    if family == "ipv6" and not all(subnet.get("Ipv6CidrBlockAssociationSet") for subnet in found):
        raise invalid("Subnets specified must have IPv6 CIDR blocks when ipFamily is ipv6")
    if full := next((subnet["AvailabilityZone"] for subnet in found if subnet["AvailabilityZoneId"] in FULL), None):
        raise UnsupportedAvailabilityZoneException(
            message=f"Cannot create the cluster because {full}, the targeted zone, does not currently have "
            "sufficient capacity to support the cluster. Retry and choose from other Availability Zones."
        )
    return {"vpcId": found[0]["VpcId"]}


def check_addresses(network: dict[str, Any], own: dict[str, Any], remote: dict[str, Any], mode: str) -> None:
    """Refuse addresses for services, or for nodes and pods elsewhere, that something else in the cluster has.

    https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cluster-create.html
    """
    _check_services(own)
    if not network:
        return
    blocks = [block for part in remote.values() for row in part for block in row.get("cidrs") or []]
    if blocks and mode == "CONFIG_MAP":
        raise invalid("remoteNetworkConfig requires the authentication mode to be one of [API, API_AND_CONFIG_MAP]")
    if blocks and own.get("ipFamily") == "ipv6":
        raise invalid("remoteNetworkConfig requires the IPv4 address family")
    taken = [("the VPC's CIDR", block) for block in _taken(network)]
    wanted = [("remote network", block) for block in blocks]
    if own.get("serviceIpv4Cidr"):
        wanted.insert(0, ("service IPv4", own["serviceIpv4Cidr"]))
    for what, block in wanted:
        for whose, other in taken:
            if _network(block, what).overlaps(ipaddress.IPv4Network(other)):
                raise invalid(f"The specified {what} CIDR {block} overlaps with {whose} {other}")
        taken.append((f"the {what} CIDR", block))
