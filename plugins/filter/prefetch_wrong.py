# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.nodecache.eks.plugins.plugin_utils import _options, _plan

DOCUMENTATION = r"""
name: prefetch_wrong
version_added: 1.0.0
short_description: Say which of the prefetch role's options is wrong
description:
  - Checks the options of the C(nodecache.eks.prefetch) role before AWS is asked anything.
  - Returns one sentence that names the option, its value and what is allowed, or nothing when all are right.
author:
  - nodecache.eks contributors (@nodecache)
positional: _input
options:
  _input:
    description: The role's options by their names, those with C(prefetch_state=absent) fewer.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse what is wrong
  ansible.builtin.assert:
    that: options | nodecache.eks.prefetch_wrong == ''
    fail_msg: "{{ options | nodecache.eks.prefetch_wrong }}"
  vars:
    options:
      prefetch_state: absent
      prefetch_region: eu-central-1
      prefetch_name: main
      prefetch_cluster: prod
      prefetch_node_roles: [prod-node]
      prefetch_max_concurrency: "10"
      prefetch_max_errors: "10"
"""

RETURN = r"""
_value:
  description: The sentence, empty when nothing is wrong.
  type: str
"""


def prefetch_wrong(given: Mapping[str, Any]) -> str:
    """Return what is wrong with the first option that is wrong."""
    try:
        _options.check(given)
    except _plan.PlanError as error:
        return str(error)
    return ""


class FilterModule:
    """The collection's filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"prefetch_wrong": prefetch_wrong}
