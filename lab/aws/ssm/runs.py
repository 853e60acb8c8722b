"""One document on some nodes: delivery, rate control, and what the whole came to."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.aws.ssm import agent, events, gates, notices
from lab.aws.ssm.document_parameters import DocumentError
from lab.aws.ssm.document_run import seconds, steps_of
from lab.aws.ssm.invocations import ERRORS, FINAL, NOT_REACHED, Invocation, Plugin
from lab.aws.ssm.support import fleet
from lab.aws.ssm.targets import managed

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.1

# What the agent allows on one node: five commands side by side, associations one after the other.
_command_gates: dict[str, Any] = defaultdict(lambda: threading.BoundedSemaphore(5))
_association_gates: dict[str, Any] = defaultdict(threading.Lock)


def amount(text: str, total: int) -> int:
    """Return what a number or a percentage of the targets comes to."""
    return total * int(text[:-1]) // 100 if text.endswith("%") else int(text)


def _nobody(_run: Any, _status: str) -> None:
    """Tell nobody of a status."""


class Run:
    """A command, or one execution of an association, on its way through the fleet."""

    def __init__(
        self,
        backend: Any,
        document: Any,
        request: dict[str, Any],
        instance_ids: list[str],
        association: str = "",
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self.backend, self.document, self.request, self.association = backend, document, request, association
        self.command_id = str(uuid.uuid4())
        self.parameters: dict[str, list[str]] = request.get("Parameters") or {}
        self.timeout = request.get("TimeoutSeconds") or 3600
        # State Manager's guide: 50 nodes at a time unless it is said; Run Command's reference says the same.
        self.max_concurrency = request.get("MaxConcurrency") or "50"
        self.max_errors = request.get("MaxErrors") or ("100%" if association else "0")
        now = datetime.now(UTC)
        # Times travel in milliseconds, and a filter that names one must find it again.
        self.requested = now.replace(microsecond=now.microsecond // 1000 * 1000)
        # The total timeout, also of those that wait for their turn:
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html#monitor-about-status-timeouts
        lasting = self.timeout + seconds(document.content_json, self.parameters)
        self.expires = self.requested + timedelta(seconds=lasting)
        self._changed = threading.Condition()
        # The command's own status that was last told to the topic that wants to know.
        self.told = "Pending"
        # Its own status that EventBridge last heard of, and who tells it; an association tells its own.
        self.announced = "Pending"
        self.announce: Callable[[Any, str], None] = _nobody if association else events.command
        self.invocations = {key: Invocation(key, self._changed, self._tell) for key in instance_ids}
        self.cancelled = False
        # The alarms that ended it.
        self.alarms: list[dict[str, str]] = []
        self._gates = _association_gates if association else _command_gates
        for key, details in (refused or {}).items():
            self.invocations[key].set("Failed", details)
        self._waiting = [one for one in self.invocations.values() if one.status == "Pending"]

    # What stands behind a target's answer, in State Manager's words.
    kind = "RunCommand"

    def source(self, key: str) -> str:
        """Return the id of what answers for a node."""
        return self.command_id

    def _tell(self, invocation: Invocation) -> None:
        notices.changed(self, invocation)
        if not self.association:
            events.invocation(self, invocation)
        status = self.outcome()[0]
        if status != self.announced:
            self.announced = status
            self.announce(self, status)

    def start(self) -> None:
        """Send it out, as many nodes at a time as MaxConcurrency says."""
        total = len(self.invocations)
        for _ in range(min(total, max(1, amount(self.max_concurrency, total)))):
            threading.Thread(target=self._work, name=f"ssm-{self.command_id[:8]}", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait until every node has answered, or the time is over."""
        with self._changed:
            return self._changed.wait_for(lambda: self.done, seconds)

    def cancel(self, instance_ids: list[str] | None = None) -> None:
        """Stop it on all nodes, or on some."""
        with self._changed:
            self.cancelled = self.cancelled or not instance_ids
            for invocation in self.invocations.values():
                if not instance_ids or invocation.instance_id in instance_ids:
                    invocation.cancel()

    def output_place(self, instance_id: str) -> tuple[str, str]:
        """Return the bucket and the key's beginning for a node's output."""
        if self.association:
            place = (self.request.get("OutputLocation") or {}).get("S3Location") or {}
            bucket, prefix = place.get("OutputS3BucketName"), place.get("OutputS3KeyPrefix")
            moment = self.requested.strftime("%Y-%m-%dT%H-%M-%S.") + f"{self.requested.microsecond // 1000:03d}Z"
            return bucket or "", f"{prefix or ''}/{instance_id}/{self.association}/{moment}"
        prefix = self.request.get("OutputS3KeyPrefix") or ""
        return self.request.get("OutputS3BucketName") or "", f"{prefix}/{self.command_id}/{instance_id}"

    @property
    def log_group(self) -> str:
        """Return the log group for the output, or nothing when it is for no log."""
        wanted = self.request.get("CloudWatchOutputConfig") or {}
        if not wanted.get("CloudWatchOutputEnabled"):
            return ""
        return wanted.get("CloudWatchLogGroupName") or f"/aws/ssm/{self.document.name}"

    @property
    def done(self) -> bool:
        """Tell whether nothing more will happen."""
        return all(invocation.status in FINAL for invocation in self.invocations.values())

    @property
    def errors(self) -> int:
        """Return how many nodes failed."""
        return sum(invocation.details in ERRORS for invocation in self.invocations.values())

    @property
    def over(self) -> bool:
        """Tell whether more nodes failed than MaxErrors lets."""
        return self.errors > amount(self.max_errors, len(self.invocations))

    def outcome(self) -> tuple[str, str]:
        """Return Status and StatusDetails of the whole."""
        states = [invocation.state for invocation in self.invocations.values()]
        details = Counter(state[1] for state in states)
        if not states:
            return "Success", "NoInstancesInTag"
        if any(status not in FINAL for status, _ in states):
            state = "Cancelling" if self.cancelled else "Pending" if set(details) == {"Pending"} else "InProgress"
            return state, state
        return self._final(details)

    def _final(self, details: Counter[str]) -> tuple[str, str]:
        """Say how it ended. https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html"""
        if self.cancelled and details["Cancelled"]:
            return "Cancelled", "Cancelled"
        if self.over:
            return ("Failed", "Failed") if details["Failed"] else ("TimedOut", "ExecutionTimedOut")
        if set(details) == {"DeliveryTimedOut"}:
            return "TimedOut", "DeliveryTimedOut"
        if set(details) == {"AccessDenied"}:
            return "Failed", "AccessDenied"
        if not set(details) - set(NOT_REACHED):
            return "Failed", "Failed"
        # One node that did it makes the whole a success, when the others were only never reached.
        if not set(details) - set(NOT_REACHED) - {"Success"}:
            return "Success", "Success"
        return ("Cancelled", "Cancelled") if set(details) == {"Cancelled"} else ("Failed", "Incomplete")

    def _next(self) -> Invocation | None:
        if not self.alarms:
            self.alarms = gates.alarms(self.backend, self.request)
            if self.alarms:
                self.cancel()
        with self._changed:
            while self._waiting:
                invocation = self._waiting.pop(0)
                if invocation.status != "Pending":
                    continue
                if self.over:
                    invocation.set("Cancelled", "Terminated")
                    continue
                if datetime.now(UTC) > self.expires:
                    invocation.set("TimedOut", "DeliveryTimedOut")
                    continue
                return invocation
        return None

    def _work(self) -> None:
        while invocation := self._next():
            try:
                self._invoke(invocation)
            except DocumentError as wrong:
                self._break(invocation, str(wrong))
            except Exception as wrong:
                # Whatever a node's machinery throws must reach the caller as that node's answer, not end the run.
                LOG.exception("command %s on %s", self.command_id, invocation.instance_id)
                self._break(invocation, f"{type(wrong).__name__}: {wrong}")

    def _break(self, invocation: Invocation, text: str) -> None:
        if not invocation.plugins:
            invocation.plugins.append(Plugin(steps_of(self.document.content_json)[0]["name"]))
        plugin = invocation.plugins[-1]
        plugin.stderr += text
        plugin.output += text
        plugin.end("Failed", "Failed", 1)
        invocation.set("Failed")

    def _deliver(self, invocation: Invocation) -> bool:
        """Wait for the node's agent; tell whether it took the document."""
        while invocation.status == "Pending":
            if fleet().online(invocation.instance_id):
                return True
            if invocation.instance_id not in managed(self.backend):
                invocation.set("Failed", "Undeliverable")
            elif datetime.now(UTC) > self.expires:
                invocation.set("TimedOut", "DeliveryTimedOut")
            else:
                invocation.cancelled.wait(POLL_SECONDS)
        return False

    def _invoke(self, invocation: Invocation) -> None:
        if not self._deliver(invocation):
            return
        gate = self._gates[invocation.instance_id]
        left = (self.expires - datetime.now(UTC)).total_seconds()
        if not gate.acquire(timeout=max(0.0, left)):
            # A cancelled one stays what it is.
            if invocation.status == "Pending":
                invocation.set("TimedOut", "DeliveryTimedOut")
            return
        try:
            if not invocation.begin():
                return
            agent.perform(self, invocation)
        except agent.Silent:
            # Also one that was in progress: the guide says so of the total timeout.
            invocation.plugins[-1].end("TimedOut", "DeliveryTimedOut", -1)
            invocation.set("TimedOut", "DeliveryTimedOut")
            return
        finally:
            gate.release()
        invocation.set(*agent.outcome(invocation.plugins))
