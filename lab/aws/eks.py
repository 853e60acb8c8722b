"""EKS managed node groups that start real nodes, on top of moto's records."""

from __future__ import annotations

import datetime
import itertools
import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance
from moto.eks import models, urls
from moto.eks.exceptions import InvalidParameterException, ResourceInUseException, ResourceNotFoundException
from moto.eks.models import EKSBackend, Nodegroup
from moto.eks.responses import EKSResponse

from lab import settings
from lab.node.fleet import FLEET, NodeError
from lab.node.network import NetworkError

LOG = logging.getLogger(__name__)
IMAGE = "ami-0abcdef1234567890"
AMI_TYPE = "AL2023_x86_64_STANDARD"
BUSY = ("CREATING", "UPDATING", "DELETING")
EFFECTS = ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")
FAILURES = (ClientError, BotoCoreError, NodeError, NetworkError, OSError)


class Group(Nodegroup):
    """A node group with the instances it runs."""

    def __init__(self, **settings_of_it: Any) -> None:
        super().__init__(**settings_of_it)
        self.instances: list[str] = []
        self.updates: dict[str, dict[str, Any]] = {}
        self.lock = threading.RLock()
        self.warm_pool_config: dict[str, Any] | None = None


_original: dict[str, Callable[..., Any]] = {}
_groups: dict[str, Group] = {}


def ec2() -> Any:
    """Return the client with which EKS reaches EC2."""
    return settings.client("ec2")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _in_background(work: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=work, args=arguments, daemon=True, name=f"eks-{work.__name__}").start()


def instance_tags(cluster: str, group: str) -> dict[str, str]:
    """Return the tags EKS puts on a managed node group's instances; there is no Name among them."""
    return {
        "eks:cluster-name": cluster,
        "eks:nodegroup-name": group,
        f"kubernetes.io/cluster/{cluster}": "owned",
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster}": "owned",
    }


def check_scaling(config: dict[str, int]) -> None:
    """Refuse sizes that do not fit each other, as EKS does."""
    least, most = config.get("minSize", 0), config.get("maxSize", 1)
    wanted = config.get("desiredSize", least)
    if least > most:
        raise InvalidParameterException(message=f"Minimum capacity {least} can't be greater than maximum size {most}")
    if not least <= wanted <= most:
        side = "less than minimum" if wanted < least else "greater than maximum"
        bound = least if wanted < least else most
        raise InvalidParameterException(message=f"Desired capacity {wanted} can't be {side} size {bound}")


def check_taints(taints: list[dict[str, str]]) -> None:
    """Refuse a taint whose effect EKS does not know."""
    for taint in taints:
        if taint.get("effect") not in EFFECTS:
            raise InvalidParameterException(
                message=f"Taint '{taint.get('key')}' has effect '{taint.get('effect')}', not {' or '.join(EFFECTS)}"
            )


def _launch(group: Group, subnet: str) -> None:
    tags = instance_tags(group.cluster_name, group.nodegroup_name)
    request: dict[str, Any] = {
        "MinCount": 1,
        "MaxCount": 1,
        "ImageId": IMAGE,
        "SubnetId": subnet,
        "InstanceType": group.instance_types[0],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}],
    }
    if group.launch_template:
        template = {key: group.launch_template[key] for key in ("id", "version") if key in group.launch_template}
        names = {"id": "LaunchTemplateId", "version": "Version"}
        request["LaunchTemplate"] = {names[key]: str(value) for key, value in template.items()}
    instance = ec2().run_instances(**request)["Instances"][0]
    group.instances.append(instance["InstanceId"])
    FLEET.start(instance["InstanceId"], instance["PrivateIpAddress"], role_arn=group.node_role)


def _retire(group: Group, instance_id: str) -> None:
    # Off the list first, so that its end is not taken for a loss to be replaced.
    group.instances.remove(instance_id)
    FLEET.stop(instance_id)
    ec2().terminate_instances(InstanceIds=[instance_id])


