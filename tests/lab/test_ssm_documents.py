"""Documents over HTTP, where moto alone would answer differently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

NAME = "nodecache-test"


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def test_versions_and_the_default(lab: Any) -> None:
    made = lab.ssm.create_document(
        Name=NAME, DocumentType="Command", Content=lab.content("one"), TargetType="/AWS::EC2::Instance", DisplayName="d"
    )
    assert made["DocumentDescription"]["Status"] == "Creating"
    for line in range(2, 12):
        lab.ssm.update_document(Name=NAME, Content=lab.content(str(line)), DocumentVersion="$LATEST")
    described = lab.ssm.describe_document(Name=NAME)["Document"]
    assert (described["DefaultVersion"], described["LatestVersion"]) == ("1", "11")
    assert (described["TargetType"], described["Status"]) == ("/AWS::EC2::Instance", "Active")
    assert described["DisplayName"] == "d" and "Linux" in described["PlatformTypes"]
    assert lab.ssm.describe_document(Name=NAME, DocumentVersion="$LATEST")["Document"]["DocumentVersion"] == "11"
    assert lab.ssm.get_document(Name=NAME, DocumentVersion="$DEFAULT")["DocumentVersion"] == "1"
    lab.ssm.update_document_default_version(Name=NAME, DocumentVersion="11")
    assert lab.ssm.get_document(Name=NAME)["DocumentVersion"] == "11"
    listed = lab.ssm.list_document_versions(Name=NAME, MaxResults=5)
    assert [row["DocumentVersion"] for row in listed["DocumentVersions"]] == ["11", "10", "9", "8", "7"]
    assert listed["DocumentVersions"][0]["IsDefaultVersion"] and listed["NextToken"]


def test_an_arn_names_a_document(lab: Any) -> None:
    lab.document("true")
    arn = f"arn:aws:ssm:us-east-1:123456789012:document/{NAME}"
    assert lab.ssm.describe_document(Name=arn)["Document"]["Name"] == NAME


def test_what_update_refuses(lab: Any) -> None:
    lab.document("true")
    update, other = lab.ssm.update_document, lab.content("other")
    assert code(update, Name=NAME, Content=other) == "InvalidDocumentVersion"
    assert code(update, Name=NAME, Content=other, DocumentVersion="2") == "InvalidDocumentVersion"
    spaced = json.dumps(json.loads(lab.content("true")), indent=4)
    assert code(update, Name=NAME, Content=spaced, DocumentVersion="$LATEST") == "DuplicateDocumentContent"
    assert code(update, Name="missing", Content=other, DocumentVersion="$LATEST") == "InvalidDocument"


def test_what_create_refuses(lab: Any) -> None:
    create = lab.ssm.create_document
    for name in ("AWS-mine", "amazonish", "AMZN-x"):
        assert code(create, Name=name, DocumentType="Command", Content=lab.content("x")) == "ValidationException"
    assert code(create, Name="a b c", DocumentType="Command", Content=lab.content("x")) == "ValidationException"
    assert code(create, Name=NAME, DocumentType="Nonsense", Content=lab.content("x")) == "ValidationException"
    for wrong in ("{", '{"schemaVersion": "2.2"}', lab.content("x", a_b={"type": "String"})):
        assert code(create, Name=NAME, DocumentType="Command", Content=wrong) == "InvalidDocumentContent"
    lab.document("true")
    assert code(create, Name=NAME, DocumentType="Command", Content=lab.content("x")) == "DocumentAlreadyExists"


def test_what_is_not_there(lab: Any) -> None:
    assert code(lab.ssm.describe_document, Name="missing") == "InvalidDocument"
    lab.document("true")
    assert code(lab.ssm.describe_document, Name=NAME, DocumentVersion="7") == "InvalidDocumentVersion"


def test_tags_and_deletion(lab: Any) -> None:
    lab.ssm.create_document(
        Name=NAME, DocumentType="Command", Content=lab.content("x"), Tags=[{"Key": "a", "Value": "b"}]
    )
    tags = lab.ssm.list_tags_for_resource(ResourceType="Document", ResourceId=NAME)["TagList"]
    assert tags == [{"Key": "a", "Value": "b"}]
    lab.ssm.delete_document(Name=NAME)
    assert code(lab.ssm.delete_document, Name=NAME) == "InvalidDocument"


def test_amazons_own_document(lab: Any) -> None:
    described = lab.ssm.describe_document(Name="AWS-RunShellScript")["Document"]
    assert described["Owner"] == "Amazon"
    assert code(lab.ssm.delete_document, Name="AWS-RunShellScript") != ""
