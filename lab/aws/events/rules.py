"""Rules and events: what EventBridge refuses although the model allows it.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html and API_PutEvents.html
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ResourceNotFoundException, ValidationException
from moto.events.models import EventsBackend
from moto.events.responses import EventsHandler

from lab.aws import iam, schedule
from lab.aws.validation import register

LARGEST_REQUEST, ENTRIES = 1024 * 1024, 10
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
TAGS, RULES_PER_BUS, WITH_WILDCARDS = 50, 300, 30
SERVICE = "events.amazonaws.com"
_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)")
GUARDED = ("put_rule", "delete_rule", "enable_rule", "disable_rule", "put_targets", "remove_targets")
_plain: dict[str, Callable[..., Any]] = {}
_plain_put_rule = EventsBackend.put_rule


def _check_schedule(expression: str) -> None:
    found = _RATE.fullmatch(expression)
    if found and (found[1] == "1") != bool(found[3]):
        return
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    # One of the two days has to be left open.
    if expression == f"cron({' '.join(fields)})" and len(fields) == 6 and "?" in (fields[2], fields[4]):
        try:
            schedule.next_run(expression, datetime.datetime.now(datetime.UTC))
        except schedule.ScheduleError:
            pass
        else:
            return
    raise ValidationException("Parameter ScheduleExpression is not valid.")


def check_rule(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a wrong schedule, AWS's own tags, and a role that EventBridge may not assume."""
    yield from check_tags(params)
    if params.get("ScheduleExpression"):
        _check_schedule(params["ScheduleExpression"])
    if params.get("RoleArn"):
        yield from assumable(params["RoleArn"])


def check_tags(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse tags that only AWS itself sets."""
    keys = [tag["Key"] for tag in params.get("Tags") or []]
    if any(key.lower().startswith("aws:") for key in keys):
        yield "aws: prefixed tag key names are not allowed for external use."
    if len(set(keys)) < len(keys):
        yield "Duplicate tag keys are not allowed."
    if len(keys) > TAGS:
        yield f"A resource can have at most {TAGS} tags."


def check_entries(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse too many events, and those that are too large together."""
    if len(params["Entries"]) > ENTRIES:
        # Moto's words for it count only the events that are right.
        yield (
            "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy constraint: "
            f"Member must have length less than or equal to {ENTRIES}"
        )
    fields = ("Source", "DetailType", "Detail", "Resources")
    texts = (str(entry.get(field, "")) for entry in params["Entries"] for field in fields)
    if sum(len(text.encode()) for text in texts) > LARGEST_REQUEST:
        yield "Total size of the entries in the request is over the limit."


def assumable(role_arn: str) -> Iterator[str]:
    """Look at whom the role trusts; its conditions can only be met by an event of the rule."""
    if not iam.trusts(role_arn, SERVICE):
        yield f"Provided role '{role_arn}' cannot be assumed by principal '{SERVICE}'."


def _refused(entry: dict[str, Any]) -> dict[str, str] | None:
    """Return why an event is not taken although the rest may be."""
    if entry.get("Source", "").startswith("aws."):
        # Nobody but AWS speaks for its services, and their own events do not come this way.
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    if entry.get("Detail", "").lstrip()[:1] not in ("{", ""):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


def put_events(self: EventsHandler) -> str:
    """Answer PutEvents."""
    entries = self._get_param("Entries")
    refused = [_refused(entry) for entry in entries]
    good = [entry for entry, reason in zip(entries, refused, strict=True) if reason is None]
    taken = iter(self.events_backend.put_events(good))
    answers = [reason or next(taken) for reason in refused]
    failed = sum("ErrorCode" in answer for answer in answers)
    return json.dumps({"FailedEntryCount": failed, "Entries": answers})


def _wild(pattern: Any, filters: bool = False) -> bool:
    """Tell whether a pattern, or a field's list of filters, has a wildcard."""
    if isinstance(pattern, list):
        return any(_wild(one, True) for one in pattern)
    if not isinstance(pattern, Mapping):
        return False
    either = pattern.get("$or", [])
    return (filters and "wildcard" in pattern) or any(
        _wild(value, filters) for value in [*either, *(pattern[key] for key in pattern if key != "$or")]
    )


def _has_wildcard(pattern: str | None) -> bool:
    return _wild(json.loads(pattern or "{}"))


def put_rule(self: EventsBackend, name: str, *arguments: Any, **more: Any) -> Any:
    """Store a rule; tags count only when it is new."""
    bus = self.event_buses.get(self._normalize_event_bus_arn(more.get("event_bus_arn")))
    if bus and name in bus.rules:
        more["tags"] = None
    elif bus and len(bus.rules) >= RULES_PER_BUS:
        raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    if bus and _has_wildcard(more.get("event_pattern")):
        others = [rule for rule in bus.rules.values() if rule.name != name]
        if sum(_has_wildcard(rule.event_pattern.dump()) for rule in others) >= WITH_WILDCARDS:
            raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    return _plain_put_rule(self, name, *arguments, **more)


def _guarded(operation: str) -> Callable[..., Any]:
    """Return an operation that leaves the rules of AWS's own services alone, unless it is forced."""

    def respond(self: EventsHandler) -> Any:
        name = self._get_param("Name") or self._get_param("Rule")
        given = self._get_param("EventBusName")
        bus = self.events_backend.event_buses.get(self.events_backend._normalize_event_bus_arn(given))
        if bus is None:
            raise ResourceNotFoundException(f"Event bus {given} does not exist.")
        rule = bus.rules.get(name)
        if rule is not None and rule.managed_by and not self._get_param("Force"):
            raise JsonRESTError(
                "ManagedRuleException", f"{name} is a managed rule. Set 'force' parameter to true to override."
            )
        return _plain[operation](self)

    return respond


def install() -> None:
    """Check rules and events before moto takes them."""
    register("events", "PutRule", check_rule)
    register("events", "PutEvents", check_entries)
    for operation in ("TagResource", "CreateEventBus"):
        register("events", operation, check_tags)
    if not _plain:
        EventsBackend.put_rule = put_rule  # type: ignore[method-assign]
        EventsHandler.put_events = put_events  # type: ignore[method-assign]
        for operation in GUARDED:
            _plain[operation] = getattr(EventsHandler, operation)
            setattr(EventsHandler, operation, _guarded(operation))
