"""Roles, retries and dead letters.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from lab import settings
from lab.aws.events import delivery as event_delivery
from lab.aws.events import targets

INPUT = '{"tag":["x"]}'
SEND = {"Effect": "Allow", "Action": "ssm:SendCommand"}


def test_a_role_that_may_send_is_enough(lab: Any, bus: Any, dead: str) -> None:
    bus.push()
    lab.until(lambda: lab.ssm.list_commands()["Commands"])
    lab.until(lambda: bus.metric("SuccessfulInvocationAttempts") == 1)
    assert "Messages" not in lab.client("sqs").receive_message(QueueUrl=dead)


def cases() -> list[Any]:
    document = f"arn:aws:ssm:{settings.REGION}:{settings.ACCOUNT}:document/nodecache-test"
    nodes = f"arn:aws:ec2:{settings.REGION}:{settings.ACCOUNT}:instance/*"

    def tagged(key: str, value: Any = "node") -> dict[str, Any]:
        return SEND | {"Resource": nodes, "Condition": {"StringEquals": {key: value}}}

    on_document = SEND | {"Resource": document}
    return [
        pytest.param([], False, ":document/nodecache-test because no identity", id="nothing"),
        pytest.param([on_document], False, ":instance/i-", id="no instances"),
        pytest.param([tagged("ssm:resourceTag/role")], False, ":document/nodecache-test", id="no document"),
        pytest.param(
            [SEND | {"Resource": document[:-1]}, tagged("ssm:resourceTag/role")], False, "", id="other document"
        ),
        pytest.param([on_document, tagged("ssm:resourceTag/role", "other")], False, ":instance/i-", id="other value"),
        pytest.param([on_document, tagged("ssm:resourceTag/rolle")], False, ":instance/i-", id="other tag"),
        pytest.param([on_document, tagged("ssm:resourceTag/role")], True, "", id="ssm:resourceTag"),
        pytest.param([on_document, tagged("aws:ResourceTag/role")], True, "", id="aws:ResourceTag"),
        pytest.param([on_document, tagged("ec2:ResourceTag/*", ["node"])], True, "", id="what the console writes"),
        pytest.param(
            [on_document, tagged("ec2:ResourceTag/*", ["else"])], False, "", id="what the console writes, else"
        ),
        pytest.param(
            [SEND | {"Resource": "*"}, {**tagged("ssm:resourceTag/role"), "Effect": "Deny"}],
            False,
            "explicit deny",
            id="denied",
        ),
    ]


@pytest.mark.parametrize(("statements", "allowed", "said"), cases())
def test_the_roles_policy_decides(
    lab: Any, bus: Any, dead: str, statements: list[Any], allowed: bool, said: str
) -> None:
    if statements:
        bus.allow(*statements)
    else:
        bus.iam.delete_role_policy(RoleName="events", PolicyName="p")
    bus.push()
    lab.until(lambda: bus.metric("Invocations") == 1)
    assert bool(lab.ssm.list_commands()["Commands"]) is allowed
    assert bus.metric("FailedInvocations") == (0 if allowed else 1)
    if not allowed:
        message = bus.message(dead)
        assert (message["ERROR_CODE"], message["RETRY_ATTEMPTS"]) == ("NO_PERMISSIONS", "0")
        assert "EXHAUSTED_RETRY_CONDITION" not in message
        assert "assumed-role/events/" in message["ERROR_MESSAGE"] and said in message["ERROR_MESSAGE"]
        assert (message["RULE_ARN"], message["TARGET_ARN"]) == (bus.RULE, bus.DOCUMENT)
        assert message["body"]["detail"] == {"image-tag": "v1"}


def test_a_node_that_is_not_allowed_is_denied_by_itself(lab: Any, bus: Any, dead: str) -> None:
    other = lab.node(role="node", cluster="b")
    tagged = {"Resource": bus.NODES, "Condition": {"StringEquals": {"ssm:resourceTag/cluster": "a"}}}
    bus.allow(SEND | {"Resource": bus.DOCUMENT}, SEND | tagged)
    bus.push()
    lab.until(lambda: lab.ssm.list_commands()["Commands"])
    lab.until(
        lambda: (
            sorted(i["StatusDetails"] for i in lab.ssm.list_command_invocations()["CommandInvocations"])
            == ["AccessDenied", "Success"]
        )
    )
    denied = lab.ssm.list_command_invocations(InstanceId=other)["CommandInvocations"]
    assert [one["StatusDetails"] for one in denied] == ["AccessDenied"]


@pytest.mark.parametrize("key", ["aws:SourceArn", "aws:SourceAccount"])
def test_a_trust_policy_for_another_rule_or_account_is_not_met(bus: Any, dead: str, key: str) -> None:
    other = {"aws:SourceArn": f"{bus.RULE}-other", "aws:SourceAccount": "999999999999"}[key]
    role = bus.make_role("narrow", {"StringEquals": {key: other}})
    bus.put(Input=INPUT, RoleArn=role, DeadLetterConfig={"Arn": bus.queue()[1]})
    bus.push()
    message = bus.message(dead)
    assert message["ERROR_CODE"] == "FAILED_TO_ASSUME_ROLE"
    assert f"not authorized to perform: sts:AssumeRole on resource: {role}" in message["ERROR_MESSAGE"]


def test_a_role_that_is_gone_cannot_be_assumed(bus: Any, dead: str) -> None:
    bus.iam.delete_role_policy(RoleName="events", PolicyName="p")
    bus.iam.delete_role(RoleName="events")
    bus.push()
    assert bus.message(dead)["ERROR_CODE"] == "FAILED_TO_ASSUME_ROLE"


@pytest.mark.parametrize("made", ["none", "no policy", "other rule"])
def test_a_dead_letter_queue_has_to_be_there_and_let_the_rule_in(lab: Any, bus: Any, made: str) -> None:
    arn = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:shut"
    if made != "none":
        bus.queue("shut", policy=made != "no policy", rule=f"{bus.RULE}-other")
    bus.put(Input=INPUT, DeadLetterConfig={"Arn": arn})
    bus.push()
    lab.until(lambda: bus.metric("InvocationsFailedToBeSentToDlq") == 1)
    assert bus.metric("InvocationsSentToDlq") == 0


def refusing(monkeypatch: pytest.MonkeyPatch, *errors: Any) -> list[Any]:
    """Let the target refuse with these errors one after the other, the last one for ever."""
    made: list[Any] = []

    def call(delivery: Any) -> None:
        made.append(delivery)
        error = errors[min(len(made), len(errors)) - 1]
        if error is not None:
            raise targets.failure_of(error)

    monkeypatch.setattr(event_delivery, "call", call)
    return made


def client_error(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "SendCommand")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (client_error("ThrottlingException"), "THROTTLING"),
        (client_error("Whatever", 429), "THROTTLING"),
        (client_error("InternalServerError", 500), "ERROR_FROM_TARGET"),
        (ConnectTimeoutError(endpoint_url="x"), "CONNECTION_FAILURE"),
    ],
)
def test_what_passes_is_tried_as_often_as_the_policy_says(
    lab: Any, bus: Any, dead: str, monkeypatch: pytest.MonkeyPatch, error: Any, code: str
) -> None:
    made = refusing(monkeypatch, error)
    bus.put(Input=INPUT, RetryPolicy={"MaximumRetryAttempts": 3}, DeadLetterConfig={"Arn": bus.queue()[1]})
    bus.push()
    message = bus.message(dead)
    assert (message["ERROR_CODE"], message["RETRY_ATTEMPTS"]) == (code, "3")
    assert message["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert len(made) == 4
    lab.until(lambda: bus.metric("InvocationsSentToDlq") == 1)
    assert (bus.metric("InvocationAttempts"), bus.metric("RetryInvocationAttempts")) == (4, 3)
    assert (bus.metric("Invocations"), bus.metric("FailedInvocations")) == (1, 1)


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidDocument", "InvalidParameters", "SomethingElse"])
def test_what_stays_wrong_is_not_tried_again(bus: Any, dead: str, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    made = refusing(monkeypatch, client_error(code))
    bus.push()
    assert bus.message(dead)["RETRY_ATTEMPTS"] == "0"
    assert len(made) == 1


def test_an_event_grows_too_old(bus: Any, dead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_delivery, "FIRST_WAIT", 600)
    refusing(monkeypatch, client_error("ThrottlingException"))
    bus.put(Input=INPUT, RetryPolicy={"MaximumEventAgeInSeconds": 60}, DeadLetterConfig={"Arn": bus.queue()[1]})
    bus.push()
    message = bus.message(dead)
    assert (message["EXHAUSTED_RETRY_CONDITION"], message["RETRY_ATTEMPTS"]) == ("MaximumEventAgeInSeconds", "0")


def test_a_retry_that_goes_through_is_one_invocation(
    lab: Any, bus: Any, dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = client_error("ThrottlingException")
    refusing(monkeypatch, busy, busy, None)
    bus.push()
    lab.until(lambda: bus.metric("Invocations") == 1)
    assert (bus.metric("RetryInvocationAttempts"), bus.metric("FailedInvocations")) == (2, 0)


def test_waits_double_and_a_part_is_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_delivery, "FIRST_WAIT", 1.0)
    for retry, longest in ((1, 1.0), (4, 8.0), (100, event_delivery.LONGEST_WAIT)):
        waits = {event_delivery.wait_before(retry) for _ in range(20)}
        assert len(waits) > 1
        assert all(longest / 2 <= wait <= longest for wait in waits)
