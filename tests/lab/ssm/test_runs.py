"""Run Command over HTTP: how a command ends, on a node and as a whole.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws import iam
from lab.aws.ssm import document_run

FINAL = ("Success", "Failed", "TimedOut", "Cancelled")
TAGGED = [{"Key": "tag:team", "Values": ["a"]}]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def send(lab: Any, **arguments: Any) -> str:
    return lab.ssm.send_command(**{"DocumentName": "nodecache-test", **arguments})["Command"]["CommandId"]


def command(lab: Any, command_id: str) -> dict[str, Any]:
    return lab.ssm.list_commands(CommandId=command_id)["Commands"][0]


def finished(lab: Any, command_id: str) -> tuple[str, str]:
    found = lab.until(lambda: command(lab, command_id)["Status"] in FINAL and command(lab, command_id))
    return found["Status"], found["StatusDetails"]


def rows(lab: Any, command_id: str) -> dict[str, Any]:
    def ask() -> Any:
        # None is listed for a moment.
        return lab.ssm.list_command_invocations(CommandId=command_id, Details=True)["CommandInvocations"]

    listed = lab.until(ask)
    return {row["InstanceId"]: row for row in listed}


def running(lab: Any, command_id: str, node: str) -> Callable[[], bool]:
    return lambda: rows(lab, command_id)[node]["Status"] == "InProgress" and (lab.fleet.root / node / "pid").exists()


def alive(pid: int) -> bool:
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and ") Z " not in path.read_text()


def details(lab: Any, command_id: str) -> list[str]:
    return sorted(row["StatusDetails"] for row in rows(lab, command_id).values())


def steps(lab: Any, *wanted: tuple[str, str, dict[str, str]], name: str = "nodecache-test") -> None:
    made = [
        {"action": "aws:runShellScript", "name": step, "inputs": {"runCommand": [line], **more}}
        for step, line, more in wanted
    ]
    content = json.dumps({"schemaVersion": "2.2", "mainSteps": made})
    lab.ssm.create_document(Name=name, DocumentType="Command", Content=content)


def run_of(lab: Any, command_id: str) -> Any:
    from moto.ssm.models import ssm_backends

    return next(run for run in ssm_backends["123456789012"]["us-east-1"]._commands if run.command_id == command_id)


def test_cancel_kills_a_running_script_and_all_it_started(lab: Any) -> None:
    lab.document("echo begun", "sleep 60 & echo $! > pid.new; mv pid.new pid; wait")
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    lab.until(running(lab, sent, node))
    child = int((lab.fleet.root / node / "pid").read_text())
    lab.ssm.cancel_command(CommandId=sent)
    assert command(lab, sent)["Status"] in ("Cancelling", "Cancelled")
    assert finished(lab, sent) == ("Cancelled", "Cancelled")
    lab.until(lambda: not alive(child))
    plugin = rows(lab, sent)[node]["CommandPlugins"][0]
    assert (plugin["Status"], plugin["ResponseCode"], plugin["Output"]) == ("Cancelled", 137, "begun\n")


def test_cancel_on_one_node_leaves_the_other(lab: Any) -> None:
    lab.document("echo $$ > pid.new; mv pid.new pid; while [ ! -e go ]; do sleep 0.05; done")
    one, other = lab.node(), lab.node()
    sent = send(lab, InstanceIds=[one, other])
    for node in (one, other):
        lab.until(running(lab, sent, node))
    assert code(lab.ssm.cancel_command, CommandId=sent, InstanceIds=["i-0123456789abcdef0"]) == "InvalidInstanceId"
    lab.ssm.cancel_command(CommandId=sent, InstanceIds=[one])
    lab.until(lambda: rows(lab, sent)[one]["Status"] == "Cancelled")
    (lab.fleet.root / other / "go").touch()
    assert finished(lab, sent) == ("Failed", "Incomplete")
    assert rows(lab, sent)[other]["Status"] == "Success"


def test_the_steps_after_a_cancelled_one_are_cancelled(lab: Any) -> None:
    steps(lab, ("first", "echo $$ > pid.new; mv pid.new pid; exec sleep 60", {}), ("second", "true", {}))
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    lab.until(running(lab, sent, node))
    lab.ssm.cancel_command(CommandId=sent)
    finished(lab, sent)
    assert [row["Status"] for row in rows(lab, sent)[node]["CommandPlugins"]] == ["Cancelled"] * 2
    assert len(lab.fleet.calls) == 1


def test_194_restarts_the_node_and_then_the_step(lab: Any) -> None:
    lab.document("test -e before || { echo one; touch before; exit 194; }", "echo two")
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    assert finished(lab, sent) == ("Success", "Success")
    assert lab.fleet.reboots == [node]
    assert rows(lab, sent)[node]["CommandPlugins"][0]["Output"] == "one\ntwo\n"


@pytest.mark.parametrize(
    ("line", "more", "status", "response", "second"),
    [
        ("exit 168", {}, "Success", 168, "Skipped"),
        ("exit 169", {}, "Failed", 169, "Skipped"),
        ("exit 1", {"onFailure": "exit"}, "Failed", 1, "Skipped"),
        ("exit 1", {"onFailure": "successAndExit"}, "Success", 168, "Skipped"),
        ("exit 1", {}, "Failed", 1, "Success"),
        ("true", {"onSuccess": "exit"}, "Success", 0, "Skipped"),
    ],
)
def test_a_step_may_end_the_document(
    lab: Any, line: str, more: dict[str, str], status: str, response: int, second: str
) -> None:
    steps(lab, ("first", line, more), ("second", "true", {}))
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    assert finished(lab, sent)[0] == status
    first, then = rows(lab, sent)[node]["CommandPlugins"]
    assert (first["Status"], first["ResponseCode"], then["StatusDetails"]) == (status, response, second)
    if response in (168, 169):
        found = lab.until(lambda: answer(lab, sent, node, "first"))
        assert f"Step exited with code {line[-3:]}." in found["StandardOutputContent"] or more


def answer(lab: Any, command_id: str, node: str, step: str) -> Any:
    try:
        return lab.ssm.get_command_invocation(CommandId=command_id, InstanceId=node, PluginName=step)
    except lab.ssm.exceptions.InvocationDoesNotExist:
        return None


def test_137_looks_like_a_timeout_to_the_agent(lab: Any) -> None:
    lab.document("exit 137")
    sent = send(lab, InstanceIds=[lab.node()])
    assert finished(lab, sent) == ("TimedOut", "ExecutionTimedOut")


def test_what_the_agent_cannot_run_fails_and_the_rest_goes_on(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"action": "aws:odd", "name": "oddPlugin", "inputs": {}}
    good = {"action": "aws:runShellScript", "name": "goodPlugin", "inputs": {"runCommand": ["true"]}}
    unsure = {**good, "name": "unsure", "precondition": {"StringLike": ["platformType", "Linux"]}}
    content = json.dumps({"schemaVersion": "2.2", "mainSteps": [odd, unsure, good]})
    with monkeypatch.context() as newer:
        # What AWS has and this agent has not yet.
        newer.setattr(document_run, "PLUGINS", (*document_run.PLUGINS, "aws:odd"))
        lab.ssm.create_document(Name="nodecache-test", DocumentType="Command", Content=content)
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    assert finished(lab, sent)[0] == "Failed"
    plugins = rows(lab, sent)[node]["CommandPlugins"]
    assert [row["Status"] for row in plugins] == ["Failed", "Failed", "Success"]
    assert "not supported by this version" in plugins[0]["Output"] and "StringLike" in plugins[1]["Output"]


def test_outputs_of_get_command_invocation_are_cut(lab: Any) -> None:
    lab.document("head -c 30000 /dev/zero | tr '\\0' o", "head -c 30000 /dev/zero | tr '\\0' e >&2")
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    finished(lab, sent)
    found = lab.until(lambda: answer(lab, sent, node, "nodecache"))
    assert found["StandardOutputContent"] == "o" * 23980 + "--output truncated--"
    assert found["StandardErrorContent"] == "e" * 7980 + "--output truncated--"
    listed = rows(lab, sent)[node]["CommandPlugins"][0]["Output"]
    assert len(listed) <= 2500 and listed.endswith("e\n---Error truncated----")


def grant(lab: Any, role: str, *statements: dict[str, Any], profile: bool = False) -> str:
    client = lab.client("iam")
    arn = client.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    client.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy)
    if profile:
        client.create_instance_profile(InstanceProfileName=role)
        client.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
    return arn


def test_output_goes_to_s3_with_the_nodes_role(lab: Any) -> None:
    lab.document("echo out", "echo err >&2")
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="outputs")
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::outputs/*"}
    grant(lab, "node-role", allowed, profile=True)
    made = lab.ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "node-role"}
    )
    node, poor = made["Instances"][0]["InstanceId"], lab.node()
    lab.fleet.start(node)
    sent = send(lab, InstanceIds=[node, poor], OutputS3BucketName="outputs", OutputS3KeyPrefix="logs")
    assert finished(lab, sent) == ("Success", "Success")
    place = f"logs/{sent}/{node}/awsrunShellScript/nodecache"
    keys = [row["Key"] for row in s3.list_objects_v2(Bucket="outputs")["Contents"]]
    assert keys == [f"{place}/stderr", f"{place}/stdout"]
    assert s3.get_object(Bucket="outputs", Key=f"{place}/stdout")["Body"].read() == b"out\n"
    plugin = rows(lab, sent)[node]["CommandPlugins"][0]
    assert plugin["StandardOutputUrl"] == f"https://s3.us-east-1.amazonaws.com/outputs/{place}/stdout"
    refused = {"DocumentName": "nodecache-test", "InstanceIds": [node], "OutputS3BucketName": "nowhere"}
    assert code(lab.ssm.send_command, **refused) == "InvalidOutputFolder"


def test_output_goes_to_cloudwatch_with_the_nodes_role(lab: Any) -> None:
    lab.document("echo out", "echo more", "echo err >&2")
    allowed = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    grant(lab, "node-role", allowed, profile=True)
    made = lab.ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "node-role"}
    )
    node, poor = made["Instances"][0]["InstanceId"], lab.node()
    lab.fleet.start(node)
    sent = send(lab, InstanceIds=[node, poor], CloudWatchOutputConfig={"CloudWatchOutputEnabled": True})
    assert finished(lab, sent) == ("Success", "Success")
    group, logs = "/aws/ssm/nodecache-test", lab.client("logs")
    streams = [row["logStreamName"] for row in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    assert sorted(streams) == [f"{sent}/{node}/nodecache/stderr", f"{sent}/{node}/nodecache/stdout"]
    events = logs.get_log_events(logGroupName=group, logStreamName=f"{sent}/{node}/nodecache/stdout")["events"]
    assert [event["message"] for event in events] == ["out", "more"]


def test_a_node_that_stays_away_and_one_that_ends(lab: Any) -> None:
    lab.document("true")
    away, gone, good = lab.node(online=False), lab.node(online=False), lab.node()
    sent = send(lab, InstanceIds=[away, gone, good])
    lab.until(lambda: rows(lab, sent)[good]["Status"] == "Success")
    assert command(lab, sent)["Status"] == "InProgress"
    lab.ec2.terminate_instances(InstanceIds=[gone])
    lab.until(lambda: rows(lab, sent)[gone]["StatusDetails"] == "Undeliverable")
    run_of(lab, sent).expires = datetime.now(UTC) - timedelta(seconds=1)
    # What never reached its node counts as no error, and one success makes the whole a success.
    assert finished(lab, sent) == ("Success", "Success")
    assert details(lab, sent) == ["DeliveryTimedOut", "Success", "Undeliverable"]
    found = command(lab, sent)
    assert (found["DeliveryTimedOutCount"], found["ErrorCount"], found["CompletedCount"]) == (1, 0, 3)
    alone = send(lab, InstanceIds=[away])
    run_of(lab, alone).expires = datetime.now(UTC) - timedelta(seconds=1)
    assert finished(lab, alone) == ("TimedOut", "DeliveryTimedOut")


def test_a_silent_node_with_the_tag_is_waited_for(lab: Any) -> None:
    lab.document("true")
    node = lab.node(online=False, team="a")
    sent = send(lab, Targets=TAGGED)
    assert rows(lab, sent)[node]["Status"] == "Pending"
    lab.fleet.start(node)
    assert finished(lab, sent) == ("Success", "Success")


def test_rate_control_is_50_nodes_and_no_error_when_nothing_is_said(lab: Any) -> None:
    lab.document("test -e good")
    nodes = [lab.node() for _ in range(3)]
    for node in nodes[:2]:
        (lab.fleet.root / node).mkdir()
        (lab.fleet.root / node / "good").touch()
    sent = send(lab, InstanceIds=nodes)
    found = command(lab, sent)
    assert (found["MaxConcurrency"], found["MaxErrors"]) == ("50", "0")
    assert finished(lab, sent) == ("Failed", "Failed")
    tolerant = send(lab, InstanceIds=nodes, MaxErrors="50%")
    assert finished(lab, tolerant) == ("Failed", "Incomplete")


def test_a_resource_group_is_a_target(lab: Any) -> None:
    lab.document("true")
    mine = lab.node(team="a", stage="x")
    lab.node(team="a")
    filters = [{"Key": "team", "Values": ["a", "b"]}, {"Key": "stage", "Values": []}]
    query = json.dumps({"ResourceTypeFilters": ["AWS::EC2::Instance"], "TagFilters": filters})
    lab.client("resource-groups").create_group(Name="nodes", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": query})
    sent = send(lab, Targets=[{"Key": "resource-groups:Name", "Values": ["nodes"]}])
    finished(lab, sent)
    assert set(rows(lab, sent)) == {mine}
    nowhere = send(lab, Targets=[{"Key": "resource-groups:Name", "Values": ["nowhere"]}])
    assert finished(lab, nowhere) == ("Success", "NoInstancesInTag")


def test_a_document_for_another_platform(lab: Any) -> None:
    step = {"action": "aws:domainJoin", "name": "join", "inputs": {"directoryId": "d"}}
    content = json.dumps({"schemaVersion": "2.2", "mainSteps": [step]})
    lab.ssm.create_document(Name="nodecache-test", DocumentType="Command", Content=content)
    node = lab.node(team="a")
    by_id = {"DocumentName": "nodecache-test", "InstanceIds": [node]}
    assert code(lab.ssm.send_command, **by_id) == "UnsupportedPlatformType"
    sent = send(lab, Targets=TAGGED)
    assert finished(lab, sent)[0] == "Failed" and details(lab, sent) == ["InvalidPlatform"]


def test_what_the_callers_policy_does_not_allow(lab: Any) -> None:
    lab.document("true")
    lab.document("true", name="other")
    mine, foreign = lab.node(team="a", owner="me"), lab.node(team="a")
    role = grant(
        lab,
        "sender",
        {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "arn:aws:ssm:*:*:document/nodecache-test"},
        {
            "Effect": "Allow",
            "Action": "ssm:SendCommand",
            "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {"StringEquals": {"ssm:resourceTag/owner": "me"}},
        },
    )
    iam.register("ASIASENDEREXAMPLE000", role)
    sender = lab.client("ssm", "ASIASENDEREXAMPLE000")
    send_as = sender.send_command
    by_id = {"DocumentName": "nodecache-test", "InstanceIds": [mine]}
    assert code(send_as, DocumentName="other", InstanceIds=[mine]) == "AccessDeniedException"
    assert code(send_as, **{**by_id, "InstanceIds": [foreign]}) == "AccessDeniedException"
    assert finished(lab, send_as(**by_id)["Command"]["CommandId"]) == ("Success", "Success")
    sent = send_as(DocumentName="nodecache-test", Targets=TAGGED)["Command"]["CommandId"]
    # A tag's nodes are looked at one by one: what is forbidden is that node's answer, and no error.
    assert finished(lab, sent) == ("Success", "Success")
    assert {key: row["StatusDetails"] for key, row in rows(lab, sent).items()} == {
        mine: "Success",
        foreign: "AccessDenied",
    }


def test_more_that_send_refuses(lab: Any) -> None:
    lab.document("true")
    node = lab.node()
    content = lab.ssm.get_document(Name="nodecache-test")["Content"]
    good = {"DocumentName": "nodecache-test", "InstanceIds": [node]}
    from lab.aws.ssm.document_run import digest

    lab.ssm.send_command(**good, DocumentHash=digest(content, "Sha1"), DocumentHashType="Sha1")
    topic = "arn:aws:sns:us-east-1:123456789012:topic"
    for change, expected in (
        ({"DocumentHash": "0" * 64, "DocumentHashType": "Sha256"}, "InvalidDocument"),
        ({"NotificationConfig": {"NotificationArn": "topic"}}, "InvalidNotificationConfig"),
        ({"NotificationConfig": {"NotificationArn": topic}}, "InvalidRole"),
        ({"InstanceIds": [], "Targets": [{"Key": "InstanceIds", "Values": ["*"]}]}, "ValidationException"),
        ({"InstanceIds": [], "Targets": [{"Key": "tag:team"}]}, "ValidationException"),
        ({"InstanceIds": [], "Targets": [{"Key": "name", "Values": ["x"]}]}, "ValidationException"),
        ({"Targets": TAGGED}, "ValidationException"),
    ):
        assert code(lab.ssm.send_command, **{**good, **change}) == expected, change


def test_status_filters(lab: Any) -> None:
    lab.document("exit 1")
    node = lab.node()
    sent = send(lab, InstanceIds=[node], MaxErrors="1")
    assert finished(lab, sent) == ("Failed", "Incomplete")

    def listed(call: Any, key: str, value: str) -> int:
        answer = call(Filters=[{"key": key, "value": value}])
        return len(answer.get("Commands") or answer.get("CommandInvocations") or [])

    commands, invocations = lab.ssm.list_commands, lab.ssm.list_command_invocations
    assert listed(commands, "Status", "Incomplete") == listed(commands, "Status", "Failed") == 1
    assert listed(invocations, "Status", "Failed") == 1 and listed(invocations, "Status", "Success") == 0
    assert listed(commands, "ExecutionStage", "Executing") == 0
    stage = [{"key": "ExecutionStage", "value": "Complete"}]
    assert code(invocations, Filters=stage) == "InvalidFilterKey"
    assert code(commands, Filters=[{"key": "Status", "value": "Odd"}]) == "ValidationException"
    assert code(commands, InstanceId="i-0123456789abcdef0") == "InvalidInstanceId"
