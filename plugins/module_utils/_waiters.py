# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: until what AWS answers is what was waited for, with Systems Manager's and EventBridge's waiters as data.

botocore has none that suits.
"""

from __future__ import annotations

import math
from typing import Any

try:
    import jmespath
    from botocore.exceptions import BotoCoreError, WaiterError
    from botocore.waiter import WaiterModel, create_waiter_with_client
except ImportError:
    # AnsibleAWSModule reports the missing library before anything here needs it.
    pass

from ansible_collections.nodecache.eks.plugins.module_utils._aws import RETRY_CODES
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError


class TimedOut(NodecacheError):
    """What was waited for did not come in time."""


class NotReached(Exception):
    """What AWS answered last, and whether there was no time left or it can never be what was waited for."""

    def __init__(self, last: dict[str, Any], late: bool) -> None:
        super().__init__("late" if late else "failed")
        self.last, self.late = last, late


def when(state: str, argument: str, *values: Any, matcher: str = "path") -> list[dict[str, Any]]:
    """Return acceptors for the values of an answer's path, or for errors' codes."""
    return [{"state": state, "matcher": matcher, "argument": argument, "expected": value} for value in values]


def despite(*codes: str) -> list[dict[str, Any]]:
    """Return acceptors of errors after which waiting goes on."""
    # What was just made may not be there yet where it is asked for, and a busy AWS is no answer.
    return [{"state": "retry", "matcher": "error", "expected": code} for code in (*codes, *RETRY_CODES)]


_RUN = "AssociationExecutions[0].Status"
# "seen" is what a failure, or the end of patience, tells.
_WAITERS: dict[str, dict[str, Any]] = {
    "document_active": {
        "operation": "DescribeDocument",
        "delay": 1,
        "seen": "Document.[Status, StatusInformation]",
        "acceptors": [
            *when("success", "Document.Status", "Active"),
            *when("failure", "Document.Status", "Failed", "Deleting"),
            *despite("InvalidDocument", "InvalidDocumentVersion"),
        ],
    },
    "document_gone": {
        "operation": "DescribeDocument",
        "delay": 1,
        "seen": "Document.[Status, StatusInformation]",
        "acceptors": [
            *when("success", "", "InvalidDocument", "InvalidDocumentVersion", matcher="error"),
            *despite(),
        ],
    },
    "association_listed": {
        "operation": "ListAssociations",
        "delay": 1,
        "seen": "Associations[].AssociationId",
        "acceptors": [*when("success", "contains(Associations[].AssociationId, '{id}')", True), *despite()],
    },
    "association_unlisted": {
        "operation": "ListAssociations",
        "delay": 1,
        "seen": "Associations[].AssociationId",
        "acceptors": [*when("success", "contains(Associations[].AssociationId, '{id}')", False), *despite()],
    },
    "rule_known": {
        "operation": "DescribeRule",
        "delay": 1,
        "seen": "[Name]",
        "acceptors": [*when("success", "Name != `null`", True), *despite("ResourceNotFoundException")],
    },
    "execution_started": {
        "operation": "DescribeAssociationExecutions",
        "delay": 2,
        "seen": "AssociationExecutions[0].[Status, DetailedStatus]",
        "acceptors": [*when("success", "{started}", True), *despite("AssociationDoesNotExist")],
    },
    "execution_done": {
        "operation": "DescribeAssociationExecutions",
        "delay": 2,
        "seen": "AssociationExecutions[0].[Status, DetailedStatus, ResourceCountByStatus]",
        "acceptors": [
            *when("success", _RUN, "Success", "Failed", "TimedOut", "Cancelled", "Skipped", "Rejected"),
            *despite(),
        ],
    },
    "command_answered": {
        "operation": "ListCommands",
        "delay": 1,
        "seen": "Commands[0].[StatusDetails]",
        "acceptors": [
            *when("success", "Commands[0].CompletedCount >= `{answers}`", True),
            *when("success", "Commands[0].Status", "Success", "Failed", "Cancelled", "TimedOut"),
            *despite("InvalidCommandId"),
        ],
    },
    "command_done": {
        "operation": "ListCommands",
        "delay": 2,
        "seen": "Commands[0].[StatusDetails]",
        "acceptors": [
            *when("success", "Commands[0].Status", "Success", "Failed", "Cancelled", "TimedOut"),
            *despite("InvalidCommandId"),
        ],
    },
}


def wait_for(
    client: Any, name: str, timeout: float, thing: str, words: dict[str, str] | None = None, **request: Any
) -> None:
    """Wait for at most timeout seconds; a failure or the end of patience tells what was seen last.

    The words replace what the waiter's paths have in braces.
    """
    data = _WAITERS[name]
    acceptors = [_filled(acceptor, words or {}) for acceptor in data["acceptors"]]
    try:
        poll(client, {**data, "acceptors": acceptors}, timeout, request)
    except NotReached as error:
        raise _told(error, data["seen"], timeout, thing) from error
    except BotoCoreError as error:
        raise NodecacheError(f"{thing}: could not be waited for ({type(error).__name__}): {error}") from error


def poll(client: Any, waiter: dict[str, Any], timeout: float, request: dict[str, Any]) -> None:
    """Ask for a waiter's operation until one of its acceptors ends it; raise NotReached where that is no success."""
    model = {**waiter, "maxAttempts": max(1, math.ceil(timeout / waiter["delay"]))}
    # A waiter reads the operation off botocore's own client, which amazon.aws wraps.
    bare = getattr(client, "client", client)
    ready = create_waiter_with_client("it", WaiterModel({"version": 2, "waiters": {"it": model}}), bare)
    try:
        ready.wait(**request)
    except WaiterError as error:
        last = error.last_response if isinstance(error.last_response, dict) else {}
        raise NotReached(last, "Max attempts exceeded" in str(error)) from error


def _filled(acceptor: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    argument = acceptor.get("argument")
    for word, text in words.items():
        argument = argument and argument.replace(f"{{{word}}}", text)
    return {**acceptor, "argument": argument} if argument else acceptor


def _told(error: NotReached, path: str, timeout: float, thing: str) -> NodecacheError:
    refused = error.last.get("Error")
    if refused:
        seen = f"with {refused.get('Code')}: {refused.get('Message')}"
    else:
        seen = "as " + (" ".join(str(part) for part in jmespath.search(path, error.last) or [] if part) or "nothing")
    if error.late:
        return TimedOut(f"{thing}: was not ready after {timeout:.0f} seconds; it was last seen {seen}.")
    return NodecacheError(f"{thing}: failed while it was waited for; it was last seen {seen}.")
