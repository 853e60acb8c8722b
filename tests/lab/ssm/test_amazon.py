"""The documents of Amazon's own.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents.html and, for the content that everybody can
read,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetDocument.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code
from tests.lab.ssm.with_commands import ended, rows, send


def test_amazons_own_document(lab: Any) -> None:
    described = lab.ssm.describe_document(Name="AWS-RunShellScript")["Document"]
    assert described["Owner"] == "Amazon"
    assert lab.ssm.describe_document(Name="arn:aws:ssm:us-east-1::document/AWS-RunShellScript")["Document"]["Name"]
    mine = "arn:aws:ssm:us-east-1:123456789012:document/AWS-RunShellScript"
    assert code(lab.ssm.describe_document, Name=mine) == "InvalidDocument"
    for call, more in (
        (lab.ssm.delete_document, {}),
        (lab.ssm.update_document, {"Content": lab.content("x"), "DocumentVersion": "$LATEST"}),
        (lab.ssm.update_document_default_version, {"DocumentVersion": "1"}),
        (lab.ssm.modify_document_permission, {"PermissionType": "Share", "AccountIdsToAdd": ["111122223333"]}),
    ):
        assert code(call, Name="AWS-RunShellScript", **more) == "InvalidDocument"


def test_amazons_shell_script(lab: Any) -> None:
    node = lab.node()
    command = send(
        lab, DocumentName="AWS-RunShellScript", InstanceIds=[node], Parameters={"commands": ["echo a", "echo b"]}
    )
    ended(lab, command)
    assert rows(lab, command)[node]["CommandPlugins"][0]["Output"] == "a\nb\n"