def reconcile(group: Group, wanted: int) -> None:
    """Start or end nodes until there are as many as wanted."""
    with group.lock:
        subnets = itertools.cycle(sorted(group.subnets))
        for _taken in group.instances:
            next(subnets)
        while len(group.instances) < wanted:
            _launch(group, next(subnets))
        while len(group.instances) > wanted:
            _retire(group, group.instances[-1])


def _issue(group: Group, error: Exception) -> None:
    LOG.error("node group '%s': %s", group.nodegroup_name, error)
    group.health = {
        "issues": [{"code": "NodeCreationFailure", "message": str(error), "resourceIds": list(group.instances)}]
    }


def _create(group: Group) -> None:
    try:
        reconcile(group, group.scaling_config["desiredSize"])
    except FAILURES as error:
        _issue(group, error)
        group.status = "CREATE_FAILED"
    else:
        group.status = "ACTIVE"


def _update(group: Group, update: dict[str, Any], work: Callable[[], None]) -> None:
    try:
        work()
    except FAILURES as error:
        _issue(group, error)
        update["status"] = "Failed"
        update["errors"] = [{"errorCode": "NodeCreationFailure", "errorMessage": str(error)}]
        group.status = "DEGRADED"
    else:
        update["status"] = "Successful"
        group.health = {"issues": []}
        group.status = "ACTIVE"


def _delete(backend: EKSBackend, group: Group) -> None:
    try:
        reconcile(group, 0)
    except FAILURES as error:
        _issue(group, error)
        group.status = "DELETE_FAILED"
    else:
        _groups.pop(group.arn, None)
        _original["delete_nodegroup"](backend, group.cluster_name, group.nodegroup_name)


def _replace(instance_id: str) -> None:
    """Let go of an instance that ended in EC2, and start another where its group wants one."""
    FLEET.stop(instance_id)
    for group in list(_groups.values()):
        with group.lock:
            if instance_id not in group.instances:
                continue
            group.instances.remove(instance_id)
            if group.status in ("ACTIVE", "UPDATING"):
                try:
                    reconcile(group, group.scaling_config["desiredSize"])
                except FAILURES as error:
                    _issue(group, error)


def _check_subnets(subnets: list[str]) -> None:
    try:
        ec2().describe_subnets(SubnetIds=subnets)
    except ClientError as error:
        raise InvalidParameterException(message=error.response["Error"]["Message"]) from error


def _find(backend: EKSBackend, cluster_name: str, nodegroup_name: str) -> Group:
    return cast(Group, backend.describe_nodegroup(cluster_name, nodegroup_name))


def _settle(group: Group) -> dict[str, int]:
    """Return the group's sizes with what EKS fills in."""
    sizes = dict(group.scaling_config)
    sizes.setdefault("minSize", 1)
    sizes.setdefault("maxSize", max(2, sizes["minSize"]))
    sizes.setdefault("desiredSize", max(1, sizes["minSize"]))
    return sizes


def create_nodegroup(self: EKSResponse) -> ActionResult:
    """Record the node group and start its instances."""
    sizes = self._get_param("scalingConfig")
    if sizes:
        check_scaling(sizes)
    check_taints(self._get_param("taints") or [])
    _check_subnets(self._get_param("subnets"))
    answer: ActionResult = _original["response_create_nodegroup"](self)
    group = _find(self.eks_backend, self._get_param("name"), self._get_param("nodegroupName"))
    cluster = self.eks_backend.clusters[group.cluster_name]
    group.scaling_config = _settle(group)
    group.version = self._get_param("version") or cluster.version
    group.release_version = self._get_param("releaseVersion") or f"{group.version}.0-20260715"
    group.ami_type = self._get_param("amiType") or AMI_TYPE
    group.remote_access = self._get_param("remoteAccess")
    group.resources.pop("remoteAccessSecurityGroup", None)
    group.update_config = self._get_param("updateConfig") or {"maxUnavailable": 1}
    group.node_repair_config = self._get_param("nodeRepairConfig")
    group.warm_pool_config = self._get_param("warmPoolConfig")
    # A launch template says the disk's size itself.
    group.disk_size = None if group.launch_template else int(group.disk_size)  # type: ignore[assignment]
    group.status = "CREATING"
    _groups[group.arn] = group
    _in_background(_create, group)
    return answer


