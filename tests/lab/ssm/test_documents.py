"""Documents over HTTP, where moto alone would answer differently.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateDocument.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ModifyDocumentPermission.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.calls import code

NAME = "nodecache-test"


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


def test_version_names_are_unique_and_find_a_version(lab: Any) -> None:
    lab.ssm.create_document(Name=NAME, DocumentType="Command", Content=lab.content("one"), VersionName="first")
    update = {"Name": NAME, "Content": lab.content("two"), "DocumentVersion": "$LATEST"}
    assert code(lab.ssm.update_document, VersionName="first", **update) == "DuplicateDocumentVersionName"
    lab.ssm.update_document(VersionName="second", **update)
    assert lab.ssm.get_document(Name=NAME, VersionName="second")["DocumentVersion"] == "2"
    assert code(lab.ssm.get_document, Name=NAME, VersionName="third") == "InvalidDocumentVersion"
    wrong = {"Name": NAME, "VersionName": "second", "DocumentVersion": "1"}
    assert code(lab.ssm.get_document, **wrong) == "InvalidDocumentVersion"
    answer = lab.ssm.update_document_default_version(Name=NAME, DocumentVersion="2")["Description"]
    assert answer["DefaultVersionName"] == "second"
    assert code(lab.ssm.update_document_default_version, Name=NAME, DocumentVersion="3") == "InvalidDocumentVersion"
    # The content of an older version counts as a duplicate too.
    again = {"Name": NAME, "Content": lab.content("one"), "DocumentVersion": "2"}
    assert code(lab.ssm.update_document, **again) == "DuplicateDocumentContent"
    lab.ssm.update_document(**again, TargetType="/AWS::EC2::Instance")
    assert code(lab.ssm.delete_document, Name=NAME, DocumentVersion="2") == "InvalidDocumentOperation"
    lab.ssm.delete_document(Name=NAME, DocumentVersion="1")
    assert code(lab.ssm.describe_document, Name=NAME, DocumentVersion="1") == "InvalidDocumentVersion"


def test_another_accounts_document_is_named_by_its_arn(lab: Any) -> None:
    theirs = lab.client("ssm")

    def elsewhere(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = "111122223333"

    theirs.meta.events.register("before-sign.ssm", elsewhere)
    theirs.create_document(Name=NAME, DocumentType="Command", Content=lab.content("true"))
    arn = f"arn:aws:ssm:us-east-1:111122223333:document/{NAME}"
    assert code(lab.ssm.describe_document, Name=arn) == "InvalidDocument"
    theirs.modify_document_permission(Name=NAME, PermissionType="Share", AccountIdsToAdd=["123456789012"])
    assert lab.ssm.describe_document(Name=arn)["Document"]["Owner"] == "111122223333"
    assert code(lab.ssm.describe_document, Name=NAME) == "InvalidDocument"


def test_limits_the_model_does_not_carry(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.aws.ssm import documents

    monkeypatch.setattr(documents, "DOCUMENT_LIMIT", 1)
    monkeypatch.setattr(documents, "VERSION_LIMIT", 1)
    lab.document("true")
    create = {"Name": "two", "DocumentType": "Command", "Content": lab.content("x")}
    assert code(lab.ssm.create_document, **create) == "DocumentLimitExceeded"
    update = {"Name": NAME, "Content": lab.content("x"), "DocumentVersion": "$LATEST"}
    assert code(lab.ssm.update_document, **update) == "DocumentVersionLimitExceeded"
    big = {**create, "Content": lab.content("x" * 65536)}
    monkeypatch.setattr(documents, "DOCUMENT_LIMIT", 500)
    assert code(lab.ssm.create_document, **big) == "MaxDocumentSizeExceeded"
    attached = {**create, "Attachments": [{"Key": "SourceUrl", "Values": ["s3://b/k"]}]}
    assert code(lab.ssm.create_document, **attached) == "ValidationException"


def test_an_arn_names_its_partition_and_service(lab: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html."""
    lab.document("true")
    arn = f"arn:aws:ssm:us-east-1:123456789012:document/{NAME}"
    wrong = [arn.replace("arn:aws:", "arn:aws-cn:"), arn.replace(":ssm:", ":s3:")]
    refuses.calls("ssm", [("InvalidDocument", "describe_document", {"Name": name}) for name in wrong])
    assert lab.ssm.describe_document(Name=arn)["Document"]["Name"] == NAME
