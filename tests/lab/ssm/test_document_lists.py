"""Which documents there are, and with whom they are shared.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListDocuments.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListDocumentVersions.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ModifyDocumentPermission.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code

NAME = "nodecache-test"


def test_listing_documents(lab: Any) -> None:
    lab.document("x", name="nodecache-a")
    lab.ssm.create_document(
        Name="other-b",
        DocumentType="Command",
        Content=lab.content("x"),
        DisplayName="shown",
        TargetType="/AWS::EC2::Instance",
        Tags=[{"Key": "team", "Value": "a"}],
    )

    def names(*filters: tuple[str, str]) -> list[str]:
        wanted = [{"Key": key, "Values": [value]} for key, value in filters]
        rows = lab.ssm.list_documents(Filters=wanted)["DocumentIdentifiers"]
        return [row["Name"] for row in rows]

    assert names(("Owner", "Self")) == ["nodecache-a", "other-b"]
    assert names(("Name", "node")) == ["nodecache-a"] and names(("Name", "nodecache-ab")) == []
    assert names(("Owner", "Amazon"), ("PlatformTypes", "Linux")) == ["AWS-RunShellScript"]
    assert names(("tag:team", "a")) == ["other-b"] and names(("tag:team", "b")) == []
    assert names(("TargetType", "/AWS::EC2::Instance")) == ["other-b"] and names(("DocumentType", "Package")) == []
    old = lab.ssm.list_documents(DocumentFilterList=[{"key": "Name", "value": "other"}])["DocumentIdentifiers"]
    assert [row["DisplayName"] for row in old] == ["shown"]
    first = lab.ssm.list_documents(MaxResults=1)
    rest = lab.ssm.list_documents(MaxResults=1, NextToken=first["NextToken"])
    assert (rest["DocumentIdentifiers"][0]["Name"], rest["NextToken"]) == ("other-b", "")
    for wrong, expected in (
        ([{"Key": "Odd", "Values": ["x"]}], "InvalidFilterKey"),
        ([{"Key": "Owner", "Values": ["Self", "Amazon"]}], "ValidationException"),
        ([{"Key": "tag:a", "Values": ["x"]}, {"Key": "tag:b", "Values": ["x"]}], "ValidationException"),
    ):
        assert code(lab.ssm.list_documents, Filters=wrong) == expected


def test_sharing(lab: Any) -> None:
    lab.document("true")
    share = {"Name": NAME, "PermissionType": "Share"}
    change, ask = lab.ssm.modify_document_permission, lab.ssm.describe_document_permission
    others = [f"11112222{number:04d}" for number in range(3)]
    change(**share, AccountIdsToAdd=others, SharedDocumentVersion="$LATEST")
    first = ask(**share, MaxResults=2)
    assert first["AccountSharingInfoList"][0] == {"AccountId": others[0], "SharedDocumentVersion": "$LATEST"}
    assert ask(**share, MaxResults=2, NextToken=first["NextToken"])["AccountIds"] == others[2:]
    assert code(lab.ssm.delete_document, Name=NAME) == "InvalidDocumentOperation"
    change(**share, AccountIdsToRemove=others)
    change(**share, AccountIdsToAdd=["All"])
    assert ask(**share)["AccountIds"] == ["All"]
    change(**share, AccountIdsToRemove=["all"])
    for wrong, expected in (
        ({"AccountIdsToAdd": ["all", others[0]]}, "DocumentPermissionLimit"),
        ({"AccountIdsToAdd": ["1"]}, "ValidationException"),
        ({"AccountIdsToAdd": [f"{number:012d}" for number in range(21)]}, "ValidationException"),
        ({"AccountIdsToAdd": ["123456789012"]}, "ValidationException"),
        ({}, "ValidationException"),
    ):
        assert code(change, **share, **wrong) == expected, wrong
    lab.ssm.delete_document(Name=NAME)
