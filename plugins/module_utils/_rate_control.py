# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate control as Run Command and State Manager both read it. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._checks import check_text


def check_rate_control(params: Mapping[str, Any], prefix: str = "", within: str = "") -> None:
    """Refuse a max_concurrency or max_errors that AWS would refuse; None and empty text are left alone."""
    check_text(
        f"{within}{prefix}max_concurrency",
        params[f"{prefix}max_concurrency"] or None,
        r"[1-9][0-9]{0,6}|[1-9][0-9]?%|100%",
        "a number from 1 or a percentage from 1% to 100%",
    )
    check_text(
        f"{within}{prefix}max_errors",
        params[f"{prefix}max_errors"] or None,
        r"0|[1-9][0-9]{0,6}|[0-9]%|[1-9][0-9]%|100%",
        "a number from 0 or a percentage from 0% to 100%",
    )