def _begin_update(group: Group, update: dict[str, Any]) -> dict[str, Any]:
    update |= {"status": "InProgress", "errors": [], "createdAt": _now()}
    group.updates[update["id"]] = update
    group.status = "UPDATING"
    return update


def _refuse_when_busy(group: Group) -> None:
    if group.status in BUSY:
        raise ResourceInUseException(
            clusterName=group.cluster_name,
            nodegroupName=group.nodegroup_name,
            addonName=None,
            message=f"Nodegroup cannot be updated as it is currently not in Active State (it is {group.status})",
        )


def update_nodegroup_config(self: EKSBackend, cluster_name: str, nodegroup_name: str, **changes: Any) -> dict[str, Any]:
    """Record the changes, then bring the instances in line."""
    group = _find(self, cluster_name, nodegroup_name)
    _refuse_when_busy(group)
    if changes.get("scaling_config"):
        check_scaling({**group.scaling_config, **changes["scaling_config"]})
    check_taints((changes.get("taints") or {}).get("addOrUpdateTaints") or [])
    update = _begin_update(group, _original["update_nodegroup_config"](self, cluster_name, nodegroup_name, **changes))
    _in_background(_update, group, update, lambda: reconcile(group, group.scaling_config["desiredSize"]))
    return dict(update)


def response_update_nodegroup_config(self: EKSResponse) -> ActionResult:
    """Also keep the warm pool's settings, which moto does not read."""
    answer: ActionResult = _original["response_update_nodegroup_config"](self)
    warm = self._get_param("warmPoolConfig")
    if warm:
        group = _find(self.eks_backend, self._get_param("name"), self._get_param("nodegroupName"))
        group.warm_pool_config = {**(group.warm_pool_config or {}), **warm}
    return answer


def update_nodegroup_version(self: EKSResponse) -> ActionResult:
    """Give every instance a successor: a version update starts with cold caches."""
    group = _find(self.eks_backend, self._get_param("name"), self._get_param("nodegroupName"))
    _refuse_when_busy(group)
    cluster = self.eks_backend.clusters[group.cluster_name]
    group.version = self._get_param("version") or cluster.version
    group.release_version = self._get_param("releaseVersion") or f"{group.version}.0-20260715"
    template = self._get_param("launchTemplate")
    if template:
        group.launch_template = {**(group.launch_template or {}), **template}
    params = [
        {"type": "Version", "value": group.version},
        {"type": "ReleaseVersion", "value": group.release_version},
    ]
    update = _begin_update(group, {"id": str(uuid.uuid4()), "type": "VersionUpdate", "params": params})

    def roll() -> None:
        with group.lock:
            for old in list(group.instances):
                reconcile(group, len(group.instances) + 1)
                _retire(group, old)

    _in_background(_update, group, update, roll)
    return ActionResult({"update": dict(update)})


def delete_nodegroup(self: EKSBackend, cluster_name: str, nodegroup_name: str) -> Group:
    """End the group's nodes, then forget it."""
    group = _find(self, cluster_name, nodegroup_name)
    if group.status != "DELETING":
        group.status = "DELETING"
        _in_background(_delete, self, group)
    return group


def _updates(self: EKSResponse) -> dict[str, dict[str, Any]]:
    name = self._get_param("name")
    group = self._get_param("nodegroupName")
    if group:
        return _find(self.eks_backend, name, group).updates
    self.eks_backend.describe_cluster(name)
    return {}


