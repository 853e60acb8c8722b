# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes an event pattern and a schedule of EventBridge: pure functions, no boto, no module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._cron import field_fault
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._model import json_text, read_json

_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")


def read_pattern(value: Any) -> str:
    """Return an event pattern as JSON text in its keys' own order, or an empty text where it shall go."""
    if value in ("", {}):
        return ""
    pattern = read_json("event_pattern", value)
    if not isinstance(pattern, dict) or not pattern:
        raise NodecacheError(f"event_pattern is {shown(value)} but must be a JSON object with keys.")
    for path, leaf in _bad_leaves(pattern, ""):
        raise NodecacheError(f"event_pattern.{path} is {shown(leaf)} but must be an object or a list with entries.")
    return json_text(pattern, sort=False)


def _bad_leaves(pattern: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for key, value in pattern.items():
        path = f"{before}{key}"
        if isinstance(value, dict):
            yield from _bad_leaves(value, f"{path}.")
        elif not isinstance(value, list) or not value:
            yield path, value
        elif key == "$or":
            for entry in value:
                yield from _bad_leaves(entry, f"{path}.") if isinstance(entry, dict) else ((path, entry),)


def check_schedule(schedule: str, bus: str) -> None:
    """Refuse a schedule that EventBridge would refuse."""
    if bus != "default" and not bus.endswith(":event-bus/default"):
        raise NodecacheError(
            f"schedule_expression is {shown(schedule)} but only rules on the default event bus can have one, not on "
            f"'{bus}'."
        )
    fault = _rate_fault(schedule) if schedule.startswith("rate(") else _cron_fault(schedule)
    if fault:
        raise NodecacheError(f"schedule_expression is {shown(schedule)} but {fault}.")


def _rate_fault(schedule: str) -> str | None:
    rate = _RATE.fullmatch(schedule)
    if rate is None:
        return "must be rate(N minutes), rate(N hours) or rate(N days) with N of at least 1"
    if (rate[1] == "1") == bool(rate[3]):
        return f"the unit must be {rate[2]}{'' if rate[1] == '1' else 's'}"
    return None


def _cron_fault(schedule: str) -> str | None:
    cron = _CRON.fullmatch(schedule)
    if cron is None:
        return "must be rate(N UNIT) or cron() of six fields, as cron(0 20 * * ? *)"
    fault = field_fault(cron.groups())
    if fault:
        return fault
    if (cron[3] == "?") == (cron[5] == "?"):
        return "exactly one of the day of the month and the day of the week must be ?"
    return None
