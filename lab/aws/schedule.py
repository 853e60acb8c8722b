"""Schedule expressions: when a rate, cron or at expression is due next. All times are UTC.

https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
UNITS = {"minute": 60, "hour": 3600, "day": 86400}
LEAST, MOST = timedelta(minutes=30), timedelta(days=31)
HORIZON_DAYS = 366 * 5


class ScheduleError(ValueError):
    """The expression is not one AWS takes."""


def next_run(expression: str, after: datetime) -> datetime | None:
    """Return the first time strictly after ``after`` that the expression names, or None when there is none."""
    kind, _, body = expression.partition("(")
    if not body.endswith(")"):
        raise ScheduleError(f"{expression!r} is not rate(...), cron(...) or at(...)")
    body = body[:-1].strip()
    if kind == "rate":
        return after + rate(body)
    if kind == "cron":
        return _cron(body, after)
    if kind == "at":
        return _at(body, after)
    raise ScheduleError(f"{expression!r} is not rate(...), cron(...) or at(...)")


def check_interval(expression: str, now: datetime) -> None:
    """Refuse what State Manager does not run: wrong expressions, months, and what comes more often than it allows."""
    due = next_run(expression, now)
    if expression.startswith("rate(") and due and not LEAST <= due - now < MOST:
        raise ScheduleError(f"{expression} is not between 30 minutes and 31 days")
    if expression.startswith("cron(") and expression[5:-1].split()[-3] not in ("*", "?"):
        raise ScheduleError(f"{expression} names a month, which associations do not support")
    for _ in range(3):
        following = next_run(expression, due) if due and expression.startswith("cron") else None
        if due and following and following - due < LEAST:
            raise ScheduleError(f"{expression} runs more often than every 30 minutes")
        due = following


def rate(body: str) -> timedelta:
    """Return the period of a rate."""
    found = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", body)
    if not found:
        raise ScheduleError(f"rate({body}) is not a number and minutes, hours or days")
    number, unit, plural = int(found[1]), found[2], found[3]
    if (number == 1) == bool(plural):
        raise ScheduleError(f"rate({body}): 1 takes the singular, everything else the plural")
    return timedelta(seconds=number * UNITS[unit])


def _at(body: str, after: datetime) -> datetime | None:
    try:
        moment = datetime.strptime(body, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError as wrong:
        raise ScheduleError(f"at({body}) is not yyyy-mm-ddThh:mm:ss") from wrong
    return moment if moment > after else None


def _number(text: str, names: dict[str, int], low: int, high: int) -> int:
    value = names.get(text.upper(), int(text) if text.isdigit() else -1)
    if not low <= value <= high:
        raise ScheduleError(f"{text!r} is not between {low} and {high}")
    return value


def _values(text: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            first, last = (_number(end, names or {}, low, high) for end in span.split("-", 1))
        else:
            first = _number(span, names or {}, low, high)
            last = high if step else first
        found.update(range(first, last + 1, _number(step, {}, 1, high) if step else 1))
    return found


def _weekday(day: datetime) -> int:
    return day.isoweekday() % 7 + 1


def _workday(month: datetime, number: int) -> int:
    """Return the day of the month from Monday to Friday that is nearest to a day, in the same month."""
    last = calendar.monthrange(month.year, month.month)[1]
    away = {5: -1 if number > 1 else 2, 6: 1 if number < last else -2}
    return number + away.get(month.replace(day=number).weekday(), 0)


def _on_day(day: datetime, dom: str, dow: str) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if dom == "L":
        return day.day == last
    near = re.fullmatch(r"([1-9]|[12][0-9]|3[01])W", dom)
    if near:
        return day.day == _workday(day, min(int(near[1]), last))
    if dow not in ("?", "*"):
        nth = re.fullmatch(r"([A-Za-z]{3}|[1-7])#([1-5])", dow)
        if nth:
            return _weekday(day) == _number(nth[1], DAYS, 1, 7) and (day.day - 1) // 7 + 1 == int(nth[2])
        ultimate = re.fullmatch(r"([A-Za-z]{3}|[1-7])L", dow)
        if ultimate:
            return _weekday(day) == _number(ultimate[1], DAYS, 1, 7) and day.day + 7 > last
        return _weekday(day) in _values(dow, 1, 7, DAYS)
    return day.day in _values(dom, 1, 31)


def _cron(body: str, after: datetime) -> datetime | None:
    fields = body.split()
    if len(fields) not in (6, 7):
        raise ScheduleError(f"cron({body}) needs six fields, or seven with seconds")
    seconds = _values(fields.pop(0), 0, 59) if len(fields) == 7 else {0}
    minutes, hours, dom, month, dow, year = fields
    at_minutes, at_hours = sorted(_values(minutes, 0, 59)), sorted(_values(hours, 0, 23))
    months, years = _values(month, 1, 12, MONTHS), _values(year, 1970, 2199)
    if dom not in ("?", "*") and dow not in ("?", "*"):
        raise ScheduleError(f"cron({body}) names a day of the month and of the week: one must be ?")
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    for ahead in range(HORIZON_DAYS):
        day = midnight + timedelta(days=ahead)
        # The day fields are read even in a month that does not count, so that a wrong one is always refused.
        if not (_on_day(day, dom, dow) and day.month in months and day.year in years):
            continue
        for hour in at_hours:
            for minute in at_minutes:
                for second in sorted(seconds):
                    moment = day.replace(hour=hour, minute=minute, second=second)
                    if moment > after:
                        return moment
    return None
