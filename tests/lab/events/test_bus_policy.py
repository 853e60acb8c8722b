"""A bus's policy as a whole.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html (Policy) and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.calls import refusal

ARN = "arn:aws:events:us-east-1:123456789012:event-bus/default"
RIGHT = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "events:PutEvents", "Resource": ARN}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Effect": "Permit"}, "The Effect"),
        ({"Principal": None}, "has a Principal"),
        ({"Action": "s3:GetObject"}, "is EventBridge's"),
        ({"Action": ["events:PutEvents", "sqs:*"]}, "is EventBridge's"),
        ({"Action": None}, "is EventBridge's"),
        ({"Resource": None}, "is the event bus"),
        ({"Resource": "default"}, "is the event bus"),
        ({"Resource": [ARN, ARN.replace("default", "other")]}, "is not this event bus"),
    ],
)
def test_a_statement_that_allows_nothing_on_a_bus(bus: Any, change: dict[str, Any], said: str) -> None:
    statement = {key: value for key, value in (RIGHT | change).items() if value is not None}
    error = refusal(bus.client.put_permission, Policy=policy(RIGHT, statement))
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith("Parameter Policy is not valid. Reason:") and said in error["Message"]
    assert "Policy" not in bus.client.describe_event_bus()


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": []}', '{"Statement": ["a"]}', '{"Version": "2012-10-17"}'])
def test_a_policy_that_is_none(bus: Any, text: str) -> None:
    assert refusal(bus.client.put_permission, Policy=text)["Code"] == "ValidationException"


def test_a_policy_is_kept_whether_or_not_its_statements_have_names(bus: Any) -> None:
    bus.client.put_permission(Policy=json.dumps({"Version": "2012-10-17", "Statement": RIGHT}))
    bus.client.put_permission(Policy=policy(RIGHT | {"Sid": "named", "Principal": "*"}))
    kept = json.loads(bus.client.describe_event_bus()["Policy"])["Statement"]
    assert [one["Sid"] for one in kept] == ["statement-1", "named"]
    bus.client.remove_permission(StatementId="named")
    assert len(json.loads(bus.client.describe_event_bus()["Policy"])["Statement"]) == 1
