"""What a document may hold: size, format, schema and platforms.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html (64 KB, DocumentFormat) and
https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html (the
platforms of each plugin)
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.lab.calls import code

NAME = "nodecache-test"


def test_yaml_is_kept_and_converted(lab: Any) -> None:
    text = "schemaVersion: '2.2'\nmainSteps:\n- action: aws:runShellScript\n  name: step\n  inputs: {runCommand: [x]}\n"
    lab.ssm.create_document(Name=NAME, DocumentType="Command", Content=text, DocumentFormat="YAML")
    assert lab.ssm.get_document(Name=NAME, DocumentFormat="YAML")["Content"] == text
    assert json.loads(lab.ssm.get_document(Name=NAME)["Content"])["mainSteps"][0]["name"] == "step"
    same = {"Name": NAME, "Content": json.dumps(yaml.safe_load(text)), "DocumentVersion": "$LATEST"}
    assert code(lab.ssm.update_document, **same) == "DuplicateDocumentContent"
