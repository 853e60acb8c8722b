# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Run Command and State Manager share: which document runs with what, where, and what stops it. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._checks import check_count, check_length, check_text
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError

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
_MOST_TARGETS = 5
_MOST_VALUES = 50


def check_document(option: str, params: dict[str, Any]) -> None:
    """Refuse a document's name or version that AWS would refuse."""
    check_text(
        option,
        params[option],
        r"[a-zA-Z0-9_.:/-]{3,128}",
        "a document's name or ARN of 3 to 128 letters, digits or any of _ - . : /",
    )
    check_text(
        "document_version",
        params["document_version"],
        r"\$LATEST|\$DEFAULT|[1-9][0-9]*",
        "$DEFAULT, $LATEST or a number from 1",
    )


def check_targets(targets: list[dict[str, Any]] | None, option: str = "targets", most: int = _MOST_TARGETS) -> None:
    """Refuse targets that AWS would refuse."""
    check_count(option, targets, 0, most)
    for target in targets or []:
        check_text(
            f"{option}: key",
            target["key"],
            r"[\w\s.:/=@-]{1,163}",
            "InstanceIds, tag-key, resource-groups:Name or tag:NAME, of at most 163 letters, digits, spaces "
            "or any of _ . : / = - @",
        )
        check_count(f"{option}: values of key '{target['key']}'", target["values"], 1, _MOST_VALUES)


def check_alarms(configuration: dict[str, Any] | None, option: str = "alarm_configuration") -> None:
    """Refuse an alarm configuration that AWS would refuse; an empty one takes the alarm away."""
    if not configuration or all(value is None for value in configuration.values()):
        return
    check_count(f"{option}: alarms", configuration["alarms"] or [], 1, 1)
    check_length(f"{option}: alarms: name", configuration["alarms"][0]["name"].strip(), 1, 255)


def check_parameters(parameters: dict[str, Any] | None) -> None:
    """Refuse what cannot be a document's parameter."""
    for name, value in (parameters or {}).items():
        if not name:
            raise NodecacheError("parameters has an empty name but each must name a parameter of the document.")
        if isinstance(value, list) and None in value:
            raise NodecacheError(f"parameters: '{name}' is {value} but each entry must have a value.")


def as_parameters(parameters: dict[str, Any]) -> dict[str, list[str]]:
    """Return a document's parameters as AWS takes them, a list of texts each; a name without a value is left out."""
    return {
        name: [_text(item) for item in (value if isinstance(value, list) else [value])]
        for name, value in parameters.items()
        if value is not None
    }


def _text(value: Any) -> str:
    # What a document declares as Boolean, Integer, StringMap or MapList is given as JSON.
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def canonical_targets(targets: list[dict[str, Any]] | None) -> list[tuple[str, tuple[str, ...]]]:
    """Return targets in a form that compares equal whatever the order of keys and values."""
    return sorted((target["Key"], tuple(sorted(set(target.get("Values") or [])))) for target in targets or [])
