"""EKS add-ons: records only, since the lab has no Kubernetes to put them into.

https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.eks.models import Cluster, EKSBackend

from lab.aws.eks.addon_catalog import ADDONS, OWNER, PUBLISHER, check_values
from lab.aws.eks.pod_identity import check_association, create_pod_identity_association, release_owned
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

# A namespace is an RFC 1123 label, says the model.
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


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
    namespace_config: dict[str, str] | None = None
    status: str = "CREATING"
    owner: str = OWNER
    publisher: str = PUBLISHER
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
    if params.get("addonVersion") not in (None, ADDONS[name].version):
        raise invalid("Addon version specified is not supported", addonName=name)
    if params.get("serviceAccountRoleArn"):
        check_form(params["serviceAccountRoleArn"])
    if params.get("configurationValues"):
        check_values(name, params["configurationValues"])
    namespace = (params.get("namespaceConfig") or {}).get("namespace")
    if namespace is not None and not NAMESPACE.fullmatch(namespace):
        raise invalid(f"The namespace {namespace} is not a valid RFC 1123 label", addonName=name)
    for wanted in params.get("podIdentityAssociations") or []:
        check_association(wanted)


def create_addon(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Install an add-on."""
    return once(backend, "CreateAddon", params, lambda: _create_addon(backend, params))


def _create_addon(backend: EKSBackend, params: Params) -> dict[str, Any]:
    cluster, name = find_cluster(backend, params["clusterName"]), params["addonName"]
    _check(params, name)
    check_tags(params.get("tags") or {})
    if name in kept(cluster, "addons"):
        raise in_use("Addon already exists.", cluster.name, addon=name)
    arn = arn_in(cluster, "addon", f"{name}/{uuid.uuid4()}")
    addon = kept(cluster, "addons")[name] = Addon(
        name,
        cluster.name,
        params.get("addonVersion") or ADDONS[name].version,
        arn,
        dict(params.get("tags") or {}),
        params.get("serviceAccountRoleArn"),
        params.get("configurationValues"),
        _associate(backend, cluster, arn, params),
        params.get("namespaceConfig"),
    )
    background(_settle, addon)
    return {"addon": {**vars(addon), "status": "CREATING"}}


def _associate(backend: EKSBackend, cluster: Cluster, arn: str, params: Params) -> list[str]:
    made = []
    namespace = (params.get("namespaceConfig") or {}).get("namespace") or "kube-system"
    for wanted in params.get("podIdentityAssociations") or []:
        request = {"clusterName": cluster.name, "namespace": namespace, **wanted, "ownerArn": arn}
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
    if params.get("podIdentityAssociations") is not None:
        # "If an empty array is provided, existing associations owned by the add-on are deleted."
        cluster = find_cluster(backend, addon.cluster_name)
        release_owned(cluster, addon.addon_arn)
        where = {"namespaceConfig": addon.namespace_config, **params}
        addon.pod_identity_associations = _associate(backend, cluster, addon.addon_arn, where)
    addon.modified_at = now()
    names = (
        *("addonVersion", "serviceAccountRoleArn", "resolveConflicts", "configurationValues"),
        "podIdentityAssociations",
    )
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
    cluster = find_cluster(backend, addon.cluster_name)
    release_owned(cluster, addon.addon_arn)
    del kept(cluster, "addons")[addon.addon_name]
    return {"addon": {**vars(addon), "status": "DELETING"}}


def install() -> None:
    """Add the operations to moto."""
    operation("CreateAddon", create_addon)
    operation("UpdateAddon", update_addon)
    operation("DescribeAddon", describe_addon)
    operation("ListAddons", list_addons)
    operation("DeleteAddon", delete_addon)