def describe_update(self: EKSResponse) -> ActionResult:
    """Answer one update of a node group."""
    update_id = self._get_param("updateId")
    update = _updates(self).get(update_id)
    if update is None:
        raise ResourceNotFoundException(
            clusterName=self._get_param("name"),
            nodegroupName=self._get_param("nodegroupName"),
            fargateProfileName=None,
            addonName=None,
            message=f"No update found for ID: {update_id}",
        )
    return ActionResult({"update": dict(update)})


def list_updates(self: EKSResponse) -> ActionResult:
    """Answer the ids of a node group's updates."""
    return ActionResult({"updateIds": list(_updates(self))})


def list_nodegroups(self: EKSBackend, cluster_name: str, max_results: int, next_token: str | None) -> Any:
    """Refuse a cluster that is not there, where moto fails."""
    self.describe_cluster(cluster_name)
    return _original["list_nodegroups"](self, cluster_name, max_results, next_token)


def _group_by_arn(backend: EKSBackend, arn: str) -> Group | None:
    groups = (group for cluster in backend.clusters.values() for group in cluster.nodegroups.values())
    return cast("Group | None", next((group for group in groups if group.arn == arn), None))


def tag_resource(self: EKSBackend, resource_arn: str, tags: dict[str, str]) -> None:
    """Tag node groups too."""
    group = _group_by_arn(self, resource_arn)
    if group is None:
        _original["tag_resource"](self, resource_arn, tags)
    else:
        group.tags = {**group.tags, **tags}


def untag_resource(self: EKSBackend, resource_arn: str, tag_keys: list[str]) -> None:
    """Untag node groups too."""
    group = _group_by_arn(self, resource_arn)
    if group is None:
        _original["untag_resource"](self, resource_arn, tag_keys)
    else:
        names = tag_keys if isinstance(tag_keys, list) else [tag_keys]
        group.tags = {key: value for key, value in group.tags.items() if key not in names}


def list_tags_for_resource(self: EKSBackend, resource_arn: str) -> dict[str, str]:
    """Answer node groups' tags too."""
    group = _group_by_arn(self, resource_arn)
    return dict(group.tags) if group is not None else _original["list_tags_for_resource"](self, resource_arn)


def terminate(self: Instance) -> Any:
    """End the node with its instance."""
    previous = _original["terminate"](self)
    _in_background(_replace, self.id)
    return previous


def stop(self: Instance) -> Any:
    """A stopped instance's agent does not answer."""
    previous = _original["stop"](self)
    _in_background(FLEET.stop, self.id)
    return previous


def _patch(owner: type, name: str, replacement: Callable[..., Any], key: str | None = None) -> None:
    _original[key or name] = getattr(owner, name)
    setattr(owner, name, replacement)


def install() -> None:
    """Extend moto's EKS and EC2."""
    if _original:
        return
    models.Nodegroup = Group  # type: ignore[assignment,misc]
    _patch(EKSResponse, "create_nodegroup", create_nodegroup, "response_create_nodegroup")
    _patch(EKSResponse, "update_nodegroup_config", response_update_nodegroup_config, "response_update_nodegroup_config")
    for method in (
        update_nodegroup_config,
        delete_nodegroup,
        list_nodegroups,
        tag_resource,
        untag_resource,
        list_tags_for_resource,
    ):
        _patch(EKSBackend, method.__name__, method)
    for action in (describe_update, list_updates, update_nodegroup_version):
        setattr(EKSResponse, action.__name__, action)
    _patch(Instance, "terminate", terminate)
    _patch(Instance, "stop", stop)
    groups = "{0}/clusters/(?P<name>[^/]+)/node-groups/(?P<nodegroupName>[^/]+)"
    urls.url_paths |= {
        groups + "/update-version$": urls.response.dispatch,
        "{0}/clusters/(?P<name>[^/]+)/updates$": urls.response.dispatch,
        "{0}/clusters/(?P<name>[^/]+)/updates/(?P<updateId>[^/]+)$": urls.response.dispatch,
    }
