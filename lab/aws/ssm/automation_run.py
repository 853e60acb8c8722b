"""One execution of an Automation document: its steps in order, their retries, and how it ends."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lab.aws.ssm import automation_document as document
from lab.aws.ssm import automation_steps, events
from lab.aws.ssm.automation_steps import StepFailed, Stopped, TimedOut

FINAL = ("Success", "Failed", "TimedOut", "Cancelled")


@dataclass
class Step:
    """What one step of the document came to."""

    spec: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "Pending"
    started: datetime | None = None
    ended: datetime | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    failure: str = ""

    @property
    def name(self) -> str:
        """Return the step's name."""
        return str(self.spec["name"])

    @property
    def critical(self) -> bool:
        """Tell whether the whole fails with this step: one that may fail is not critical unless it says so."""
        said = self.spec.get("isCritical")
        may_fail = self.spec.get("onFailure", "Abort") == "Continue"
        return not may_fail if said is None else str(said).lower() == "true"


class Execution:
    """A document on its way through its steps."""

    def __init__(
        self, backend: Any, found: Any, request: dict[str, Any], principal: str, role: str, identifier: str
    ) -> None:
        self.backend, self.document, self.request = backend, found, request
        self.principal, self.role = principal, role
        self.id = identifier
        self.status, self.failure = "Pending", ""
        self.started, self.ended = datetime.now(UTC), None
        self.steps = [Step(spec) for spec in found.content_json["mainSteps"]]
        self.current: Step | None = None
        self.known: dict[str, Any] = document.values(found.content_json, request.get("Parameters") or {})
        self.known |= document.system(backend.account_id, backend.region_name, self.id, self.started)
        self._stop = ""
        self._changed = threading.Condition()

    def start(self) -> None:
        """Begin in the background."""
        threading.Thread(target=self._work, name=f"automation-{self.id[:8]}", daemon=True).start()

    def stop(self, kind: str) -> None:
        """Stop: Cancel ends the running step too, Complete lets it finish."""
        with self._changed:
            self._stop = kind
            if kind == "Cancel":
                self.status = "Cancelling"

    def wait(self, seconds: float) -> bool:
        """Wait until it is over, or the time is."""
        with self._changed:
            return self._changed.wait_for(lambda: self.done, seconds)

    @property
    def done(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.status in FINAL

    @property
    def outputs(self) -> dict[str, list[str]]:
        """Return the document's outputs, as far as steps have given them."""
        wanted = self.document.content_json.get("outputs") or []
        found = {name: self.known[name] for name in wanted if name in self.known}
        return {key: automation_steps.strings(value) for key, value in found.items()}

    def _work(self) -> None:
        with self._changed:
            if not self._stop:
                self.status = "InProgress"
        at: int | None = 0
        status, failure = "Success", ""
        while at is not None and not self._stop:
            step = self.current = self.steps[at]
            self._attempts(step)
            if step.status not in ("Success", "Cancelled") and step.critical:
                status, failure = step.status, step.failure
            at = self._after(at)
        with self._changed:
            self.current, self.ended, self.failure = None, datetime.now(UTC), failure
            self.status = "Cancelled" if self._stop == "Cancel" else status
            self._changed.notify_all()
        events.automation(self)

    def _after(self, at: int) -> int | None:
        step = self.steps[at]
        names = [one.name for one in self.steps]
        on_failure = step.spec.get("onFailure", "Abort")
        if step.status != "Success" and on_failure != "Continue":
            return names.index(on_failure.partition(":")[2]) if on_failure.startswith("step:") else None
        if str(step.spec.get("isEnd", "")).lower() == "true":
            return None
        if step.spec.get("nextStep"):
            return names.index(step.spec["nextStep"])
        return at + 1 if at + 1 < len(self.steps) else None

    def _attempts(self, step: Step) -> None:
        step.started, step.status = datetime.now(UTC), "InProgress"
        for _ in range(int(step.spec.get("maxAttempts", 1))):
            status, step.failure = self._attempt(step)
            if status in ("Success", "Cancelled"):
                break
        self.known |= {f"{step.name}.{key}": value for key, value in step.outputs.items()}
        step.ended = datetime.now(UTC)
        step.status = status

    def _attempt(self, step: Step) -> tuple[str, str]:
        seconds = int(step.spec.get("timeoutSeconds", automation_steps.DEFAULT_TIMEOUT))
        deadline = time.monotonic() + seconds
        step.inputs = document.fill(step.spec["inputs"], self.known)
        try:
            automation_steps.run(self, step, deadline, lambda: self._stop == "Cancel")
        except Stopped:
            return "Cancelled", ""
        except TimedOut:
            return "TimedOut", f"Step timed out while step is verifying the action: {seconds} seconds are over."
        except StepFailed as failed:
            return "Failed", f"Step fails when it is {failed.stage} action. {failed}"
        return "Success", ""
