# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that modules catch."""

from __future__ import annotations


class NodecacheError(Exception):
    """A failure told in one sentence; its cause is the exception that AWS or botocore raised, if one did."""
