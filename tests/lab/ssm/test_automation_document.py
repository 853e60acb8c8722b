"""Automation documents: what one may hold, and how its references are filled in.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-document-builder.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-variables.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lab.aws.ssm import automation_document
from lab.aws.ssm.document_parameters import DocumentError
from tests.lab.calls import code
from tests.lab.ssm.with_automations import NAME, command, step


def test_what_a_document_may_not_hold(lab: Any) -> None:
    def create(**content: Any) -> Any:
        return lambda: lab.ssm.create_document(Name=NAME, DocumentType="Automation", Content=json.dumps(content))

    for steps in (
        [],
        [command("ab")],
        [command("same"), command("same")],
        [step(action="aws:runNothing")],
        [step()],
        [command(InstanceIds=["i-0123456789abcdef0"])],
        [command(Comment="{{ nothing }}")],
        [command(Comment="{{ later.Output }}"), command("later")],
        [command(more={"onFailure": "Ignore"})],
        [command(more={"nextStep": "nowhere"})],
        [step("api", "aws:executeAwsApi", Service="ec2")],
    ):
        assert code(create(schemaVersion="0.3", mainSteps=steps)) == "InvalidDocumentContent", steps
    assert code(create(schemaVersion="2.2", mainSteps=[command()])) == "InvalidDocumentContent"
    assert code(create(schemaVersion="0.3", mainSteps=[command()], outputs=["odd.X"])) == "InvalidDocumentContent"


KNOWN = {"word": "hi", "many": ["a", "b"], "one.Output": "out", "global:DATE": "2026-11-24", "number": 3}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("{{ word }}", "hi"),
        ("{{word}} there", "hi there"),
        ("{{ many }}", ["a", "b"]),
        ("all: {{ many }}", 'all: ["a", "b"]'),
        (["x", "{{ many }}", "y"], ["x", "a", "b", "y"]),
        ([["{{ many }}"]], [["a", "b"]]),
        ({"k": "{{ one.Output }}", "n": 1}, {"k": "out", "n": 1}),
        ("{{ number }}", 3),
        ("on {{ global:DATE }}", "on 2026-11-24"),
        ("{{ two.Output }}", ""),
        ("{{ not a reference }}", "{{ not a reference }}"),
    ],
)
def test_a_reference_alone_keeps_its_type_and_one_in_a_text_is_text(value: Any, filled: Any) -> None:
    assert automation_document.fill(value, KNOWN) == filled


@pytest.mark.parametrize(
    ("selector", "kind", "found"),
    [
        ("$.Rows[0].Name", "String", "a"),
        ("$.Rows[*].Name", "StringList", ["a", "b"]),
        ("$.Names", "StringList", ["x", "y"]),
        ("$.Rows", "MapList", [{"Name": "a"}, {"Name": "b"}]),
        ("$.Count", "Integer", 2),
    ],
)
def test_a_selector_picks_from_the_answer(selector: str, kind: str, found: Any) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeawsapi.html."""
    answer = {"Rows": [{"Name": "a"}, {"Name": "b"}], "Names": ["x", "y"], "Count": 2}
    assert automation_document.select(answer, {"Name": "o", "Selector": selector, "Type": kind}) == found


def test_a_selector_that_finds_nothing_fails() -> None:
    with pytest.raises(DocumentError, match=r"the Selector \$.Gone of output o finds nothing"):
        automation_document.select({}, {"Name": "o", "Selector": "$.Gone"})


def test_every_document_has_the_systems_variables() -> None:
    now = datetime(2026, 11, 24, 12, 5, tzinfo=UTC)
    assert automation_document.system("123456789012", "us-east-1", "x", now) == {
        "global:ACCOUNT_ID": "123456789012",
        "global:AWS_PARTITION": "aws",
        "global:DATE": "2026-11-24",
        "global:DATE_TIME": "2026-11-24_12.05.00",
        "global:REGION": "us-east-1",
        "automation:EXECUTION_ID": "x",
    }


def test_parameters_come_in_their_own_type() -> None:
    specs = {"n": {"type": "Integer"}, "b": {"type": "Boolean"}, "l": {"type": "List<AWS::EC2::Instance::Id>"}}
    given = {"n": ["3"], "b": ["True"], "l": ["i-1", "i-2"]}
    assert automation_document.values({"parameters": specs}, given) == {"n": 3, "b": True, "l": ["i-1", "i-2"]}
