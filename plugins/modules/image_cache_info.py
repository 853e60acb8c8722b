#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: image_cache_info
version_added: 1.0.0
short_description: Tell which nodes of an Amazon EKS cluster hold which images
description:
  - Asks the nodes themselves, through Run Command and the document that the C(nodecache.eks.prefetch) role makes.
  - Nodes whose agent is not connected and nodes that do not answer are told apart from nodes without the image.
author:
  - nodecache.eks contributors (@nodecache)
options:
  cluster_name:
    description:
      - The cluster whose nodes are asked.
      - They are found by the tag C(kubernetes.io/cluster/NAME) with the value V(owned).
      - Exactly one of O(cluster_name) and O(targets) is needed.
    type: str
  targets:
    description: The nodes to ask, when the cluster's tag does not tell. Every entry has to match.
    type: list
    elements: dict
    suboptions:
      key:
        description: V(InstanceIds), V(tag-key) or V(tag:NAME).
        type: str
        required: true
      values:
        description: The values of which one has to match.
        type: list
        elements: str
        required: true
  document_name:
    description: The document that answers, V(nodecache-NAME).
    type: str
    required: true
  images:
    description:
      - The image references to look for.
      - On ECR, a reference without a digest means the newest pushed image that matches.
      - By default every image is listed that the document's install marked on the node.
    type: list
    elements: str
    default: []
  answer_timeout:
    description:
      - How many seconds the nodes have to answer.
      - At least 30, as Run Command delivers no command that expires sooner.
    type: int
    default: 120
  wait:
    description:
      - Whether to ask again until every node holds every image, and to show how far each pull is meanwhile.
      - When O(wait_timeout) runs out first, the task fails and names the nodes and what they lack.
    type: bool
    default: false
  min_nodes:
    description: With O(wait), how many nodes have to be there, for a cluster whose nodes are still to come.
    type: int
    default: 1
  wait_timeout:
    description: With O(wait), how many seconds the nodes have.
    type: int
    default: 900
  wait_delay:
    description: With O(wait), how many seconds lie between two looks.
    type: int
    default: 5
notes:
  - >-
    The credentials need C(ec2:DescribeInstances), C(ssm:DescribeInstanceInformation), C(ssm:ListCommandInvocations),
    C(ssm:ListCommands), and C(ssm:SendCommand) on the document and the instances.
seealso:
  - module: nodecache.eks.ssm_command
  - module: nodecache.eks.prefetch_info
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look for one release on all nodes
  nodecache.eks.image_cache_info:
    cluster_name: production
    document_name: nodecache-main
    images:
      - 123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app:v1
  register: cache

- name: Insist on it
  ansible.builtin.assert:
    that: cache.summary.missing == 0

- name: Wait until three nodes or more hold it, and watch
  nodecache.eks.image_cache_info:
    cluster_name: production
    document_name: nodecache-main
    images:
      - 123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app:v1
    wait: true
    min_nodes: 3
