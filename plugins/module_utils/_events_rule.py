# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes an event pattern and a schedule of EventBridge: pure functions, no boto, no module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._model import json_text, read_json

_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
_FIELDS = (
    ("minutes", 0, 59, r"\d+", ""),
    ("hours", 0, 23, r"\d+", ""),
    ("day of the month", 1, 31, r"\d+W?|LW?|L-\d+", "?"),
    ("month", 1, 12, rf"\d+|{_MONTHS}", ""),
    ("day of the week", 1, 7, rf"(?:\d|{_DAYS})(?:L|#[1-5])?|L", "?"),
    ("year", 1970, 2199, r"\d+", ""),
)


def read_pattern(value: Any) -> str:
    """Return an event pattern as JSON text in its keys' own order, or an empty text where it shall go."""
    if value in ("", {}):
        return ""
    pattern = read_json("event_pattern", value)
    if not isinstance(pattern, dict) or not pattern:
        raise NodecacheError(f"event_pattern is '{value}' but must be a JSON object with keys.")
    for path, leaf in _bad_leaves(pattern, ""):
        raise NodecacheError(
            f"event_pattern.{path} is '{leaf}' but must be an object or a list with entries, for instance ['{leaf}']."
        )
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
            f"schedule_expression is '{schedule}' but only rules on the default event bus can have one, not on '{bus}'."
        )
    fault = _rate_fault(schedule) if schedule.startswith("rate(") else _cron_fault(schedule)
    if fault:
        raise NodecacheError(f"schedule_expression is '{schedule}' but {fault}.")


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
    for (name, least, most, atom, question), field in zip(_FIELDS, cron.groups(), strict=True):
        if field != "*" and field != question and not _is_field(field.upper(), least, most, atom):
            return f"the {name} must be {least} to {most} in cron's way, not '{field}'"
    if (cron[3] == "?") == (cron[5] == "?"):
        return "exactly one of the day of the month and the day of the week must be ?"
    return None


def _is_field(field: str, least: int, most: int, atom: str) -> bool:
    for entry in field.split(","):
        base, slash, step = entry.partition("/")
        if slash and not step.isdecimal():
            return False
        ends = [base] if re.fullmatch(atom, base) else base.split("-")
        if base == "*" and slash:
            continue
        if len(ends) > 2 or not all(re.fullmatch(atom, end) for end in ends):
            return False
        numbers = [int(end) for end in ends if end.isdecimal()]
        if not all(least <= number <= most for number in numbers):
            return False
    return True
