"""EKS clusters: what moto forgets of them is kept.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
"""

from __future__ import annotations

import re
from typing import Any

from moto.eks.models import Cluster, EKSBackend

from lab.aws.eks import cluster_rules as rules
from lab.aws.eks import versions
from lab.aws.eks.cluster_network import check_addresses, check_network, services
from lab.aws.eks.roles import check_cluster_role, check_form
from lab.aws.eks.support import (
    Params,
    are_unreal,
    check_tags,
    client,
    find_cluster,
    in_use,
    once,
    operation,
    page,
    refused,
)

# Which update a member of the request is; several of one kind may come together.
KINDS = {
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "computeConfig": "AutoModeUpdate",
    "storageConfig": "AutoModeUpdate",
    "kubernetesNetworkConfig": "AutoModeUpdate",
    "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "controlPlaneScalingConfig": "ControlPlaneScalingConfigUpdate",
    "kubeApiServerConfig": "ControlPlaneComponentConfigUpdate",
    "kubeSchedulerConfig": "ControlPlaneComponentConfigUpdate",
    "kubeControllerManagerConfig": "ControlPlaneComponentConfigUpdate",
}
ACCESS = {"bootstrapClusterCreatorAdminPermissions": True, "authenticationMode": "CONFIG_MAP"}
# What moto's Cluster has no place for, by the model's name.
FORGOTTEN = [name for name in KINDS if name not in ("logging", "kubernetesNetworkConfig", "remoteNetworkConfig")]


def attribute(name: str) -> str:
    """Return the name moto keeps a member of the model under."""
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)


def create_cluster(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Make the cluster."""
    return once(
        backend,
        "CreateCluster",
        params,
        lambda: _create_cluster(backend, params),
        lambda: params["name"] in backend.clusters,
    )


def _create_cluster(backend: EKSBackend, params: Params) -> dict[str, Any]:
    name = params["name"]
    if name in backend.clusters:
        raise in_use(f"Cluster already exists with name: {name}", name)
    version = params.get("version") or versions.DEFAULT
    versions.check(version)
    check_tags(params.get("tags") or {})
    access = {**ACCESS, **(params.get("accessConfig") or {})}
    mode = access["authenticationMode"]
    rules.check_auto_mode(params, mode)
    rules.check_pools(params.get("computeConfig") or {})
    rules.check_bootstrap(params, mode)
    rules.check_control_plane(params)
    rules.check_encryption(params.get("encryptionConfig") or [], backend.region_name)
    check_form(params["roleArn"])
    config, addresses = params["resourcesVpcConfig"], params.get("kubernetesNetworkConfig") or {}
    network = check_network(config, addresses.get("ipFamily"))
    check_addresses(network, addresses, params.get("remoteNetworkConfig") or {}, mode)
    if not are_unreal(config["subnetIds"]):
        check_cluster_role(params["roleArn"])
    cluster = backend.create_cluster(
        name=name,
        role_arn=params["roleArn"],
        resources_vpc_config=dict(config),
        version=version,
        kubernetes_network_config=params.get("kubernetesNetworkConfig"),
        logging=params.get("logging"),
        client_request_token=params.get("clientRequestToken"),
        tags=dict(params.get("tags") or {}),
        encryption_config=params.get("encryptionConfig"),
        remote_network_config=params.get("remoteNetworkConfig"),
    )
    if network:
        network["clusterSecurityGroupId"] = _security_group(cluster, network["vpcId"])
        defaults = {"endpointPublicAccess": True, "endpointPrivateAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}
        cluster.resources_vpc_config = {"securityGroupIds": [], **defaults, **config, **network}
        cluster.kubernetes_network_config = services(network, addresses)
    for member in FORGOTTEN:
        if params.get(member) is not None:
            setattr(cluster, attribute(member), params[member])
    vars(cluster).update(
        access_config=access,
        upgrade_policy=params.get("upgradePolicy") or {"supportType": "EXTENDED"},
        deletion_protection=bool(params.get("deletionProtection")),
        health={"issues": []},
        platformVersion="eks.10",
    )
    # The control plane is there at once, so that the next request already finds it ACTIVE.
    return {"cluster": _seen(cluster, "CREATING")}


def _seen(cluster: Cluster, status: str) -> dict[str, Any]:
    """Return a cluster as it is answered at this moment, whatever becomes of it."""
    return {**vars(cluster), "status": status, "platformVersion": cluster.platformVersion}


def _security_group(cluster: Cluster, vpc: str) -> str:
    name = f"eks-cluster-sg-{cluster.name}-{cluster.created_at.strftime('%f%S%M%H')}"
    tags = [
        {"Key": "Name", "Value": name},
        {"Key": f"kubernetes.io/cluster/{cluster.name}", "Value": "owned"},
        {"Key": "aws:eks:cluster-name", "Value": cluster.name},
    ]
    made: str = client("ec2").create_security_group(
        GroupName=name,
        Description="EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as "
        "well as any managed workloads.",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )["GroupId"]
    return made


def delete_cluster(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Remove a cluster that nothing holds."""
    cluster = find_cluster(backend, params["name"])
    if vars(cluster).get("deletion_protection"):
        raise refused("Cluster cannot be deleted because deletion protection is enabled", clusterName=cluster.name)
    if cluster.fargate_profiles:
        raise in_use("Cluster has Fargate profiles attached", cluster.name)
    backend.delete_cluster(cluster.name)
    security_group = cluster.resources_vpc_config.get("clusterSecurityGroupId")
    if security_group:
        client("ec2").delete_security_group(GroupId=security_group)
    return {"cluster": _seen(cluster, "DELETING")}


def list_clusters(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the clusters' names."""
    return page(sorted(backend.clusters), params, "clusters")


def install() -> None:
    """Replace moto's operations on clusters."""
    operation("CreateCluster", create_cluster)
    operation("DeleteCluster", delete_cluster)
    operation("ListClusters", list_clusters)
