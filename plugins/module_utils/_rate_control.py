# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate control as Run Command and State Manager both read it. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError

_ALLOWED = (
    (
        "max_concurrency",
        re.compile(r"[1-9][0-9]{0,6}|[1-9][0-9]?%|100%"),
        "a number from 1 or a percentage from 1% to 100%",
    ),
    (
        "max_errors",
        re.compile(r"0|[1-9][0-9]{0,6}|[0-9]%|[1-9][0-9]%|100%"),
        "a number from 0 or a percentage from 0% to 100%",
    ),
)


def check_rate_control(params: dict[str, Any]) -> None:
    """Refuse a max_concurrency or max_errors that AWS would refuse; None is left alone."""
    for option, pattern, allowed in _ALLOWED:
        if params[option] is not None and not pattern.fullmatch(params[option]):
            raise NodecacheError(f"{option} is '{params[option]}' but must be {allowed}.")
