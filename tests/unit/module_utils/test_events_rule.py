from __future__ import annotations

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._events_rule import check_schedule, read_pattern


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(36 hours)",
        "cron(0 20 * * ? *)",
        "cron(0/15 8-18/2 ? * MON-FRI 2026-2030)",
        "cron(5,35 14 L * ? *)",
        "cron(0 10 15W JAN,jul ? *)",
        "cron(0 10 ? * 6#3 *)",
        "cron(0 10 ? * FRIL *)",
        "cron(*/10 * * * ? *)",
    ],
)
def test_good_schedules_pass(schedule):
    check_schedule(schedule, "default")
    check_schedule(schedule, "arn:aws:events:eu-central-1:123456789012:event-bus/default")


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("rate(1 minutes)", "the unit must be minute."),
        ("rate(5 minute)", "the unit must be minutes."),
        ("rate(0 minutes)", "at least 1"),
        ("rate(30 seconds)", "must be rate(N minutes)"),
        ("rate(5 minutes) ", "must be rate(N minutes)"),
        ("at(2026-01-01T00:00:00)", "six fields"),
        ("cron(0 20 * * ?)", "six fields"),
        ("cron(0 20 * * * *)", "exactly one"),
        ("cron(0 20 ? * ? *)", "exactly one"),
        ("cron(60 20 * * ? *)", "the minutes must be 0 to 59"),
        ("cron(0 24 * * ? *)", "the hours"),
        ("cron(0 1 32 * ? *)", "the day of the month"),
        ("cron(0 1 1 13 ? *)", "the month"),
        ("cron(0 1 ? * 8 *)", "the day of the week"),
        ("cron(0 1 1 * ? 1969)", "the year"),
        ("cron(0/x 1 1 * ? *)", "the minutes"),
        ("cron(1-2-3 1 1 * ? *)", "the minutes"),
        ("cron(? 1 1 * ? *)", "the minutes"),
    ],
)
def test_bad_schedules_are_told(schedule, words):
    with pytest.raises(NodecacheError) as told:
        check_schedule(schedule, "default")
    assert str(told.value).startswith(f"schedule_expression is '{schedule}' but ") and words in str(told.value)


def test_pattern_keeps_the_order_of_its_keys():
    assert read_pattern({"b": ["ä"], "a": [1.5, None, True]}) == '{"b":["ä"],"a":[1.5,null,true]}'
    assert read_pattern('{"$or": [{"a": ["b"]}, {"c": {"d": [{"prefix": "e"}]}}]}').startswith('{"$or":[')


@pytest.mark.parametrize("nothing", ["", {}])
def test_no_pattern_is_an_empty_text(nothing):
    assert read_pattern(nothing) == ""


def test_not_a_number_is_no_json():
    with pytest.raises(NodecacheError, match="NaN is no JSON"):
        read_pattern('{"a": [NaN]}')
