"""The parameters of a document: definitions, and the values they take.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html
"""

from __future__ import annotations

import pytest

from lab.aws.ssm import document_parameters
from lab.aws.ssm.document_parameters import DocumentError


def content(run: object, **parameters: object) -> dict[str, object]:
    step = {"action": "aws:runShellScript", "name": "nodecache", "inputs": {"runCommand": run}}
    return {"schemaVersion": "2.2", "parameters": parameters, "mainSteps": [step]}


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"nope": ["1"], "must": ["a"]}, "unknown parameters: nope"),
        ({}, "missing parameters: must"),
        ({"must": ["A"]}, "allowedPattern"),
        ({"must": ["a", "b"]}, "exactly one value"),
        ({"must": ["a"], "act": ["no"]}, "must be one of"),
        ({"must": ["a"], "many": ["three"]}, "no Integer"),
        ({"must": ["a"], "many": ["1.5"]}, "no Integer"),
        ({"must": ["a"], "yes": ["maybe"]}, "no Boolean"),
        ({"must": ["a"], "map": ["{"]}, "no StringMap"),
        ({"must": ["a"], "map": ["[]"]}, "no StringMap"),
        ({"must": ["a"], "maps": ["{}"]}, "no MapList"),
    ],
)
def test_parameters_are_checked(given: dict[str, list[str]], part: str) -> None:
    specs = {
        "must": {"type": "String", "allowedPattern": "^[a-z]+$"},
        "act": {"type": "String", "default": "report", "allowedValues": ["report", "prefetch"]},
        "many": {"type": "Integer", "default": 3},
        "yes": {"type": "Boolean", "default": False},
        "map": {"type": "StringMap", "default": {}},
        "maps": {"type": "MapList", "default": []},
    }
    right = {"must": ["a"], "many": ["-3"], "yes": ["true"], "map": ['{"a": "b"}'], "maps": ["[]"]}
    document_parameters.check_parameters(content([], **specs), right)
    with pytest.raises(DocumentError, match=part):
        document_parameters.check_parameters(content([], **specs), given)


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ({"type": "Text"}, "no valid type"),
        ({"type": "String", "allowedValues": "a"}, "allowedValues must be a list"),
        ({"type": "String", "minChars": "x"}, "minChars must be a number"),
        ({"type": "StringList", "maxItems": True}, "maxItems must be a number"),
        ({"type": "String", "allowedPattern": "["}, "allowedPattern that is none"),
        ({"type": "String", "displayType": "blob"}, "displayType must be one of"),
        ({"type": "String", "default": ["x"]}, "default that is no String"),
        ({"type": "Integer", "default": True}, "default that is no Integer"),
        ({"type": "String", "allowedValues": ["b"], "default": "c"}, "not among its allowedValues"),
    ],
)
def test_a_definition_is_checked(spec: dict[str, object], part: str) -> None:
    with pytest.raises(DocumentError, match=part):
        document_parameters.check_specs({"a": spec})


def test_values_come_in_their_own_type_and_defaults_fill_in() -> None:
    specs = {
        "text": {"type": "String", "default": "d"},
        "list": {"type": "StringList", "default": []},
        "map": {"type": "StringMap"},
    }
    given = {"list": ["a", "b"], "map": ['{"k": "v"}']}
    assert document_parameters.resolve(content([], **specs), given) == {
        "text": "d",
        "list": ["a", "b"],
        "map": {"k": "v"},
    }


def test_a_pattern_without_anchors_lets_more_by_and_a_line_break_is_no_end() -> None:
    """The agent searches, as Go does: https://pkg.go.dev/regexp#Regexp.MatchString."""
    loose, tight = ({"type": "String", "allowedPattern": pattern} for pattern in ("[a-z]", "^[a-z]+$"))
    document_parameters.check_parameters(content([], p=loose), {"p": ["1a;"]})
    for value in ("1a;", "a\n"):
        with pytest.raises(DocumentError, match="allowedPattern"):
            document_parameters.check_parameters(content([], p=tight), {"p": [value]})
