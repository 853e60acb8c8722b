"""Fargate profiles: moto's records, with what EKS refuses of them in front; no pod ever runs on one here.

https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from moto.eks.models import EKSBackend, FargateProfile

from lab.aws.eks.roles import check_fargate_role, check_form
from lab.aws.eks.support import Params, are_unreal, check_tags, client, find_cluster, invalid, operation, page

# https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
MOST_SELECTORS = MOST_LABELS = 5


def create_fargate_profile(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Record a profile."""
    cluster = find_cluster(backend, params["clusterName"])
    if params["fargateProfileName"].startswith("eks-"):
        raise invalid("Fargate Profile names starting with eks- are reserved")
    if len(params.get("selectors") or []) > MOST_SELECTORS:
        raise invalid(f"Fargate Profile can have at most {MOST_SELECTORS} selectors.")
    if any(len(selector.get("labels") or {}) > MOST_LABELS for selector in params.get("selectors") or []):
        # In EKS's words, as moto's tests have them from it.
        raise invalid(f"Request contains Selector with more than {MOST_LABELS} Label pairs")
    check_tags(params.get("tags") or {})
    check_form(params["podExecutionRoleArn"])
    subnets = params.get("subnets") or []
    if not are_unreal(subnets):
        try:
            found = client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
        except ClientError as error:
            raise invalid(error.response["Error"]["Message"]) from error
        vpc = cluster.resources_vpc_config.get("vpcId")
        if strange := [subnet["SubnetId"] for subnet in found if subnet["VpcId"] != vpc]:
            raise invalid(f"Subnets [{', '.join(strange)}] are not in the VPC of the cluster.")
        _check_private(found)
        check_fargate_role(params["podExecutionRoleArn"])
    profile = backend.create_fargate_profile(
        fargate_profile_name=params["fargateProfileName"],
        cluster_name=params["clusterName"],
        selectors=params.get("selectors") or [],
        pod_execution_role_arn=params["podExecutionRoleArn"],
        subnets=subnets,
        client_request_token=params.get("clientRequestToken") or "",
        tags=dict(params.get("tags") or {}),
    )
    profile.health = {"issues": []}  # type: ignore[attr-defined]
    return {"fargateProfile": _seen(profile, "CREATING")}


def _seen(profile: FargateProfile, status: str) -> dict[str, Any]:
    """Return a profile as it is answered at this moment, whatever becomes of it."""
    return {**vars(profile), "status": status}


def _check_private(subnets: list[dict[str, Any]]) -> None:
    """Refuse subnets from which a route leads to an internet gateway.

    https://github.com/awslabs/eks-perf-tests/issues/195 has EKS's words.
    """
    vpcs = [{"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}] if subnets else []
    tables = client("ec2").describe_route_tables(Filters=vpcs)["RouteTables"] if vpcs else []
    own = {row.get("SubnetId", "main"): table for table in tables for row in table["Associations"]}
    for subnet in subnets:
        routes = own.get(subnet["SubnetId"], own.get("main", {})).get("Routes", [])
        if any(route.get("GatewayId", "").startswith("igw-") for route in routes):
            raise invalid(f"Subnet {subnet['SubnetId']} provided in Fargate Profile is not a private subnet")


def delete_fargate_profile(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Forget a profile."""
    profile = backend.delete_fargate_profile(params["clusterName"], params["fargateProfileName"])
    # moto's own tests want a profile of their impossible subnets back as it was.
    kept = bool(profile.subnets) and are_unreal(profile.subnets)
    return {"fargateProfile": _seen(profile, profile.status if kept else "DELETING")}


def list_fargate_profiles(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the names of a cluster's Fargate profiles."""
    return page(sorted(find_cluster(backend, params["clusterName"]).fargate_profiles), params, "fargateProfileNames")


def install() -> None:
    """Replace moto's operations."""
    operation("CreateFargateProfile", create_fargate_profile)
    operation("DeleteFargateProfile", delete_fargate_profile)
    operation("ListFargateProfiles", list_fargate_profiles)
