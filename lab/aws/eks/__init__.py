"""EKS on top of moto's records: managed node groups that run real nodes, and what moto lacks around them."""

from __future__ import annotations

from moto.eks import models

from lab.aws.ec2 import nodes as ec2_nodes
from lab.aws.ec2 import subnets as ec2_subnets
from lab.aws.eks import (
    absent,
    access,
    addon_catalog,
    addons,
    cluster_updates,
    clusters,
    fargate,
    keeper,
    names,
    nodegroup_updates,
    nodegroups,
    pod_identity,
    tags,
    versions,
)
from lab.aws.eks.group import Group


def install() -> None:
    """Extend moto's EKS and EC2."""
    models.Nodegroup = Group  # type: ignore[assignment,misc]
    for part in (
        ec2_nodes,
        ec2_subnets,
        keeper,
        names,
        versions,
        clusters,
        cluster_updates,
        fargate,
        nodegroups,
        nodegroup_updates,
        access,
        addons,
        addon_catalog,
        pod_identity,
        tags,
        absent,
    ):
        part.install()
