from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

ID = "0831e1a8-a1ac-4257-a1fd-0123456789ab"
NODE, OTHER = "i-0123456789abcdef0", "i-0123456789abcdef1"
ASK = {"document_name": "nodecache-ml", "targets": [{"key": "tag:team", "values": ["x"]}]}
ALL = {
    "document_version": "$LATEST",
    "document_hash": "a" * 64,
    "parameters": {"action": "report", "count": 5},
    "max_concurrency": "100%",
    "max_errors": "10",
    "timeout_seconds": 60,
    "comment": "what is there",
    "output_s3_bucket_name": "example-logs",
    "output_s3_key_prefix": "commands",
    "output_s3_region": "eu-central-1",
    "cloud_watch_output_config": {"cloud_watch_log_group_name": "/nodes", "cloud_watch_output_enabled": True},
    "notification_config": {
        "notification_arn": "arn:aws:sns:eu-central-1:123456789012:topic",
        "notification_events": ["Failed"],
        "notification_type": "Invocation",
    },
    "service_role_arn": "arn:aws:iam::123456789012:role/notify",
    "alarm_configuration": {"alarms": [{"name": "too-many"}], "ignore_poll_alarm_failure": True},
}


def error(code, operation):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Ssm:
    """One command, which is over when it was looked at a few times."""

    def __init__(self, status="Success", details="Success", nodes=(), looks=2):
        self.command = {
            "CommandId": ID,
            "DocumentName": "nodecache-ml",
            "DocumentVersion": "1",
            "Status": status,
            "StatusDetails": details,
            "TargetCount": len(nodes),
        }
        self.nodes, self.looks, self.refusals = nodes, looks, []

    def SendCommand(self, **request):
        if self.refusals:
            raise error(self.refusals.pop(0), "SendCommand")
        told = {key: value for key, value in request.items() if not key.startswith(("DocumentHash", "ServiceRole"))}
        return {"Command": {**self.command, **told, "Status": "Pending", "StatusDetails": "Pending"}}

    def ListCommands(self, CommandId):
        self.looks -= 1
        if self.looks >= 0:
            return {"Commands": []}
        return {"Commands": [self.command]}

    def ListCommandInvocations(self, CommandId, Details, MaxResults, NextToken=None):
        # One node a page.
        start = int(NextToken or 0)
        more = {"NextToken": str(start + 1)} if start + 1 < len(self.nodes) else {}
        return {
            "CommandInvocations": [
                {
                    "InstanceId": name,
                    "Status": status,
                    "StatusDetails": details,
                    "CommandPlugins": [
                        {
                            "Name": "step",
                            "Status": status,
                            "StatusDetails": details,
                            "ResponseCode": code,
                            "Output": "said",
                        }
                    ],
                }
                for name, status, details, code in self.nodes[start : start + 1]
            ],
            **more,
        }

    def CancelCommand(self, CommandId):
        assert CommandId == ID


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    taken = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def test_check_mode_sends_nothing_and_tells_the_same(strict_client, run_module):
    client = strict_client("ssm", Ssm())
    check = run_module("ssm_command", check=True, **ASK, **ALL)
    assert check["changed"] and not client.names()
    done = run_module("ssm_command", wait=False, **ASK, **ALL)
    assert done["diff"] == check["diff"] and done["changed"]
    assert done["command"] == {**done["command"], **check["command"]}
    assert check["command"]["parameters"] == {"action": ["report"], "count": ["5"]}
    # The diff speaks the options' names, with all that was asked for and the user's own names as they are.
    assert check["diff"]["before"] == {} and {*ASK, *ALL} <= {*check["diff"]["after"]}
    assert check["diff"]["after"]["parameters"] == check["command"]["parameters"]


def test_every_option_is_sent(strict_client, run_module):
    client = strict_client("ssm", Ssm())
    run_module("ssm_command", **ASK, **ALL)
    assert client.requests("SendCommand") == [
        {
            "DocumentName": "nodecache-ml",
            "DocumentVersion": "$LATEST",
            "DocumentHash": "a" * 64,
            "DocumentHashType": "Sha256",
            "Parameters": {"action": ["report"], "count": ["5"]},
            "Targets": [{"Key": "tag:team", "Values": ["x"]}],
            "MaxConcurrency": "100%",
            "MaxErrors": "10",
            "TimeoutSeconds": 60,
            "Comment": "what is there",
            "OutputS3BucketName": "example-logs",
            "OutputS3KeyPrefix": "commands",
            "OutputS3Region": "eu-central-1",
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "/nodes", "CloudWatchOutputEnabled": True},
            "NotificationConfig": {
                "NotificationArn": "arn:aws:sns:eu-central-1:123456789012:topic",
                "NotificationEvents": ["Failed"],
                "NotificationType": "Invocation",
            },
            "ServiceRoleArn": "arn:aws:iam::123456789012:role/notify",
            "AlarmConfiguration": {"Alarms": [{"Name": "too-many"}], "IgnorePollAlarmFailure": True},
        }
    ]


def test_what_is_left_out_is_not_sent(strict_client, run_module):
    client = strict_client("ssm", Ssm())
    run_module("ssm_command", document_name="nodecache-ml", instance_ids=[NODE], max_errors=None)
    assert client.requests("SendCommand") == [{"DocumentName": "nodecache-ml", "InstanceIds": [NODE]}]


