#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: prefetch_info
version_added: 1.0.0
short_description: Tell what an install of the prefetch role consists of
description:
  - Returns all there is under the names of one install of the C(nodecache.eks.prefetch) role, and tells what is
    that install's own from what somebody else made under the same name.
  - An install's own things carry the tags C(nodecache.eks/install) and C(nodecache.eks/cluster) with its name and
    its cluster; an alarm has them in its description. A policy of a node's role is known by the document.
  - A dead-letter queue without tags, and without a policy for others, is taken for one that an interrupted run left,
    if the document is the install's.
author:
  - nodecache.eks contributors (@nodecache)
options:
  name:
    description: The install's name, 1 to 24 letters, digits, V(_) and V(-).
    type: str
    required: true
  cluster_name:
    description: The cluster that the install serves.
    type: str
    required: true
  node_roles:
    description: Roles of nodes to look at, beside those that the install's document remembers.
    type: list
    elements: str
    default: []
  count_nodes:
    description: Whether to count the cluster's running nodes.
    type: bool
    default: false
  fingerprints:
    description: Whether to read each thing whole, and tell by a text whether it is still the same.
    type: bool
    default: false
  tell_missing:
    description:
      - Whether to tell what the install needs and is not there.
      - Those are the cluster, while the install has no document, the O(node_roles) and the topic.
    type: bool
    default: false
  alarm_topic_arn:
    description: The topic to look for with O(tell_missing).
    type: str
notes:
  - "IAM actions: sts:GetCallerIdentity, ssm:ListDocuments, ssm:ListAssociations, ssm:ListTagsForResource,
    events:ListRules, events:ListTagsForResource, sqs:GetQueueUrl, sqs:ListQueueTags,
    sqs:GetQueueAttributes, cloudwatch:DescribeAlarms, iam:GetRole and iam:GetRolePolicy; with O(count_nodes)
    ec2:DescribeInstances; with O(fingerprints) ssm:DescribeDocument, ssm:DescribeAssociation and
    events:ListTargetsByRule; with O(tell_missing) eks:DescribeCluster and sns:GetTopicAttributes."
seealso:
  - module: nodecache.eks.image_cache_info
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  diff_mode:
    support: N/A
    details: Nothing changes.
"""

EXAMPLES = r"""
- name: See what the install main consists of
  nodecache.eks.prefetch_info:
    name: main
    cluster_name: prod
"""

RETURN = r"""
install:
  description: What was found.
  returned: always
  type: dict
  contains:
    account:
      description: The account that was looked at.
      type: str
      returned: always
      sample: "123456789012"
    partition:
      description: The account's partition.
      type: str
      returned: always
      sample: aws
    node_roles:
      description: The nodes' roles that the install's document remembers.
      type: list
      elements: str
      returned: always
      sample: [prod-node]
    running_nodes:
      description: How many nodes of the cluster run.
      type: int
      returned: with O(count_nodes)
      sample: 12
    state:
      description: What the role noted at the end of its last whole run, or nothing.
      type: str
      returned: always
      sample: 3f2a9d0c51b7e6a8
    missing:
      description: Names of what is not there, by kind. A topic that another account does not show counts as there.
      type: dict
      returned: with O(tell_missing)
      sample: {cluster: [], node_role: [prod-node], topic: []}
    auto_mode_nodes:
      description: How many others EKS Auto Mode runs, where no agent is let in.
      type: int
      returned: with O(count_nodes)
      sample: 0
    things:
      description: All there is under the install's names.
      type: list
      elements: dict
      returned: always
      contains:
        kind:
          description: V(document), V(association), V(rule), V(queue), V(alarm), V(role) or V(node_policy).
          type: str
          returned: always
          sample: rule
        name:
          description: Its name; of a policy of a node's role, that role's name.
          type: str
          returned: always
          sample: nodecache-main
        ours:
          description: Whether it is this install's.
          type: bool
          returned: always
          sample: true
        fingerprint:
          description: Another text when anything about the thing has changed that somebody decides.
          type: str
          returned: with O(fingerprints)
          sample: 9d0c51b7e6a83f2a
        association_id:
          description: The association's id.
          type: str
          returned: for an association
          sample: 8dfe3659-4309-493a-8755-0123456789ab
"""

import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _names
from ansible_collections.nodecache.eks.plugins.module_utils._aws import make_client
from ansible_collections.nodecache.eks.plugins.module_utils._cache import cluster_targets
from ansible_collections.nodecache.eks.plugins.module_utils._ec2 import INSTANCES_API, running_instances
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._install import Install, account

LIMITS = {
    "name": _names.INSTALL,
    "cluster_name": _names.CLUSTER,
    "node_roles": _names.ROLE,
    "alarm_topic_arn": _names.TOPIC,
}
VERSIONS = {"ec2": INSTANCES_API}


def check(params: dict[str, Any]) -> None:
    """Refuse what no install, no cluster and no role is called."""
    for option, (pattern, allowed) in LIMITS.items():
        for value in params[option] if isinstance(params[option], list) else [params[option]]:
            if value is not None and not re.fullmatch(pattern, value):
                raise NodecacheError(f"{option} has {shown(value)} but must have {allowed}.")


def find(module: AnsibleAWSModule) -> dict[str, object]:
    """Return the module's result."""
    params, clients = module.params, {}
    check(params)
    install = Install(params["name"], params["cluster_name"], module.region, params["fingerprints"])
    with ThreadPoolExecutor() as pool:

        def ask(service: str, question: Callable[[Any], Any]) -> Future[Any]:
            # While one service answers, the client of the next one is made.
            if service not in clients:
                clients[service] = make_client(module, service, VERSIONS.get(service))
            return pool.submit(question, clients[service])

        # Nobody else is asked where the credentials are no good.
        found: dict[str, Any] = ask("sts", account).result()
        found["things"] = install.things(ask, params["node_roles"])
        found["node_roles"], found["state"] = install.recorded_roles, install.state
        if params["tell_missing"]:
            found["missing"] = install.missing(ask, found["things"], params["node_roles"], params["alarm_topic_arn"])
        if params["count_nodes"]:
            nodes = cluster_targets(params["cluster_name"])
            running = ask("ec2", lambda ec2: running_instances(ec2, nodes)).result()
            auto_mode = sum(running.values())
            found.update(running_nodes=len(running) - auto_mode, auto_mode_nodes=auto_mode)
    return found


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "cluster_name": {"type": "str", "required": True},
            "node_roles": {"type": "list", "elements": "str", "default": []},
            "count_nodes": {"type": "bool", "default": False},
            "fingerprints": {"type": "bool", "default": False},
            "tell_missing": {"type": "bool", "default": False},
            "alarm_topic_arn": {"type": "str"},
        },
        supports_check_mode=True,
    )
    try:
        install = find(module)
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, install=install)


if __name__ == "__main__":
    main()
