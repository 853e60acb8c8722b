# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a cron expression, as EventBridge and Systems Manager read them. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.nodecache.eks.plugins.module_utils._errors import shown

_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
_FIELDS = (
    ("minutes", 0, 59, r"\d+", ""),
    ("hours", 0, 23, r"\d+", ""),
    ("day of the month", 1, 31, r"\d+W?|LW?|L-\d+", "?"),
    ("month", 1, 12, rf"\d+|{_MONTHS}", ""),
    ("day of the week", 1, 7, rf"(?:\d|{_DAYS})(?:L|#[1-5])?|L", "?"),
    ("year", 1970, 2199, r"\d+", ""),
)


def field_fault(fields: Sequence[str]) -> str | None:
    """Return what is wrong with six fields, or None."""
    for (name, least, most, atom, question), field in zip(_FIELDS, fields, strict=True):
        if field != "*" and field != question and not _is_field(field.upper(), least, most, atom):
            return f"the {name} must be {least} to {most} in cron's way, not {shown(field)}"
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
