#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_nodegroup
version_added: 1.0.0
short_description: Manage an Amazon EKS managed node group
description:
  - Creates, changes and deletes one managed node group.
  - Subnets, instance types, AMI type, disk size, node role and capacity type of a node group cannot change; the module
    fails when they should.
author:
  - nodecache.eks contributors (@nodecache)
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  nodegroup_name:
    description: The node group's name.
    type: str
    required: true
  scaling_config:
    description:
      - How many nodes there are.
      - When O(scaling_config.desired_size) is left out and the present size no longer fits, it moves to the nearest
        that does.
    type: dict
    suboptions:
      min_size:
        description: The fewest nodes.
        type: int
      max_size:
        description: The most nodes.
        type: int
      desired_size:
        description: How many nodes there shall be now.
        type: int
  disk_size:
    description: The size of a node's disk in GiB.
    type: int
  subnets:
    description:
      - The subnets of the nodes.
      - A new node group needs them.
    type: list
    elements: str
  instance_types:
    description: The instance types, the preferred one first.
    type: list
    elements: str
  ami_type:
    description: The kind of AMI, for instance V(AL2023_x86_64_STANDARD).
    type: str
  node_role:
    description:
      - The ARN of the nodes' role.
      - A new node group needs it.
    type: str
  labels:
    description:
      - The nodes' Kubernetes labels.
      - Labels that are not listed are removed.
    type: dict
  taints:
    description:
      - The nodes' Kubernetes taints.
      - Taints that are not listed are removed.
    type: list
    elements: dict
    suboptions:
      key:
        description: The taint's key.
        type: str
        required: true
      value:
        description: The taint's value.
        type: str
      effect:
        description: What the taint does.
        type: str
        required: true
        choices: [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]
  launch_template:
    description:
      - The launch template of the nodes.
      - Its version can change, which replaces the nodes; the template itself cannot.
    type: dict
    suboptions:
      id:
        description: The template's id.
        type: str
      name:
        description: The template's name.
        type: str
      version:
        description: The template's version.
        type: str
  capacity_type:
    description: How the nodes are bought.
    type: str
    choices: [ON_DEMAND, SPOT, CAPACITY_BLOCK]
  update_config:
    description: How many nodes an update takes away at a time.
    type: dict
    suboptions:
      max_unavailable:
        description: A number of nodes.
        type: int
      max_unavailable_percentage:
        description: A part of the nodes, 1 to 100.
        type: int
      update_strategy:
        description: Whether new nodes come before old ones go.
        type: str
        choices: [DEFAULT, MINIMAL]
  node_repair_config:
    description: Whether and how EKS repairs nodes.
    type: dict
    suboptions:
      enabled:
        description: Whether EKS repairs nodes.
        type: bool
      max_unhealthy_node_threshold_count:
        description: Above this number of unhealthy nodes nothing is repaired.
        type: int
      max_unhealthy_node_threshold_percentage:
        description: Above this part of unhealthy nodes nothing is repaired.
        type: int
      max_parallel_nodes_repaired_count:
        description: How many nodes are repaired at a time.
        type: int
      max_parallel_nodes_repaired_percentage:
        description: What part of the unhealthy nodes is repaired at a time.
        type: int
  warm_pool_config:
    description: Nodes that are made ready and then stopped until they are needed.
    type: dict
    suboptions:
      enabled:
        description: Whether there is a warm pool.
        type: bool
      min_size:
        description: The fewest nodes in the pool.
        type: int
      max_group_prepared_capacity:
        description: The most nodes in the group and in the pool together.
        type: int
      pool_state:
        description: How the nodes in the pool wait.
        type: str
        choices: [STOPPED, RUNNING, HIBERNATED]
      reuse_on_scale_in:
        description: Whether nodes go back to the pool.
        type: bool
  version:
    description:
      - The Kubernetes version of the nodes.
      - A change replaces the nodes, whose cached images go with them.
    type: str
  release_version:
    description:
      - The version of the EKS AMI.
      - A change replaces the nodes, whose cached images go with them.
    type: str
  wait:
    description: Whether to wait until the node group is ACTIVE, or gone.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for each step.
    type: int
    default: 1200
  state:
    description: Whether the node group is there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is left out is left alone.
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep two nodes with room for large images
  nodecache.eks.eks_nodegroup:
    cluster_name: demo
    nodegroup_name: workers
    node_role: arn:aws:iam::123456789012:role/demo-node
    subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    ami_type: AL2023_x86_64_STANDARD
    instance_types: [m7i.large]
    disk_size: 100
    scaling_config:
      min_size: 1
      max_size: 4
      desired_size: 2
    labels:
      example.com/Role: worker

- name: Add a node
  nodecache.eks.eks_nodegroup:
    cluster_name: demo
    nodegroup_name: workers
    scaling_config:
      desired_size: 3

