"""What a target is given.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json

import pytest

from lab.aws.events.input import render

ARN = "arn:aws:events:us-east-1:123456789012:rule/push"
EVENT = {
    "source": "aws.ecr",
    "time": "2026-01-02T03:04:05Z",
    "detail": {"repository-name": "team/app", "image-tag": "v1", "image-digest": "sha256:abc", "sizes": [1, 2]},
}
PATHS = {"repo": "$.detail.repository-name", "tag": "$.detail.image-tag", "sizes": "$.detail.sizes"}


def transformed(template: str, paths: dict[str, str] | None = None) -> str:
    transformer = {"InputPathsMap": PATHS if paths is None else paths, "InputTemplate": template}
    return render({"InputTransformer": transformer}, EVENT, ARN, "push")


def test_without_anything_the_event_is_the_input():
    assert json.loads(render({}, EVENT, ARN, "push")) == EVENT


def test_a_constant_input_is_passed_as_it_is():
    assert render({"Input": '{"a": ["b"]}'}, EVENT, ARN, "push") == '{"a": ["b"]}'


def test_an_input_path_picks_a_part():
    assert json.loads(render({"InputPath": "$.detail"}, EVENT, ARN, "push")) == EVENT["detail"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"images": ["<repo>:<tag>"]}', {"images": ["team/app:v1"]}),
        ('{"images": [<repo>, <tag>]}', {"images": ["team/app", "v1"]}),
        ('{"sizes": <sizes>}', {"sizes": [1, 2]}),
        ('{"said": "a \\"<tag>\\" b", "tag": <tag>}', {"said": 'a "v1" b', "tag": "v1"}),
        ('{"rule": <aws.events.rule-name>}', {"rule": "push"}),
    ],
    ids=["inside a string", "outside", "a list", "behind escaped quotes", "a reserved name"],
)
def test_a_template_is_filled(template, expected):
    assert json.loads(transformed(template)) == expected


@pytest.mark.parametrize(
    ("template", "expected"), [('{"x": [<gone>]}', '{"x": []}'), ('{"x": <gone>}', '{"x": }')], ids=["valid", "broken"]
)
def test_a_variable_whose_path_is_not_there_does_not_appear(template, expected):
    assert transformed(template, {"gone": "$.detail.nothing"}) == expected
