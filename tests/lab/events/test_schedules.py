"""Rules on a schedule.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

RULE = "arn:aws:events:us-east-1:123456789012:rule/hourly"


@pytest.fixture
def clock(bus: Any) -> Any:
    """Return what moves the schedules' clock by minutes."""
    from lab.aws import events
    from lab.aws.events import schedules

    start = datetime.now(UTC)

    def move(minutes: int) -> None:
        schedules.tick(start + timedelta(minutes=minutes), events.trigger)

    return move


def hourly(bus: Any, **more: Any) -> str:
    url, arn = bus.queue("hours", rule=RULE)
    bus.client.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)", **more)
    bus.client.put_targets(Rule="hourly", Targets=[{"Id": "queue", "Arn": arn}])
    return str(url)


def count(bus: Any, url: str) -> int:
    found = bus.lab.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def test_a_rule_is_triggered_each_time_it_is_due(bus: Any, clock: Any) -> None:
    url = hourly(bus)
    counts = []
    for minutes in (0, 59, 61, 90, 122):
        clock(minutes)
        counts.append(count(bus, url))
    assert counts == [0, 0, 1, 1, 2]
    event = bus.message(url)["body"]
    facts = ("source", "detail-type", "resources", "detail", "account", "region")
    assert [event[key] for key in facts] == ["aws.events", "Scheduled Event", [RULE], {}, "123456789012", "us-east-1"]
    assert bus.metric("TriggeredRules", RuleName="hourly") == bus.metric("Invocations", RuleName="hourly") == 2


def test_a_rule_that_is_off_stays_silent_and_counts_anew_when_it_is_on(bus: Any, clock: Any) -> None:
    url = hourly(bus, State="DISABLED")
    clock(0)
    clock(61)
    bus.client.enable_rule(Name="hourly")
    clock(62)
    clock(120)
    assert count(bus, url) == 0
    clock(123)
    assert count(bus, url) == 1


def test_a_schedule_sends_what_its_target_asks_for(bus: Any, clock: Any) -> None:
    url = hourly(bus)
    arn = bus.client.list_targets_by_rule(Rule="hourly")["Targets"][0]["Arn"]
    bus.client.put_targets(Rule="hourly", Targets=[{"Id": "queue", "Arn": arn, "Input": '{"a": 1}'}])
    clock(0)
    clock(61)
    assert bus.message(url)["body"] == {"a": 1}


def test_a_schedule_runs_a_command(bus: Any, clock: Any) -> None:
    lab = bus.lab
    lab.node(role="node")
    lab.document("true")
    bus.client.put_rule(Name="push", ScheduleExpression="cron(0/5 * * * ? *)")
    bus.put(Input=json.dumps({}))
    clock(0)
    clock(6)
    lab.until(lambda: lab.ssm.list_commands()["Commands"])


def test_a_schedule_reaches_another_bus_and_an_api(bus: Any, clock: Any) -> None:
    """Moto makes a text of the event's time, and took a schedule's for broken JSON."""
    url = hourly(bus)
    here = bus.client.create_event_bus(Name="mine")["EventBusArn"]
    pattern = json.dumps({"detail-type": ["Scheduled Event"]})
    bus.client.put_rule(Name="heard", EventBusName="mine", EventPattern=pattern)
    heard, arn = bus.queue("heard", policy=False)
    bus.client.put_targets(Rule="heard", EventBusName="mine", Targets=[{"Id": "queue", "Arn": arn}])
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}
    made = bus.client.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=key)["ConnectionArn"]
    where = {"InvocationEndpoint": "https://example.com", "HttpMethod": "POST"}
    api = bus.client.create_api_destination(Name="api", ConnectionArn=made, **where)["ApiDestinationArn"]
    role = bus.make_role("caller", {})
    calls = [{"Id": "bus", "Arn": here}, {"Id": "api", "Arn": api, "RoleArn": role}]
    bus.client.put_targets(Rule="hourly", Targets=calls)
    clock(0)
    clock(61)
    assert bus.message(url)["body"] == bus.message(heard)["body"]
