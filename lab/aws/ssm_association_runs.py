"""When associations run: made or changed, a node coming online, the schedule, a document's new version."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws import schedule
from lab.aws.ssm_command_lists import hidden_runs
from lab.aws.ssm_commands import runnable
from lab.aws.ssm_documents import short_name
from lab.aws.ssm_invocations import FINAL, Invocation
from lab.aws.ssm_runs import Run
from lab.aws.ssm_support import backends, fleet
from lab.aws.ssm_targets import instances, matching

LOG = logging.getLogger(__name__)
TICK_SECONDS = 1.0


@dataclass
class Execution:
    """One run of one version of an association."""

    run: Run
    version: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def counts(self) -> Counter[str]:
        """Return how many nodes are in which state."""
        return Counter(state(one)[0] for one in list(self.run.invocations.values()))

    def outcome(self) -> tuple[str, str]:
        """Return Status and DetailedStatus of the whole."""
        if not self.run.done:
            waiting = self.run.outcome()[0] == "Pending"
            return ("Pending", "Pending") if waiting else ("Pending", "InProgress")
        status = "Success" if set(self.counts) <= {"Success"} else "Failed"
        return status, status

    @property
    def last(self) -> datetime:
        """Return when a node last reported."""
        return max((one.updated for one in list(self.run.invocations.values())), default=self.run.requested)


def state(one: Invocation) -> tuple[str, str]:
    """Return one node's Status and DetailedStatus in the words of State Manager."""
    status, details = one.state
    if status not in FINAL:
        return "Pending", "InProgress" if status != "Pending" else "Pending"
    return ("Success", "Success") if status == "Success" else ("Failed", details)


@dataclass
class Association:
    """An association: the whole of its latest version, and what it did."""

    backend: SimpleSystemManagerBackend
    id: str
    request: dict[str, Any]
    version: int = 1
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    executions: list[Execution] = field(default_factory=list)
    past: dict[str, dict[str, Any]] = field(default_factory=dict)
    due: datetime | None = None
    # When a run was last called for: a node that has not run since then catches up as it comes online.
    called: datetime = field(default_factory=lambda: datetime.now(UTC))
    ran: dict[str, datetime] = field(default_factory=dict)
    # The error code that kept the last run from starting, as when a new document has other parameters.
    refused: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def scheduled_only(self) -> bool:
        """Tell whether only the schedule, or a person, may start it."""
        return bool(self.request.get("ApplyOnlyAtCronInterval"))

    def plan(self, now: datetime) -> None:
        """Work out when the schedule is due next."""
        expression = self.request.get("ScheduleExpression")
        self.due = schedule.next_run(expression, now) if expression else None

    def latest(self) -> dict[str, Invocation]:
        """Return the most recent answer of every node that still exists."""
        found: dict[str, Invocation] = {}
        for execution in list(self.executions):
            found.update(execution.run.invocations)
        existing = instances(self.backend)
        return {key: answer for key, answer in found.items() if key in existing}


def associations(backend: SimpleSystemManagerBackend) -> dict[str, Association]:
    """Return the backend's associations by id."""
    return vars(backend).setdefault("lab_associations", {})


def forget(backend: SimpleSystemManagerBackend, one: Association) -> None:
    """Drop an association and its tags; what it did to the nodes stays."""
    associations(backend).pop(one.id, None)
    backend._resource_tags["Association"].pop(one.id, None)


def present(backend: SimpleSystemManagerBackend, one: Association) -> list[str]:
    """Return the nodes an association is for whose agent can fetch it now; the others catch up as they come."""
    return [key for key in matching(backend, one.request.get("Targets") or []) if fleet().online(key)]


def execute(backend: SimpleSystemManagerBackend, one: Association, nodes: list[str] | None = None) -> Execution | None:
    """Run an association on the nodes given, or on all that match; without any node there is no execution."""
    with one.lock:
        now = datetime.now(UTC)
        if nodes is None:
            one.called = now
            nodes = present(backend, one)
        if not nodes:
            return None
        try:
            wanted = runnable(backend, one.request)
        except ServiceException as wrong:
            LOG.warning("association %s does not run: %s", one.id, wrong.message)
            one.refused = wrong.code
            return None
        one.refused = ""
        one.ran.update(dict.fromkeys(nodes, now))
        run = Run(backend, wanted, one.request, nodes, association=one.id)
        execution = Execution(run, str(one.version))
        one.executions.append(execution)
        hidden_runs(backend)[run.command_id] = run
    run.start()
    return execution


def node_online(instance_id: str) -> None:
    """Run what a node has not run yet, or missed while it was away."""
    for backend in backends():
        for one in list(associations(backend).values()):
            with one.lock:
                ran = one.ran.get(instance_id)
                current = ran is not None and ran >= one.called
            if not one.scheduled_only and not current and instance_id in present(backend, one):
                execute(backend, one, [instance_id])


def document_changed(backend: SimpleSystemManagerBackend, name: str, what: str) -> None:
    """Run what follows the document's default or latest version; forget what a deleted document leaves behind."""
    for one in list(associations(backend).values()):
        if short_name(one.request["Name"]) != name:
            continue
        if what == "deleted":
            forget(backend, one)
            continue
        follows = {"$LATEST": "latest"}.get(one.request.get("DocumentVersion", "$DEFAULT"), "default")
        pinned = one.request.get("DocumentVersion", "$DEFAULT").isdigit()
        if follows == what and not pinned and not one.scheduled_only:
            execute(backend, one)


def tick(now: datetime) -> None:
    """Start every association whose time has come."""
    for backend in backends():
        for one in list(associations(backend).values()):
            if one.due and one.due <= now:
                one.plan(now)
                execute(backend, one)


def _tick_for_ever() -> None:
    while True:
        time.sleep(TICK_SECONDS)
        tick(datetime.now(UTC))


_started = threading.Lock()


def start_scheduler() -> None:
    """Start the schedule's thread, once in a process."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_tick_for_ever, name="ssm-schedule", daemon=True).start()
