"""Run Command over HTTP: how a command ends, on a node and as a whole.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.lab.calls import code
from tests.lab.ssm.with_commands import TAGGED, command, details, finished, rows, run_of, running, send, steps


def alive(pid: int) -> bool:
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and ") Z " not in path.read_text()


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


def test_a_command_lasts_for_its_own_timeout_and_its_documents(lab: Any) -> None:
    """A console's 600 seconds and the 3,600 of AWS-RunShellScript are 4,200, as the guide reckons."""
    node, commands = lab.node(), {"commands": ["true"]}
    sent = lab.ssm.send_command(
        DocumentName="AWS-RunShellScript", InstanceIds=[node], Parameters=commands, TimeoutSeconds=600
    )["Command"]
    assert (sent["ExpiresAfter"] - sent["RequestedDateTime"]).total_seconds() == 4200
    steps(lab, ("script", "true", {"timeoutSeconds": 60}))
    found = command(lab, send(lab, InstanceIds=[node]))
    assert (found["ExpiresAfter"] - found["RequestedDateTime"]).total_seconds() == 3660


def test_a_node_whose_turn_comes_too_late_gets_nothing(lab: Any) -> None:
    lab.document("echo $$ > pid.new; mv pid.new pid; while [ ! -e go ]; do sleep 0.05; done")
    nodes = [lab.node(), lab.node()]
    sent = send(lab, InstanceIds=nodes, MaxConcurrency="1")
    first = lab.until(lambda: next((node for node in nodes if running(lab, sent, node)()), None))
    run_of(lab, sent).expires = datetime.now(UTC) - timedelta(seconds=1)
    (lab.fleet.root / first / "go").touch()
    finished(lab, sent)
    assert details(lab, sent) == ["DeliveryTimedOut", "Success"] and len(lab.fleet.calls) == 1


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


def test_a_document_for_another_platform(lab: Any) -> None:
    step = {"action": "aws:domainJoin", "name": "join", "inputs": {"directoryId": "d"}}
    content = json.dumps({"schemaVersion": "2.2", "mainSteps": [step]})
    lab.ssm.create_document(Name="nodecache-test", DocumentType="Command", Content=content)
    node = lab.node(team="a")
    by_id = {"DocumentName": "nodecache-test", "InstanceIds": [node]}
    assert code(lab.ssm.send_command, **by_id) == "UnsupportedPlatformType"
    sent = send(lab, Targets=TAGGED)
    assert finished(lab, sent)[0] == "Failed" and details(lab, sent) == ["InvalidPlatform"]


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
