"""The events that Systems Manager sends to EventBridge.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lab.aws.ssm import events

AT = datetime(2026, 11, 24, 12, 0, 1, 234567, tzinfo=UTC)
BACKEND = SimpleNamespace(account_id="123456789012", region_name="us-east-1")
NODE = "arn:aws:ec2:us-east-1:123456789012:instance/i-1"


@pytest.fixture(name="sent")
def sent_fixture(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the events that were sent."""
    sent: list[Any] = []
    backend = SimpleNamespace(put_events=sent.extend)
    monkeypatch.setattr(events, "events_backends", {"123456789012": {"us-east-1": backend}})
    return sent


def test_a_command_tells_its_nodes_and_its_status(sent: list[Any]) -> None:
    run = SimpleNamespace(backend=BACKEND, command_id="c", document=SimpleNamespace(name="d"), parameters={"a": ["b"]})
    run.expires, run.requested, run.invocations = AT + timedelta(hours=1), AT, {"i-1": None}
    events.command(run, "InProgress")
    (event,) = sent
    assert (event["Source"], event["DetailType"]) == ("aws.ssm", "EC2 Command Status-change Notification")
    assert event["Resources"] == [NODE]
    assert json.loads(event["Detail"]) == {
        "command-id": "c",
        "document-name": "d",
        "expire-after": "2026-11-24T13:00:01.234Z",
        "parameters": {"a": ["b"]},
        "requested-date-time": "2026-11-24T12:00:01.234Z",
        "status": "InProgress",
    }


def test_a_command_tells_what_became_of_it_on_a_node(sent: list[Any]) -> None:
    run = SimpleNamespace(backend=BACKEND, command_id="c", document=SimpleNamespace(name="d"), requested=AT)
    events.invocation(run, SimpleNamespace(instance_id="i-1", status="TimedOut"))
    (event,) = sent
    assert event["DetailType"] == "EC2 Command Invocation Status-change Notification"
    assert event["Resources"] == [NODE]
    assert json.loads(event["Detail"]) == {
        "command-id": "c",
        "document-name": "d",
        "instance-id": "i-1",
        "requested-date-time": "2026-11-24T12:00:01.234Z",
        "status": "TimedOut",
    }


@pytest.mark.parametrize(
    ("status", "told"),
    [("Pending", "Pending"), ("InProgress", "Pending"), ("Cancelled", "Failed"), ("Failed", "Failed")],
)
def test_an_association_has_fewer_statuses_than_its_command(sent: list[Any], status: str, told: str) -> None:
    request = {"Name": "d", "Targets": [{"Key": "tag:a", "Values": ["b"]}], "AssociationName": "mine"}
    one = SimpleNamespace(backend=BACKEND, id="a", version=3, request=request)
    execution = SimpleNamespace(run=SimpleNamespace(requested=AT), counts={"Failed": 1})
    execution.outcome = lambda: ("Failed", "Failed")
    events.association(one, execution, status)
    (event,) = sent
    detail = json.loads(event["Detail"])
    assert event["DetailType"] == "EC2 State Manager Association State Change"
    assert event["Resources"] == ["arn:aws:ssm:us-east-1:123456789012:document/d"]
    assert (detail["status"], detail["association-version"], detail["association-name"]) == (told, "3", "mine")
    # Lists and maps are text inside the detail.
    assert json.loads(detail["targets"]) == [{"key": "tag:a", "values": ["b"]}]
    assert json.loads(detail["association-status-aggregated-count"]) == {"Failed": 1}
    assert "schedule-expression" not in detail


def test_an_automation_tells_how_long_it_took(sent: list[Any]) -> None:
    document = SimpleNamespace(name="d", document_version="2")
    one = SimpleNamespace(backend=BACKEND, id="x", document=document, status="Success", principal="me")
    one.started, one.ended = AT, AT + timedelta(seconds=2)
    events.automation(one)
    (event,) = sent
    detail = json.loads(event["Detail"])
    assert event["DetailType"] == "EC2 Automation Execution Status-change Notification"
    assert event["Resources"][1] == "arn:aws:ssm:us-east-1:123456789012:automation-definition/d:2"
    assert (detail["ExecutionId"], detail["Status"], detail["Time"]) == ("x", "Success", 2000)
    assert (detail["StartTime"], detail["DefinitionVersion"]) == ("Nov 24, 2026 12:00:01 PM", 2.0)


def test_what_becomes_of_an_event_is_no_matter_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "events_backends", {})
    document = SimpleNamespace(name="d", document_version="2")
    one = SimpleNamespace(backend=BACKEND, id="x", document=document, status="Success", principal="me")
    one.started = one.ended = AT
    events.automation(one)


def test_a_rule_hears_of_a_command(bus: Any) -> None:
    url, arn = bus.queue("heard", policy=False)
    pattern = {"source": ["aws.ssm"], "detail": {"status": ["Success"]}}
    bus.client.put_rule(Name="heard", EventPattern=json.dumps(pattern))
    bus.client.put_targets(Rule="heard", Targets=[{"Id": "queue", "Arn": arn}])
    node = bus.lab.node()
    sent = bus.lab.ssm.send_command(DocumentName=bus.lab.document("true"), InstanceIds=[node])["Command"]["CommandId"]
    assert bus.message(url)["body"]["detail"]["command-id"] == sent
