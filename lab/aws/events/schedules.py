"""Rules that run on a schedule: an event of their own for their targets, each time they are due.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from moto.events.models import Rule, events_backends

from lab.aws import schedule

LOG = logging.getLogger("lab.events")
TICK_SECONDS = 1.0
Trigger = Callable[[Rule, dict[str, Any]], None]


def event_of(rule: Rule, at: datetime) -> dict[str, Any]:
    """Return the event of a schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
        "ingestion-time": at.timestamp(),
    }


def _rules() -> Iterator[Rule]:
    for account in list(events_backends.values()):
        for backend in list(account.values()):
            # Only the default bus has schedules.
            yield from list(backend.event_buses["default"].rules.values())


def tick(now: datetime, trigger: Trigger) -> None:
    """Trigger every rule that is due; one that is new, changed or enabled again counts from now."""
    for rule in _rules():
        known = vars(rule)
        if not rule.scheduled_expression or rule.state == "DISABLED":
            known.pop("lab_due", None)
        elif "lab_due" not in known:
            known["lab_due"] = schedule.next_run(rule.scheduled_expression, now)
        elif known["lab_due"] and known["lab_due"] <= now:
            known["lab_due"] = schedule.next_run(rule.scheduled_expression, now)
            trigger(rule, event_of(rule, now))


def _for_ever(trigger: Trigger) -> None:
    while True:
        time.sleep(TICK_SECONDS)
        try:
            tick(datetime.now(UTC), trigger)
        except Exception:
            # One rule that cannot be triggered must not stop the clock for all.
            LOG.exception("the schedules' tick failed")


_started = threading.Lock()


def start(trigger: Trigger) -> None:
    """Start the schedules' thread, once in a process."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_for_ever, args=(trigger,), name="event-schedules", daemon=True).start()
