"""Automation documents: what one may hold, and how its references are filled in.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-document-builder.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-variables.html
"""

from __future__ import annotations

import json
from typing import Any

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
