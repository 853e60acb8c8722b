"""What keeps an association or a command from running: a closed change calendar, an alarm.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html (CalendarNames) and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AlarmConfiguration.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm import calendars as ssm_calendars
from lab.aws.ssm.documents import document
from lab.aws.ssm.support import error, moment, operation


def calendars(backend: SimpleSystemManagerBackend, names: list[str]) -> list[str]:
    """Return the texts of these change calendars."""
    found = [document(backend, name) for name in names]
    for one in found:
        if one.document_type != "ChangeCalendar":
            raise error("InvalidDocumentType", f"Document {one.name} is not a change calendar.")
    return [one.content for one in found]


def alarms(backend: SimpleSystemManagerBackend, request: dict[str, Any]) -> list[dict[str, str]]:
    """Return which alarms of a request are on; one that can't be read counts unless the request says otherwise."""
    wanted = request.get("AlarmConfiguration") or {}
    known = cloudwatch_backends[backend.account_id][backend.region_name].alarms
    on = []
    for row in wanted.get("Alarms") or []:
        alarm = known.get(row["Name"])
        if alarm is None and not wanted.get("IgnorePollAlarmFailure"):
            on.append({"Name": row["Name"], "State": "UNKNOWN"})
        elif alarm is not None and alarm.state_value == "ALARM":
            on.append({"Name": row["Name"], "State": "ALARM"})
    return on


def are_open(backend: SimpleSystemManagerBackend, request: dict[str, Any], at: datetime) -> bool:
    """Tell whether an association may run now."""
    names = request.get("CalendarNames") or []
    return ssm_calendars.is_open(calendars(backend, names), at) and not alarms(backend, request)


def get_calendar_state(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Tell whether these change calendars are all open, now or at a time."""
    at = moment(params["AtTime"]) if params.get("AtTime") else datetime.now(UTC)
    state = "OPEN" if ssm_calendars.is_open(calendars(backend, params["CalendarNames"]), at) else "CLOSED"
    return {"State": state, "AtTime": at.strftime("%Y-%m-%dT%H:%M:%SZ")}


def install() -> None:
    """Add the operation to moto."""
    operation("GetCalendarState", "get_calendar_state", get_calendar_state)
