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
  - Subnets, instance types, AMI type, disk size, node role, capacity type, remote access and the launch template itself
    cannot change; the module fails when they should.
author:
  - nodecache.eks contributors (@nodecache)
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  nodegroup_name:
    description:
      - The node group's name, 1 to 63 letters, digits, hyphens and underscores, the first of them a letter or a digit.
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
    description: The size of a node's disk in GiB, 20 if left out; with a launch template that says it.
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
    description:
      - The kind of AMI, for instance V(AL2023_x86_64_STANDARD), V(AL2023_ARM_64_STANDARD), V(AL2023_x86_64_NVIDIA),
        V(BOTTLEROCKET_x86_64) or V(WINDOWS_CORE_2025_x86_64).
      - It can be each of those that the installed botocore knows.
    type: str
  node_role:
    description:
      - The ARN of the nodes' role.
      - A new node group needs it.
    type: str
  remote_access:
    description: Who may open a shell on the nodes; with a launch template that says it.
    type: dict
    suboptions:
      ec2_ssh_key:
        description: The name of the EC2 key pair.
        type: str
      source_security_groups:
        description: The security groups the nodes may be reached from; without any they are open to the internet.
        type: list
        elements: str
  labels:
    description:
      - The nodes' Kubernetes labels, keys and values up to 63 characters.
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
      - The launch template of the nodes, by O(launch_template.id) or O(launch_template.name).
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
        description:
          - The template's version, a number, V($Latest) or V($Default).
          - EKS keeps the number, so the module asks EC2 for the one that is meant.
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
      node_repair_config_overrides:
        description: What is done about some conditions; the list takes the place of the present one.
        type: list
        elements: dict
        suboptions:
          node_monitoring_condition:
            description: The condition the node monitoring agent reports.
            type: str
            required: true
          node_unhealthy_reason:
            description: The reason it reports.
            type: str
            required: true
          min_repair_wait_time_mins:
            description: For how many minutes at least the condition has to last.
            type: int
            required: true
          repair_action:
            description: What is done.
            type: str
            required: true
            choices: [Replace, Reboot, NoAction]
  warm_pool_config:
    description:
      - Nodes that are made ready and then stopped until they are needed.
      - EKS has none for a custom AMI.
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
      - The Kubernetes version of the nodes, for instance V(1.34).
      - When it changes and O(release_version) is left out, EKS takes the newest AMI of that version.
      - A change replaces the nodes, whose cached images go with them.
    type: str
  release_version:
    description:
      - The version of the EKS AMI, for instance V(1.34.0-20260715).
      - A change replaces the nodes, whose cached images go with them.
    type: str
  force:
    description:
      - Whether a change of O(version), O(release_version) or O(launch_template.version) ends Pods that a disruption
        budget protects.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the node group is ACTIVE, or gone.
      - The module fails as soon as that cannot be, and says what ails the node group.
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
  - An option that is left out is left alone, at every depth.
  - Needs C(eks:DescribeNodegroup); to create C(eks:CreateNodegroup), C(eks:TagResource), C(iam:PassRole) on the nodes'
    role and what EKS asks of the caller for a launch template; to change C(eks:UpdateNodegroupConfig),
    C(eks:UpdateNodegroupVersion), C(eks:DescribeUpdate), C(eks:TagResource) and C(eks:UntagResource); to delete
    C(eks:DeleteNodegroup); for O(launch_template) C(ec2:DescribeLaunchTemplates); in check mode C(eks:DescribeCluster).
  - In check mode a new node group of a cluster that is not there needs neither O(node_role) nor O(subnets), as an
    earlier task may only have said that it would make all of them.
  - Where a new node group leaves an option out, EKS chooses, so that check mode cannot tell that part of the result.
seealso:
  - module: community.aws.eks_cluster
  - module: amazon.aws.ec2_launch_template
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

- name: Move to another version of Kubernetes, whatever disruption budgets say
  nodecache.eks.eks_nodegroup:
    cluster_name: demo
    nodegroup_name: workers
    version: "1.35"
    force: true
    wait_timeout: 3600

