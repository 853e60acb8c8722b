"""State Manager over HTTP: what an association keeps, and when it runs.

https://docs.aws.amazon.com/systems-manager/latest/userguide/state-manager-about.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateAssociation.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeAssociationExecutionTargets.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code
from tests.lab.ssm.with_associations import TARGETS, WORD, create, describe, executions


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


def test_an_update_resets_what_it_leaves_out_and_runs(lab: Any) -> None:
    lab.document("true", word=WORD)
    lab.node(team="a")
    one = create(
        lab, AssociationName="mine", Parameters={"word": ["yes"]}, ScheduleExpression="rate(1 hour)", MaxErrors="1"
    )
    executions(lab, one, 1)
    answer = lab.ssm.update_association(AssociationId=one, Targets=TARGETS)["AssociationDescription"]
    # Whatever it did before: https://docs.aws.amazon.com/cli/latest/reference/ssm/update-association.html
    assert answer["Overview"] == {"Status": "Pending", "DetailedStatus": "Creating"}
    found = describe(lab, one)
    assert found["AssociationVersion"] == "2"
    assert not {"AssociationName", "Parameters", "ScheduleExpression", "MaxErrors"} & set(found)
    assert executions(lab, one, 2)[0]["AssociationVersion"] == "2"
    stale = {"AssociationId": one, "AssociationVersion": "1"}
    assert code(lab.ssm.update_association, **stale) == "InvalidAssociationVersion"
    old = lab.ssm.describe_association(AssociationId=one, AssociationVersion="1")["AssociationDescription"]
    assert old["AssociationName"] == "mine"


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
