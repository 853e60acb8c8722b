# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.nodecache.eks.plugins.plugin_utils import _plan

DOCUMENTATION = r"""
name: prefetch_parts
version_added: 1.0.0
short_description: Compare what an install of the prefetch role shall consist of with what there is
description:
  - Takes what P(nodecache.eks.prefetch_plan#filter) returns, and what M(nodecache.eks.prefetch_info) found.
author:
  - nodecache.eks contributors (@nodecache)
positional: _input, install
options:
  _input:
    description: The plan; an empty one, when nothing shall be left.
    type: dict
    required: true
  install:
    description: The C(things) that were found, the C(region), C(node_roles), C(dead_letter) and C(alarms).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell what a plan makes
  ansible.builtin.debug:
    msg: "{{ (plan | nodecache.eks.prefetch_parts(install)).names }}"
  vars:
    install:
      region: eu-central-1
      node_roles: [prod-node]
      dead_letter: true
      alarms: false
      things: "{{ found.install.things }}"
"""

RETURN = r"""
_value:
  description:
    - C(names) of all that the plan makes, and the things that have to go, C(gone), both by kind.
    - C(taken) are the wanted names that somebody else's things have, and C(theirs) all of somebody else's, as text.
  type: dict
"""


def prefetch_parts(plan: Mapping[str, Any], install: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names of all that a plan makes, what has to go, and what is somebody else's."""
    names: dict[str, list[str]] = _plan.names(plan, install) if plan else {}
    return {"names": names, **_plan.compare(install["things"], names)}


class FilterModule:
    """The collection's filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"prefetch_parts": prefetch_parts}
