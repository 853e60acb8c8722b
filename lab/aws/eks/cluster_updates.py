"""Updates of clusters, and what becomes of the updates of clusters, node groups and add-ons.

https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
"""

from __future__ import annotations

from typing import Any

from moto.eks.models import Cluster, EKSBackend

from lab.aws.eks import cluster_rules as rules
from lab.aws.eks import versions
from lab.aws.eks.cluster_network import check_addresses, check_network
from lab.aws.eks.clusters import KINDS, attribute
from lab.aws.eks.support import (
    Params,
    background,
    begin,
    find_cluster,
    in_use,
    invalid,
    not_found,
    once,
    operation,
    page,
    refused,
)

# Which update a member of a cluster's network is; the rest is who reaches it.
VPC_KINDS = {
    "subnetIds": "VpcConfigUpdate",
    "securityGroupIds": "VpcConfigUpdate",
    "controlPlaneEgressMode": "ControlPlaneEgressUpdate",
}
LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


def _update(cluster: Cluster, kind: str, changes: dict[str, Any]) -> dict[str, Any]:
    update = begin(cluster, kind, changes)
    cluster.status = "UPDATING"
    answer = {"update": dict(update)}

    def finish() -> None:
        update["status"] = "Successful"
        cluster.status = "ACTIVE"

    background(finish)
    return answer


def _refuse_when_busy(cluster: Cluster) -> None:
    if cluster.status != "ACTIVE":
        raise in_use("Cluster is not in ACTIVE status", cluster.name)