- name: Delete the node group
  nodecache.eks.eks_nodegroup:
    cluster_name: demo
    nodegroup_name: workers
    state: absent
"""

RETURN = r"""
nodegroup:
  description:
    - The node group as EKS describes it, V({}) when it is gone.
    - Names are in snake case, the keys of labels and tags as they were given.
  returned: always
  type: dict
  contains:
    nodegroup_name:
      description: The node group's name.
      type: str
    nodegroup_arn:
      description: The node group's ARN; not there in check mode when the node group is new.
      type: str
    cluster_name:
      description: The cluster's name.
      type: str
    status:
      description: What EKS is doing with it.
      type: str
      sample: ACTIVE
    scaling_config:
      description: How many nodes there are.
      type: dict
    labels:
      description: The nodes' labels.
      type: dict
    taints:
      description: The nodes' taints.
      type: list
      elements: dict
    tags:
      description: The node group's tags, which its instances do not get.
      type: dict
"""

from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict, snake_dict_to_camel_dict
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags
from ansible_collections.nodecache.eks.plugins.module_utils import _eks
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._state import diff_dict, scrub

IMMUTABLE = ("subnets", "instance_types", "ami_type", "disk_size", "node_role", "capacity_type")
CONFIGS = ("scaling_config", "update_config", "node_repair_config", "warm_pool_config")
# Of each pair the API takes one; setting one takes the other away.
EXCLUSIVE = (
    ("maxUnavailable", "maxUnavailablePercentage"),
    ("maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage"),
    ("maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage"),
)
ZERO_OR_MORE = ("min_size", "desired_size")


def _camel(option: str) -> str:
    return next(iter(snake_dict_to_camel_dict({option: None})))


def check_params(params: dict[str, Any]) -> None:
    """Refuse what EKS would refuse."""
    role = params["node_role"]
    if role is not None and not role.startswith("arn:"):
        raise NodecacheError(f"node_role is '{role}' but must be the role's ARN.")
    for option in CONFIGS:
        for name, value in (params[option] or {}).items():
            least = 0 if name in ZERO_OR_MORE else 1
            if isinstance(value, bool) or not isinstance(value, int) or name == "max_group_prepared_capacity":
                continue
            if value < least:
                raise NodecacheError(f"{option}.{name} is {value} but must be at least {least}.")
            if name.endswith("_percentage") and value > 100:
                raise NodecacheError(f"{option}.{name} is {value} but must be at most 100.")
    _check_sizes(scrub(params["scaling_config"] or {}))
    template = params["launch_template"]
    if template and not (template["id"] or template["name"]):
        raise NodecacheError("launch_template has neither id nor name but must have one of them.")


def _text(value: Any) -> str:
    # YAML reads true and 1 as what Kubernetes wants as text.
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_sizes(sizes: dict[str, int]) -> None:
    least, most, wanted = (sizes.get(name) for name in ("min_size", "max_size", "desired_size"))
    if least is not None and most is not None and least > most:
        raise NodecacheError(f"scaling_config.min_size is {least} but must be at most max_size, {most}.")
    if wanted is not None and least is not None and wanted < least:
        raise NodecacheError(f"scaling_config.desired_size is {wanted} but must be at least min_size, {least}.")
    if wanted is not None and most is not None and wanted > most:
        raise NodecacheError(f"scaling_config.desired_size is {wanted} but must be at most max_size, {most}.")


def build_desired(params: dict[str, Any]) -> dict[str, Any]:
    """Return what the options ask for in the API's shape, without what was left out."""
    desired = {
        _camel(option): params[option]
        for option in ("cluster_name", "nodegroup_name", "labels", "version", "release_version", *IMMUTABLE)
        if params[option] is not None
    }
    if "labels" in desired:
        desired["labels"] = {key: _text(value) for key, value in desired["labels"].items()}
    for option in (*CONFIGS, "launch_template"):
        if params[option] is not None:
            desired[_camel(option)] = snake_dict_to_camel_dict(scrub(params[option]))
    if params["taints"] is not None:
        desired["taints"] = [scrub(taint) for taint in params["taints"]]
    return desired


