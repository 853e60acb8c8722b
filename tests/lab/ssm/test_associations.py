"""State Manager over HTTP: what an association keeps, and when it runs.

https://docs.aws.amazon.com/systems-manager/latest/userguide/state-manager-about.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateAssociation.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeAssociationExecutionTargets.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws.ssm import association_runs

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


def test_every_version_is_listed(lab: Any) -> None:
    lab.document("true", word=WORD)
    one = create(lab, AssociationName="mine", Parameters={"word": ["a"]})
    for word in ("b", "c"):
        lab.ssm.update_association(AssociationId=one, Targets=TARGETS, Parameters={"word": [word]})
    ask = lab.ssm.list_association_versions
    first = ask(AssociationId=one, MaxResults=2)
    rest = ask(AssociationId=one, MaxResults=2, NextToken=first["NextToken"])["AssociationVersions"]
    rows = first["AssociationVersions"] + rest
    assert [(row["AssociationVersion"], row["Parameters"]["word"]) for row in rows] == [
        ("1", ["a"]),
        ("2", ["b"]),
        ("3", ["c"]),
    ]
    assert "AssociationName" in rows[0] and "AssociationName" not in rows[1]
    assert rows[0]["CreatedDate"] <= rows[1]["CreatedDate"] <= rows[2]["CreatedDate"]
    missing = "00000000-0000-0000-0000-000000000000"
    assert code(ask, AssociationId=missing) == "AssociationDoesNotExist"


def test_a_batch_makes_what_it_can(lab: Any) -> None:
    lab.document("true")
    good = {"Name": "nodecache-test", "Targets": TARGETS, "AssociationName": "good"}
    answer = lab.ssm.create_association_batch(Entries=[good, {**good, "Name": "missing"}])
    assert [row["AssociationName"] for row in answer["Successful"]] == ["good"]
    failed = answer["Failed"][0]
    assert (failed["Entry"]["Name"], failed["Fault"]) == ("missing", "Client") and "InvalidDocument" in failed[
        "Message"
    ]
    assert len(lab.ssm.list_associations()["Associations"]) == 1


def test_what_it_keeps_it_gives_back(lab: Any) -> None:
    lab.document("true")
    lab.client("s3").create_bucket(Bucket="outputs")
    lab.calendar("calendar")
    kept = {
        "ScheduleExpression": "cron(0 2 ? * SUN#1 *)",
        "ApplyOnlyAtCronInterval": True,
        "ScheduleOffset": 2,
        "Duration": 3,
        "CalendarNames": ["calendar"],
        "AlarmConfiguration": {"IgnorePollAlarmFailure": True, "Alarms": [{"Name": "alarm"}]},
        "OutputLocation": {"S3Location": {"OutputS3BucketName": "outputs", "OutputS3KeyPrefix": "p"}},
        "ComplianceSeverity": "HIGH",
        "SyncCompliance": "MANUAL",
        "MaxConcurrency": "10%",
        "MaxErrors": "5",
    }
    found = describe(lab, create(lab, **kept))
    assert {key: found[key] for key in kept} == kept


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


def test_nodes_whose_turn_never_came_are_skipped(lab: Any) -> None:
    lab.document("exit 1")
    for _ in range(3):
        lab.node(team="a")
    one = create(lab, MaxConcurrency="1", MaxErrors="0")
    run = executions(lab, one, 1)[0]
    assert run["ResourceCountByStatus"] == "{Failed=1, Skipped=2}"
    overview = describe(lab, one)["Overview"]
    assert (overview["Status"], overview["AssociationStatusAggregatedCount"]) == ("Failed", {"Failed": 1, "Skipped": 2})
    ask = lab.ssm.describe_association_execution_targets
    wanted = [{"Key": "Status", "Value": "Skipped"}]
    rows = ask(AssociationId=one, ExecutionId=run["ExecutionId"], Filters=wanted)["AssociationExecutionTargets"]
    assert len(rows) == 2
    page = ask(AssociationId=one, ExecutionId=run["ExecutionId"], MaxResults=2)
    assert len(page["AssociationExecutionTargets"]) == 2 and page["NextToken"]
    missing = "00000000-0000-0000-0000-000000000000"
    assert code(ask, AssociationId=one, ExecutionId=missing) == "AssociationExecutionDoesNotExist"


def test_executions_are_filtered_by_time_and_status(lab: Any) -> None:
    lab.document("true")
    lab.node(team="a")
    one = create(lab)
    first = executions(lab, one, 1)[0]
    lab.ssm.start_associations_once(AssociationIds=[one])
    executions(lab, one, 2)
    ask = lab.ssm.describe_association_executions

    def count(key: str, value: str, kind: str = "EQUAL") -> int:
        found = ask(AssociationId=one, Filters=[{"Key": key, "Value": value, "Type": kind}])
        return len(found["AssociationExecutions"])

    made = first["CreatedTime"].isoformat()
    kinds = ("GREATER_THAN", "EQUAL", "LESS_THAN")
    assert [count("CreatedTime", made, kind) for kind in kinds] == [1, 1, 0]
    assert count("Status", "Success") == 2 and count("Status", "Failed") == 0
    assert count("ExecutionId", first["ExecutionId"]) == 1
    assert ask(AssociationId=one, MaxResults=1)["NextToken"]
    assert code(lab.ssm.start_associations_once, AssociationIds=[one, one]) == "InvalidAssociation"


def test_every_managed_node_and_groups_of_them(lab: Any) -> None:
    lab.document("true")
    nodes = {lab.node(team="a"), lab.node(team="b")}
    one = create(lab, Targets=[{"Key": "InstanceIds", "Values": ["*"]}])
    executions(lab, one, 1)
    assert {node for node, _ in lab.fleet.calls} == nodes
    query = '{"ResourceTypeFilters": ["AWS::EC2::Instance"], "TagFilters": [{"Key": "team", "Values": ["b"]}]}'
    lab.client("resource-groups").create_group(Name="nodes", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": query})
    group = create(lab, Targets=[{"Key": "resource-groups:Name", "Values": ["nodes"]}])
    run = executions(lab, group, 1)[0]
    assert run["ResourceCountByStatus"] == "{Success=1}"
    found = lab.ssm.list_associations(AssociationFilterList=[{"key": "ResourceGroupName", "value": "nodes"}])
    assert [row["AssociationId"] for row in found["Associations"]] == [group]
    nowhere = {"Targets": [{"Key": "resource-groups:Name", "Values": ["nowhere"]}]}
    assert code(lambda: create(lab, **nowhere)) == "InvalidTarget"


def test_output_of_an_association_in_s3(lab: Any) -> None:
    import json

    lab.document("echo out")
    s3, iam = lab.client("s3"), lab.client("iam")
    s3.create_bucket(Bucket="outputs")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trusting = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="node", AssumeRolePolicyDocument=trusting)
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="node", PolicyName="p", PolicyDocument=policy)
    iam.create_instance_profile(InstanceProfileName="node")
    iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="node")
    made = lab.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "node"})
    node = made["Instances"][0]["InstanceId"]
    lab.fleet.start(node)
    place = {"S3Location": {"OutputS3BucketName": "outputs", "OutputS3KeyPrefix": "p"}}
    one = create(lab, Targets=[{"Key": "InstanceIds", "Values": [node]}], OutputLocation=place)
    executions(lab, one, 1)
    key = s3.list_objects_v2(Bucket="outputs")["Contents"][0]["Key"]
    assert key.startswith(f"p/{node}/{one}/") and key.endswith("/awsrunShellScript/nodecache/stdout")
    gone = {"OutputLocation": {"S3Location": {"OutputS3BucketName": "nowhere"}}}
    assert code(lambda: create(lab, **gone)) == "InvalidOutputLocation"


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


def test_how_a_nodes_associations_stand(lab: Any) -> None:
    lab.document("true")
    lab.document("false", name="fails")
    node = lab.node(team="a")
    good, bad = create(lab, AssociationName="good"), create(lab, Name="fails")
    for one in (good, bad):
        executions(lab, one, 1)
    rows = lab.ssm.describe_instance_associations_status(InstanceId=node)["InstanceAssociationStatusInfos"]
    assert {row["AssociationId"]: row["Status"] for row in rows} == {good: "Success", bad: "Failed"}
    assert "1 success, 0 failed" in next(row for row in rows if row["AssociationId"] == good)["ExecutionSummary"]
    effective = lab.ssm.describe_effective_instance_associations(InstanceId=node)["Associations"]
    assert {row["AssociationId"] for row in effective} == {good, bad} and "mainSteps" in effective[0]["Content"]
    found = lab.ssm.describe_instance_information()["InstanceInformationList"][0]
    assert found["AssociationStatus"] == "Failed"
    counts = found["AssociationOverview"]["InstanceAssociationStatusAggregatedCount"]
    assert counts == {"Success": 1, "Failed": 1}
    missing = "i-0123456789abcdef0"
    assert code(lab.ssm.describe_instance_associations_status, InstanceId=missing) == "InvalidInstanceId"


def automation(lab: Any) -> None:
    import json

    step = {
        "name": "runDocument",
        "action": "aws:runCommand",
        "inputs": {"DocumentName": "nodecache-test", "InstanceIds": ["{{ node }}"]},
    }
    content = {"schemaVersion": "0.3", "parameters": {"node": {"type": "String"}}, "mainSteps": [step]}
    lab.ssm.create_document(Name="automation", DocumentType="Automation", Content=json.dumps(content))


def test_an_automation_document_runs_once_for_each_target(lab: Any) -> None:
    lab.document("true")
    nodes = {lab.node(team="a"), lab.node(team="a")}
    automation(lab)
    one = create(lab, Name="automation", AutomationTargetParameterName="node")
    run = executions(lab, one, 1)[0]
    assert run["ResourceCountByStatus"] == "{Success=2}" and {node for node, _ in lab.fleet.calls} == nodes
    ask = lab.ssm.describe_association_execution_targets
    rows = ask(AssociationId=one, ExecutionId=run["ExecutionId"])["AssociationExecutionTargets"]
    source = rows[0]["OutputSource"]
    assert source["OutputSourceType"] == "Automation"
    found = lab.ssm.get_automation_execution(AutomationExecutionId=source["OutputSourceId"])
    assert found["AutomationExecution"]["Parameters"] == {"node": [rows[0]["ResourceId"]]}
    # A node that joins does not start an Automation document.
    lab.node(team="a")
    assert len(executions(lab, one, 1)) == 1
    without = {"Name": "automation", "Parameters": {"node": ["i-0123456789abcdef0"]}}
    assert code(lambda: create(lab, **without)) == "InvalidTarget"


def test_more_that_create_refuses(lab: Any) -> None:
    lab.document("true")
    automation(lab)
    cron = {"ScheduleExpression": "cron(0 2 ? * * *)", "ApplyOnlyAtCronInterval": True}
    for change, expected in (
        ({"TargetMaps": [{"InstanceIds": ["x"]}]}, "InvalidTargetMaps"),
        ({"AutomationTargetParameterName": "node"}, "InvalidParameters"),
        ({"Name": "automation", "AutomationTargetParameterName": "odd"}, "InvalidParameters"),
        ({"InstanceId": "i-0123456789abcdef0"}, "InvalidParameters"),
        ({"Targets": [{"Key": "InstanceIds", "Values": ["*", "i-0123456789abcdef0"]}]}, "InvalidTarget"),
        ({"Targets": [{"Key": "tag:team", "Values": []}]}, "InvalidTarget"),
        ({"Targets": [{"Key": "tag:a+b", "Values": ["x"]}]}, "ValidationException"),
        ({"Targets": [{"Key": "tag:team", "Values": ["x"] * 51}]}, "ValidationException"),
        ({"ScheduleOffset": 2}, "InvalidSchedule"),
        ({"Duration": 2}, "InvalidSchedule"),
        ({**cron, "ScheduleOffset": 7}, "ValidationException"),
        ({**cron, "Duration": 25}, "ValidationException"),
        ({"ApplyOnlyAtCronInterval": True}, "InvalidSchedule"),
        ({"ScheduleExpression": "rate(30 minutes)", "ScheduleOffset": 1}, "InvalidSchedule"),
        ({"ScheduleExpression": "rate(29 minutes)"}, "InvalidSchedule"),
        ({"ScheduleExpression": "at(2026-13-01T00:00:00)"}, "InvalidSchedule"),
        ({"AlarmConfiguration": {"Alarms": [{"Name": "a"}, {"Name": "b"}]}}, "ValidationException"),
        ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "InvalidTag"),
        ({"MaxErrors": "101%"}, "ValidationException"),
    ):
        assert code(lambda change=change: create(lab, **change)) == expected, change
    assert lab.ssm.list_associations()["Associations"] == []
