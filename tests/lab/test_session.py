"""A session on a node, as the Session Manager plugin opens one for `aws ssm start-session`.

https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html; the
plugin's arguments are those of https://github.com/aws/aws-cli/blob/v2/awscli/customizations/sessionmanager.py
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from lab import session
from lab.node import fleet

NODE = "i-0aaaaaaaaaaaaaae1"
ANSWER = json.dumps({"SessionId": "me-0123", "StreamUrl": "wss://x", "TokenValue": "secret"})


def given(answer=ANSWER, target=NODE, **request):
    return [answer, "us-east-1", "StartSession", "", json.dumps({"Target": target, **request}), "http://127.0.0.1:1"]


@pytest.fixture(name="entered")
def entered_fixture(monkeypatch):
    """Return the commands that were run on the node that there is."""
    ran = []
    state = SimpleNamespace(instance_id=NODE, enter=lambda: ["nsenter", "node"])
    monkeypatch.setattr(fleet, "recorded", lambda: [state])
    monkeypatch.setattr(session.os, "geteuid", lambda: 0)
    monkeypatch.setattr(session.subprocess, "run", lambda words, **options: ran.append((words, options)))
    return ran


def test_the_cli_is_told_a_version_that_asks_for_no_update(capsys):
    assert session.main(["--version"]) == 0
    assert capsys.readouterr().out == f"{session.VERSION}\n"


@pytest.mark.parametrize(
    ("parameters", "command"),
    [
        ({}, "exec sh"),
        ({"Parameters": {"command": ["hostname && id"]}}, "hostname && id"),
        ({"Parameters": {"command": ["ls", "/"]}}, "ls /"),
    ],
)
def test_a_shell_or_the_documents_command_is_run_on_the_node(entered, capsys, parameters, command):
    assert session.main(given(**parameters)) == 0
    ((words, options),) = entered
    assert words == ["nsenter", "node", "sh", "-c", command]
    assert options["env"]["HOME"] == "/home/ssm-user"
    # The person's own account is none of the node's.
    assert not [name for name in options["env"] if name.startswith("AWS_")]
    said = capsys.readouterr().out
    assert "Starting session with SessionId: me-0123" in said
    assert "Exiting session with sessionId: me-0123." in said
    assert "secret" not in said


def test_a_newer_cli_hands_its_answer_over_in_a_variable(entered, monkeypatch, capsys):
    monkeypatch.setenv("AWS_SSM_START_SESSION_RESPONSE", ANSWER)
    assert session.main(given("AWS_SSM_START_SESSION_RESPONSE")) == 0
    assert "me-0123" in capsys.readouterr().out


def test_a_node_that_is_not_there_and_a_person_who_may_not_enter(entered, monkeypatch, capsys):
    assert session.main(given(target="i-0bbbbbbbbbbbbbbb1")) == 1
    assert "i-0bbbbbbbbbbbbbbb1 is not connected" in capsys.readouterr().err
    monkeypatch.setattr(session.os, "geteuid", lambda: 1000)
    assert session.main(given()) == 1
    assert "use sudo" in capsys.readouterr().err
    assert entered == []
