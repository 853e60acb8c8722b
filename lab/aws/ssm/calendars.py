"""Change calendars: documents in iCalendar 2.0 that say when changes are welcome. Pure.

https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-change-calendar.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

KINDS = ("DEFAULT_OPEN", "DEFAULT_CLOSED")
_LINE = re.compile(r"(?P<name>[A-Z-]+)(?P<options>(;[^:]*)?):(?P<value>.*)")


class CalendarError(ValueError):
    """The text is no change calendar."""


Event = dict[str, tuple[str, str]]


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    # A line that starts with a space continues the one before.
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        found = _LINE.fullmatch(line.strip())
        if found:
            yield found["name"], found["options"], found["value"]


def _read(text: str) -> tuple[str, list[Event]]:
    """Return which kind of calendar it is, and its events."""
    kind, events, inside = "", [], False
    for name, options, value in _lines(text):
        if name in ("BEGIN", "END") and value == "VEVENT":
            inside = name == "BEGIN"
            if inside:
                events.append({})
        elif inside:
            events[-1][name] = (options, value)
        elif name == "X-CALENDAR-TYPE":
            kind = value
    if not text.strip().startswith("BEGIN:VCALENDAR") or not text.strip().endswith("END:VCALENDAR"):
        raise CalendarError("a calendar starts with BEGIN:VCALENDAR and ends with END:VCALENDAR")
    if kind not in KINDS:
        raise CalendarError(f"X-CALENDAR-TYPE must be one of {', '.join(KINDS)}")
    return kind, events


def _moment(given: tuple[str, str]) -> datetime:
    options, value = given
    zone = re.search(r"TZID=([^;:]+)", options)
    try:
        form = "%Y%m%d" if len(value) == 8 else "%Y%m%dT%H%M%S"
        read = datetime.strptime(value.removesuffix("Z"), form)
        return read.replace(tzinfo=ZoneInfo(zone[1]) if zone else UTC)
    except (ValueError, ZoneInfoNotFoundError) as wrong:
        raise CalendarError(f"{value} is not a time") from wrong


def _spans(event: Event, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Return when an event is, as far as the time asked for needs it."""
    if "DTSTART" not in event or "DTEND" not in event:
        raise CalendarError("an event needs DTSTART and DTEND")
    start, end = _moment(event["DTSTART"]), _moment(event["DTEND"])
    if "RRULE" not in event:
        yield start, end
        return
    try:
        rule = rrulestr(event["RRULE"][1], dtstart=start)
    except ValueError as wrong:
        raise CalendarError(f"{event['RRULE'][1]} is not a rule") from wrong
    last = rule.before(at, inc=True)
    if last:
        yield last, last + (end - start)


def check_content(text: str) -> None:
    """Refuse what Systems Manager would not store as a change calendar."""
    for event in _read(text)[1]:
        list(_spans(event, datetime.now(UTC)))


def is_open(texts: Sequence[str], at: datetime) -> bool:
    """Tell whether all of these calendars are open: an event turns a calendar into what it is not by default."""
    for text in texts:
        kind, events = _read(text)
        busy = any(start <= at < end for event in events for start, end in _spans(event, at))
        if busy == (kind == "DEFAULT_OPEN"):
            return False
    return True
