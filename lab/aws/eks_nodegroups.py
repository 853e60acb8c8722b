"""The API of managed node groups, each of which runs real nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.eks.models import NODEGROUP_EXISTS_MSG, Cluster, EKSBackend

from lab.aws import eks_access, eks_versions
from lab.aws import eks_nodegroup_rules as rules
from lab.aws.eks_group import BUSY, Group, equip, find, read_template, renew_template, strip
from lab.aws.eks_instances import FAILURES, end, reconcile, roll
from lab.aws.eks_keeper import fill_pool, follow, note_issue
from lab.aws.eks_support import Params, background, begin, find_cluster, in_use, invalid, now, once, operation, page

AMI_TYPE = "AL2023_x86_64_STANDARD"
SIZES = {"minSize": 1, "maxSize": 2, "desiredSize": 1}


def _sizes(given: dict[str, int]) -> dict[str, int]:
    """Return the sizes of a new group with what EKS fills in."""
    sizes = {"minSize": SIZES["minSize"], **given}
    sizes.setdefault("maxSize", max(SIZES["maxSize"], sizes["minSize"], sizes.get("desiredSize", 0)))
    sizes.setdefault("desiredSize", max(SIZES["desiredSize"], sizes["minSize"]))
    rules.check_scaling(sizes)
    return sizes


def _check_create(params: Params, cluster: Cluster) -> dict[str, Any]:
    """Refuse what EKS refuses; return the group's settings that need more than a look at the request."""
    rules.check_name(params["nodegroupName"])
    sizes = _sizes(params.get("scalingConfig") or {})
    rules.check_taints(params.get("taints") or [])
    rules.check_labels(params.get("labels") or {})
    rules.check_update_config(params.get("updateConfig") or {"maxUnavailable": 1})
    rules.check_repair(params.get("nodeRepairConfig") or {})
    template, named = rules.check_template(params) if params.get("launchTemplate") else ({}, None)
    custom = "ImageId" in template
    ami_type = "CUSTOM" if custom else params.get("amiType") or AMI_TYPE
    if ami_type == "CUSTOM" and not custom:
        raise invalid("You must specify a launch template with an image id for the amiType CUSTOM.")
    version = params.get("version") or cluster.version
    if version != cluster.version:
        raise invalid(f"Requested nodegroup version {version} must be the cluster's version {cluster.version}")
    types = params.get("instanceTypes") or ([] if "InstanceType" in template else eks_versions.default_types(ami_type))
    if len(types) > 20:
        raise invalid("A node group can have at most 20 instance types")
    eks_versions.check_image(version, ami_type, types or [template["InstanceType"]])
    rules.check_warm_pool(params.get("warmPoolConfig") or {}, ami_type, params.get("capacityType") or "ON_DEMAND")
    rules.check_role(params["nodeRole"])
    rules.check_network(params["subnets"], cluster.resources_vpc_config.get("vpcId"))
    if params.get("remoteAccess"):
        rules.check_access(params["remoteAccess"])
    return {
        "scaling_config": sizes,
        "ami_type": ami_type,
        "version": version,
        "release_version": template.get("ImageId")
        or eks_versions.release(version, params.get("releaseVersion"), ami_type),
        "instance_types": types or None,
        "launch_template": named,
        "template_data": template,
        "disk_size": None if named else params.get("diskSize") or 20,
        "remote_access": params.get("remoteAccess"),
    }


