"""EKS add-ons: records only, since the lab has no Kubernetes to put them into.

https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.eks.models import Cluster, EKSBackend

from lab.aws.eks import versions as eks_versions
from lab.aws.eks.pod_identity import create_pod_identity_association
from lab.aws.eks.roles import check_form
from lab.aws.eks.support import (
    Params,
    arn_in,
    background,
    begin,
    check_tags,
    find_cluster,
    in_use,
    invalid,
    kept,
    not_found,
    now,
    once,
    operation,
    page,
)

# Every add-on of AWS's own that EKS installs, with the version the lab calls the default.
ADDONS = {
    "vpc-cni": "v1.21.1-eksbuild.3",
    "coredns": "v1.13.2-eksbuild.1",
    "kube-proxy": "v1.35.0-eksbuild.2",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.2",
    "eks-node-monitoring-agent": "v1.5.1-eksbuild.1",
    "aws-ebs-csi-driver": "v1.55.0-eksbuild.1",
    "aws-efs-csi-driver": "v2.3.0-eksbuild.1",
    "aws-mountpoint-s3-csi-driver": "v2.3.0-eksbuild.1",
    "snapshot-controller": "v8.4.0-eksbuild.1",
    "amazon-cloudwatch-observability": "v4.8.0-eksbuild.1",
    "metrics-server": "v0.8.1-eksbuild.1",
    "cert-manager": "v1.19.2-eksbuild.1",
}


@dataclass
class Addon:
    """An add-on of a cluster."""

    addon_name: str
    cluster_name: str
    addon_version: str
    addon_arn: str
    tags: dict[str, str]
    service_account_role_arn: str | None
    configuration_values: str | None
    pod_identity_associations: list[str]
    status: str = "CREATING"
    owner: str = "aws"
    publisher: str = "eks"
    health: dict[str, Any] = field(default_factory=lambda: {"issues": []})
    created_at: Any = field(default_factory=now)
    modified_at: Any = field(default_factory=now)


def _find(backend: EKSBackend, params: Params) -> Addon:
    cluster, name = find_cluster(backend, params["clusterName"]), params["addonName"]
    addon: Addon | None = kept(cluster, "addons").get(name)
    if addon is None:
        raise not_found(f"No addon: {name} found in cluster: {cluster.name}", cluster.name, addon=name)
    return addon


def _check(params: Params, name: str) -> None:
    if name not in ADDONS:
        raise invalid(f"Addon {name} specified is not supported", addonName=name)
    if params.get("addonVersion") not in (None, ADDONS[name]):
        raise invalid("Addon version specified is not supported", addonName=name)
    if params.get("serviceAccountRoleArn"):
        check_form(params["serviceAccountRoleArn"])
    if params.get("configurationValues"):
        try:
            json.loads(params["configurationValues"])
        except ValueError as wrong:
            raise invalid("ConfigurationValue provided in request is not supported", addonName=name) from wrong


def create_addon(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Install an add-on."""
    return once(backend, "CreateAddon", params, lambda: _create_addon(backend, params))


def _create_addon(backend: EKSBackend, params: Params) -> dict[str, Any]:
    cluster, name = find_cluster(backend, params["clusterName"]), params["addonName"]
    _check(params, name)
    check_tags(params.get("tags") or {})
    if name in kept(cluster, "addons"):
        raise in_use("Addon already exists.", cluster.name, addon=name)
    addon = kept(cluster, "addons")[name] = Addon(
        name,
        cluster.name,
        params.get("addonVersion") or ADDONS[name],
        arn_in(cluster, "addon", f"{name}/{uuid.uuid4()}"),
        dict(params.get("tags") or {}),
        params.get("serviceAccountRoleArn"),
        params.get("configurationValues"),
        _associate(backend, cluster, params),
    )
    background(_settle, addon)
    return {"addon": {**vars(addon), "status": "CREATING"}}


def _associate(backend: EKSBackend, cluster: Cluster, params: Params) -> list[str]:
    made = []
    for wanted in params.get("podIdentityAssociations") or []:
        request = {"clusterName": cluster.name, "namespace": "kube-system", **wanted}
        made.append(create_pod_identity_association(backend, request)["association"].association_arn)
    return made


def _settle(addon: Addon) -> None:
    addon.status = "ACTIVE"


def update_addon(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Change an add-on."""
    return once(backend, "UpdateAddon", params, lambda: _update_addon(backend, params))


def _update_addon(backend: EKSBackend, params: Params) -> dict[str, Any]:
    addon = _find(backend, params)
    _check(params, addon.addon_name)
    addon.addon_version = params.get("addonVersion") or addon.addon_version
    addon.service_account_role_arn = params.get("serviceAccountRoleArn") or addon.service_account_role_arn
    addon.configuration_values = params.get("configurationValues") or addon.configuration_values
    addon.modified_at = now()
    names = ("addonVersion", "serviceAccountRoleArn", "resolveConflicts", "configurationValues")
    update = begin(addon, "AddonUpdate", {name[0].upper() + name[1:]: params.get(name) for name in names})
    answer = {"update": dict(update)}
    update["status"] = "Successful"
    return answer


def describe_addon(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer one add-on."""
    return {"addon": _find(backend, params)}


def list_addons(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer a cluster's add-ons."""
    return page(sorted(kept(find_cluster(backend, params["clusterName"]), "addons")), params, "addons")


def delete_addon(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Remove an add-on."""
    addon = _find(backend, params)
    del kept(find_cluster(backend, addon.cluster_name), "addons")[addon.addon_name]
    return {"addon": {**vars(addon), "status": "DELETING"}}


def describe_addon_versions(_backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the add-ons there are."""
    wanted = params.get("kubernetesVersion")
    if wanted:
        eks_versions.check(wanted)
    versions = [wanted] if wanted else list(eks_versions.VERSIONS)
    rows = [
        {
            "addonName": name,
            "type": "networking",
            "owner": "aws",
            "publisher": "eks",
            "addonVersions": [
                {
                    "addonVersion": version,
                    "architecture": ["amd64", "arm64"],
                    "compatibilities": [
                        {"clusterVersion": cluster, "platformVersions": ["*"], "defaultVersion": True}
                        for cluster in versions
                    ],
                    "requiresConfiguration": False,
                }
            ],
        }
        for name, version in ADDONS.items()
        if params.get("addonName") in (None, name)
    ]
    return page(rows, params, "addons")


def install() -> None:
    """Add the operations to moto."""
    operation("CreateAddon", create_addon)
    operation("UpdateAddon", update_addon)
    operation("DescribeAddon", describe_addon)
    operation("ListAddons", list_addons)
    operation("DeleteAddon", delete_addon)
    operation("DescribeAddonVersions", describe_addon_versions)