"""

RETURN = r"""
nodes:
  description: The running nodes, sorted by id.
  returned: always
  type: list
  elements: dict
  contains:
    node:
      description: The instance id.
      returned: always
      type: str
      sample: i-0123456789abcdef0
    state:
      description:
        - V(online) when the node answered.
        - V(offline) when its agent is not connected.
        - V(silent) when the agent is connected but no complete answer came.
      returned: always
      type: str
      sample: online
    error:
      description: What went wrong on the whole node, or that EKS Auto Mode runs it, which lets no agent on it.
      returned: always
      type: str
      sample: nodecache is locked by another run
    images:
      description: The images, as far as the node spoke of them.
      returned: always
      type: list
      elements: dict
      contains:
        reference:
          description: The reference as it was asked for.
          returned: always
          type: str
          sample: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app:v1
        digest:
          description: The digest that was expected.
          returned: always
          type: str
          sample: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        cached_digest:
          description: The digest that the node holds.
          returned: always
          type: str
          sample: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        cached:
          description: Whether the node holds what was expected.
          returned: always
          type: bool
          sample: true
        pinned:
          description: Whether the image is kept from the kubelet's garbage collection.
          returned: always
          type: bool
          sample: true
        size_bytes:
          description: The image's size as the node's container runtime knows it.
          returned: always
          type: int
          sample: 1073741824
        source:
          description: What brought it, V(event), V(association) or V(command); none when the install did not.
          returned: always
          type: str
          sample: event
        pull_seconds:
          description: How long the pull took.
          returned: always
          type: float
          sample: 21.4
        fetched_bytes:
          description: How much of it the node has fetched so far; none when no pull is under way.
          returned: always
          type: int
          sample: 536870912
        total_bytes:
          description: How much there is to fetch; none when no pull is under way.
          returned: always
          type: int
          sample: 1073741824
        skipped:
          description: Why nothing had to be done for this image; none when it is wanted.
          returned: always
          type: str
          sample: signature
        error:
          description: What went wrong with this image.
          returned: always
          type: str
          sample: no such image
summary:
  description: The counts.
  returned: always
  type: dict
  contains:
    nodes:
      description: The running nodes.
      returned: always
      type: int
      sample: 3
    online:
      description: Those with a connected agent.
      returned: always
      type: int
      sample: 3
    cached:
      description: The pairs of a node and an image that is on it.
      returned: always
      type: int
      sample: 3
    missing:
      description: The pairs of a node and an image that is not on it, or of which nothing is known.
      returned: always
      type: int
      sample: 0
"""

from ansible_collections.nodecache.eks.plugins.module_utils import _cache, _ec2, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils._aws import make_client
from ansible_collections.nodecache.eks.plugins.module_utils._blocks import make_module
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError


def main() -> None:
    module = make_module(
        argument_spec={
            "cluster_name": {},
            "targets": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "key": {"required": True, "no_log": False},
                    "values": {"type": "list", "elements": "str", "required": True},
                },
            },
            "document_name": {"required": True},
            "images": {"type": "list", "elements": "str", "default": []},
            "answer_timeout": {"type": "int", "default": 120},
            # The action plugin acts on these; one look is all that is left for the module.
            "wait": {"type": "bool", "default": False},
            "min_nodes": {"type": "int", "default": 1},
            "wait_timeout": {"type": "int", "default": 900},
            "wait_delay": {"type": "int", "default": 5},
        },
        mutually_exclusive=[["cluster_name", "targets"]],
        required_one_of=[["cluster_name", "targets"]],
        supports_check_mode=True,
    )
    params = module.params
    cluster, images = params["cluster_name"], list(dict.fromkeys(params["images"]))
    targets = _cache.cluster_targets(cluster) if params["targets"] is None else params["targets"]
    try:
        _cache.validate_names(params)
        _cache.validate(targets, images)
        _cache.validate_numbers(params)
        instances = _ec2.running_instances(make_client(module, "ec2", _ec2.INSTANCES_API), targets)
        if not instances:
            place = f"cluster '{cluster}'" if cluster else "targets"
            shown = ", ".join(f"{target['key']}={','.join(target['values'])}" for target in targets)
            raise NodecacheError(
                f"{place}: no running instance matches {shown}; Fargate has none, and loads images by SOCI indexes"
            )
        ssm = make_client(module, "ssm")
        online = _ssm.online_instances(ssm, list(instances))
        reports = _cache.ask(ssm, params["document_name"], targets, online, images, params["answer_timeout"])
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    parts = max(1, -(-len(images) // _cache.IMAGES_PER_COMMAND))
    nodes = _cache.nodes(instances, online, reports, parts)
    omitted = sum(report.get("omitted", 0) for found in reports.values() for report in found)
    if omitted:
        module.warn(f"{omitted} images did not fit into the nodes' reports: name the images to look for")
    module.exit_json(changed=False, nodes=nodes, summary=_cache.summarise(nodes, images))


if __name__ == "__main__":
    main()
