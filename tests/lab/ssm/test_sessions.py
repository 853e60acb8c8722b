"""Sessions on nodes.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeSessions.html
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lab.aws.ssm import sessions, support

PLUGIN = Path(__file__).resolve().parents[3] / "lab/bin/session-manager-plugin"


@pytest.fixture(name="node")
def node_fixture(lab, monkeypatch):
    monkeypatch.setattr(sessions, "fleet", lambda: lab.fleet)
    sessions.install()
    return lab.node()


def test_a_session_is_opened_on_a_node_that_is_online(lab, node):
    answer = lab.ssm.start_session(Target=node)
    assert set(answer) >= {"SessionId", "TokenValue", "StreamUrl"}
    assert lab.ssm.terminate_session(SessionId=answer["SessionId"])["SessionId"] == answer["SessionId"]


def test_a_session_is_listed_as_active_until_it_is_terminated_and_as_history_after(lab, node):
    session = lab.ssm.start_session(Target=node, Reason="to look")["SessionId"]
    (shown,) = lab.ssm.describe_sessions(State="Active")["Sessions"]
    assert (shown["SessionId"], shown["Target"], shown["Status"]) == (session, node, "Connected")
    assert (shown["Reason"], shown["DocumentName"]) == ("to look", "SSM-SessionManagerRunShell")
    assert not lab.ssm.describe_sessions(State="History")["Sessions"]
    assert lab.ssm.resume_session(SessionId=session)["TokenValue"]
    lab.ssm.terminate_session(SessionId=session)
    (over,) = lab.ssm.describe_sessions(State="History")["Sessions"]
    assert over["Status"] == "Terminated" and over["EndDate"] >= over["StartDate"]
    assert not lab.ssm.describe_sessions(State="Active")["Sessions"]
    with pytest.raises(lab.ssm.exceptions.DoesNotExistException):
        lab.ssm.resume_session(SessionId=session)


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("Target", "node", 1),
        ("Target", "i-0123456789abcdef0", 0),
        ("Status", "Connected", 1),
        ("Status", "Failed", 0),
        ("InvokedAfter", "2020-01-01T00:00:00Z", 1),
        ("InvokedBefore", "2020-01-01T00:00:00Z", 0),
    ],
)
def test_sessions_are_found_by_filters(lab, node, key, value, found):
    lab.ssm.start_session(Target=node)
    filters = [{"key": key, "value": node if value == "node" else value}]
    assert len(lab.ssm.describe_sessions(State="Active", Filters=filters)["Sessions"]) == found


def test_a_node_is_connected_while_its_agent_answers(lab, node):
    status = lambda: lab.ssm.get_connection_status(Target=node)["Status"]  # noqa: E731
    assert status() == "connected"
    lab.fleet.up[node] = False
    assert status() == "notconnected"
    assert lab.ssm.get_connection_status(Target="i-0123456789abcdef0")["Status"] == "notconnected"


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("TargetNotConnected", {"Target": "i-0123456789abcdef0"}),
        ("InvalidDocument", {"DocumentName": "AWS-RunShellScript"}),
        ("InvalidParameters", {"DocumentName": "AWS-StartInteractiveCommand"}),
    ],
)
def test_what_cannot_be_opened_is_refused(lab, node, code, given):
    with pytest.raises(ClientError) as refused:
        lab.ssm.start_session(**({"Target": node} | given))
    assert refused.value.response["Error"]["Code"] == code


def test_the_caller_needs_permission(lab, node, monkeypatch):
    def refuse(_principal, action, resource, _context=None):
        raise support.error("AccessDeniedException", f"{action} {resource}")

    monkeypatch.setattr(sessions, "allow", refuse)
    with pytest.raises(ClientError, match=f"ssm:StartSession arn:aws:ec2:us-east-1:123456789012:instance/{node}"):
        lab.ssm.start_session(Target=node)


def test_the_plugin_tells_its_version():
    done = subprocess.run([PLUGIN, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == "1.2.764.0\n"


def test_the_plugin_cannot_enter_a_node_that_is_not_there():
    asked = json.dumps({"Target": "i-0123456789abcdef0"})
    answer = json.dumps({"SessionId": "s"})
    environment = {"PATH": os.environ["PATH"], "VARIABLE": answer}
    command = [PLUGIN, "VARIABLE", "us-east-1", "StartSession", "", asked, "http://127.0.0.1"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr == "\nCannot perform start session: i-0123456789abcdef0 is not connected.\n"