def update_cluster_config(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Change one kind of a cluster's settings."""
    return once(backend, "UpdateClusterConfig", params, lambda: _update_config(backend, params))


def _update_config(backend: EKSBackend, params: Params) -> dict[str, Any]:
    cluster = find_cluster(backend, params["name"])
    _refuse_when_busy(cluster)
    # Settings that say nothing ask for nothing.
    asked = {name: params[name] for name in KINDS if params.get(name) not in (None, {})}
    kinds = {KINDS[name] for name in asked}
    vpc = params.get("resourcesVpcConfig") or {}
    # https://github.com/aws-controllers-k8s/eks-controller/pull/119: these are not changed together.
    kinds |= {VPC_KINDS.get(name, "EndpointAccessUpdate") for name in vpc}
    if not kinds:
        raise invalid("The type for cluster update was not provided.", clusterName=cluster.name)
    if len(kinds) > 1:
        raise invalid("Only one type of update can be allowed.", clusterName=cluster.name)
    kind = kinds.pop()
    if vpc:
        return _update(cluster, kind, _change_network(cluster, vpc))
    if kind == "LoggingUpdate":
        logging = _logging(cluster.logging, asked["logging"])
        if logging == _logging(cluster.logging, {}):
            raise invalid("No changes needed for the logging config provided", clusterName=cluster.name)
        cluster.logging = logging
        return _update(cluster, kind, {"ClusterLogging": cluster.logging})
    _check(cluster, kind, asked)
    for member, value in asked.items():
        old = getattr(cluster, attribute(member), None)
        merged = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        setattr(cluster, attribute(member), merged)
    names = {"accessConfig": "AuthenticationMode"}
    return _update(cluster, kind, {names.get(name, name[0].upper() + name[1:]): asked[name] for name in asked})


def _change_network(cluster: Cluster, vpc: dict[str, Any]) -> dict[str, Any]:
    merged = {**cluster.resources_vpc_config, **vpc}
    network = check_network(merged, cluster.kubernetes_network_config.get("ipFamily"))
    if network.get("vpcId") != cluster.resources_vpc_config.get("vpcId"):
        raise invalid("Subnets specified must belong to the VPC the cluster was created with", clusterName=cluster.name)
    old, new = (
        config.get("controlPlaneEgressMode", "AWS_MANAGED") for config in (cluster.resources_vpc_config, merged)
    )
    if new == "AWS_MANAGED" != old:
        raise invalid(f"The controlPlaneEgressMode can't be changed from {old} to {new}", clusterName=cluster.name)
    if merged == cluster.resources_vpc_config:
        raise invalid("Cluster is already at the desired configuration", clusterName=cluster.name)
    cluster.resources_vpc_config = merged
    names = {
        "subnetIds": "Subnets",
        "securityGroupIds": "SecurityGroups",
        "endpointPublicAccess": "EndpointPublicAccess",
        "endpointPrivateAccess": "EndpointPrivateAccess",
        "publicAccessCidrs": "PublicAccessCidrs",
        "controlPlaneEgressMode": "ControlPlaneEgressMode",
    }
    return {names[name]: value for name, value in vpc.items()}


def _check(cluster: Cluster, kind: str, asked: Params) -> None:
    """Refuse what one kind of update may not say."""
    mode = vars(cluster)["access_config"]["authenticationMode"]
    if kind == "AccessConfigUpdate":
        rules.check_mode(mode, asked["accessConfig"].get("authenticationMode") or mode)
    if kind == "AutoModeUpdate":
        fixed = {"serviceIpv4Cidr", "ipFamily"} & (asked.get("kubernetesNetworkConfig") or {}).keys()
        if fixed:
            raise invalid(f"The {min(fixed)} of a cluster can't be changed", clusterName=cluster.name)
        rules.check_auto_mode(asked, mode)
        rules.check_pools({**(vars(cluster).get("compute_config") or {}), **(asked.get("computeConfig") or {})})
    if kind == "UpgradePolicyUpdate":
        rules.check_support(cluster.version, asked["upgradePolicy"])
    if kind == "RemoteNetworkConfigUpdate":
        network = {key: value for key, value in cluster.resources_vpc_config.items() if key == "vpcId"}
        check_addresses(network, cluster.kubernetes_network_config, asked["remoteNetworkConfig"], mode)
    rules.check_control_plane(asked)


def _logging(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return which logs are on and which off after a change that may name a part of them."""
    on = {name for row in old["clusterLogging"] if row.get("enabled") for name in row.get("types", [])}
    for row in new.get("clusterLogging", []):
        on = on | set(row.get("types", [])) if row.get("enabled") else on - set(row.get("types", []))
    rows = [
        {"types": sorted(on), "enabled": True},
        {"types": [name for name in LOGS if name not in on], "enabled": False},
    ]
    return {"clusterLogging": [row for row in rows if row["types"]]}


def associate_encryption_config(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Encrypt a cluster's secrets with a key of one's own, which nothing ever undoes."""
    return once(backend, "AssociateEncryptionConfig", params, lambda: _encrypt(backend, params))


def _encrypt(backend: EKSBackend, params: Params) -> dict[str, Any]:
    cluster = find_cluster(backend, params["clusterName"])
    _refuse_when_busy(cluster)
    if not params["encryptionConfig"]:
        raise invalid("The encryptionConfig must not be empty", clusterName=cluster.name)
    rules.check_encryption(params["encryptionConfig"], backend.region_name)
    if cluster.encryption_config:
        raise invalid("EncryptionConfig is already associated with the cluster", clusterName=cluster.name)
    cluster.encryption_config = params["encryptionConfig"]
    return _update(cluster, "AssociateEncryptionConfig", {"EncryptionConfig": params["encryptionConfig"]})


def update_cluster_version(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Bring the control plane to the next minor version."""
    return once(backend, "UpdateClusterVersion", params, lambda: _update_version(backend, params))


def _update_version(backend: EKSBackend, params: Params) -> dict[str, Any]:
    cluster, version = find_cluster(backend, params["name"]), params["version"]
    _refuse_when_busy(cluster)
    versions.check(version)
    if version == cluster.version:
        raise invalid(f"Cluster is already at the desired version {version}", clusterName=cluster.name)
    if versions.minor(version) != versions.minor(cluster.version) + 1:
        text = f"Unsupported Kubernetes minor version update from {cluster.version} to {version}"
        raise invalid(text, clusterName=cluster.name)
    behind = sorted(name for name, group in cluster.nodegroups.items() if group.version != cluster.version)
    if behind:
        raise refused(
            f"Nodegroups {', '.join(behind)} must be updated to match cluster version {cluster.version} before "
            "updating cluster version",
            clusterName=cluster.name,
        )
    cluster.version = version
    return _update(cluster, "VersionUpdate", {"Version": version, "PlatformVersion": cluster.platformVersion})


def _updates(backend: EKSBackend, params: Params) -> dict[str, dict[str, Any]]:
    cluster = find_cluster(backend, params["name"])
    owner: Any = cluster
    if params.get("nodegroupName"):
        owner = backend.describe_nodegroup(cluster.name, params["nodegroupName"])
        found: dict[str, dict[str, Any]] = vars(owner).get("lab_updates", {})
    elif params.get("addonName"):
        addons = vars(cluster).get("lab_addons", {})
        if params["addonName"] not in addons:
            raise not_found(f"No addon: {params['addonName']} found in cluster: {cluster.name}", cluster.name)
        found = vars(addons[params["addonName"]]).get("lab_updates", {})
    else:
        found = vars(owner).get("lab_updates", {})
    return found


def describe_update(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer one update of a cluster, node group or add-on."""
    update = _updates(backend, params).get(params["updateId"])
    if update is None:
        text = f"No update found for ID: {params['updateId']}"
        raise not_found(text, params["name"], params.get("nodegroupName"), params.get("addonName"))
    return {"update": dict(update)}


def list_updates(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the ids of the updates of a cluster, node group or add-on."""
    return page(list(_updates(backend, params)), params, "updateIds")


def install() -> None:
    """Replace moto's operation, and add those it lacks."""
    operation("UpdateClusterConfig", update_cluster_config)
    operation("UpdateClusterVersion", update_cluster_version)
    operation("AssociateEncryptionConfig", associate_encryption_config)
    operation("DescribeUpdate", describe_update)
    operation("ListUpdates", list_updates)
