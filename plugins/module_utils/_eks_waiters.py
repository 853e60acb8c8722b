# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS's waiters as data; botocore's do not know DEGRADED, and it has none for updates."""

from __future__ import annotations

import math
from typing import Any

try:
    from botocore.exceptions import WaiterError
    from botocore.waiter import WaiterModel, create_waiter_with_client
except ImportError:
    # AnsibleAWSModule reports the missing library; the name only has to exist until then.
    WaiterError = Exception

from ansible_collections.nodecache.eks.plugins.module_utils._aws import RETRY_CODES, NodecacheError, call

DELAY = 5


def _status(state: str, *values: str) -> list[dict[str, Any]]:
    argument = "nodegroup.status"
    return [{"state": state, "matcher": "path", "argument": argument, "expected": value} for value in values]


def _update(state: str, *values: str) -> list[dict[str, Any]]:
    return [{"state": state, "matcher": "path", "argument": "update.status", "expected": value} for value in values]


def _error(state: str, *codes: str) -> list[dict[str, Any]]:
    return [{"state": state, "matcher": "error", "expected": code} for code in codes]


_GONE = "ResourceNotFoundException"
_WAITERS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "become ACTIVE": (
        "DescribeNodegroup",
        _status("success", "ACTIVE") + _status("failure", "CREATE_FAILED", "DEGRADED", "DELETING", "DELETE_FAILED"),
    ),
    "come to rest": (
        "DescribeNodegroup",
        _status("success", "ACTIVE", "DEGRADED", "CREATE_FAILED", "DELETE_FAILED") + _error("success", _GONE),
    ),
    "be deleted": ("DescribeNodegroup", _error("success", _GONE) + _status("failure", "DELETE_FAILED")),
    # A failed update leaves its node group ACTIVE.
    "finish its update": (
        "DescribeUpdate",
        _update("success", "Successful") + _update("failure", "Failed", "Cancelled"),
    ),
}


def wait(client: Any, end: str, name: str, timeout: int, request: dict[str, str]) -> None:
    """Wait for at most timeout seconds for that end; a failure or the end of patience tells what was seen last."""
    operation, acceptors = _WAITERS[end]
    model = {
        "operation": operation,
        "delay": DELAY,
        "maxAttempts": max(1, math.ceil(timeout / DELAY)),
        "acceptors": acceptors + _error("retry", *RETRY_CODES),
    }
    # A waiter reads the operation off botocore's own client, which amazon.aws wraps.
    bare = getattr(client, "client", client)
    waiter = create_waiter_with_client(end, WaiterModel({"version": 2, "waiters": {end: model}}), bare)
    with call("node group", end, name):
        try:
            waiter.wait(**request)
        except WaiterError as error:
            late = f" in {timeout} seconds" if "Max attempts exceeded" in str(error) else ""
            seen = _seen(error.last_response)
            raise NodecacheError(f"node group '{name}': could not {end}{late}: {seen}.") from error


def _seen(answer: Any) -> str:
    if "Error" in answer:
        return f"({answer['Error'].get('Code')}): {answer['Error'].get('Message')}"
    group, update = answer.get("nodegroup") or {}, answer.get("update") or {}
    status = f"it was last seen {group['status']}" if group else f"the update was last seen {update['status']}"
    errors = [f"{error['errorCode']}: {error['errorMessage']}" for error in update.get("errors") or []]
    return "; ".join([status, *health(group), *errors])


def health(group: dict[str, Any]) -> list[str]:
    """Return what ails the node group, a text for each."""
    texts = []
    for issue in (group.get("health") or {}).get("issues") or []:
        resources = f" ({', '.join(issue['resourceIds'])})" if issue.get("resourceIds") else ""
        texts.append(f"{issue.get('code')}: {issue.get('message')}{resources}")
    return texts
