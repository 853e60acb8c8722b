# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusing options before any call: the option, its value, and what is allowed. None is left alone. Pure."""

from __future__ import annotations

import re
from collections.abc import Sized

from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError

# No run of Systems Manager is longer.
LONGEST_WAIT = 30 * 24 * 60 * 60


def check_text(option: str, value: str | None, pattern: str, allowed: str) -> None:
    """Refuse a text that does not match as a whole."""
    if value is not None and not re.fullmatch(pattern, value):
        raise NodecacheError(f"{option} is '{value}' but must be {allowed}.")


def check_length(option: str, value: str | None, least: int, most: int) -> None:
    """Refuse a text that is too short or too long."""
    if value is not None and not least <= len(value) <= most:
        raise NodecacheError(
            f"{option} is '{value[:200]}' of {len(value)} characters but must have {least} to {most}."
        )


def check_number(option: str, value: int | None, least: int, most: int) -> None:
    """Refuse a number that is too small or too big."""
    if value is not None and not least <= value <= most:
        raise NodecacheError(f"{option} is {value} but must be from {least} to {most}.")


def check_count(option: str, value: Sized | None, least: int, most: int) -> None:
    """Refuse a list that has too few or too many entries."""
    if value is not None and not least <= len(value) <= most:
        allowed = f"exactly {least}" if least == most else f"{least} to {most}"
        raise NodecacheError(f"{option} has {len(value)} entries but must have {allowed}.")
