"""What a document came to on one node: its steps, and where it stands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

FINAL = ("Success", "Failed", "TimedOut", "Cancelled")
# Failures MaxErrors counts; what never reached the node is not among them.
ERRORS = ("Failed", "ExecutionTimedOut")
# https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
NOT_REACHED = ("Undeliverable", "DeliveryTimedOut", "InvalidPlatform", "AccessDenied")


@dataclass
class Plugin:
    """What one step did on one node."""

    name: str
    action: str = "aws:runShellScript"
    status: str = "InProgress"
    details: str = "InProgress"
    code: int = -1
    stdout: str = ""
    stderr: str = ""
    # What ListCommandInvocations shows: the agent cuts and joins it before it adds its remarks to the two above.
    output: str = ""
    stdout_url: str = ""
    stderr_url: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished: datetime | None = None

    def end(self, status: str, details: str, code: int) -> None:
        """Record how the step ended."""
        # The status comes last: who reads it as final must find the rest in place.
        self.code, self.finished, self.details = code, datetime.now(UTC), details
        self.status = status


class Invocation:
    """What one node did with the document."""

    def __init__(
        self, instance_id: str, changed: threading.Condition, tell: Callable[[Invocation], None] = lambda _: None
    ) -> None:
        self.instance_id = instance_id
        self.plugins: list[Plugin] = []
        self.updated = datetime.now(UTC)
        self.cancelled = threading.Event()
        # Status and StatusDetails, replaced together: other threads read them while they change.
        self.state = ("Pending", "Pending")
        self._changed, self._tell = changed, tell

    def set(self, status: str, details: str | None = None) -> None:
        """Move to another status, and tell whoever waits for it."""
        with self._changed:
            self.updated = datetime.now(UTC)
            self.state = (status, details or status)
            self._tell(self)
            self._changed.notify_all()

    def cancel(self) -> None:
        """Stop it: what has not started never will, and a script that runs is killed."""
        with self._changed:
            if self.status == "Pending":
                self.set("Cancelled")
            elif self.status == "InProgress":
                self.set("Cancelling")
            self.cancelled.set()

    def begin(self) -> bool:
        """Start, unless somebody cancelled it in the meantime."""
        with self._changed:
            if self.status != "Pending":
                return False
            self.set("InProgress")
            return True

    @property
    def status(self) -> str:
        """Return the status alone."""
        return self.state[0]

    @property
    def details(self) -> str:
        """Return the status details alone."""
        return self.state[1]
