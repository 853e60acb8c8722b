"""The API of managed node groups, each of which runs real nodes."""

from __future__ import annotations

from typing import Any

from moto.eks.models import NODEGROUP_EXISTS_MSG, Cluster, EKSBackend

from lab.aws.eks import access, versions
from lab.aws.eks import nodegroup_rules as rules
from lab.aws.eks import nodegroup_templates as templates
from lab.aws.eks.group import Group, arrive, equip, find, strip
from lab.aws.eks.instances import FAILURES, end, reconcile
from lab.aws.eks.keeper import fill_pool, follow, note_issue
from lab.aws.eks.roles import check_form, check_node_role
from lab.aws.eks.support import (
    Params,
    are_unreal,
    background,
    check_tags,
    find_cluster,
    in_use,
    invalid,
    once,
    operation,
    page,
    refused,
)

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
    check_tags(params.get("tags") or {})
    sizes = _sizes(params.get("scalingConfig") or {})
    rules.check_taints(params.get("taints") or [])
    rules.check_labels(params.get("labels") or {})
    if params.get("updateConfig") is not None:
        rules.check_update_config(params["updateConfig"], sizes["maxSize"])
    rules.check_repair(params.get("nodeRepairConfig") or {})
    if params.get("diskSize") is not None and params["diskSize"] < 1:
        raise invalid("Disk size must be greater than 0")
    template, named = templates.check_template(params) if params.get("launchTemplate") is not None else ({}, None)
    templates.check_capacity(template, params.get("capacityType"))
    custom = "ImageId" in template
    ami_type = "CUSTOM" if custom else params.get("amiType") or AMI_TYPE
    if ami_type == "CUSTOM" and not custom:
        raise invalid("You must specify a launch template with an image id for the amiType CUSTOM.")
    version = params.get("version") or cluster.version
    if version != cluster.version:
        raise invalid(f"Requested nodegroup version {version} must be the cluster's version {cluster.version}")
    types = params.get("instanceTypes") or ([] if "InstanceType" in template else versions.default_types(ami_type))
    if len(types) > 20:
        raise invalid("A node group can have at most 20 instance types")
    versions.check_image(version, ami_type, types or [template["InstanceType"]])
    rules.check_warm_pool(params.get("warmPoolConfig") or {}, ami_type, params.get("capacityType") or "ON_DEMAND")
    check_form(params["nodeRole"])
    if not params["subnets"] or not are_unreal(params["subnets"]):
        check_node_role(params["nodeRole"])
        rules.check_network(params["subnets"], cluster.resources_vpc_config.get("vpcId"))
        if params.get("remoteAccess"):
            rules.check_access(params["remoteAccess"])
    return {
        "scaling_config": sizes,
        "ami_type": ami_type,
        "version": version,
        "release_version": template.get("ImageId") or versions.release(version, params.get("releaseVersion"), ami_type),
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
    if cluster.status != "ACTIVE":
        raise refused(f"Cluster '{cluster.name}' is not in ACTIVE status", clusterName=cluster.name)
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
    if templates.is_unreadable(group):
        # https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2955 has the code and the words.
        words = "User data was not in the MIME multipart format."
        issue = {"code": "Ec2LaunchTemplateInvalidConfiguration", "message": words}
        group.health = {"issues": [{**issue, "resourceIds": [(group.launch_template or {}).get("id", "")]}]}
        arrive(group, "CREATE_FAILED")
        return
    try:
        with group.lock:
            if not are_unreal(group.subnets):
                scaling_group = equip(group, [security_group] if security_group else [])
                scaling_group.changed = lambda size: follow(group, size)
            access.admit_nodes(cluster, group.node_role)
            reconcile(group, group.scaling_config["desiredSize"])
            arrive(group, "ACTIVE")
    except FAILURES as error:
        note_issue(group, error)
        arrive(group, "CREATE_FAILED")
    fill_pool(group)


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
    operation("DeleteNodegroup", delete_nodegroup)
