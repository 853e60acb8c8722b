"""What the agent on a node does with a document.

https://docs.aws.amazon.com/systems-manager/latest/userguide/send-commands-reboot.html (exit code 194),
https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html (onFailure, finallyStep,
preconditions),
https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html (statuses) and the agent's own
code:
https://github.com/aws/amazon-ssm-agent/tree/mainline/agent/framework/runpluginutil
"""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.aws.ssm import document_run, runs
from lab.node.agent import Result
from tests.lab.ssm.with_commands import answer, command, ended, finished, rows, run_of, running, send, steps


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
    assert ended(lab, command)["Status"] == "Failed"
    plugins = rows(lab, command)[node]["CommandPlugins"]
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
    done = ended(lab, send(lab, InstanceIds=[lab.node()]))
    assert (done["Status"], done["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")


def test_a_node_that_breaks_is_that_nodes_failure(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.document("true")
    node = lab.node()

    def run(*_: Any) -> None:
        raise RuntimeError("the node is gone")

    monkeypatch.setattr(lab.fleet, "run", run)
    command = send(lab, InstanceIds=[node])
    assert ended(lab, command)["Status"] == "Failed"
    assert "the node is gone" in rows(lab, command)[node]["CommandPlugins"][0]["Output"]


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


def test_137_looks_like_a_timeout_to_the_agent(lab: Any) -> None:
    lab.document("exit 137")
    sent = send(lab, InstanceIds=[lab.node()])
    assert finished(lab, sent) == ("TimedOut", "ExecutionTimedOut")


def test_a_script_that_a_signal_ended_failed(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go's exit status of such a process is -1, and it is no timeout: agent/executers/executers.go."""
    lab.document("true")
    monkeypatch.setattr(lab.fleet, "run", lambda *_: Result(-1, b"begun\n", b"", "signal: killed"))
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    assert finished(lab, sent) == ("Failed", "Failed")
    plugin = rows(lab, sent)[node]["CommandPlugins"][0]
    assert (plugin["ResponseCode"], plugin["StatusDetails"]) == (-1, "Failed")
    assert plugin["Output"] == "begun\n\n----------ERROR-------\nfailed to run commands: signal: killed"


def test_a_script_runs_where_its_step_says(lab: Any, tmp_path: Path) -> None:
    steps(lab, ("here", "pwd", {"workingDirectory": str(tmp_path)}))
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    finished(lab, sent)
    assert rows(lab, sent)[node]["CommandPlugins"][0]["Output"] == f"{tmp_path}\n"


def lose(lab: Any, node: str) -> None:
    """Let a node go away in the midst of what it runs."""
    lab.fleet.up[node] = False
    os.killpg(os.getpgid(int((lab.fleet.root / node / "pid").read_text())), signal.SIGKILL)


LASTS = "echo $$ > pid.new; mv pid.new pid; test -e before || { touch before; exec sleep 60; }"


def test_a_node_that_goes_away_and_comes_back_begins_its_step_again(lab: Any) -> None:
    """agent/framework/processor/processor.go, processInProgressDocuments."""
    lab.document(LASTS)
    node = lab.node()
    sent = send(lab, InstanceIds=[node])
    lab.until(running(lab, sent, node))
    lose(lab, node)
    lab.until(lambda: not lab.fleet.running[node])
    assert command(lab, sent)["Status"] == rows(lab, sent)[node]["Status"] == "InProgress"
    lab.fleet.start(node)
    assert finished(lab, sent) == ("Success", "Success")
    assert len(lab.fleet.calls) == 2


def test_a_node_that_went_away_for_good_is_told_of_when_the_time_is_over(lab: Any) -> None:
    """The total timeout makes DeliveryTimedOut of whatever is in progress.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html#monitor-about-status-timeouts
    """
    lab.document(LASTS)
    node, other = lab.node(), lab.node()
    sent = send(lab, InstanceIds=[node])
    stopped = send(lab, InstanceIds=[other])
    for one, on in ((sent, node), (stopped, other)):
        lab.until(running(lab, one, on))
        lose(lab, on)
    lab.until(lambda: not lab.fleet.running[node])
    run_of(lab, sent).expires = datetime.now(UTC) - timedelta(seconds=1)
    assert finished(lab, sent) == ("TimedOut", "DeliveryTimedOut")
    assert rows(lab, sent)[node]["StatusDetails"] == "DeliveryTimedOut"
    lab.ssm.cancel_command(CommandId=stopped)
    assert finished(lab, stopped) == ("Cancelled", "Cancelled")


def test_a_busy_node_gets_nothing_that_came_too_late(lab: Any) -> None:
    """Five commands run on a node side by side; the sixth waits no longer than its time."""
    lab.document("while [ ! -e go ]; do sleep 0.05; done")
    node = lab.node()
    first = [send(lab, InstanceIds=[node]) for _ in range(5)]
    lab.until(lambda: lab.fleet.running.get(node) == 5)
    steps(lab, ("short", "true", {"timeoutSeconds": 5}), name="nodecache-late")
    with pytest.MonkeyPatch.context() as hurried:
        hurried.setattr(runs, "seconds", lambda *_: -29)
        late = send(lab, InstanceIds=[node], DocumentName="nodecache-late", TimeoutSeconds=30)
    assert finished(lab, late) == ("TimedOut", "DeliveryTimedOut")
    (lab.fleet.root / node / "go").touch()
    assert [finished(lab, one)[0] for one in first] == ["Success"] * 5


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
