"""Run Command over HTTP, on nodes that are temporary directories.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/send-commands-multiple.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code
from tests.lab.ssm.with_commands import ended, rows, send


def test_a_command_by_instance_id(lab: Any) -> None:
    lab.document(
        "#!/bin/bash", "echo {{ word }} $AWS_SSM_INSTANCE_ID $SSM_COMMAND_ID", word={"type": "String", "default": "hi"}
    )
    node = lab.node()
    answer = lab.ssm.send_command(DocumentName="nodecache-test", InstanceIds=[node])["Command"]
    assert (answer["Status"], answer["TargetCount"]) == ("Pending", 1)
    # https://docs.aws.amazon.com/cli/latest/reference/ssm/send-command.html
    assert answer["NotificationConfig"] == {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""}
    assert answer["CloudWatchOutputConfig"] == {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": False}
    command = answer["CommandId"]
    done = ended(lab, command)
    assert (done["Status"], done["TargetCount"], done["CompletedCount"], done["ErrorCount"]) == ("Success", 1, 1, 0)

    def ask() -> Any:
        try:
            return lab.ssm.get_command_invocation(CommandId=command, InstanceId=node, PluginName="nodecache")
        except lab.ssm.exceptions.InvocationDoesNotExist:
            return None

    found = lab.until(ask)
    assert (found["Status"], found["ResponseCode"], found["PluginName"]) == ("Success", 0, "nodecache")
    assert found["StandardOutputContent"] == f"hi {node} {command}\n"
    plugin = rows(lab, command)[node]["CommandPlugins"][0]
    assert (plugin["Name"], plugin["ResponseCode"], plugin["Output"]) == ("nodecache", 0, f"hi {node} {command}\n")
    wrong = {"CommandId": command, "InstanceId": node, "PluginName": "aws:runShellScript"}
    assert code(lab.ssm.get_command_invocation, **wrong) == "InvalidPluginName"


def test_a_failing_script(lab: Any) -> None:
    lab.document("echo out", "echo err >&2", "exit 3")
    node = lab.node()
    command = send(lab, InstanceIds=[node])
    assert ended(lab, command)["Status"] == "Failed"
    row = rows(lab, command)[node]
    assert (row["Status"], row["CommandPlugins"][0]["ResponseCode"]) == ("Failed", 3)
    assert row["CommandPlugins"][0]["Output"].startswith("out\n\n----------ERROR-------\nerr\n")


def test_output_is_cut_at_2500(lab: Any) -> None:
    lab.document("head -c 3000 /dev/zero | tr '\\0' x")
    node = lab.node()
    command = send(lab, InstanceIds=[node])
    ended(lab, command)
    output = rows(lab, command)[node]["CommandPlugins"][0]["Output"]
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
    assert rows(lab, command)[node]["CommandPlugins"] == []
    lab.fleet.start(node)
    assert ended(lab, command)["Status"] == "Success"


def test_cancel_before_delivery(lab: Any) -> None:
    lab.document("true")
    node = lab.node(online=False)
    command = send(lab, InstanceIds=[node])
    lab.ssm.cancel_command(CommandId=command)
    assert ended(lab, command)["Status"] == "Cancelled"
    assert lab.fleet.calls == []


def test_max_errors_stops_the_rest(lab: Any) -> None:
    lab.document("exit 1")
    nodes = [lab.node() for _ in range(4)]
    command = send(lab, InstanceIds=nodes, MaxConcurrency="1", MaxErrors="1")
    done = ended(lab, command)
    assert (done["StatusDetails"], done["ErrorCount"], len(lab.fleet.calls)) == ("Failed", 2, 2)
    details = sorted(row["StatusDetails"] for row in rows(lab, command).values())
    assert details == ["Failed", "Failed", "Terminated", "Terminated"]


def test_max_concurrency(lab: Any) -> None:
    lab.document("sleep 0.2")
    nodes = [lab.node() for _ in range(4)]
    ended(lab, send(lab, InstanceIds=nodes, MaxConcurrency="50%"))
    assert (lab.fleet.most, len(lab.fleet.calls)) == (2, 4)