def test_one_result_a_node_from_every_page(strict_client, run_module, naps):
    client = strict_client("ssm", Ssm(nodes=[(NODE, "Success", "Success", 0), (OTHER, "Success", "Success", 0)]))
    result = run_module("ssm_command", **ASK)
    step = {"name": "step", "status": "Success", "status_details": "Success", "response_code": 0, "output": "said"}
    expected = {
        "status": "Success",
        "status_details": "Success",
        "response_code": 0,
        "output": "said",
        "command_plugins": [step],
    }
    assert result["changed"]
    assert result["command"]["invocations"] == [
        {"instance_id": NODE, **expected},
        {"instance_id": OTHER, **expected},
    ]
    assert client.names().count("ListCommandInvocations") == 2 and len(naps) == 2


def test_not_waiting_asks_nothing_more(strict_client, run_module):
    client = strict_client("ssm", Ssm())
    result = run_module("ssm_command", wait=False, **ASK)
    assert client.names() == ["SendCommand"]
    assert result["command"]["status"] == "Pending" and result["command"]["invocations"] == []


@pytest.mark.parametrize("status", ["Success", "Failed"])
def test_no_node_is_a_result_of_its_own(strict_client, run_module, status):
    strict_client("ssm", Ssm(status, "No Instances In Tag"))
    result = run_module("ssm_command", **ASK)
    assert not result.get("failed") and result["command"]["status_details"] == "NoInstancesInTag"


@pytest.mark.parametrize(
    "node",
    [
        (OTHER, "Failed", "Failed", 1),
        (OTHER, "Success", "Undeliverable", -1),
        (OTHER, "TimedOut", "Delivery Timed Out", 1),
        (OTHER, "Cancelled", "Cancelled", 137),
    ],
)
def test_a_failed_node_fails_though_the_command_succeeded(strict_client, run_module, node):
    strict_client("ssm", Ssm(nodes=[(NODE, "Success", "Success", 0), node]))
    result = run_module("ssm_command", **ASK)
    assert result["failed"] and OTHER in result["msg"] and NODE not in result["msg"]
    assert result["changed"] and len(result["command"]["invocations"]) == 2


def test_a_command_that_failed_without_a_node_fails(strict_client, run_module):
    strict_client("ssm", Ssm("Failed", "RateExceeded"))
    assert run_module("ssm_command", **ASK)["msg"] == f"command '{ID}' ended RateExceeded: no node answered"


@pytest.mark.parametrize("cancel", [False, True])
def test_patience_ends(strict_client, run_module, cancel):
    client = strict_client("ssm", Ssm("InProgress", "InProgress"))
    result = run_module("ssm_command", wait_timeout=6, cancel_on_timeout=cancel, **ASK)
    assert result["msg"].startswith(f"command '{ID}': was not ready after 6 seconds; it was last seen as InProgress.")
    assert result["changed"] and result["command"]["command_id"] == ID
    assert ("It was cancelled." in result["msg"]) == cancel == ("CancelCommand" in client.names())


def test_throttling_is_waited_out(strict_client, run_module, naps):
    backend = Ssm()
    client = strict_client("ssm", backend)
    backend.refusals = ["ThrottlingException", "ThrottlingException"]
    run_module("ssm_command", wait=False, **ASK)
    assert client.names() == ["SendCommand"] * 3 and len(naps) == 2


@pytest.mark.parametrize("code", ["InvalidInstanceId", "InternalServerError"])
def test_what_may_have_been_sent_is_not_sent_again(strict_client, run_module, code):
    backend = Ssm()
    client = strict_client("ssm", backend)
    backend.refusals = [code]
    result = run_module("ssm_command", **ASK)
    assert result["msg"] == f"document 'nodecache-ml': could not send ({code}): no"
    assert client.names() == ["SendCommand"] and not result["changed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout_seconds": 5},
        {"comment": "x" * 101},
        {"max_errors": "101%"},
        {"max_concurrency": "0%"},
        {"document_name": "a b"},
        {"document_version": "newest"},
        {"document_hash": "xyz"},
        {"document_hash": "a" * 64, "document_hash_type": "Sha1"},
        {"output_s3_bucket_name": "x"},
        {"output_s3_key_prefix": "x" * 501},
        {"output_s3_region": "x"},
        {"cloud_watch_output_config": {"cloud_watch_log_group_name": "x" * 513}},
        {"notification_config": {"notification_arn": "arn"}},
        {"alarm_configuration": {"alarms": [{"name": " "}]}},
        {"targets": []},
        {"targets": [{"key": "tag:a", "values": []}]},
        {"parameters": {"": 1}},
        {"wait_timeout": -1},
    ],
    ids=str,
)
def test_refusals(strict_client, run_module, wrong):
    client = strict_client("ssm", Ssm())
    assert next(iter(wrong)) in run_module("ssm_command", **{**ASK, **wrong})["msg"]
    assert not client.names()


@pytest.mark.parametrize("ids", [[], [NODE] * 51, ["node-1"]])
def test_refusals_of_nodes(strict_client, run_module, ids):
    client = strict_client("ssm", Ssm())
    assert "instance_ids" in run_module("ssm_command", document_name="nodecache-ml", instance_ids=ids)["msg"]
    assert "mutually exclusive" in run_module("ssm_command", instance_ids=[NODE], **ASK)["msg"]
    assert not client.names()
