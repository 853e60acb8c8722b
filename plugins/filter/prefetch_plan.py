# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.nodecache.eks.plugins.plugin_utils import _plan

DOCUMENTATION = r"""
name: prefetch_plan
version_added: 1.0.0
short_description: Turn the prefetch role's images into the objects that AWS has to hold
description:
  - Checks C(prefetch_images) and C(prefetch_nodes) of the C(nodecache.eks.prefetch) role.
  - Returns the images with every field filled in.
  - For each set of nodes it adds the event pattern, the targets and the references.
author:
  - nodecache.eks contributors (@nodecache)
positional: _input, nodes, install
options:
  _input:
    description: The images, each a dict with C(repository), C(tags), C(digest), C(keep) and C(nodes).
    type: list
    elements: dict
    required: true
  nodes:
    description: Names of sets of nodes, each with a list of targets.
    type: dict
    required: true
  install:
    description:
      - The install's C(name), C(cluster), C(registry), C(partition), C(delivery), C(keep), C(running_nodes) and
        C(auto_mode_nodes).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Plan the install
  ansible.builtin.set_fact:
    plan: "{{ [{'repository': 'team/web'}] | nodecache.eks.prefetch_plan({}, install) }}"
  vars:
    install:
      name: main
      cluster: prod
      registry: 123456789012.dkr.ecr.eu-central-1.amazonaws.com
      partition: aws
      delivery: run_command
      keep: 2
"""

RETURN = r"""
_value:
  description: The plan, with C(id), C(wanted), C(groups) and C(ecr_arns).
  type: dict
"""

# SendCommand's default for MaxConcurrency, which an EventBridge target cannot set.
RUN_COMMAND_NODES = 50
display = Display()


def prefetch_plan(images: Any, nodes: Any, install: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan; a wrong input is one sentence."""
    try:
        found = _plan.plan(images, nodes, install)
    except _plan.PlanError as error:
        raise AnsibleFilterError(str(error)) from None
    running = install.get("running_nodes", 0)
    if running > RUN_COMMAND_NODES and any(group["delivery"] == "run_command" for group in found["groups"]):
        display.warning(
            f"prefetch_delivery: run_command stops at the first node that fails and runs on {RUN_COMMAND_NODES} "
            f"at a time, and '{install['cluster']}' has {running}; automation keeps to prefetch_max_errors."
        )
    if install.get("auto_mode_nodes"):
        display.warning(
            f"prefetch_cluster: EKS Auto Mode runs {install['auto_mode_nodes']} nodes of '{install['cluster']}', "
            "where no agent is let in; SOCI serves those, and this install the others."
        )
    return found


class FilterModule:
    """The collection's filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"prefetch_plan": prefetch_plan}
