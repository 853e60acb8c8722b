# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.nodecache.eks.plugins.plugin_utils import _plan, _record

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
    description:
      - The C(things) that were found and those that are C(missing).
      - The C(state) that the last whole run noted, and all C(options) of the role that decide what there shall be.
      - The C(name), C(cluster), C(region), C(node_roles), C(dead_letter) and C(alarms) of the install.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell what a plan makes
  ansible.builtin.debug:
    msg: "{{ (plan | nodecache.eks.prefetch_parts(install)).names }}"
  vars:
    install:
      name: main
      cluster: prod
      region: eu-central-1
      node_roles: [prod-node]
      dead_letter: true
      alarms: false
      things: "{{ found.install.things }}"
      missing: "{{ found.install.missing }}"
      state: "{{ found.install.state }}"
      options: {prefetch_keep: 2}
"""

RETURN = r"""
_value:
  description:
    - C(names) of all that the plan makes, and the things that have to go, C(gone), both by kind.
    - C(theirs) are all of somebody else's, as text.
    - C(state) is what a whole run notes, C(as_wanted) whether the last one noted the very same, so that all is well.
    - C(refused) says why nothing may be made, in one sentence that is empty when all is well.
    - C(lacking) has a sentence for each thing that is C(missing) and needed.
  type: dict
"""


def prefetch_parts(plan: Mapping[str, Any], install: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names of all that a plan makes, what has to go, and what is somebody else's."""
    names: dict[str, list[str]] = _plan.names(plan, install) if plan else {}
    found = _plan.compare(install["things"], names)
    refused = _plan.refusal(found.pop("taken"), install)
    lacking = _plan.lacking(install["missing"], names)
    now = _record.state(install["options"], install["things"])
    told = {"refused": refused, "lacking": lacking, "state": now, "as_wanted": now == install["state"]}
    return {"names": names, **told, **found}


class FilterModule:
    """The collection's filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"prefetch_parts": prefetch_parts}
