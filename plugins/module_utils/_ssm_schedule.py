# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State Manager's schedules. Pure.

https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._cron import field_fault
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown

_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}
_LEAST, _MOST = 30, 31 * 24 * 60


def check_schedule(params: dict[str, Any]) -> None:
    """Refuse a schedule that State Manager would refuse."""
    schedule = params["schedule_expression"]
    if not schedule:
        return
    allowed = _wrong(schedule)
    if allowed:
        raise NodecacheError(f"schedule_expression is {shown(schedule)} but {allowed}.")
    check_cron_only(schedule, bool(params["apply_only_at_cron_interval"]), set())


def _wrong(schedule: str) -> str | None:
    found = re.fullmatch(r"(rate|cron|at)\((.+)\)", schedule)
    if not found:
        return "must be rate(...), cron(...) or at(...)"
    kind, body = found.groups()
    if kind == "rate":
        rate = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", body)
        if not rate or (rate[1] == "1") == bool(rate[3]):
            return "a rate must be a number and minutes, hours or days, such as rate(1 hour) or rate(2 days)"
        if not _LEAST <= int(rate[1]) * _MINUTES[rate[2]] < _MOST:
            return "a rate must be at least rate(30 minutes) and less than 31 days"
    if kind == "cron":
        return _cron_fault(body.split())
    if kind == "at":
        try:
            datetime.strptime(body, "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            return "at must hold a time such as at(2026-11-24T02:00:00)"
    return None


def _cron_fault(fields: list[str]) -> str | None:
    if not 5 <= len(fields) <= 7:
        return "cron must have 5 to 7 fields, such as cron(0 2 ? * SUN *)"
    if len(fields) == 7 and not re.fullmatch(r"[*0-9,/-]+", fields[0]):
        return f"the seconds must be 0 to 59 in cron's way, not {shown(fields[0])}"
    # With five there is no year, and with seven there are seconds.
    return field_fault([*fields[-6:], *["*"] * (6 - len(fields))])


def check_cron_only(schedule: str | None, cron_only: bool, needing: set[str]) -> None:
    """Refuse what goes with a cron schedule alone."""
    if cron_only and (not schedule or schedule.startswith("rate")):
        raise NodecacheError(
            f"apply_only_at_cron_interval is true but cannot go with schedule_expression '{schedule or ''}', "
            "only with cron(...) or at(...)."
        )
    if needing and not cron_only:
        raise NodecacheError(f"{' and '.join(sorted(needing))} must go with apply_only_at_cron_interval.")
