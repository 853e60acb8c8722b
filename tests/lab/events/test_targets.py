"""How each kind of target is called, and what EventBridge makes of its refusal.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html (the error codes) and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

from typing import Any

import pytest

TAG = {"type": "String"}
INPUT = '{"tag":["x"]}'


@pytest.fixture
def dead(lab: Any, bus: Any) -> Any:
    """Return the dead-letter queue of a target whose role may do all it has to."""
    lab.node(role="node", cluster="a")
    lab.document("true", tag=TAG)
    url, arn = bus.queue()
    bus.put(Input=INPUT, DeadLetterConfig={"Arn": arn})
    return url


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