def _taint_map(taints: list[dict[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    # Kubernetes tells taints apart by key and effect; no value and an empty one are the same.
    return {(taint["key"], taint["effect"]): {key: value for key, value in taint.items() if value} for taint in taints}


def _plan_block(current: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    merged = {**current, **desired}
    for pair in EXCLUSIVE:
        for mine, other in (pair, pair[::-1]):
            if mine in desired and other not in desired:
                merged.pop(other, None)
    if "desiredSize" in current and "desiredSize" not in desired:
        merged["desiredSize"] = max(merged["minSize"], min(merged["maxSize"], current["desiredSize"]))
    return merged


def plan_config(current: dict[str, Any], desired: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields as they shall be, and the changes UpdateNodegroupConfig has to be asked for."""
    after: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    for key in map(_camel, CONFIGS):
        present = current.get(key) or {}
        merged = _plan_block(present, desired[key]) if key in desired else present
        if merged != present:
            after[key] = changes[key] = merged
    labels = current.get("labels") or {}
    if desired.get("labels", labels) != labels:
        after["labels"] = desired["labels"]
        changes["labels"] = _label_changes(labels, desired["labels"])
    taints = _taint_map(current.get("taints") or [])
    wanted = _taint_map(desired["taints"]) if "taints" in desired else taints
    if wanted != taints:
        after["taints"] = list(wanted.values())
        changes["taints"] = _taint_changes(taints, wanted)
    return after, changes


def _label_changes(current: dict[str, str], wanted: dict[str, str]) -> dict[str, Any]:
    changed = {key: value for key, value in wanted.items() if current.get(key) != value}
    removed = sorted(set(current) - set(wanted))
    return {**({"addOrUpdateLabels": changed} if changed else {}), **({"removeLabels": removed} if removed else {})}


def _taint_changes(current: dict[Any, Any], wanted: dict[Any, Any]) -> dict[str, Any]:
    changed = [taint for key, taint in wanted.items() if current.get(key) != taint]
    removed = [taint for key, taint in current.items() if key not in wanted]
    return {**({"addOrUpdateTaints": changed} if changed else {}), **({"removeTaints": removed} if removed else {})}


def plan_version(current: dict[str, Any], desired: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields as they shall be, and the changes UpdateNodegroupVersion has to be asked for."""
    changes = {
        key: desired[key]
        for key in ("version", "releaseVersion")
        if key in desired and desired[key] != current.get(key)
    }
    after = dict(changes)
    template, wanted = current.get("launchTemplate") or {}, desired.get("launchTemplate") or {}
    if wanted.get("version", template.get("version")) != template.get("version"):
        # The API takes the id or the name, not both.
        changes["launchTemplate"] = {"id": template["id"], "version": wanted["version"]}
        after["launchTemplate"] = {**template, "version": wanted["version"]}
    return after, changes


def check_immutable(current: dict[str, Any], desired: dict[str, Any]) -> None:
    """Refuse to change what only a new node group can have."""
    for option in IMMUTABLE:
        key = _camel(option)
        have, want = current.get(key), desired.get(key)
        if option == "subnets":
            have, want = sorted(have or []), sorted(want or [])
        if key in desired and have != want:
            _refuse(current, option, have, want)
    template = current.get("launchTemplate") or {}
    for key in ("id", "name"):
        want = desired.get("launchTemplate", {}).get(key)
        if want is not None and want != template.get(key):
            _refuse(current, f"launch_template.{key}", template.get(key), want)


def _refuse(current: dict[str, Any], option: str, have: Any, want: Any) -> None:
    name = current["nodegroupName"]
    raise NodecacheError(
        f"node group '{name}': {option} is {have!r} and cannot become {want!r}; only a new node group can have that."
    )


class Nodegroup:
    """One run on one node group."""

    def __init__(self, module: AnsibleAWSModule, client: Any) -> None:
        self.module, self.client, self.params = module, client, module.params
        self.cluster, self.name = self.params["cluster_name"], self.params["nodegroup_name"]
        self.timeout = self.params["wait_timeout"]

    def find(self) -> dict[str, Any]:
        """Return the node group, or an empty dictionary."""
        return _eks.find_nodegroup(self.client, self.cluster, self.name) or {}

    def ensure_present(self, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Create or change the node group."""
        desired = build_desired(self.params)
        status = current.get("status")
        if status == "CREATE_FAILED" or (status == "DELETING" and not self.params["wait"]):
            raise NodecacheError(f"node group '{self.name}' is {status}; it has to be gone before it can be created.")
        if status == "DELETING":
            if not self.module.check_mode:
                _eks.wait_deleted(self.client, self.cluster, self.name, self.timeout)
            current = {}
        return self._change(current, desired) if current else self._create(desired)

    def _create(self, desired: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        missing = [option for option in ("node_role", "subnets") if not self.params[option]]
        if missing:
            raise NodecacheError(f"node group '{self.name}' is new and needs {' and '.join(missing)}.")
        if self.params["tags"]:
            desired["tags"] = self.params["tags"]
        if self.module.check_mode:
            return True, desired
        after = _eks.create_nodegroup(self.client, desired)
        if self.params["wait"]:
            _eks.wait_active(self.client, self.cluster, self.name, self.timeout)
            after = self.find()
        return True, after

    def _change(self, current: dict[str, Any], desired: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        check_immutable(current, desired)
        config_after, config = plan_config(current, desired)
        version_after, version = plan_version(current, desired)
        to_set, to_unset = {}, []
        tags = current.get("tags") or {}
        if self.params["tags"] is not None:
            to_set, to_unset = compare_aws_tags(tags, self.params["tags"], self.params["purge_tags"])
        tags_after = {key: value for key, value in {**tags, **to_set}.items() if key not in to_unset}
        changed = bool(config or version or to_set or to_unset)
        if self.module.check_mode:
            return changed, {**current, **config_after, **version_after, "tags": tags_after}

        if to_set or to_unset:
            _eks.tag_nodegroup(self.client, self.name, current["nodegroupArn"], to_set, to_unset)
        # A node group takes one update at a time, so one that is busy has to come to rest first.
        if self.params["wait"] and current["status"] in ("CREATING", "UPDATING"):
            _eks.wait_active(self.client, self.cluster, self.name, self.timeout)
        if config:
            update = _eks.update_config(self.client, self.cluster, self.name, config)
            if self.params["wait"] or version:
                _eks.wait_update(self.client, self.cluster, self.name, update, self.timeout)
        if version:
            update = _eks.update_version(self.client, self.cluster, self.name, version)
            if self.params["wait"]:
                _eks.wait_update(self.client, self.cluster, self.name, update, self.timeout)
        return changed, self.find()

    def ensure_absent(self, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Delete the node group."""
        if not current:
            return False, {}
        changed = current["status"] != "DELETING"
        if self.module.check_mode:
            return changed, {}
        if changed:
            _eks.delete_nodegroup(self.client, self.cluster, self.name)
        if self.params["wait"]:
            _eks.wait_deleted(self.client, self.cluster, self.name, self.timeout)
        return changed, {}


def _result(nodegroup: dict[str, Any]) -> dict[str, Any]:
    # The module's own JSON cannot carry times.
    plain = {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in nodegroup.items()}
    return camel_dict_to_snake_dict(plain, ignore_list=("labels", "tags"))


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    integer = {"type": "int"}
    sizes = {name: integer for name in ("min_size", "max_size", "desired_size")}
    taint = {
        "key": {"required": True, "no_log": False},
        "value": {},
        "effect": {"required": True, "choices": ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]},
    }
    update = {
        "max_unavailable": integer,
        "max_unavailable_percentage": integer,
        "update_strategy": {"choices": ["DEFAULT", "MINIMAL"]},
    }
    repair = {
        "enabled": {"type": "bool"},
        "max_unhealthy_node_threshold_count": integer,
        "max_unhealthy_node_threshold_percentage": integer,
        "max_parallel_nodes_repaired_count": integer,
        "max_parallel_nodes_repaired_percentage": integer,
    }
    warm = {
        "enabled": {"type": "bool"},
        "min_size": integer,
        "max_group_prepared_capacity": integer,
        "pool_state": {"choices": ["STOPPED", "RUNNING", "HIBERNATED"]},
        "reuse_on_scale_in": {"type": "bool"},
    }
    template: dict[str, Any] = {"id": {}, "name": {}, "version": {}}
    return {
        "cluster_name": {"required": True},
        "nodegroup_name": {"required": True},
        "scaling_config": {"type": "dict", "options": sizes},
        "disk_size": integer,
        "subnets": {"type": "list", "elements": "str"},
        "instance_types": {"type": "list", "elements": "str"},
        "ami_type": {},
        "node_role": {},
        "labels": {"type": "dict"},
        "taints": {"type": "list", "elements": "dict", "options": taint},
        "launch_template": {"type": "dict", "options": template, "mutually_exclusive": [("id", "name")]},
        "capacity_type": {"choices": ["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"]},
        "update_config": {
            "type": "dict",
            "options": update,
            "mutually_exclusive": [("max_unavailable", "max_unavailable_percentage")],
        },
        "node_repair_config": {
            "type": "dict",
            "options": repair,
            "mutually_exclusive": [
                ("max_unhealthy_node_threshold_count", "max_unhealthy_node_threshold_percentage"),
                ("max_parallel_nodes_repaired_count", "max_parallel_nodes_repaired_percentage"),
            ],
        },
        "warm_pool_config": {"type": "dict", "options": warm},
        "version": {},
        "release_version": {},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "purge_tags": {"type": "bool", "default": True},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": integer | {"default": 1200},
        "state": {"choices": ["present", "absent"], "default": "present"},
    }


def main() -> None:
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        check_params(module.params)
        nodegroup = Nodegroup(module, make_client(module, "eks"))
        current = nodegroup.find()
        ensure = nodegroup.ensure_present if module.params["state"] == "present" else nodegroup.ensure_absent
        changed, after = ensure(current)
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    before, after = _result(current), _result(after)
    module.exit_json(changed=changed, nodegroup=after, diff=diff_dict(before, after))


if __name__ == "__main__":
    main()
