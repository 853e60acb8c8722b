"""State Manager over HTTP: what an association keeps, and when it runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws import ssm_association_runs

TARGETS = [{"Key": "tag:team", "Values": ["a"]}]
WORD = {"type": "String", "default": "hi", "allowedPattern": "^[a-z]+$"}


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def create(lab: Any, **arguments: Any) -> str:
    wanted = {"Name": "nodecache-test", "Targets": TARGETS, **arguments}
    return lab.ssm.create_association(**wanted)["AssociationDescription"]["AssociationId"]


def describe(lab: Any, association_id: str) -> dict[str, Any]:
    return lab.ssm.describe_association(AssociationId=association_id)["AssociationDescription"]


def executions(lab: Any, association_id: str, number: int) -> list[dict[str, Any]]:
    def ask() -> Any:
        rows = lab.ssm.describe_association_executions(AssociationId=association_id)["AssociationExecutions"]
        return rows if len(rows) >= number and all(row["Status"] != "Pending" for row in rows) else None

    return lab.until(ask)


def test_it_runs_when_it_is_made(lab: Any) -> None:
    lab.document("echo {{ word }}", word=WORD)
    node, _other = lab.node(team="a"), lab.node(team="b")
    one = create(lab, Parameters={"word": ["yes"]}, AssociationName="mine")
    run = executions(lab, one, 1)[0]
    assert (run["Status"], run["ResourceCountByStatus"], run["AssociationVersion"]) == ("Success", "{Success=1}", "1")
    targets = lab.ssm.describe_association_execution_targets(AssociationId=one, ExecutionId=run["ExecutionId"])
    row = targets["AssociationExecutionTargets"][0]
    assert (row["ResourceId"], row["Status"]) == (node, "Success")
    command = row["OutputSource"]["OutputSourceId"]

    def output() -> Any:
        try:
            return lab.ssm.get_command_invocation(CommandId=command, InstanceId=node)["StandardOutputContent"]
        except lab.ssm.exceptions.InvocationDoesNotExist:
            return None

    assert lab.until(output) == "yes\n"
    assert lab.ssm.list_commands()["Commands"] == []
    found = describe(lab, one)
    assert found["Overview"]["AssociationStatusAggregatedCount"] == {"Success": 1}
    assert (found["DocumentVersion"], found["AssociationVersion"]) == ("$DEFAULT", "1")
    assert found["LastSuccessfulExecutionDate"]


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


def test_an_update_resets_what_it_leaves_out_and_runs(lab: Any) -> None:
    lab.document("true", word=WORD)
    lab.node(team="a")
    one = create(
        lab, AssociationName="mine", Parameters={"word": ["yes"]}, ScheduleExpression="rate(1 hour)", MaxErrors="1"
    )
    executions(lab, one, 1)
    lab.ssm.update_association(AssociationId=one, Targets=TARGETS)
    found = describe(lab, one)
    assert found["AssociationVersion"] == "2"
    assert not {"AssociationName", "Parameters", "ScheduleExpression", "MaxErrors"} & set(found)
    assert executions(lab, one, 2)[0]["AssociationVersion"] == "2"
    stale = {"AssociationId": one, "AssociationVersion": "1"}
    assert code(lab.ssm.update_association, **stale) == "InvalidAssociationVersion"
    old = lab.ssm.describe_association(AssociationId=one, AssociationVersion="1")["AssociationDescription"]
    assert old["AssociationName"] == "mine"


def test_it_runs_on_its_schedule(lab: Any) -> None:
    lab.document("true")
    lab.node(team="a")
    one = create(lab, ScheduleExpression="cron(0 2 ? * * *)", ApplyOnlyAtCronInterval=True)
    assert lab.fleet.calls == []
    ssm_association_runs.tick(datetime.now(UTC) + timedelta(days=1))
    executions(lab, one, 1)
    ssm_association_runs.tick(datetime.now(UTC))
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


def test_a_failing_node_shows(lab: Any) -> None:
    lab.document("exit 1")
    lab.node(team="a")
    lab.node(team="a")
    one = create(lab, MaxConcurrency="1", MaxErrors="0")
    run = executions(lab, one, 1)[0]
    assert (run["Status"], len(lab.fleet.calls)) == ("Failed", 1)
    assert describe(lab, one)["Overview"]["Status"] == "Failed"


def test_listing_filters_and_pages(lab: Any) -> None:
    lab.document("true")
    names = [f"name-{number}" for number in range(3)]
    ids = [create(lab, AssociationName=name, MaxErrors="1") for name in names]
    assert (
        code(lab.ssm.list_associations, AssociationFilterList=[{"key": "Wrong", "value": "x"}]) == "ValidationException"
    )

    def listed(key: str, value: str) -> list[str]:
        rows = lab.ssm.list_associations(AssociationFilterList=[{"key": key, "value": value}])["Associations"]
        return [row["AssociationId"] for row in rows]

    assert listed("AssociationName", "name-1") == [ids[1]]
    assert listed("Name", "nodecache-test") == ids and listed("AssociationId", ids[2]) == [ids[2]]
    first = lab.ssm.list_associations(MaxResults=2)
    assert len(first["Associations"]) == 2 and "MaxErrors" not in first["Associations"][0]
    assert len(lab.ssm.list_associations(MaxResults=2, NextToken=first["NextToken"])["Associations"]) == 1


def test_tags(lab: Any) -> None:
    lab.document("true")
    one = create(lab, Tags=[{"Key": "a", "Value": "1"}])
    at = {"ResourceType": "Association", "ResourceId": one}
    lab.ssm.add_tags_to_resource(Tags=[{"Key": "b", "Value": "2"}], **at)
    lab.ssm.remove_tags_from_resource(TagKeys=["a"], **at)
    assert lab.ssm.list_tags_for_resource(**at)["TagList"] == [{"Key": "b", "Value": "2"}]
    lab.ssm.delete_association(AssociationId=one)
    assert code(lab.ssm.list_tags_for_resource, **at) == "InvalidResourceId"
    assert code(lab.ssm.delete_association, AssociationId=one) == "AssociationDoesNotExist"


def test_deleting_a_document_deletes_its_associations(lab: Any) -> None:
    lab.document("true")
    one = create(lab)
    lab.ssm.delete_document(Name="nodecache-test")
    assert code(lab.ssm.describe_association, AssociationId=one) == "AssociationDoesNotExist"


def test_what_create_refuses(lab: Any) -> None:
    lab.document("true", word=WORD)
    for change, expected in (
        ({"Name": "missing"}, "InvalidDocument"),
        ({"DocumentVersion": "4"}, "InvalidDocumentVersion"),
        ({"Parameters": {"word": ["NO"]}}, "InvalidParameters"),
        ({"Parameters": {"odd": ["x"]}}, "InvalidParameters"),
        ({"Targets": [{"Key": "name", "Values": ["x"]}]}, "InvalidTarget"),
        ({"ScheduleExpression": "rate(1 minute)"}, "InvalidSchedule"),
        ({"ScheduleExpression": "rate(1 hour)", "ApplyOnlyAtCronInterval": True}, "InvalidSchedule"),
        ({"MaxConcurrency": "0"}, "ValidationException"),
        ({"Targets": TARGETS * 6}, "ValidationException"),
        ({"ComplianceSeverity": "AWFUL"}, "ValidationException"),
    ):
        assert code(lambda change=change: create(lab, **change)) == expected, change
    assert lab.ssm.list_associations()["Associations"] == []
