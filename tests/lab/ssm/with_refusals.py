"""What the tests of wrong calls do alike."""

from __future__ import annotations

import json
from typing import Any

V = "ValidationException"
NOWHERE, NO_NODE = "00000000-0000-0000-0000-000000000000", "i-0123456789abcdef0"
TAGGED = [{"Key": "tag:role", "Values": ["node"]}]
NO_ROLE = "arn:aws:iam::123456789012:role/none"
Wrong = tuple[str, str, dict[str, Any]]
Changes = list[tuple[str, dict[str, Any]]]

RATES = [{"MaxConcurrency": text} for text in ("0", "101%", "0%", "-1", "a", "50 %", "1.5", "", "12345678", "%")]
RATES += [{"MaxErrors": text} for text in ("101%", "-1", "a", "", "01", "12345678")]


def target(key: str | None, *values: str) -> dict[str, Any]:
    one: dict[str, Any] = {"Values": list(values)}
    return {"Targets": [one | ({"Key": key} if key is not None else {})]}


TARGETS: Changes = [
    *((V, target(key, "x")) for key in ("k" * 164, "tag:a+b", "")),
    (V, target("tag:a", *["x"] * 51)),
    (V, {"Targets": [{"Key": f"tag:a{number}", "Values": ["x"]} for number in range(6)]}),
]


def listing(operation: str, most: int, params: dict[str, Any], least: int = 1) -> list[Wrong]:
    """Return what is wrong with every paged listing."""
    sizes: list[Any] = [(V, least - 1), (V, most + 1), ("SerializationException", "5")]
    calls = [(code, operation, {**params, "MaxResults": size}) for code, size in sizes]
    return calls + [
        ("InvalidNextToken", operation, {**params, "NextToken": token}) for token in ("zz", "0", "-1", "1.5")
    ]


AUTO = {
    "schemaVersion": "0.3",
    "parameters": {"n": {"type": "String", "default": "x"}},
    "mainSteps": [
        {"name": "stepA", "action": "aws:executeAwsApi", "inputs": {"Service": "ssm", "Api": "DescribeParameters"}}
    ],
}


def documents(lab: Any) -> None:
    """Make a document without parameters, one that is picky about its own, and a runbook."""
    lab.document("true", name="plain")
    image, many = (
        {"type": "String", "allowedPattern": "^[a-z]+$"},
        {"type": "StringList", "default": ["a"], "minItems": 1},
    )
    lab.document("echo", name="picky", image=image, many={**many, "maxItems": 2})
    lab.ssm.create_document(Name="auto", DocumentType="Automation", Content=json.dumps(AUTO))
