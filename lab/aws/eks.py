"""EKS on top of moto's records: managed node groups that run real nodes, and what moto lacks around them."""

from __future__ import annotations

from moto.eks import models

from lab.aws import (
    ec2_nodes,
    ec2_subnets,
    eks_absent,
    eks_access,
    eks_addon_configuration,
    eks_addons,
    eks_cluster_updates,
    eks_clusters,
    eks_fargate,
    eks_keeper,
    eks_nodegroup_updates,
    eks_nodegroups,
    eks_pod_identity,
    eks_tags,
    eks_versions,
)
from lab.aws.eks_group import Group


def install() -> None:
    """Extend moto's EKS and EC2."""
    models.Nodegroup = Group  # type: ignore[assignment,misc]
    for part in (
        ec2_nodes,
        ec2_subnets,
        eks_keeper,
        eks_versions,
        eks_clusters,
        eks_cluster_updates,
        eks_fargate,
        eks_nodegroups,
        eks_nodegroup_updates,
        eks_access,
        eks_addons,
        eks_addon_configuration,
        eks_pod_identity,
        eks_tags,
        eks_absent,
    ):
        part.install()
