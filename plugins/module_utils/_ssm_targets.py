# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Run Command and State Manager share: which document runs with what, where, and what stops it. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._state import check_wait

TARGETS: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "key": {"type": "str", "required": True, "no_log": False},
        "values": {"type": "list", "elements": "str", "required": True},
    },
}
ALARM_CONFIGURATION: dict[str, Any] = {
    "type": "dict",
    "options": {
        "alarms": {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}}},
        "ignore_poll_alarm_failure": {"type": "bool"},
    },
}
_INSTANCE = re.compile(r"(i|mi)-[0-9a-z]{8,17}")


def check_run(params: dict[str, Any]) -> None:
    """Refuse what the API's model takes and AWS does not; the options are those of a run."""
    check_targets(params["targets"])
    check_parameters(params["parameters"])
    check_wait(params)


def check_targets(targets: list[dict[str, Any]] | None, option: str = "targets") -> None:
    """Refuse a target that cannot match."""
    for target in targets or []:
        key, values = target["key"], target["values"]
        if not values:
            raise NodecacheError(f"{option}: key {shown(key)} has no values but must have 1 to 50.")
        for value in values if key == "InstanceIds" else ():
            if not _INSTANCE.fullmatch(value) and values != ["*"]:
                raise NodecacheError(f"{option}: InstanceIds has {shown(value)} but must have nodes' ids, or * alone.")


def check_parameters(parameters: dict[str, Any] | None) -> None:
    """Refuse what cannot be a document's parameter."""
    for name, value in (parameters or {}).items():
        if not name:
            raise NodecacheError("parameters has the name '' but each must name a parameter of the document.")
        if isinstance(value, list) and None in value:
            raise NodecacheError(f"parameters: '{name}' is {shown(value)} but each entry must have a value.")


def as_parameters(parameters: dict[str, Any] | None) -> dict[str, list[str]] | None:
    """Return a document's parameters as AWS takes them, a list of texts each; a name without a value is left out."""
    if parameters is None:
        return None
    return {
        name: [_text(item) for item in (value if isinstance(value, list) else [value])]
        for name, value in parameters.items()
        if value is not None
    }


def _text(value: Any) -> str:
    # What a document declares as Boolean, Integer, StringMap or MapList is given as JSON.
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
