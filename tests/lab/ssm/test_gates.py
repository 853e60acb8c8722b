"""What keeps associations and commands from running.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html (CalendarNames) and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AlarmConfiguration.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

TAGGED = [{"Key": "tag:role", "Values": ["node"]}]


def executions(lab: Any, one: str) -> list[Any]:
    return list(lab.ssm.describe_association_executions(AssociationId=one)["AssociationExecutions"])


def create(lab: Any, **more: Any) -> str:
    made = lab.ssm.create_association(Name=lab.document("true"), Targets=TAGGED, **more)
    return str(made["AssociationDescription"]["AssociationId"])


def test_an_association_waits_for_its_calendar(lab: Any) -> None:
    from lab.aws.ssm import association_runs

    lab.node(role="node")
    lab.calendar("changes", "DEFAULT_CLOSED")
    one = create(lab, CalendarNames=["changes"], ScheduleExpression="rate(1 day)")
    lab.ssm.start_associations_once(AssociationIds=[one])
    assert executions(lab, one) == []
    text = lab.ssm.get_document(Name="changes", DocumentFormat="TEXT")["Content"].replace("CLOSED", "OPEN")
    lab.ssm.update_document(Name="changes", Content=text, DocumentFormat="TEXT", DocumentVersion="$LATEST")
    lab.ssm.update_document_default_version(Name="changes", DocumentVersion="2")
    assert executions(lab, one) == []
    association_runs.tick(datetime.now(UTC) + timedelta(days=1, minutes=1))
    lab.until(lambda: [row["Status"] for row in executions(lab, one)] == ["Success"])


def alarm(lab: Any, name: str, state: str) -> dict[str, Any]:
    cloudwatch = lab.client("cloudwatch")
    how = {"MetricName": "m", "Namespace": "n", "Statistic": "Sum", "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(AlarmName=name, Period=60, EvaluationPeriods=1, Threshold=1, **how)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")
    return {"Alarms": [{"Name": name}]}


@pytest.mark.parametrize(("state", "runs"), [("ALARM", 0), ("OK", 1), ("INSUFFICIENT_DATA", 1)])
def test_an_association_does_not_run_while_its_alarm_is_on(lab: Any, state: str, runs: int) -> None:
    lab.node(role="node")
    one = create(lab, AlarmConfiguration=alarm(lab, "stop", state))
    assert len(executions(lab, one)) == runs


@pytest.mark.parametrize(("ignored", "runs"), [(True, 1), (False, 0)])
def test_an_alarm_that_cannot_be_read_stops_unless_that_is_ignored(lab: Any, ignored: bool, runs: int) -> None:
    lab.node(role="node")
    one = create(lab, AlarmConfiguration={"Alarms": [{"Name": "gone"}], "IgnorePollAlarmFailure": ignored})
    assert len(executions(lab, one)) == runs


def test_an_alarm_ends_a_command(lab: Any) -> None:
    nodes = [lab.node(role="node") for _ in range(2)]
    configuration = alarm(lab, "stop", "OK")
    name = lab.document(f"while [ ! -e {lab.fleet.root}/go ]; do sleep 0.05; done")
    more = {"MaxConcurrency": "1", "AlarmConfiguration": configuration}
    sent = lab.ssm.send_command(DocumentName=name, InstanceIds=nodes, **more)["Command"]["CommandId"]
    lab.until(lambda: lab.fleet.most)
    alarm(lab, "stop", "ALARM")
    (lab.fleet.root / "go").touch()
    found = lab.until(
        lambda: [row for row in lab.ssm.list_commands(CommandId=sent)["Commands"] if row["Status"] == "Cancelled"]
    )[0]
    assert found["TriggeredAlarms"] == [{"Name": "stop", "State": "ALARM"}]
    assert len(lab.fleet.calls) == 1