- name: Repair nodes, and reboot rather than replace where the accelerator hangs
  nodecache.eks.eks_nodegroup:
    cluster_name: demo
    nodegroup_name: workers
    node_repair_config:
      enabled: true
      max_parallel_nodes_repaired_count: 1
      node_repair_config_overrides:
        - node_monitoring_condition: AcceleratedHardwareReady
          node_unhealthy_reason: NvidiaXID13Error
          min_repair_wait_time_mins: 10
          repair_action: Reboot

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
    - Beside what is listed here it has what the options of the same name say.
  returned: always
  type: dict
  contains:
    nodegroup_name:
      description: The node group's name.
      returned: when there is a node group
      type: str
      sample: workers
    nodegroup_arn:
      description: The node group's ARN.
      returned: when there is a node group, but not in check mode when it is new
      type: str
      sample: arn:aws:eks:eu-central-1:123456789012:nodegroup/demo/workers/1ac8a4e5-e4a9-4b8c-9b6f-6b8f1f2f3f4f
    cluster_name:
      description: The cluster's name.
      returned: when there is a node group
      type: str
      sample: demo
    status:
      description: What EKS is doing with it.
      returned: when there is a node group, but not in check mode when it is new
      type: str
      sample: ACTIVE
    health:
      description: What ails it.
      returned: when there is a node group, but not in check mode when it is new
      type: dict
      sample: {"issues": []}
    resources:
      description: What EKS made for it.
      returned: when there is a node group, but not in check mode when it is new
      type: dict
      sample: {"auto_scaling_groups": [{"name": "eks-workers-1ac8a4e5"}]}
    version:
      description: The Kubernetes version of the nodes.
      returned: when there is a node group
      type: str
      sample: "1.34"
    release_version:
      description: The version of the EKS AMI.
      returned: when there is a node group, but not in check mode when it is new
      type: str
      sample: 1.34.0-20260715
    scaling_config:
      description: How many nodes there are.
      returned: when there is a node group
      type: dict
      sample: {"min_size": 1, "max_size": 4, "desired_size": 2}
    labels:
      description: The nodes' labels.
      returned: when the node group has some
      type: dict
      sample: {"example.com/Role": "worker"}
    taints:
      description: The nodes' taints.
      returned: when the node group has some
      type: list
      elements: dict
      sample: [{"key": "dedicated", "value": "batch", "effect": "NO_SCHEDULE"}]
    launch_template:
      description: The launch template, its version a number.
      returned: when the node group has one
      type: dict
      sample: {"id": "lt-0123456789abcdef0", "name": "nodes", "version": "3"}
    tags:
      description: The node group's tags, which its instances do not get.
      returned: when the node group has some
      type: dict
      sample: {"team": "platform"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _ec2, _eks, _eks_plan, _model
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._blocks import make_module
from ansible_collections.nodecache.eks.plugins.module_utils._state import diff_dict, resulting_tags, tag_plan


class Nodegroup:
    """One run on one node group."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module, self.params = module, module.params
        self.client = make_client(module, "eks")
        self.name, self.timeout = self.params["nodegroup_name"], self.params["wait_timeout"]
        self.ids = {"clusterName": self.params["cluster_name"], "nodegroupName": self.name}

    def run(self) -> dict[str, Any]:
        """Bring the node group to its state and return the module's result."""
        desired = _eks_plan.build_desired(self.params, _model.input_shape(self.client, "CreateNodegroup"))
        current = self._find()
        if self.params["state"] == "absent":
            changed, planned, after = self.ensure_absent(current), {}, {}
        else:
            changed, planned, after = self.ensure_present(current, desired)
        diff = diff_dict(self._result(current, _eks_plan.MANAGED), self._result(planned, _eks_plan.MANAGED))
        return {"changed": changed, "nodegroup": self._result(after), "diff": diff}

    def _find(self) -> dict[str, Any]:
        return _eks.find_nodegroup(self.client, *self.ids.values()) or {}

    def _result(self, group: dict[str, Any], options: tuple[str, ...] | None = None) -> dict[str, Any]:
        shape = _model.output_shape(self.client, "DescribeNodegroup").members["nodegroup"]
        result = _model.to_result(shape, group)
        return {key: value for key, value in result.items() if options is None or key in options}

    def _wait(self, end: str) -> None:
        _eks.wait(self.client, end, self.name, self.timeout, self.ids)

    def _finish(self, update: str) -> None:
        request = {"name": self.params["cluster_name"], "nodegroupName": self.name, "updateId": update}
        _eks.wait(self.client, "finish its update", self.name, self.timeout, request)
        self._wait("become ACTIVE")

    def _tell_template(self, desired: dict[str, Any], is_new: bool) -> None:
        """Put what EKS will tell of the launch template in the place of what was asked for."""
        template = desired.get("launchTemplate") or {}
        if not template or not (is_new or template.get("version", "").startswith("$")):
            return
        found = _ec2.find_template(make_client(self.module, "ec2"), template)
        if found:
            desired["launchTemplate"] = found if is_new else {**template, "version": found["version"]}
        elif not (is_new and self.module.check_mode):
            # In check mode an earlier task may only have said that it would make the template.
            raise NodecacheError(f"launch template '{template.get('id') or template['name']}' is not there.")

    def ensure_present(
        self, current: dict[str, Any], desired: dict[str, Any]
    ) -> tuple[bool, dict[str, Any], dict[str, Any]]:
        """Create or change the node group; return whether that was needed, how it was planned and how it is."""
        status = current.get("status")
        if status == "CREATE_FAILED" or (status == "DELETING" and not self.params["wait"]):
            because = "".join(f"; {issue}" for issue in _eks.health(current))
            raise NodecacheError(
                f"node group '{self.name}' is {status} and has to be gone before it can be created{because}."
            )
        self._tell_template(desired, not current or status == "DELETING")
        if status == "DELETING":
            if not self.module.check_mode:
                self._wait("be deleted")
            current = {}
        return self._change(current, desired) if current else self._create(desired)

    def _create(self, desired: dict[str, Any]) -> tuple[bool, dict[str, Any], dict[str, Any]]:
        missing = [option for option in ("node_role", "subnets") if not self.params[option]]
        # In check mode an earlier task may only have said that it would make the cluster and what its nodes need.
        if missing and not (self.module.check_mode and _eks.no_cluster(self.client, self.params["cluster_name"])):
            raise NodecacheError(f"node group '{self.name}' is new and needs {' and '.join(missing)}.")
        if self.module.check_mode:
            return True, desired, desired
        after = _eks.create_nodegroup(self.client, _eks_plan.create_request(desired))
        if self.params["wait"]:
            self._wait("become ACTIVE")
            after = self._find()
        return True, desired, after

    def _change(self, current: dict[str, Any], desired: dict[str, Any]) -> tuple[bool, dict[str, Any], dict[str, Any]]:
        _eks_plan.check_immutable(current, desired)
        config_after, config = _eks_plan.plan_config(current, desired)
        version_after, version = _eks_plan.plan_version(current, desired)
        tags = current.get("tags") or {}
        to_set, to_unset = tag_plan(tags, self.params["tags"], self.params["purge_tags"])
        changed = bool(config or version or to_set or to_unset)
        planned = {**current, **config_after, **version_after}
        # When that will have been, and which release, only EKS knows.
        if changed:
            planned.pop("modifiedAt", None)
        if "version" in version_after and "releaseVersion" not in version_after:
            planned.pop("releaseVersion", None)
        if to_set or to_unset:
            planned["tags"] = resulting_tags(tags, to_set, to_unset)
        if not changed:
            self._warn_of(current)
        if self.module.check_mode:
            return changed, planned, planned
        if to_set or to_unset:
            _eks.tag_nodegroup(self.client, self.name, current["nodegroupArn"], to_set, to_unset)
        busy = current["status"] in ("CREATING", "UPDATING")
        if self.params["wait"] and busy:
            # A node group takes one update at a time.
            self._wait("come to rest" if config or version else "become ACTIVE")
        self._update(config, version)
        if not changed and not (busy and self.params["wait"]):
            return False, current, current
        found = self._find()
        # Without waiting the node group still describes what it was.
        return changed, planned, found if self.params["wait"] else {**found, **config_after, **version_after}

    def _update(self, config: dict[str, Any], version: dict[str, Any]) -> None:
        if config:
            update = _eks.update_config(self.client, *self.ids.values(), config)
            if self.params["wait"] or version:
                self._finish(update)
        if version:
            force = {"force": True} if self.params["force"] else {}
            update = _eks.update_version(self.client, *self.ids.values(), {**version, **force})
            if self.params["wait"]:
                self._finish(update)

    def _warn_of(self, current: dict[str, Any]) -> None:
        if current["status"] in ("DEGRADED", "DELETE_FAILED"):
            self.module.warn(f"node group '{self.name}' is {'; '.join([current['status'], *_eks.health(current)])}.")

    def ensure_absent(self, current: dict[str, Any]) -> bool:
        """Delete the node group."""
        if not current:
            return False
        changed = current["status"] != "DELETING"
        if self.module.check_mode:
            return changed
        if changed:
            if self.params["wait"] and current["status"] in ("CREATING", "UPDATING"):
                # EKS does not delete a node group that is busy.
                self._wait("come to rest")
            _eks.delete_nodegroup(self.client, *self.ids.values())
        if self.params["wait"]:
            self._wait("be deleted")
        return changed


def main() -> None:
    module = make_module(argument_spec=_eks_plan.argument_spec(), supports_check_mode=True)
    try:
        result = Nodegroup(module).run()
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
