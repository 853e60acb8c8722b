"""What a document may hold: size, format, schema and platforms.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html (64 KB, DocumentFormat) and
https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html (the
platforms of each plugin) and
https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from moto.ssm.exceptions import SSMException

from lab.aws.ssm import amazon, document_content
from tests.lab.calls import code

NAME = "nodecache-test"


def test_yaml_is_kept_and_converted(lab: Any) -> None:
    text = "schemaVersion: '2.2'\nmainSteps:\n- action: aws:runShellScript\n  name: step\n  inputs: {runCommand: [x]}\n"
    lab.ssm.create_document(Name=NAME, DocumentType="Command", Content=text, DocumentFormat="YAML")
    assert lab.ssm.get_document(Name=NAME, DocumentFormat="YAML")["Content"] == text
    assert json.loads(lab.ssm.get_document(Name=NAME)["Content"])["mainSteps"][0]["name"] == "step"
    same = {"Name": NAME, "Content": json.dumps(yaml.safe_load(text)), "DocumentVersion": "$LATEST"}
    assert code(lab.ssm.update_document, **same) == "DuplicateDocumentContent"


def made(*steps: dict[str, Any], **more: Any) -> Any:
    content = json.dumps({"schemaVersion": "2.2", "mainSteps": list(steps), **more})
    backend = SimpleNamespace(account_id="123456789012")
    return document_content.new(backend, {"Name": NAME, "Content": content}, None, "1")  # type: ignore[arg-type]


def step(action: str, /, **inputs: Any) -> dict[str, Any]:
    return {"action": action, "name": "stepOne", "inputs": inputs or {"runCommand": ["true"]}}


@pytest.mark.parametrize(
    ("action", "platforms"),
    [
        ("aws:runShellScript", ["Linux", "MacOS"]),
        ("aws:runPowerShellScript", ["Windows", "Linux", "MacOS"]),
        ("aws:domainJoin", ["Windows"]),
        ("aws:configurePackage", ["Windows", "Linux", "MacOS"]),
    ],
)
def test_the_platforms_are_those_of_the_plugins(action: str, platforms: list[str]) -> None:
    inputs = {"directoryId": "d"} if action == "aws:domainJoin" else {}
    inputs = {"action": "Install", "name": "x"} if action == "aws:configurePackage" else inputs
    assert made(step(action, **inputs)).platform_types == platforms


def refused(kind: str, shape: str, content: str) -> str:
    backend = SimpleNamespace(account_id="123456789012")
    given = {"Name": NAME, "Content": content, "DocumentType": kind, "DocumentFormat": shape}
    with pytest.raises(SSMException) as wrong:
        document_content.new(backend, given, None, "1")  # type: ignore[arg-type]
    return str(wrong.value.code)


CALENDAR = "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_OPEN\nEND:VCALENDAR"
SMALL = json.dumps({"schemaVersion": "2.2", "mainSteps": [step("aws:runShellScript")]})


@pytest.mark.parametrize(
    ("kind", "shape", "content", "code"),
    [
        ("Command", "JSON", "{", "InvalidDocumentContent"),
        ("Command", "JSON", "[]", "InvalidDocumentContent"),
        ("Command", "YAML", "a: [", "InvalidDocumentContent"),
        ("Command", "TEXT", SMALL, "InvalidDocumentContent"),
        ("ChangeCalendar", "JSON", CALENDAR, "InvalidDocumentContent"),
        ("ChangeCalendar", "TEXT", "text", "InvalidDocumentContent"),
        ("Automation", "JSON", SMALL, "InvalidDocumentContent"),
        ("Session", "JSON", SMALL, "InvalidDocumentContent"),
        ("Session", "JSON", '{"schemaVersion": "1.0", "sessionType": "Shell"}', "InvalidDocumentContent"),
        ("Command", "JSON", SMALL + " " * 65536, "MaxDocumentSizeExceeded"),
    ],
)
def test_content_that_is_not_of_its_kind(kind: str, shape: str, content: str, code: str) -> None:
    assert refused(kind, shape, content) == code


def test_a_calendar_is_text_and_has_no_schema() -> None:
    backend = SimpleNamespace(account_id="123456789012")
    given = {"Name": NAME, "Content": CALENDAR, "DocumentType": "ChangeCalendar", "DocumentFormat": "TEXT"}
    found = document_content.new(backend, given, None, "1")  # type: ignore[arg-type]
    assert (found.content, found.document_format) == (CALENDAR, "TEXT")


@pytest.mark.parametrize("name", amazon.DOCUMENTS)
def test_amazons_own_are_documents_like_others(name: str) -> None:
    found = document_content.amazon(name)
    assert found.owner == "Amazon" and "Linux" in found.platform_types
