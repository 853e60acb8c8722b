"""What commands there are, and what each came to on its nodes.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListCommands.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListCommandInvocations.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CommandFilter.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code
from tests.lab.ssm.with_commands import answer, ended, finished, rows, send


def test_the_invocation_is_not_there_at_once(lab: Any) -> None:
    lab.document("sleep 1")
    node = lab.node()
    command = send(lab, InstanceIds=[node])
    assert code(lab.ssm.get_command_invocation, CommandId=command, InstanceId=node) == "InvocationDoesNotExist"
    # Nor is it listed: https://github.com/aws/aws-cli/issues/3546
    assert lab.ssm.list_command_invocations(CommandId=command)["CommandInvocations"] == []
    lab.until(lambda: lab.ssm.list_command_invocations(CommandId=command)["CommandInvocations"])
    assert lab.ssm.get_command_invocation(CommandId=command, InstanceId=node)["Status"] == "InProgress"


def test_paging_and_filters(lab: Any) -> None:
    lab.document("true")
    nodes = [lab.node() for _ in range(3)]
    command = send(lab, InstanceIds=nodes)
    ended(lab, command)
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
