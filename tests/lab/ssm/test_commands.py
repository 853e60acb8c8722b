"""Run Command over HTTP, on nodes that are temporary directories.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/send-commands-multiple.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

FINAL = ("Success", "Failed", "TimedOut", "Cancelled")


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def send(lab: Any, **arguments: Any) -> str:
    return lab.ssm.send_command(**{"DocumentName": "nodecache-test", **arguments})["Command"]["CommandId"]


def finished(lab: Any, command_id: str) -> dict[str, Any]:
    def ask() -> Any:
        command = lab.ssm.list_commands(CommandId=command_id)["Commands"][0]
        return command if command["Status"] in FINAL else None

    return lab.until(ask)


def invocations(lab: Any, command_id: str) -> dict[str, Any]:
    def ask() -> Any:
        # None is listed for a moment.
        return lab.ssm.list_command_invocations(CommandId=command_id, Details=True)["CommandInvocations"]

    listed = lab.until(ask)
    return {row["InstanceId"]: row for row in listed}


def test_a_command_by_instance_id(lab: Any) -> None:
    lab.document(
        "#!/bin/bash", "echo {{ word }} $AWS_SSM_INSTANCE_ID $SSM_COMMAND_ID", word={"type": "String", "default": "hi"}
    )
    node = lab.node()
    answer = lab.ssm.send_command(DocumentName="nodecache-test", InstanceIds=[node])["Command"]
    assert (answer["Status"], answer["TargetCount"]) == ("Pending", 0)
    command = answer["CommandId"]
    done = finished(lab, command)
    assert (done["Status"], done["TargetCount"], done["CompletedCount"], done["ErrorCount"]) == ("Success", 1, 1, 0)

    def ask() -> Any:
        try:
            return lab.ssm.get_command_invocation(CommandId=command, InstanceId=node, PluginName="nodecache")
        except lab.ssm.exceptions.InvocationDoesNotExist:
            return None

    found = lab.until(ask)
    assert (found["Status"], found["ResponseCode"], found["PluginName"]) == ("Success", 0, "nodecache")
    assert found["StandardOutputContent"] == f"hi {node} {command}\n"
    plugin = invocations(lab, command)[node]["CommandPlugins"][0]
    assert (plugin["Name"], plugin["ResponseCode"], plugin["Output"]) == ("nodecache", 0, f"hi {node} {command}\n")
    wrong = {"CommandId": command, "InstanceId": node, "PluginName": "aws:runShellScript"}
    assert code(lab.ssm.get_command_invocation, **wrong) == "InvalidPluginName"


def test_the_invocation_is_not_there_at_once(lab: Any) -> None:
    lab.document("sleep 1")
    node = lab.node()
    command = send(lab, InstanceIds=[node])
    assert code(lab.ssm.get_command_invocation, CommandId=command, InstanceId=node) == "InvocationDoesNotExist"
    # Nor is it listed: https://github.com/aws/aws-cli/issues/3546
    assert lab.ssm.list_command_invocations(CommandId=command)["CommandInvocations"] == []
    lab.until(lambda: lab.ssm.list_command_invocations(CommandId=command)["CommandInvocations"])
    assert lab.ssm.get_command_invocation(CommandId=command, InstanceId=node)["Status"] == "InProgress"


def test_targets_are_running_nodes_with_the_tag(lab: Any) -> None:
    lab.document("echo $0")
    mine, other, stopped = lab.node(team="a"), lab.node(team="b"), lab.node(team="a")
    lab.ec2.terminate_instances(InstanceIds=[stopped])
    command = send(lab, Targets=[{"Key": "tag:team", "Values": ["a", "z"]}])
    finished(lab, command)
    assert set(invocations(lab, command)) == {mine}
    both = send(lab, Targets=[{"Key": "tag:team", "Values": ["a", "b"]}])
    finished(lab, both)
    assert set(invocations(lab, both)) == {mine, other}


def test_no_node_has_the_tag(lab: Any) -> None:
    lab.document("true")
    done = finished(lab, send(lab, Targets=[{"Key": "tag:team", "Values": ["nobody"]}]))
    assert (done["StatusDetails"], done["TargetCount"]) == ("NoInstancesInTag", 0)


def test_a_failing_script(lab: Any) -> None:
    lab.document("echo out", "echo err >&2", "exit 3")
    node = lab.node()
    command = send(lab, InstanceIds=[node])
    assert finished(lab, command)["Status"] == "Failed"
    row = invocations(lab, command)[node]
    assert (row["Status"], row["CommandPlugins"][0]["ResponseCode"]) == ("Failed", 3)
    assert row["CommandPlugins"][0]["Output"].startswith("out\n\n----------ERROR-------\nerr\n")


def test_output_is_cut_at_2500(lab: Any) -> None:
    lab.document("head -c 3000 /dev/zero | tr '\\0' x")
    node = lab.node()
    command = send(lab, InstanceIds=[node])
    finished(lab, command)
    output = invocations(lab, command)[node]["CommandPlugins"][0]["Output"]
    assert len(output) <= 2500 and output.endswith("\n---Output truncated---")


def test_what_send_refuses(lab: Any) -> None:
    lab.document("true", must={"type": "String", "allowedPattern": "^[a-z]+$"})
    node, send_command = lab.node(), lab.ssm.send_command
    good = {"DocumentName": "nodecache-test", "InstanceIds": [node], "Parameters": {"must": ["a"]}}
    for change, expected in (
        ({"DocumentName": "missing"}, "InvalidDocument"),
        ({"DocumentVersion": "9"}, "InvalidDocumentVersion"),
        ({"Parameters": {}}, "InvalidParameters"),
        ({"Parameters": {"must": ["A;b"]}}, "InvalidParameters"),
        ({"Parameters": {"must": ["a"], "odd": ["a"]}}, "InvalidParameters"),
        ({"InstanceIds": ["i-0123456789abcdef0"]}, "InvalidInstanceId"),
        ({"InstanceIds": [node, node]}, "DuplicateInstanceId"),
        ({"InstanceIds": []}, "ValidationException"),
        ({"TimeoutSeconds": 2592001}, "ValidationException"),
        ({"MaxErrors": "some"}, "ValidationException"),
        ({"Comment": "c" * 101}, "ValidationException"),
    ):
        assert code(send_command, **{**good, **change}) == expected, change


def test_delivery_to_an_offline_node_is_pending_until_it_is_back(lab: Any) -> None:
    lab.document("echo back")
    node = lab.node(online=False)
    command = send(lab, InstanceIds=[node])
    assert lab.ssm.list_commands(CommandId=command)["Commands"][0]["Status"] == "Pending"
    assert invocations(lab, command)[node]["CommandPlugins"] == []
    lab.fleet.start(node)
    assert finished(lab, command)["Status"] == "Success"


def test_cancel_before_delivery(lab: Any) -> None:
    lab.document("true")
    node = lab.node(online=False)
    command = send(lab, InstanceIds=[node])
    lab.ssm.cancel_command(CommandId=command)
    assert finished(lab, command)["Status"] == "Cancelled"
    assert lab.fleet.calls == []


def test_max_errors_stops_the_rest(lab: Any) -> None:
    lab.document("exit 1")
    nodes = [lab.node() for _ in range(4)]
    command = send(lab, InstanceIds=nodes, MaxConcurrency="1", MaxErrors="1")
    done = finished(lab, command)
    assert (done["StatusDetails"], done["ErrorCount"], len(lab.fleet.calls)) == ("Failed", 2, 2)
    details = sorted(row["StatusDetails"] for row in invocations(lab, command).values())
    assert details == ["Failed", "Failed", "Terminated", "Terminated"]


def test_max_concurrency(lab: Any) -> None:
    lab.document("sleep 0.2")
    nodes = [lab.node() for _ in range(4)]
    finished(lab, send(lab, InstanceIds=nodes, MaxConcurrency="50%"))
    assert (lab.fleet.most, len(lab.fleet.calls)) == (2, 4)


def test_steps_run_in_order_and_one_may_end_the_rest(lab: Any) -> None:
    steps = [
        {"action": "aws:runShellScript", "name": name, "inputs": {"runCommand": [f"echo {name}", end], **more}}
        for name, end, more in (
            ("first", "exit 1", {}),
            ("second", "exit 2", {"onFailure": "exit"}),
            ("third", "true", {}),
            ("last", "true", {"finallyStep": True}),
        )
    ]
    windows = {**steps[0], "name": "windows", "precondition": {"StringEquals": ["platformType", "Windows"]}}
    content = json.dumps({"schemaVersion": "2.2", "mainSteps": [windows, *steps]})
    lab.ssm.create_document(Name="nodecache-test", DocumentType="Command", Content=content)
    node = lab.node()
    command = send(lab, InstanceIds=[node])
    assert finished(lab, command)["Status"] == "Failed"
    plugins = invocations(lab, command)[node]["CommandPlugins"]
    assert [(row["Name"], row["StatusDetails"]) for row in plugins] == [
        ("windows", "Skipped"),
        ("first", "Failed"),
        ("second", "Failed"),
        ("third", "Skipped"),
        ("last", "Success"),
    ]


def test_a_script_that_takes_too_long(lab: Any) -> None:
    step = {
        "action": "aws:runShellScript",
        "name": "slow",
        "inputs": {"runCommand": ["exec sleep 20"], "timeoutSeconds": 5},
    }
    content = json.dumps({"schemaVersion": "2.2", "mainSteps": [step]})
    lab.ssm.create_document(Name="nodecache-test", DocumentType="Command", Content=content)
    done = finished(lab, send(lab, InstanceIds=[lab.node()]))
    assert (done["Status"], done["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")


def test_a_node_that_breaks_is_that_nodes_failure(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.document("true")
    node = lab.node()

    def run(*_: Any) -> None:
        raise RuntimeError("the node is gone")

    monkeypatch.setattr(lab.fleet, "run", run)
    command = send(lab, InstanceIds=[node])
    assert finished(lab, command)["Status"] == "Failed"
    assert "the node is gone" in invocations(lab, command)[node]["CommandPlugins"][0]["Output"]


def test_paging_and_filters(lab: Any) -> None:
    lab.document("true")
    nodes = [lab.node() for _ in range(3)]
    command = send(lab, InstanceIds=nodes)
    finished(lab, command)
    first = lab.ssm.list_command_invocations(CommandId=command, MaxResults=2)
    assert len(first["CommandInvocations"]) == 2 and first["CommandInvocations"][0]["CommandPlugins"] == []
    rest = lab.ssm.list_command_invocations(CommandId=command, MaxResults=2, NextToken=first["NextToken"])
    assert len(rest["CommandInvocations"]) == 1 and "NextToken" not in rest
    one = lab.ssm.list_command_invocations(CommandId=command, InstanceId=nodes[0])["CommandInvocations"]
    assert [row["InstanceId"] for row in one] == [nodes[0]]
    filters = [{"key": "Status", "value": "Failed"}]
    assert lab.ssm.list_command_invocations(CommandId=command, Filters=filters)["CommandInvocations"] == []
    later = [{"key": "InvokedAfter", "value": "2100-01-01T00:00:00Z"}]
    assert lab.ssm.list_commands(Filters=later)["Commands"] == []
    done = [{"key": "ExecutionStage", "value": "Complete"}, {"key": "DocumentName", "value": "nodecache-test"}]
    assert len(lab.ssm.list_commands(Filters=done)["Commands"]) == 1
    missing = "00000000-0000-0000-0000-000000000000"
    assert code(lab.ssm.list_commands, CommandId=missing) == "InvalidCommandId"
    assert lab.ssm.list_command_invocations(CommandId=missing)["CommandInvocations"] == []


def test_amazons_shell_script(lab: Any) -> None:
    node = lab.node()
    command = send(
        lab, DocumentName="AWS-RunShellScript", InstanceIds=[node], Parameters={"commands": ["echo a", "echo b"]}
    )
    finished(lab, command)
    assert invocations(lab, command)[node]["CommandPlugins"][0]["Output"] == "a\nb\n"


def test_instance_information(lab: Any) -> None:
    up, down = lab.node(team="a"), lab.node(online=False, team="a")
    lab.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    ask = lab.ssm.describe_instance_information
    rows = {row["InstanceId"]: row["PingStatus"] for row in ask()["InstanceInformationList"]}
    assert rows == {up: "Online", down: "ConnectionLost"}

    def ids(**wanted: list[str]) -> set[str]:
        filters = [{"Key": key.replace("__", ":"), "Values": values} for key, values in wanted.items()]
        return {row["InstanceId"] for row in ask(Filters=filters)["InstanceInformationList"]}

    assert ids(tag__team=["a"]) == {up, down} and ids(tag__team=["b"]) == set()
    assert ids(PingStatus=["Online"]) == {up} and ids(InstanceIds=[down]) == {down}
    assert ids(PlatformTypes=["Linux"]) == ids(ResourceType=["EC2Instance"]) == {up, down}
    assert ids(SourceIds=[up], SourceTypes=["AWS::EC2::Instance"]) == {up} and ids(ActivationIds=["x"]) == set()
    assert ids(AssociationStatus=["Success"]) == set() and ids(PingStatus=["ConnectionLost"]) == {down}
    assert code(ask, Filters=[{"Key": "Odd", "Values": ["x"]}]) == "InvalidFilterKey"
    wrong = [{"Key": "PingStatus", "Values": ["Away"]}]
    assert code(ask, Filters=wrong) == "InvalidInstanceInformationFilterValue"
    assert code(ask, Filters=[{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]) == "InvalidInstanceId"
    mixed = [{"Key": "tag:team", "Values": ["a"]}, {"Key": "PingStatus", "Values": ["Online"]}]
    assert code(ask, Filters=mixed) == "InvalidFilterKey"
    for _ in range(5):
        lab.node()
    pages = lab.ssm.get_paginator("describe_instance_information").paginate(PaginationConfig={"PageSize": 5})
    assert [len(one["InstanceInformationList"]) for one in pages] == [5, 2]
