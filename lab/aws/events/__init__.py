"""EventBridge: which rules an event triggers, and who delivers it to their targets."""

from __future__ import annotations

import copy
import datetime
import threading
from typing import Any

from moto.events.models import EventPattern, Rule

from lab.aws.events import buses, input, patterns, rules, schedules, target_checks
from lab.aws.events import delivery as event_delivery
from lab.aws.events.targets import Delivery

_original_send = Rule.send_to_targets


def _stamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(time: str | float) -> float:
    """Return a time as moto's own templates take it."""
    return datetime.datetime.fromisoformat(time).timestamp() if isinstance(time, str) else time


def _moto_delivers(arn: str) -> bool:
    """Tell whether moto knows the target and the lab does not: archives and API destinations."""
    return arn.split(":")[2] == "events" and ":event-bus/" not in arn


def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
    """Deliver an event to the targets of a rule that is on and matches; a rule with only a schedule matches none."""
    scheduled = self.scheduled_expression and not self.event_pattern.get_pattern()
    if self.state != "DISABLED" and not scheduled and self.event_pattern.matches_event(original_event):
        trigger(self, original_event, transform_input)


def trigger(self: Rule, original_event: Any, transform_input: bool = True) -> None:
    """Deliver an event to a rule's targets."""
    event_delivery.count(self, "MatchedEvents", "TriggeredRules")
    event = {key: value for key, value in original_event.items() if key not in ("ingestion-time", "handed-on")}
    if isinstance(event.get("time"), (int, float)):
        event["time"] = _stamp(event["time"])
    theirs = [target for target in self.targets if _moto_delivers(target["Arn"])]
    for target in [target for target in self.targets if target not in theirs]:
        if "handed-on" in original_event and ":event-bus/" in target["Arn"]:
            continue
        ingested = _stamp(original_event["ingestion-time"]) if "ingestion-time" in original_event else ""
        text = input.render(target if transform_input else {}, event, self.arn, self.name, ingested)
        delivery = Delivery(self, copy.deepcopy(target), event, text)
        if ":ssm:" in target["Arn"]:
            name = f"delivery-{self.name}"
            threading.Thread(target=event_delivery.deliver, args=(delivery,), daemon=True, name=name).start()
        else:
            # Within moto's own process nothing takes time, and moto's tests look at once.
            event_delivery.deliver(delivery)
    if theirs:
        rest = copy.copy(self)
        # It triggered this rule already, and moto would match it once more.
        rest.targets, rest.event_pattern = theirs, EventPattern.load("{}")
        theirs_event = {key: value for key, value in original_event.items() if key != "handed-on"}
        _original_send(rest, theirs_event | {"time": _seconds(original_event["time"])}, transform_input)


def install() -> None:
    """Put these in moto's place."""
    Rule.send_to_targets = send_to_targets  # type: ignore[method-assign]
    schedules.start(trigger)
    patterns.install()
    target_checks.install()
    # The guard over AWS's own rules goes around whatever answers.
    rules.install()
    buses.install()
