"""Run Command's wrong calls and those about nodes, and the code each is refused with.

Limits and patterns are botocore's model; the rest is
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.ssm.with_commands import answer, finished
from tests.lab.ssm.with_refusals import (
    NO_NODE,
    NO_ROLE,
    NOWHERE,
    RATES,
    TAGGED,
    TARGETS,
    Changes,
    V,
    Wrong,
    documents,
    listing,
    target,
)

COMMAND: Changes = [
    *((V, change) for change in RATES if change != {"MaxErrors": "01"}),
    (V, {"DocumentName": None}),
    (V, {"DocumentName": "a b"}),
    *(
        ("InvalidDocument", {"DocumentName": name})
        for name in ("missing", "AWS-Nope", "auto", "arn:aws:ssm:eu-west-1:123456789012:document/plain", "arn:aws:ssm")
    ),
    ("InvalidDocumentVersion", {"DocumentVersion": "7"}),
    *((V, {"DocumentVersion": text}) for text in ("0", "default")),
    (V, {"DocumentHash": "x" * 257}),
    (V, {"DocumentHashType": "Md5"}),
    ("InvalidDocument", {"DocumentHash": "0" * 64, "DocumentHashType": "Sha256"}),
    *((V, {"TimeoutSeconds": seconds}) for seconds in (29, 0, -1, 2592001)),
    *(("SerializationException", {"TimeoutSeconds": seconds}) for seconds in ("60", 60.5)),
    (V, {"Comment": "x" * 101}),
    *((V, {"InstanceIds": ids}) for ids in (None, [], ["x"], [NO_NODE] * 51)),
    (V, {"Targets": TAGGED}),
    ("InvalidInstanceId", {"InstanceIds": [NO_NODE]}),
    ("InvalidInstanceId", {"InstanceIds": ["mi-0123456789abcdef0"]}),
    ("DuplicateInstanceId", {"InstanceIds": [NO_NODE, NO_NODE]}),
    *((code, {"InstanceIds": None, **change}) for code, change in TARGETS),
    *((V, {"InstanceIds": None, **target(key, "a")}) for key in ("Name", "tag:", "ParameterValues", None)),
    (V, {"InstanceIds": None, **target("tag:a")}),
    *((V, {"InstanceIds": None, **target("InstanceIds", value)}) for value in ("*", "bad")),
    ("InvalidParameters", {"Parameters": {"nope": ["1"]}}),
    ("InvalidParameters", {"DocumentName": "picky"}),
    *(
        ("InvalidParameters", {"DocumentName": "picky", "Parameters": given})
        for given in (
            {"image": ["A"]},
            {"image": ["a", "b"]},
            {"image": ["a; b"]},
            {"image": ["a\n"]},
            {"Image": ["a"]},
        )
    ),
    *(
        ("InvalidParameters", {"DocumentName": "AWS-RunShellScript", "Parameters": given})
        for given in ({}, {"commands": []}, {"command": ["ls"]}, {"commands": ["ls"], "executionTimeout": ["abc"]})
    ),
    ("MaxDocumentSizeExceeded", {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["x" * 70000]}}),
    ("InvalidOutputFolder", {"OutputS3BucketName": "missing-bucket"}),
    *(
        (V, change)
        for change in ({"OutputS3BucketName": "ab"}, {"OutputS3Region": "us"}, {"OutputS3KeyPrefix": "x" * 501})
    ),
    *(("InvalidRole", {"ServiceRoleArn": role}) for role in ("role", NO_ROLE)),
    ("InvalidRole", {"NotificationConfig": {"NotificationArn": "arn:aws:sns:us-east-1:123456789012:t"}}),
    ("InvalidNotificationConfig", {"NotificationConfig": {"NotificationArn": "bad"}}),
    (V, {"NotificationConfig": {"NotificationType": "Both"}}),
    (V, {"NotificationConfig": {"NotificationEvents": ["Done"]}}),
    (V, {"CloudWatchOutputConfig": {"CloudWatchLogGroupName": ""}}),
    ("SerializationException", {"CloudWatchOutputConfig": {"CloudWatchOutputEnabled": "yes"}}),
    *((V, {"AlarmConfiguration": {"Alarms": rows}}) for rows in ([], [{"Name": "a"}, {"Name": "b"}])),
]


def commands(one: str, node: str) -> list[Wrong]:
    sent = {"CommandId": one}
    calls: list[Wrong] = [
        *((V, name, {}) for name in ("cancel_command", "get_command_invocation")),
        ("InvalidCommandId", "cancel_command", {"CommandId": NOWHERE}),
        (V, "cancel_command", {"CommandId": "x"}),
        ("InvalidInstanceId", "cancel_command", {**sent, "InstanceIds": [NO_NODE]}),
        ("DuplicateInstanceId", "cancel_command", {**sent, "InstanceIds": [node, node]}),
        *((V, "cancel_command", {**sent, "InstanceIds": ids}) for ids in (["x"], [node] * 51)),
        (V, "get_command_invocation", sent),
        (V, "get_command_invocation", {"InstanceId": node}),
        (V, "get_command_invocation", {**sent, "InstanceId": "x"}),
        (V, "get_command_invocation", {**sent, "InstanceId": node, "PluginName": "abc"}),
        ("InvalidPluginName", "get_command_invocation", {**sent, "InstanceId": node, "PluginName": "other"}),
        ("InvocationDoesNotExist", "get_command_invocation", {**sent, "InstanceId": NO_NODE}),
        ("InvocationDoesNotExist", "get_command_invocation", {"CommandId": NOWHERE, "InstanceId": node}),
        ("InvalidCommandId", "list_commands", {"CommandId": NOWHERE}),
        ("InvalidFilterKey", "list_command_invocations", {"Filters": [{"key": "ExecutionStage", "value": "Complete"}]}),
        ("SerializationException", "list_command_invocations", {"Details": "yes"}),
    ]
    for name in ("list_commands", "list_command_invocations"):
        calls += [(V, name, change) for change in ({"CommandId": "x"}, {"InstanceId": "x"})]
        calls.append(("InvalidInstanceId", name, {"InstanceId": NO_NODE}))
        for rows in (
            [],
            [{"key": "Colour", "value": "x"}],
            [{"key": "Status", "value": "Good"}],
            [{"key": "Status", "value": ""}],
            [{"key": "InvokedAfter", "value": "soon"}],
            [{"key": "Status"}],
            [{"key": "Status", "value": "Success"}] * 6,
        ):
            calls.append((V, name, {"Filters": rows}))
        calls += listing(name, 50, {})
    return calls


def nodes() -> list[Wrong]:
    calls: list[Wrong] = listing("describe_instance_information", 50, {}, least=5)
    for code, rows in (
        ("InvalidFilterKey", [{"Key": "Colour", "Values": ["a"]}]),
        ("InvalidInstanceInformationFilterValue", [{"Key": "PingStatus", "Values": ["Up"]}]),
        ("InvalidInstanceId", [{"Key": "InstanceIds", "Values": [NO_NODE]}]),
        ("InvalidFilterKey", [{"Key": "tag:a", "Values": ["b"]}, {"Key": "PingStatus", "Values": ["Online"]}]),
        (V, [{"Key": "PingStatus", "Values": []}]),
        (V, [{"Key": "PingStatus"}]),
        (V, [{"Key": "PingStatus", "Values": ["Online"] * 101}]),
    ):
        calls.append((code, "describe_instance_information", {"Filters": rows}))
    return calls


def test_every_wrong_call_is_refused(lab: Any, refuses: Any) -> None:
    documents(lab)
    node = lab.node(role="node")
    sent = lab.ssm.send_command(DocumentName="plain", InstanceIds=[node])["Command"]["CommandId"]
    refuses.changes("ssm", "send_command", {"DocumentName": "plain", "InstanceIds": [node]}, COMMAND)
    assert finished(lab, sent) == ("Success", "Success")
    # For a moment it is told nowhere that a command came to its node.
    lab.until(lambda: answer(lab, sent, node, "nodecache"))
    refuses.calls("ssm", commands(sent, node) + nodes())
    # Nothing of all that was kept.
    assert len(lab.ssm.list_commands()["Commands"]) == 1
