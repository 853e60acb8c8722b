"""How each kind of target is called, and what EventBridge makes of its refusal.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html (the error codes),
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html and, for other buses,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html and eb-cross-account.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError

from lab.aws.events import targets


@pytest.mark.parametrize(
    ("given", "code"),
    [('{"tagg":["x"]}', "INVALID_PARAMETER"), ('{"tag":"x"}', "SDK_CLIENT_ERROR"), ('["x"]', "INVALID_PARAMETER")],
    ids=["unknown parameter", "no list", "no object"],
)
def test_a_wrong_input_is_not_tried_again(bus: Any, dead: str, given: str, code: str) -> None:
    bus.put(Input=given, DeadLetterConfig={"Arn": bus.queue()[1]})
    bus.push()
    message = bus.message(dead)
    assert (message["ERROR_CODE"], message["RETRY_ATTEMPTS"]) == (code, "0")


def test_a_template_that_comes_out_broken_is_not_json(bus: Any, dead: str) -> None:
    paths = {"InputPathsMap": {"gone": "$.detail.gone"}, "InputTemplate": '{"tag":<gone>}'}
    bus.put(InputTransformer=paths, DeadLetterConfig={"Arn": bus.queue()[1]})
    bus.push()
    assert bus.message(dead)["ERROR_CODE"] == "INVALID_JSON"


def test_a_document_that_is_gone_is_no_resource(lab: Any, bus: Any, dead: str) -> None:
    lab.ssm.delete_document(Name="nodecache-test")
    bus.push()
    message = bus.message(dead)
    assert message["ERROR_CODE"] == "NO_RESOURCE"
    assert "Error Code: InvalidDocument" in message["ERROR_MESSAGE"]


def client_error(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "SendCommand")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "code", "passing"),
    [
        (client_error("AccessDeniedException"), "NO_PERMISSIONS", False),
        (client_error("AuthorizationError"), "NO_PERMISSIONS", False),
        (client_error("InvalidDocument"), "NO_RESOURCE", False),
        (client_error("InvalidParameters"), "INVALID_PARAMETER", False),
        (client_error("ValidationException"), "INVALID_PARAMETER", False),
        (client_error("AutomationExecutionLimitExceededException"), "RESOURCE_LIMIT_EXCEEDED", False),
        (client_error("SomethingElse"), "SDK_CLIENT_ERROR", False),
        (ParamValidationError(report="x"), "SDK_CLIENT_ERROR", False),
        (client_error("ThrottlingException"), "THROTTLING", True),
        (client_error("Whatever", 429), "THROTTLING", True),
        (client_error("InternalServerError", 500), "ERROR_FROM_TARGET", True),
        (ConnectTimeoutError(endpoint_url="x"), "CONNECTION_FAILURE", True),
    ],
)
def test_the_code_of_a_failure_and_whether_another_try_may_help(error: Exception, code: str, passing: bool) -> None:
    failure = targets.failure_of(error)
    assert (failure.code, failure.passing) == (code, passing)


@pytest.mark.parametrize(
    ("arn", "way"),
    [
        ("arn:aws:ssm:us-east-1:123456789012:document/d", targets.run_command),
        ("arn:aws:ssm:us-east-1::document/AWS-RunShellScript", targets.run_command),
        ("arn:aws:ssm:us-east-1:123456789012:automation-definition/d:$DEFAULT", targets.start_automation),
        ("arn:aws:sqs:us-east-1:123456789012:q", targets.send_to_queue),
        ("arn:aws:sns:us-east-1:123456789012:t", targets.publish),
        ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/g:*", targets.send_to_logs),
        ("arn:aws:events:us-east-1:123456789012:event-bus/mine", targets.send_to_bus),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", None),
    ],
)
def test_each_kind_of_target_has_its_way(arn: str, way: Any) -> None:
    assert targets.kind(arn) is way


def other_bus(bus: Any, name: str) -> tuple[str, str]:
    """Make a bus whose every event goes to a queue, and return its ARN and the queue."""
    arn = bus.client.create_event_bus(Name=name)["EventBusArn"]
    url, queue = bus.queue(f"from-{name}", policy=False)
    bus.client.put_rule(Name=f"all-{name}", EventBusName=name, EventPattern='{"source": [{"prefix": ""}]}')
    bus.client.put_targets(Rule=f"all-{name}", EventBusName=name, Targets=[{"Id": "q", "Arn": queue}])
    return arn, url


def test_another_bus_gets_the_event_as_it_is_and_hands_it_to_no_third_one(bus: Any) -> None:
    mine, heard = other_bus(bus, "mine")
    third, silent = other_bus(bus, "third")
    bus.client.put_targets(Rule="all-mine", EventBusName="mine", Targets=[{"Id": "on", "Arn": third}])
    url, arn = bus.queue("here", policy=False)
    bus.client.put_targets(Rule="push", Targets=[{"Id": "bus", "Arn": mine}, {"Id": "q", "Arn": arn}])
    bus.push("v7")
    first, second = bus.message(url)["body"], bus.message(heard)["body"]
    assert first == second and first["detail"] == {"image-tag": "v7"}
    assert "Messages" not in bus.lab.client("sqs").receive_message(QueueUrl=silent)


@pytest.mark.parametrize("made", ["missing", "no permission"])
def test_a_bus_that_cannot_be_reached_fails(bus: Any, made: str) -> None:
    mine, _ = other_bus(bus, "mine")
    dead, queue = bus.queue()
    arn = f"{mine}-gone" if made == "missing" else mine
    role = {"RoleArn": bus.role} if made == "no permission" else {}
    bus.client.put_targets(Rule="push", Targets=[{"Id": "bus", "Arn": arn, "DeadLetterConfig": {"Arn": queue}, **role}])
    bus.push()
    assert bus.message(dead)["ERROR_CODE"] == ("NO_RESOURCE" if made == "missing" else "NO_PERMISSIONS")


def test_a_role_that_may_put_events_reaches_a_bus(bus: Any) -> None:
    mine, heard = other_bus(bus, "mine")
    bus.allow({"Effect": "Allow", "Action": "events:PutEvents", "Resource": mine})
    bus.client.put_targets(Rule="push", Targets=[{"Id": "bus", "Arn": mine, "RoleArn": bus.role}])
    bus.push()
    assert bus.message(heard)


@pytest.mark.parametrize("account", ["123456789012", "111122223333"])
def test_another_accounts_bus_has_to_let_the_sender_in(bus: Any, account: str) -> None:
    from moto.events.models import events_backends

    other = events_backends["444455556666"]["us-east-1"]
    other.create_event_bus("theirs", None, [], None, None, None)
    arn = "arn:aws:events:us-east-1:444455556666:event-bus/theirs"
    statement = {"Sid": "s", "Effect": "Allow", "Action": "events:PutEvents", "Resource": arn}
    statement["Principal"] = {"AWS": f"arn:aws:iam::{account}:root"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    other.put_permission("theirs", "", "", "", None, policy)
    dead, queue = bus.queue()
    bus.client.put_targets(Rule="push", Targets=[{"Id": "bus", "Arn": arn, "DeadLetterConfig": {"Arn": queue}}])
    bus.push()
    if account == "123456789012":
        assert bus.metric("FailedInvocations") == 0 and bus.metric("Invocations") == 1
    else:
        assert bus.message(dead)["ERROR_CODE"] == "NO_PERMISSIONS"
