# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems Manager's waiters as data; botocore has none that suits."""

from __future__ import annotations

import math
from typing import Any

try:
    from botocore.exceptions import WaiterError
    from botocore.waiter import WaiterModel, create_waiter_with_client
except ImportError:
    # AnsibleAWSModule reports the missing library; the names only have to exist until then.
    WaiterError = Exception

from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError


def _when(state: str, argument: str, *values: str, matcher: str = "path") -> list[dict[str, Any]]:
    return [{"state": state, "matcher": matcher, "argument": argument, "expected": value} for value in values]


_DONE = ("Success", "Failed", "Cancelled", "TimedOut")
_WAITERS: dict[str, dict[str, Any]] = {
    "document_active": {
        "operation": "DescribeDocument",
        "delay": 1,
        "acceptors": [
            *_when("success", "Document.Status", "Active"),
            *_when("failure", "Document.Status", "Failed", "Deleting"),
        ],
    },
    "association_success": {
        "operation": "DescribeAssociation",
        "delay": 3,
        "acceptors": [
            *_when("success", "AssociationDescription.Overview.Status", "Success"),
            *_when("failure", "AssociationDescription.Overview.Status", "Failed"),
        ],
    },
    "command_done": {
        "operation": "ListCommands",
        "delay": 2,
        "acceptors": _when("success", "Commands[0].Status", *_DONE),
    },
}


def wait_for(client: Any, name: str, timeout: int, thing: str, **request: Any) -> None:
    """Wait for at most timeout seconds; a failure or the end of patience tells what was seen last."""
    data = _WAITERS[name]
    model = {**data, "maxAttempts": max(1, math.ceil(timeout / data["delay"]))}
    waiter = create_waiter_with_client(name, WaiterModel({"version": 2, "waiters": {name: model}}), _bare(client))
    try:
        waiter.wait(**request)
    except WaiterError as error:
        last = error.last_response if isinstance(error.last_response, dict) else {}
        raise NodecacheError(f"{thing}: {_reason(error, timeout)}; it was last seen {_last_state(last)}.") from error


def _bare(client: Any) -> Any:
    # amazon.aws wraps the client, and a waiter needs botocore's own.
    return getattr(client, "client", client)


def _reason(error: Any, timeout: int) -> str:
    if "Max attempts exceeded" in str(error):
        return f"was not ready after {timeout} seconds"
    return "failed while it was waited for"


def _last_state(answer: dict[str, Any]) -> str:
    for key in ("Document", "AssociationDescription"):
        if key in answer:
            found = answer[key]
            overview = found.get("Overview") or {}
            detail = found.get("StatusInformation") or overview.get("DetailedStatus") or ""
            return " ".join(filter(None, (f"as {found.get('Status') or overview.get('Status')}", detail)))
    if answer.get("Commands"):
        return f"as {answer['Commands'][0]['StatusDetails']}"
    return f"as {answer.get('Error', {}).get('Code', 'nothing')}"
