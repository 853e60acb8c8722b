# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that modules catch, and how its sentence shows a value."""

from __future__ import annotations

import json
from typing import Any

_SHOWN = 100


class NodecacheError(Exception):
    """A failure told in one sentence; its cause is the exception that AWS or botocore raised, if one did."""

    def __init__(self, sentence: str) -> None:
        # A value may hold anything, but what is not printable would break the sentence, or hide in it.
        super().__init__("".join(char if char.isprintable() else repr(char)[1:-1] for char in sentence))


def shown(value: Any) -> str:
    """Return value as a message shows it, cut where it is long."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
