"""Change calendars.

https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-change-calendar.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCalendarState.html and RFC 5545
"""

from __future__ import annotations

from typing import Any

import pytest

NEVER, LONG = "DTSTART:20200101T000000Z\nDTEND:20200102T000000Z", "DTSTART:20200101T000000Z\nDTEND:20990101T000000Z"
DAILY = "DTSTART;TZID=Europe/Berlin:20250101T100000\nDTEND;TZID=Europe/Berlin:20250101T120000\nRRULE:FREQ=DAILY"


@pytest.mark.parametrize(
    ("calendar", "at", "state"),
    [
        (("DEFAULT_OPEN",), "", "OPEN"),
        (("DEFAULT_CLOSED",), "", "CLOSED"),
        (("DEFAULT_OPEN", LONG), "", "CLOSED"),
        (("DEFAULT_CLOSED", LONG), "", "OPEN"),
        (("DEFAULT_OPEN", NEVER), "", "OPEN"),
        (("DEFAULT_OPEN", NEVER), "2020-01-01T12:00:00Z", "CLOSED"),
        (("DEFAULT_OPEN", NEVER), "2020-01-02T00:00:00Z", "OPEN"),
        (("DEFAULT_OPEN", DAILY), "2026-07-01T09:00:00Z", "CLOSED"),
        (("DEFAULT_OPEN", DAILY), "2026-07-01T11:00:00Z", "OPEN"),
        (("DEFAULT_OPEN", DAILY), "2026-01-01T08:30:00Z", "OPEN"),
    ],
)
def test_an_event_turns_a_calendar_into_what_it_is_not(
    lab: Any, calendar: tuple[str, ...], at: str, state: str
) -> None:
    lab.calendar("changes", *calendar)
    told = lab.ssm.get_calendar_state(CalendarNames=["changes"], **({"AtTime": at} if at else {}))
    assert told["State"] == state


def test_all_calendars_have_to_be_open(lab: Any) -> None:
    names = [lab.calendar("one"), lab.calendar("two", "DEFAULT_CLOSED")]
    assert lab.ssm.get_calendar_state(CalendarNames=names)["State"] == "CLOSED"
