"""Schedule expressions: rate, cron and at.

https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lab.aws import schedule

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("rate(30 minutes)", datetime(2026, 11, 24, 12, 30, tzinfo=UTC)),
        ("rate(1 hour)", datetime(2026, 11, 24, 13, 0, tzinfo=UTC)),
        ("cron(0/30 * * * ? *)", datetime(2026, 11, 24, 12, 30, tzinfo=UTC)),
        ("cron(0 2 ? * SUN *)", datetime(2026, 11, 29, 2, 0, tzinfo=UTC)),
        ("cron(0 2 ? * SUN#2 *)", datetime(2026, 12, 13, 2, 0, tzinfo=UTC)),
        ("cron(0 2 ? * 6L *)", datetime(2026, 11, 27, 2, 0, tzinfo=UTC)),
        ("cron(15 10 L * ? *)", datetime(2026, 11, 30, 10, 15, tzinfo=UTC)),
        ("cron(30 0 12 * * ? *)", datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)),
        ("rate(1 minute)", datetime(2026, 11, 24, 12, 1, tzinfo=UTC)),
        ("cron(0 12 1 JAN ? *)", datetime(2027, 1, 1, 12, 0, tzinfo=UTC)),
        ("cron(0 8 ? * MON-FRI *)", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        # The 28th is a Saturday; the 1st of August 2027 a Sunday; the 31st of October 2026 a Saturday.
        ("cron(0 8 28W * ? *)", datetime(2026, 11, 27, 8, 0, tzinfo=UTC)),
        ("cron(0 8 1W AUG ? 2027)", datetime(2027, 8, 2, 8, 0, tzinfo=UTC)),
        ("cron(0 8 31W OCT ? 2027)", datetime(2027, 10, 29, 8, 0, tzinfo=UTC)),
        ("at(2026-12-01T00:00:00)", datetime(2026, 12, 1, tzinfo=UTC)),
        ("at(2020-12-01T00:00:00)", None),
    ],
)
def test_the_next_run_of_a_schedule(expression: str, due: datetime | None) -> None:
    assert schedule.next_run(expression, NOON) == due


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 hours)",
        "rate(2 hour)",
        "cron(0 2 * *)",
        "cron(99 * * * ? *)",
        "cron(0 2 1 * SUN *)",
        "every day",
        "at(tomorrow)",
        "cron(* * * * FOO *)",
    ],
)
def test_wrong_schedules_are_refused(expression: str) -> None:
    with pytest.raises(schedule.ScheduleError):
        schedule.next_run(expression, NOON)


@pytest.mark.parametrize(
    "expression",
    ["rate(29 minutes)", "rate(31 days)", "cron(0 2 ? JAN SUN *)", "cron(0/29 * * * ? *)", "cron(0,29 2 * * ? *)"],
)
def test_what_state_manager_does_not_run_others_may(expression: str) -> None:
    assert schedule.next_run(expression, NOON)
    with pytest.raises(schedule.ScheduleError):
        schedule.check_interval(expression, NOON)


@pytest.mark.parametrize(
    "expression", ["rate(30 minutes)", "rate(30 days)", "cron(0/30 * * * ? *)", "cron(0 2 ? * SUN *)"]
)
def test_state_manager_runs_every_30_minutes_at_most(expression: str) -> None:
    schedule.check_interval(expression, NOON)
