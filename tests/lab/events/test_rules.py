"""What PutRule and PutTargets refuse.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.calls import code, refusal


@pytest.mark.parametrize(
    "expression",
    ["rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "rate(5 seconds)", "rate(5)", "every day",
     "cron(0 12 * * *)", "cron(0 12 * * * *)", "cron(61 12 * * ? *)", "cron(0 12 ? * XYZ *)",
     "at(2030-01-01T00:00:00)"],
)  # fmt: skip
def test_a_wrong_schedule_is_refused(bus: Any, expression: str) -> None:
    error = refusal(bus.client.put_rule, Name="s", ScheduleExpression=expression)
    assert error == {"Code": "ValidationException", "Message": "Parameter ScheduleExpression is not valid."}


@pytest.mark.parametrize(
    "expression", ["rate(1 minute)", "rate(5 minutes)", "cron(0 12 * * ? *)", "cron(0/15 * ? * MON-FRI *)"]
)
def test_a_right_schedule_is_taken(bus: Any, expression: str) -> None:
    bus.client.put_rule(Name="s", ScheduleExpression=expression)
    assert bus.client.describe_rule(Name="s")["ScheduleExpression"] == expression


def test_tags_count_only_when_a_rule_is_new(bus: Any) -> None:
    put = {"Name": "t", "EventPattern": '{"source":["a"]}'}
    arn = bus.client.put_rule(**put, Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    bus.client.put_rule(**put, Tags=[{"Key": "b", "Value": "2"}])
    assert bus.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]


def test_nobody_else_speaks_for_an_aws_service(bus: Any) -> None:
    entry = {"DetailType": "t", "Detail": "{}"}
    entries = [entry | {"Source": source} for source in ("me", "aws.ecr", "aws", "mine.aws.ecr")] + [{"Source": "x"}]
    answer = bus.client.put_events(Entries=entries)
    codes = ["", "NotAuthorizedForSourceException", "", "", "InvalidArgument"]
    assert [entry.get("ErrorCode", "") for entry in answer["Entries"]] == codes
    assert answer["FailedEntryCount"] == 2
    assert bus.metric("TriggeredRules") == 0


@pytest.mark.parametrize("detail", ["{", "[]", '"x"', "1"])
def test_the_detail_of_an_event_is_an_object(bus: Any, detail: str) -> None:
    answer = bus.client.put_events(Entries=[{"Source": "me", "DetailType": "t", "Detail": detail}])
    assert [entry["ErrorCode"] for entry in answer["Entries"]] == ["MalformedDetail"]


def test_what_is_too_much_for_one_request(bus: Any) -> None:
    half = {"Source": "me", "DetailType": "t", "Detail": json.dumps({"x": "y" * 600_000})}
    bus.client.put_events(Entries=[half])
    wrong = [
        refusal(bus.client.put_events, Entries=[half, half]),
        refusal(bus.client.put_targets, Rule="push", Targets=[bus.target(Id=f"t{n}") for n in range(11)]),
        refusal(bus.client.remove_targets, Rule="push", Ids=[f"t{n}" for n in range(11)]),
        refusal(bus.client.put_rule, Name="r", EventPattern='{"a":["b"]}', Tags=[{"Key": "aws:a", "Value": "b"}]),
    ]
    assert {error["Code"] for error in wrong} == {"ValidationException"}


def test_a_bus_takes_so_many_rules_with_wildcards(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty, and no account gets more: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html."""
    from lab.aws.events import rules

    assert rules.WITH_WILDCARDS == 30
    monkeypatch.setattr(rules, "WITH_WILDCARDS", 1)
    client = lab.client("events")
    wild = json.dumps({"source": ["a"], "detail": {"$or": [{"x": ["1"]}, {"tag": [{"wildcard": "a*b"}]}]}})
    tame = json.dumps({"source": [{"prefix": "a"}], "detail": {"wildcard": ["a*b"], "$or": [{"x": [1]}, {"y": [2]}]}})
    client.put_rule(Name="first", EventPattern=wild)
    client.put_rule(Name="tame", EventPattern=tame)
    client.put_rule(Name="first", EventPattern=wild)
    for pattern in (wild, json.dumps({"source": [{"anything-but": {"wildcard": "a*"}}]})):
        assert code(client.put_rule, Name="second", EventPattern=pattern) == "LimitExceededException"
        assert code(client.put_rule, Name="tame", EventPattern=pattern) == "LimitExceededException"
    client.put_rule(Name="first", EventPattern=tame)
    client.put_rule(Name="second", EventPattern=wild)
