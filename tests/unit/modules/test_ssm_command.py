from __future__ import annotations

import pytest

ASK = {"document_name": "nodecache-ml", "targets": [{"key": "tag:team", "values": ["x"]}]}


class Ssm:
    def __init__(self, status="Success", details="Success", nodes=()):
        self.command = {
            "CommandId": "0831e1a8-a1ac-4257-a1fd-0123456789ab", "DocumentName": "nodecache-ml",
            "Status": status, "StatusDetails": details, "TargetCount": len(nodes),
        }
        self.nodes = nodes

    def SendCommand(self, **_request):
        return {"Command": {**self.command, "Status": "Pending", "StatusDetails": "Pending"}}

    def ListCommands(self, CommandId):
        return {"Commands": [self.command]}

    def ListCommandInvocations(self, CommandId, Details, **_page):
        return {"CommandInvocations": [
            {"InstanceId": name, "Status": status, "StatusDetails": details,
             "CommandPlugins": [{"ResponseCode": code, "Output": "said"}]}
            for name, status, details, code in self.nodes
        ]}


def test_check_mode_sends_nothing(strict_client, run_module):
    client = strict_client("ssm", Ssm())
    assert run_module("ssm_command", check=True, **ASK)["changed"]
    assert not client.names()


def test_one_result_a_node(strict_client, run_module):
    strict_client("ssm", Ssm(nodes=[("i-1", "Success", "Success", 0)]))
    result = run_module("ssm_command", **ASK)
    assert result["changed"]
    assert result["command"]["invocations"] == [
        {"instance_id": "i-1", "status": "Success", "status_details": "Success", "response_code": 0, "output": "said"}
    ]


def test_not_waiting_asks_nothing_more(strict_client, run_module):
    client = strict_client("ssm", Ssm())
    run_module("ssm_command", wait=False, **ASK)
    assert client.names() == ["SendCommand"]


@pytest.mark.parametrize("status", ["Success", "Failed"])
def test_no_node_is_a_result_of_its_own(strict_client, run_module, status):
    strict_client("ssm", Ssm(status, "NoInstancesInTag"))
    result = run_module("ssm_command", **ASK)
    assert not result.get("failed") and result["command"]["status_details"] == "NoInstancesInTag"


@pytest.mark.parametrize(
    "node",
    [("i-2", "Failed", "Failed", 1), ("i-2", "Success", "Undeliverable", -1), ("i-2", "TimedOut", "TimedOut", 1)],
)
def test_a_failed_node_fails_though_the_command_succeeded(strict_client, run_module, node):
    strict_client("ssm", Ssm(nodes=[("i-1", "Success", "Success", 0), node]))
    result = run_module("ssm_command", **ASK)
    assert result["failed"] and "i-2" in result["msg"] and "i-1" not in result["msg"]


def test_patience_ends(strict_client, run_module):
    strict_client("ssm", Ssm("InProgress", "InProgress"))
    assert "after 1 seconds" in run_module("ssm_command", wait_timeout=1, **ASK)["msg"]


@pytest.mark.parametrize("wrong", [{"timeout_seconds": 5}, {"comment": "x" * 101}, {"max_errors": "101%"}])
def test_refusals(strict_client, run_module, wrong):
    client = strict_client("ssm", Ssm())
    assert next(iter(wrong)) in run_module("ssm_command", **ASK, **wrong)["msg"]
    assert not client.names()
