"""Updates of managed node groups: sizes, labels and taints in place, another version by new nodes.

https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupConfig.html and
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.eks.models import EKSBackend

from lab.aws.eks import nodegroup_rules as rules
from lab.aws.eks import nodegroup_templates as templates
from lab.aws.eks import versions
from lab.aws.eks.group import BUSY, Group, arrive, find, renew_template
from lab.aws.eks.instances import FAILURES, reconcile, roll
from lab.aws.eks.keeper import fill_pool, note_issue
from lab.aws.eks.support import Params, background, begin, find_cluster, in_use, invalid, now, once, operation


def _refuse_when_busy(group: Group) -> None:
    if group.status in BUSY:
        text = "Nodegroup cannot be updated as it is currently not in Active State"
        raise in_use(text, group.cluster_name, group.nodegroup_name)


def _update(group: Group, update: dict[str, Any], work: Callable[[Group], None]) -> None:
    try:
        with group.lock:
            work(group)
            update["status"] = "Successful"
            group.health = {"issues": []}
            arrive(group, "ACTIVE")
    except FAILURES as error:
        note_issue(group, error)
        update["status"] = "Failed"
        update["errors"] = [{"errorCode": "NodeCreationFailure", "errorMessage": str(error)}]
        arrive(group, "DEGRADED")
    fill_pool(group)


def _begin(group: Group, kind: str, changes: dict[str, Any], work: Callable[[Group], None]) -> dict[str, Any]:
    update = begin(group, kind, changes)
    group.status = "UPDATING"
    group.modified_at = now()
    answer = {"update": dict(update)}
    background(_update, group, update, work)
    return answer


def _taints(group: Group, changes: dict[str, Any]) -> list[dict[str, str]]:
    def key(taint: dict[str, str]) -> tuple[Any, Any]:
        return taint.get("key"), taint.get("effect")

    added = changes.get("addOrUpdateTaints") or []
    rules.check_taints(added)
    gone = {key(taint) for taint in added + (changes.get("removeTaints") or [])}
    taints = [taint for taint in group.taints or [] if key(taint) not in gone] + added
    rules.check_taints(taints)
    return taints


def update_nodegroup_config(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Record the changes, then bring the instances in line."""
    return once(backend, "UpdateNodegroupConfig", params, lambda: _update_config(find(backend, params), params))


def _update_config(group: Group, params: Params) -> dict[str, Any]:
    rules.check_changes(params)
    _refuse_when_busy(group)
    labels, taints = params.get("labels") or {}, params.get("taints") or {}
    sizes = {**group.scaling_config, **(params.get("scalingConfig") or {})}
    rules.check_scaling(sizes)
    rules.check_labels(labels.get("addOrUpdateLabels") or {})
    new_taints = _taints(group, taints)
    if params.get("updateConfig"):
        rules.check_update_config(params["updateConfig"], sizes["maxSize"])
    rules.check_repair(params.get("nodeRepairConfig") or {})
    warm = {**(group.warm_pool_config or {}), **(params.get("warmPoolConfig") or {})}
    rules.check_warm_pool(warm, group.ami_type, group.capacity_type)

    kept = {key: value for key, value in (group.labels or {}).items() if key not in (labels.get("removeLabels") or [])}
    group.labels = {**kept, **(labels.get("addOrUpdateLabels") or {})}
    group.taints = new_taints
    group.scaling_config = sizes
    if group.scaling_group is not None:
        group.scaling_group.sizes(sizes)
    group.update_config = params.get("updateConfig") or group.update_config
    group.node_repair_config = params.get("nodeRepairConfig") or group.node_repair_config
    group.warm_pool_config = warm or None
    asked, update, repair = (params.get(key) or {} for key in ("scalingConfig", "updateConfig", "nodeRepairConfig"))
    pool = params.get("warmPoolConfig") or {}
    changes = {
        "MinSize": asked.get("minSize"),
        "MaxSize": asked.get("maxSize"),
        "DesiredSize": asked.get("desiredSize"),
        "LabelsToAdd": labels.get("addOrUpdateLabels"),
        "LabelsToRemove": labels.get("removeLabels"),
        "TaintsToAdd": taints.get("addOrUpdateTaints"),
        "TaintsToRemove": taints.get("removeTaints"),
        "MaxUnavailable": update.get("maxUnavailable"),
        "MaxUnavailablePercentage": update.get("maxUnavailablePercentage"),
        "UpdateStrategy": update.get("updateStrategy"),
        "NodeRepairEnabled": repair.get("enabled"),
        "WarmPoolEnabled": pool.get("enabled"),
        "WarmPoolMinSize": pool.get("minSize"),
        "WarmPoolMaxGroupPreparedCapacity": pool.get("maxGroupPreparedCapacity"),
        "WarmPoolState": pool.get("poolState"),
        "WarmPoolReuseOnScaleIn": pool.get("reuseOnScaleIn"),
    }
    return _begin(group, "ConfigUpdate", changes, lambda same: reconcile(same, same.scaling_config["desiredSize"]))


def update_nodegroup_version(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Give every instance a successor of another version, image or launch template."""
    return once(backend, "UpdateNodegroupVersion", params, lambda: _update_version(backend, params))


def _update_version(backend: EKSBackend, params: Params) -> dict[str, Any]:
    group = find(backend, params)
    cluster = find_cluster(backend, group.cluster_name)
    _refuse_when_busy(group)
    template = templates.check_new_version(group, params)
    custom = group.ami_type == "CUSTOM"
    version = group.version if custom else params.get("version") or cluster.version
    if params.get("version"):
        versions.check(version)
    if versions.minor(version) > versions.minor(cluster.version):
        raise invalid(f"Nodegroup version {version} can't be greater than the cluster's version {cluster.version}")
    if versions.minor(version) < versions.minor(group.version):
        raise invalid(f"Nodegroup version can't be rolled back from {group.version} to {version}")
    versions.check_image(version, group.ami_type, group.instance_types or [])
    release = group.release_version
    if not custom:
        release = versions.release(version, params.get("releaseVersion"), group.ami_type)
    if template:
        data, group.launch_template = template
        renew_template(group, data)
        release = data.get("ImageId", release)
    group.version, group.release_version = version, release
    changes = {
        "Version": version,
        "ReleaseVersion": release,
        "LaunchTemplateName": group.launch_template["name"] if template and group.launch_template else None,
        "LaunchTemplateVersion": group.launch_template["version"] if template and group.launch_template else None,
    }
    return _begin(group, "VersionUpdate", changes, roll)


def install() -> None:
    """Replace moto's operation, and add the one it lacks."""
    operation("UpdateNodegroupConfig", update_nodegroup_config)
    operation("UpdateNodegroupVersion", update_nodegroup_version)
