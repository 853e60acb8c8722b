"""When associations run: made or changed, a node coming online, the schedule, a document's new version.

https://docs.aws.amazon.com/systems-manager/latest/userguide/state-manager-about.html
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws import schedule
from lab.aws.ssm import automation_associations, commands, events, gates
from lab.aws.ssm.command_lists import hidden_runs
from lab.aws.ssm.documents import document
from lab.aws.ssm.invocations import FINAL, Invocation
from lab.aws.ssm.runs import Run
from lab.aws.ssm.support import backends, error, fleet, short_name
from lab.aws.ssm.targets import instances, matching

LOG = logging.getLogger(__name__)
TICK_SECONDS = 1.0


@dataclass
class Execution:
    """One run of one version of an association."""

    run: Run
    version: str
    duration: int | None = None
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
    if details == "Terminated":
        # MaxErrors was reached before its turn came.
        return "Skipped", "Skipped"
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
    # Every earlier version, and when it was made.
    past: dict[str, tuple[dict[str, Any], datetime]] = field(default_factory=dict)
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
        offset = timedelta(days=self.request.get("ScheduleOffset") or 0)
        due = schedule.next_run(expression, now - offset) if expression else None
        self.due = due + offset if due else None

    def latest(self) -> dict[str, Invocation]:
        """Return the most recent answer of every node that still exists."""
        found: dict[str, Invocation] = {}
        for execution in list(self.executions):
            found.update(execution.run.invocations)
        existing = instances(self.backend)
        return {key: answer for key, answer in found.items() if key in existing or not key.startswith("i-")}


def associations(backend: SimpleSystemManagerBackend) -> dict[str, Association]:
    """Return the backend's associations by id."""
    return vars(backend).setdefault("lab_associations", {})


def association(backend: SimpleSystemManagerBackend, association_id: str) -> Association:
    """Return an association by its id, the only thing that names one."""
    found = associations(backend).get(association_id)
    if found is None:
        raise error("AssociationDoesNotExist", "The specified association does not exist.")
    return found


def forget(backend: SimpleSystemManagerBackend, one: Association) -> None:
    """Drop an association and its tags; what it did to the nodes stays."""
    associations(backend).pop(one.id, None)
    backend._resource_tags["Association"].pop(one.id, None)


def definition(backend: SimpleSystemManagerBackend, request: dict[str, Any]) -> Any:
    """Return the document a request names, Command or Automation, with the parameters checked against it."""
    found = document(backend, request["Name"], request.get("DocumentVersion"))
    if found.document_type == "Automation":
        automation_associations.check(found, request)
        return found
    return commands.runnable(backend, request)


def present(backend: SimpleSystemManagerBackend, one: Association) -> list[str]:
    """Return the nodes an association is for whose agent can fetch it now; the others catch up as they come."""
    return [key for key in matching(backend, one.request.get("Targets") or []) if fleet().online(key)]


def execute(backend: SimpleSystemManagerBackend, one: Association, nodes: list[str] | None = None) -> Execution | None:
    """Run an association on the nodes given, or on all that match; without any node there is no execution."""
    with one.lock:
        now = datetime.now(UTC)
        everywhere = nodes is None
        if everywhere:
            one.called = now
        try:
            wanted = definition(backend, one.request)
        except ServiceException as wrong:
            LOG.warning("association %s does not run: %s", one.id, wrong.message)
            one.refused = wrong.code
            return None
        one.refused = ""
        if not gates.are_open(backend, one.request, now):
            LOG.info("association %s does not run: a change calendar is closed, or its alarm is on", one.id)
            return None
        made = _run(backend, one, wanted, present(backend, one) if nodes is None else nodes)
        if made is None:
            return None
        one.ran.update(dict.fromkeys(made.invocations, now))
        execution = Execution(made, str(one.version), one.request.get("Duration"))
        one.executions.append(execution)
        made.announce = lambda _run, status: events.association(one, execution, status)
        hidden_runs(backend)[made.command_id] = made
    made.start()
    return execution


def _run(backend: SimpleSystemManagerBackend, one: Association, wanted: Any, nodes: list[str]) -> Run | None:
    if wanted.document_type == "Automation":
        return automation_associations.AutomationRun(backend, wanted, one.request, one.id)
    return Run(backend, wanted, one.request, nodes, association=one.id) if nodes else None


def node_online(instance_id: str) -> None:
    """Run what a node has not run yet, or missed while it was away."""
    for backend in backends():
        for one in list(associations(backend).values()):
            with one.lock:
                ran = one.ran.get(instance_id)
                current = ran is not None and ran >= one.called
            # A new target does not start an Automation document: AWS says so.
            if one.scheduled_only or current or one.request.get("AutomationTargetParameterName"):
                continue
            if instance_id in present(backend, one):
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


def parameter_changed(backend: SimpleSystemManagerBackend, name: str) -> None:
    """Run every association whose parameters refer to this one of Parameter Store."""
    for one in list(associations(backend).values()):
        values = [value for given in (one.request.get("Parameters") or {}).values() for value in given]
        if not one.scheduled_only and any(f"{{{{ssm:{name}}}}}" in value.replace(" ", "") for value in values):
            execute(backend, one)


def tick(now: datetime) -> None:
    """Start every association whose time has come, and stop what has run for longer than it may."""
    for backend in backends():
        for one in list(associations(backend).values()):
            if one.due and one.due <= now:
                one.plan(now)
                execute(backend, one)
            for execution in list(one.executions):
                limit = timedelta(hours=execution.duration or 0)
                if limit and not execution.run.done and now >= execution.run.requested + limit:
                    execution.run.cancel()


def _tick_for_ever() -> None:
    while True:
        time.sleep(TICK_SECONDS)
        try:
            tick(datetime.now(UTC))
        except Exception:
            # One association that cannot be started must not stop the clock for all.
            LOG.exception("the schedule's tick failed")


_started = threading.Lock()


def start_scheduler() -> None:
    """Start the schedule's thread, once in a process."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_tick_for_ever, name="ssm-schedule", daemon=True).start()
