"""When associations run.

https://docs.aws.amazon.com/systems-manager/latest/userguide/state-manager-about.html (when a schedule, a target or a
document makes one run),
https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html (offsets) and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html (Duration)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lab.aws.ssm import association_runs
from tests.lab.ssm.with_associations import TARGETS, WORD, create, describe, executions


def test_a_node_that_joins_runs_it_once(lab: Any) -> None:
    lab.document("true")
    one = create(lab)
    assert describe(lab, one)["Overview"]["Status"] == "Pending"
    node = lab.node(team="a")
    executions(lab, one, 1)
    lab.fleet.start(node)
    lab.node(team="b")
    assert [call[0] for call in lab.fleet.calls] == [node]


def test_a_node_that_missed_a_run_catches_up(lab: Any) -> None:
    lab.document("true")
    one, node = create(lab), lab.node(team="a")
    executions(lab, one, 1)
    lab.fleet.up[node] = False
    lab.ssm.update_association(AssociationId=one, Name="nodecache-test", Targets=TARGETS)
    lab.fleet.start(node)
    executions(lab, one, 2)
    assert len(lab.fleet.calls) == 2


def test_it_runs_on_its_schedule(lab: Any) -> None:
    lab.document("true")
    lab.node(team="a")
    one = create(lab, ScheduleExpression="cron(0 2 ? * * *)", ApplyOnlyAtCronInterval=True)
    assert lab.fleet.calls == []
    association_runs.tick(datetime.now(UTC) + timedelta(days=1))
    executions(lab, one, 1)
    association_runs.tick(datetime.now(UTC))
    assert len(lab.fleet.calls) == 1
    lab.ssm.start_associations_once(AssociationIds=[one])
    executions(lab, one, 2)


def test_it_follows_the_documents_default_version(lab: Any) -> None:
    lab.document("echo one")
    lab.node(team="a")
    default, latest = create(lab), create(lab, DocumentVersion="$LATEST")
    pinned = create(lab, DocumentVersion="1")
    for one in (default, latest, pinned):
        executions(lab, one, 1)
    lab.ssm.update_document(Name="nodecache-test", Content=lab.content("echo two"), DocumentVersion="$LATEST")
    executions(lab, latest, 2)
    assert len(executions(lab, default, 1)) == 1
    lab.ssm.update_document_default_version(Name="nodecache-test", DocumentVersion="2")
    executions(lab, default, 2)
    assert len(executions(lab, pinned, 1)) == 1
    assert [script for _, script in lab.fleet.calls].count("echo two\n") == 2


def test_a_new_default_with_other_parameters_fails_the_association(lab: Any) -> None:
    lab.document("true", word=WORD)
    lab.node(team="a")
    one = create(lab, Parameters={"word": ["yes"]})
    executions(lab, one, 1)
    lab.ssm.update_document(Name="nodecache-test", Content=lab.content("false"), DocumentVersion="$LATEST")
    lab.ssm.update_document_default_version(Name="nodecache-test", DocumentVersion="2")
    assert describe(lab, one)["Overview"] == {"Status": "Failed", "DetailedStatus": "InvalidParameters"}


def test_one_association_at_a_time_on_a_node(lab: Any) -> None:
    lab.document("sleep 0.2")
    lab.node(team="a")
    for one in [create(lab), create(lab), create(lab)]:
        executions(lab, one, 1)
    assert (lab.fleet.most, len(lab.fleet.calls)) == (1, 3)


def test_an_offset_moves_the_schedule_by_days(lab: Any) -> None:
    lab.document("true")
    one = create(lab, ScheduleExpression="cron(0 2 ? * SUN#1 *)", ApplyOnlyAtCronInterval=True, ScheduleOffset=2)
    from moto.ssm.models import ssm_backends

    from lab.aws.ssm.association_runs import associations

    kept = associations(ssm_backends["123456789012"]["us-east-1"])[one]
    # The first Sunday of December 2026 is the 6th; the offset counts from there, also when that day has passed.
    kept.plan(datetime(2026, 11, 24, tzinfo=UTC))
    assert kept.due == datetime(2026, 12, 8, 2, 0, tzinfo=UTC)
    kept.plan(datetime(2026, 12, 7, tzinfo=UTC))
    assert kept.due == datetime(2026, 12, 8, 2, 0, tzinfo=UTC)
    kept.plan(datetime(2026, 12, 8, 2, 0, tzinfo=UTC))
    assert kept.due == datetime(2027, 1, 5, 2, 0, tzinfo=UTC)


def test_at_runs_once(lab: Any) -> None:
    lab.document("true")
    lab.node(team="a")
    soon = datetime.now(UTC) + timedelta(hours=1)
    one = create(lab, ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})", ApplyOnlyAtCronInterval=True)
    assert lab.fleet.calls == []
    association_runs.tick(soon)
    executions(lab, one, 1)
    association_runs.tick(soon + timedelta(days=400))
    assert len(lab.fleet.calls) == 1


def test_a_run_that_lasts_longer_than_its_duration_is_cancelled(lab: Any) -> None:
    lab.document("exec sleep 60")
    node = lab.node(team="a")
    cron = {"ScheduleExpression": "cron(0 2 ? * * *)", "ApplyOnlyAtCronInterval": True, "Duration": 1}
    one = create(lab, **cron)
    lab.ssm.start_associations_once(AssociationIds=[one])
    lab.until(lambda: [call[0] for call in lab.fleet.calls] == [node])
    association_runs.tick(datetime.now(UTC) + timedelta(minutes=59))
    listed = lab.ssm.describe_association_executions(AssociationId=one)["AssociationExecutions"]
    assert listed[0]["Status"] == "Pending"
    association_runs.tick(datetime.now(UTC) + timedelta(minutes=61))
    run = next(row for row in executions(lab, one, 1) if row["ExecutionId"] == listed[0]["ExecutionId"])
    assert run["Status"] == "Failed"


def test_it_follows_parameter_store(lab: Any) -> None:
    lab.document("echo {{ word }}", word=WORD)
    lab.node(team="a")
    put = lab.ssm.put_parameter
    put(Name="word", Value="one", Type="String")
    one = create(lab, Parameters={"word": ["{{ssm:word}}"]})
    executions(lab, one, 1)
    put(Name="word", Value="two", Type="String", Overwrite=True)
    executions(lab, one, 2)
    put(Name="word", Value="NO", Type="String", Overwrite=True)
    # The node's agent looks at the value against allowedPattern again.
    assert executions(lab, one, 3)[0]["Status"] == "Failed"
    assert sorted(script for _, script in lab.fleet.calls) == ["echo one\n", "echo two\n"]
