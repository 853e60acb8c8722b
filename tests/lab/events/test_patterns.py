"""Event patterns: which are refused, and TestEventPattern.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html and
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.calls import refusal

WRONG = [
    ("{", "Invalid JSON"),
    ("[]", "Filter is not an object"),
    ("{}", "Empty pattern"),
    ({"source": "aws.ecr"}, "'source' must be an object or an array"),
    ({"source": []}, "Empty arrays are not allowed"),
    ({"detail": {}}, "Empty objects are not allowed"),
    ({"source": [["a"]]}, "Match value must be String, number, true, false, or null"),
    ({"source": [{"starts": "a"}]}, "Unrecognized match type starts"),
    ({"source": [{"prefix": "a", "suffix": "b"}]}, "Only one key allowed in match expression"),
    ({"source": [{"prefix": 1}]}, "prefix match pattern must be a string"),
    ({"source": [{"suffix": {"wildcard": "a"}}]}, "Unsupported suffix pattern: wildcard"),
    ({"source": [{"exists": "yes"}]}, "exists match pattern must be either true or false."),
    ({"source": [{"anything-but": {"exists": True}}]}, "Unsupported anything-but pattern: exists"),
    ({"source": [{"anything-but": {"prefix": ""}}]}, "Null prefix/suffix not allowed"),
    ({"source": [{"anything-but": ["a", 1]}]}, "mixed type is not supported"),
    ({"source": [{"wildcard": "a**b"}]}, "Consecutive wildcard characters"),
    ({"detail": {"n": [{"numeric": ["!", 1]}]}}, "Unrecognized numeric range operator: !"),
    ({"detail": {"n": [{"numeric": [">", "1"]}]}}, "Value of > must be numeric"),
    ({"detail": {"n": [{"numeric": [">", 5, "<", 1]}]}}, "Bottom must be less than top"),
    ({"detail": {"n": [{"numeric": ["<", 5, ">", 1]}]}}, "Too many elements in numeric expression"),
    ({"detail": {"ip": [{"cidr": "10.0.0.0"}]}}, "Malformed CIDR"),
    ({"detail": {"ip": [{"cidr": "10.0.0.300/8"}]}}, "Nonstandard IP address: 10.0.0.300"),
    ({"detail": {"n": [{"numeric": ["<", 5.1e9]}]}}, "must be between -5000000000.0 and 5000000000.0"),
    ('{"detail": {"n": [NaN]}}', "Invalid JSON"),
    ({"$or": [{"source": ["a"]}]}, "$or must be an array of at least two objects"),
]


@pytest.mark.parametrize(("pattern", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_a_wrong_pattern_is_refused(bus: Any, pattern: Any, reason: str) -> None:
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    error = refusal(bus.client.put_rule, Name="p", EventPattern=text)
    assert error["Code"] == "InvalidEventPatternException"
    assert error["Message"].startswith("Event pattern is not valid. Reason: ") and reason in error["Message"]
    event = json.dumps({"id": "1"})
    assert refusal(bus.client.test_event_pattern, EventPattern=text, Event=event)["Code"] == error["Code"]


def test_no_pattern_is_tried_on_nothing(bus: Any) -> None:
    error = refusal(bus.client.test_event_pattern, EventPattern="", Event="{}")
    assert error["Code"] == "InvalidEventPatternException"


EVENT = {
    "id": "1", "account": "123456789012", "source": "aws.ecr", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
    "resources": [], "detail-type": "ECR Image Action",
    "detail": {"image-tag": "v1", "n": 5, "ip": "10.1.2.3", "list": ["a", "b"], "null": None},
}  # fmt: skip


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"image-tag": ["v1"]}, True),
        ({"image-tag": ["v2"]}, False),
        ({"image-tag": [{"anything-but": [""]}]}, True),
        ({"image-tag": [{"anything-but": {"prefix": "v"}}]}, False),
        ({"image-tag": [{"prefix": "v"}], "gone": [{"exists": False}]}, True),
        ({"image-tag": [{"wildcard": "*1"}]}, True),
        ({"image-tag": [{"equals-ignore-case": "V1"}]}, True),
        ({"n": [{"numeric": [">", 0, "<=", 5]}]}, True),
        ({"ip": [{"cidr": "10.0.0.0/8"}]}, True),
        ({"list": ["b"]}, True),
        ({"null": [None]}, True),
        ({"gone": [{"anything-but": ["x"]}]}, False),
        ({"$or": [{"image-tag": ["v2"]}, {"n": [5]}]}, True),
    ],
)
def test_a_pattern_is_tried_on_an_event(bus: Any, detail: dict[str, Any], expected: bool) -> None:
    answer = bus.client.test_event_pattern(EventPattern=json.dumps({"detail": detail}), Event=json.dumps(EVENT))
    assert answer["Result"] is expected


@pytest.mark.parametrize("event", ["{", "[]", json.dumps({key: EVENT[key] for key in EVENT if key != "region"})])
def test_only_a_whole_event_is_tried(bus: Any, event: str) -> None:
    error = refusal(bus.client.test_event_pattern, EventPattern='{"source":["a"]}', Event=event)
    assert error["Code"] == "ValidationException"
