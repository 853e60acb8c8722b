"""One document on some nodes: delivery, rate control, and what each node answered."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.aws import document_run
from lab.aws.ssm_instances import PLATFORM
from lab.aws.ssm_support import fleet, managed

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.1
FINAL = ("Success", "Failed", "TimedOut", "Cancelled")
EXIT_SUCCESS, EXIT_FAILURE, EXIT_REBOOT, EXIT_KILLED = 168, 169, 194, 137

# What the agent allows on one node: five commands side by side, associations one after the other.
_command_gates: dict[str, Any] = defaultdict(lambda: threading.BoundedSemaphore(5))
_association_gates: dict[str, Any] = defaultdict(threading.Lock)


@dataclass
class Plugin:
    """What one step did on one node."""

    name: str
    status: str = "InProgress"
    details: str = "InProgress"
    code: int = -1
    stdout: str = ""
    stderr: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished: datetime | None = None

    def end(self, status: str, details: str, code: int) -> None:
        """Record how the step ended."""
        # The status comes last: who reads it as final must find the rest in place.
        self.code, self.finished, self.details = code, datetime.now(UTC), details
        self.status = status


@dataclass
class Invocation:
    """What one node did with the document."""

    instance_id: str
    # Status and StatusDetails, replaced together: other threads read them while they change.
    state: tuple[str, str] = ("Pending", "Pending")
    plugins: list[Plugin] = field(default_factory=list)
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    def set(self, status: str, details: str | None = None) -> None:
        """Move to another status."""
        self.updated = datetime.now(UTC)
        self.state = (status, details or status)

    @property
    def status(self) -> str:
        """Return the status alone."""
        return self.state[0]

    @property
    def details(self) -> str:
        """Return the status details alone."""
        return self.state[1]

    @property
    def counts_as_error(self) -> bool:
        """Tell whether MaxErrors counts this; what never reached the node does not."""
        return self.details in ("Failed", "ExecutionTimedOut")


def amount(text: str, total: int) -> int:
    """Return what a number or a percentage of the targets comes to."""
    return total * int(text[:-1]) // 100 if text.endswith("%") else int(text)


def _sort_out(code: int, took: float, step: document_run.Step) -> tuple[str, str]:
    if code in (0, EXIT_SUCCESS):
        return "Success", "Success"
    if code == EXIT_KILLED and took >= step.timeout:
        return "TimedOut", "ExecutionTimedOut"
    return "Failed", "Failed"


class Run:
    """A command, or one execution of an association, on its way through the fleet."""

    def __init__(
        self,
        backend: Any,
        document: Any,
        request: dict[str, Any],
        instance_ids: list[str],
        association: bool = False,
    ) -> None:
        self.backend, self.document, self.request = backend, document, request
        self.command_id = str(uuid.uuid4())
        self.parameters: dict[str, list[str]] = request.get("Parameters") or {}
        self.timeout = request.get("TimeoutSeconds") or 3600
        self.max_concurrency = request.get("MaxConcurrency") or ("100%" if association else "50")
        self.max_errors = request.get("MaxErrors") or ("100%" if association else "0")
        self.requested = datetime.now(UTC)
        self.expires = self.requested + timedelta(seconds=self.timeout)
        self.invocations = {key: Invocation(key) for key in instance_ids}
        self.cancelled = False
        self._gates = _association_gates if association else _command_gates
        self._lock = threading.Lock()
        self._waiting = list(self.invocations.values())

    def start(self) -> None:
        """Send it out, as many nodes at a time as MaxConcurrency says."""
        total = len(self.invocations)
        for _ in range(min(total, max(1, amount(self.max_concurrency, total)))):
            threading.Thread(target=self._work, name=f"ssm-{self.command_id[:8]}", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait until every node has answered, or the time is over."""
        end = time.monotonic() + seconds
        while not self.done and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        return self.done

    def cancel(self, instance_ids: list[str] | None = None) -> None:
        """Stop what has not started; what runs is Cancelling until its script ends."""
        with self._lock:
            self.cancelled = self.cancelled or not instance_ids
            for invocation in self.invocations.values():
                if instance_ids and invocation.instance_id not in instance_ids:
                    continue
                if invocation.status == "Pending":
                    invocation.set("Cancelled")
                elif invocation.status == "InProgress":
                    invocation.set("Cancelling")

    @property
    def done(self) -> bool:
        """Tell whether nothing more will happen."""
        return all(invocation.status in FINAL for invocation in self.invocations.values())

    @property
    def errors(self) -> int:
        """Return how many nodes failed."""
        return sum(invocation.counts_as_error for invocation in self.invocations.values())

    @property
    def over(self) -> bool:
        """Tell whether more nodes failed than MaxErrors lets."""
        return self.errors > amount(self.max_errors, len(self.invocations))

    def outcome(self) -> tuple[str, str]:
        """Return Status and StatusDetails of the whole."""
        states = {invocation.state for invocation in self.invocations.values()}
        details = {state[1] for state in states}
        if not states:
            return "Success", "NoInstancesInTag"
        if any(status not in FINAL for status, _ in states):
            state = "Cancelling" if self.cancelled else "Pending" if details == {"Pending"} else "InProgress"
            return state, state
        if self.cancelled and "Cancelled" in details:
            return "Cancelled", "Cancelled"
        if details == {"Success"}:
            return "Success", "Success"
        if details == {"DeliveryTimedOut"}:
            return "TimedOut", "DeliveryTimedOut"
        if not self.over:
            return "Failed", "Incomplete"
        return ("Failed", "Failed") if "Failed" in details else ("TimedOut", "ExecutionTimedOut")

    def _next(self) -> Invocation | None:
        with self._lock:
            while self._waiting:
                invocation = self._waiting.pop(0)
                if invocation.status != "Pending":
                    continue
                if self.over:
                    invocation.set("Cancelled", "Terminated")
                    continue
                return invocation
        return None

    def _work(self) -> None:
        while invocation := self._next():
            try:
                self._invoke(invocation)
            except Exception as wrong:
                # Whatever a node's machinery throws must reach the caller as that node's answer, not end the run.
                LOG.exception("command %s on %s", self.command_id, invocation.instance_id)
                self._break(invocation, f"{type(wrong).__name__}: {wrong}")

    def _break(self, invocation: Invocation, text: str) -> None:
        if not invocation.plugins:
            invocation.plugins.append(Plugin(self.document.content_json["mainSteps"][0]["name"]))
        plugin = invocation.plugins[-1]
        plugin.stderr += text
        plugin.end("Failed", "Failed", 1)
        invocation.set("Failed")

    def _deliver(self, invocation: Invocation) -> bool:
        while invocation.status == "Pending":
            if fleet().online(invocation.instance_id):
                return True
            if invocation.instance_id not in managed(self.backend):
                invocation.set("Failed", "Undeliverable")
            elif datetime.now(UTC) > self.expires:
                invocation.set("TimedOut", "DeliveryTimedOut")
            else:
                time.sleep(POLL_SECONDS)
        return False

    def _invoke(self, invocation: Invocation) -> None:
        if not self._deliver(invocation):
            return
        with self._gates[invocation.instance_id]:
            with self._lock:
                if invocation.status != "Pending":
                    return
                invocation.set("InProgress")
            try:
                steps = document_run.render(self.document.content_json, self.parameters, PLATFORM["PlatformType"])
            except ValueError as wrong:
                self._break(invocation, str(wrong))
                return
            leaving = False
            for step in steps:
                if (leaving and not step.finally_step) or invocation.status == "Cancelling":
                    continue
                leaving = self._step(invocation, step) or leaving
        statuses = {plugin.status for plugin in invocation.plugins}
        with self._lock:
            if invocation.status == "Cancelling":
                invocation.set("Cancelled")
            elif "TimedOut" in statuses:
                invocation.set("TimedOut", "ExecutionTimedOut")
            else:
                invocation.set("Failed" if "Failed" in statuses else "Success")

    def _step(self, invocation: Invocation, step: document_run.Step) -> bool:
        """Run one step; tell whether the steps after it are to be left out."""
        plugin = Plugin(step.name)
        invocation.plugins.append(plugin)
        if step.skipped:
            plugin.stdout = "Step execution skipped due to unsatisfied preconditions"
            plugin.end("Success", "Skipped", 0)
            return False
        env = {
            "AWS_SSM_INSTANCE_ID": invocation.instance_id,
            "AWS_SSM_REGION_NAME": self.backend.region_name,
            "AWS_SSM_PLATFORM_NAME": PLATFORM["PlatformName"],
            "AWS_SSM_PLATFORM_VERSION": PLATFORM["PlatformVersion"],
            "SSM_COMMAND_ID": self.command_id,
            **step.env,
        }
        begun = time.monotonic()
        result = fleet().run(invocation.instance_id, step.script, env, float(step.timeout))
        status, details = _sort_out(result.exit_code, time.monotonic() - begun, step)
        plugin.stdout = result.stdout.decode(errors="replace")
        plugin.stderr = result.stderr.decode(errors="replace")
        if status != "Success":
            plugin.stderr += f"failed to run commands: exit status {result.exit_code}"
        if result.exit_code == EXIT_REBOOT:
            plugin.stderr += " (the agent would restart the node here; the lab does not)"
        plugin.end(status, details, 0 if status == "Success" else result.exit_code)
        if result.exit_code in (EXIT_SUCCESS, EXIT_FAILURE):
            return True
        return status != "Success" and step.on_failure in ("exit", "successAndExit")
