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
    ],
)
def test_parameters_are_checked(given: dict[str, list[str]], part: str) -> None:
    specs = {
        "must": {"type": "String", "allowedPattern": "^[a-z]+$"},
        "act": {"type": "String", "default": "report", "allowedValues": ["report", "prefetch"]},
    }
    with pytest.raises(DocumentError, match=part):
        document_parameters.check_parameters(content([], **specs), given)