def create_nodegroup(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Record the node group and start its instances."""

    def alive() -> bool:
        cluster = backend.clusters.get(params["clusterName"])
        return cluster is not None and params["nodegroupName"] in cluster.nodegroups

    return once(backend, "CreateNodegroup", params, lambda: _create_nodegroup(backend, params), alive)


def _create_nodegroup(backend: EKSBackend, params: Params) -> dict[str, Any]:
    cluster = find_cluster(backend, params["clusterName"])
    name = params["nodegroupName"]
    if name in cluster.nodegroups:
        text = NODEGROUP_EXISTS_MSG.format(nodegroupName=name, clusterName=cluster.name)
        raise in_use(text, cluster.name, name)
    facts = _check_create(params, cluster)
    group = backend.create_nodegroup(
        cluster_name=cluster.name,
        node_role=params["nodeRole"],
        nodegroup_name=name,
        subnets=params["subnets"],
        labels=dict(params.get("labels") or {}),
        taints=list(params.get("taints") or []),
        tags=dict(params.get("tags") or {}),
        capacity_type=params.get("capacityType"),
        client_request_token=params.get("clientRequestToken"),
    )
    assert isinstance(group, Group)  # noqa: S101 - moto makes no other
    vars(group).update(facts)
    group.status = "CREATING"
    group.health = {"issues": []}
    update_config: dict[str, Any] = params.get("updateConfig") or {"maxUnavailable": 1}
    group.update_config = update_config
    group.node_repair_config = params.get("nodeRepairConfig")
    group.warm_pool_config = params.get("warmPoolConfig")
    group.resources = {"autoScalingGroups": [{"name": group.scaling_group_name}]}
    background(_create, group, cluster)
    return {"nodegroup": group}


def _create(group: Group, cluster: Cluster) -> None:
    security_group = cluster.resources_vpc_config.get("clusterSecurityGroupId")
    try:
        with group.lock:
            equip(group, [security_group] if security_group else [])
            assert group.scaling_group is not None  # noqa: S101 - equip just made it
            group.scaling_group.changed = lambda size: follow(group, size)
            eks_access.admit_nodes(cluster, group.node_role)
            reconcile(group, group.scaling_config["desiredSize"])
            _arrive(group, "ACTIVE")
    except FAILURES as error:
        note_issue(group, error)
        _arrive(group, "CREATE_FAILED")
    fill_pool(group)


def _arrive(group: Group, status: str) -> None:
    """Say that a group is through, unless it is to be deleted by now."""
    with group.lock:
        if group.status != "DELETING":
            group.status = status


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
            _arrive(group, "ACTIVE")
    except FAILURES as error:
        note_issue(group, error)
        update["status"] = "Failed"
        update["errors"] = [{"errorCode": "NodeCreationFailure", "errorMessage": str(error)}]
        _arrive(group, "DEGRADED")
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
    _refuse_when_busy(group)
    labels, taints = params.get("labels") or {}, params.get("taints") or {}
    sizes = {**group.scaling_config, **(params.get("scalingConfig") or {})}
    rules.check_scaling(sizes)
    rules.check_labels(labels.get("addOrUpdateLabels") or {})
    new_taints = _taints(group, taints)
    if params.get("updateConfig"):
        rules.check_update_config(params["updateConfig"])
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
    template = params.get("launchTemplate")
    custom = group.ami_type == "CUSTOM"
    for name, said in (("version", "kubernetesVersion"), ("releaseVersion", "releaseVersion")):
        if custom and params.get(name):
            raise invalid(f"You cannot specify the field {said} when using custom AMIs.")
    version = group.version if custom else params.get("version") or cluster.version
    if eks_versions.minor(version) > eks_versions.minor(cluster.version):
        raise invalid(f"Nodegroup version {version} can't be greater than the cluster's version {cluster.version}")
    if eks_versions.minor(version) < eks_versions.minor(group.version):
        raise invalid(f"Nodegroup version can't be rolled back from {group.version} to {version}")
    eks_versions.check_image(version, group.ami_type, group.instance_types or [])
    release = group.release_version
    if not custom:
        release = eks_versions.release(version, params.get("releaseVersion"), group.ami_type)
    if template:
        rules.check_same_template(group, template)
        try:
            data, group.launch_template = read_template(template)
        except ClientError as error:
            raise invalid(error.response["Error"]["Message"]) from error
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


def delete_nodegroup(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """End the group's nodes, then forget it."""
    group = find(backend, params)
    if group.status == "DELETING":
        raise in_use("Nodegroup is already being deleted", group.cluster_name, group.nodegroup_name)
    group.status = "DELETING"
    background(_delete, backend, group)
    return {"nodegroup": group}


def _delete(backend: EKSBackend, group: Group) -> None:
    try:
        with group.lock:
            end(group)
            strip(group)
    except FAILURES as error:
        note_issue(group, error)
        group.status = "DELETE_FAILED"
    else:
        backend.delete_nodegroup(group.cluster_name, group.nodegroup_name)


def describe_nodegroup(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer one node group."""
    return {"nodegroup": find(backend, params)}


def list_nodegroups(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the names of a cluster's node groups."""
    return page(sorted(find_cluster(backend, params["clusterName"]).nodegroups), params, "nodegroups")


def install() -> None:
    """Replace moto's operations on node groups."""
    operation("CreateNodegroup", create_nodegroup)
    operation("DescribeNodegroup", describe_nodegroup)
    operation("ListNodegroups", list_nodegroups)
    operation("UpdateNodegroupConfig", update_nodegroup_config)
    operation("UpdateNodegroupVersion", update_nodegroup_version)
    operation("DeleteNodegroup", delete_nodegroup)
