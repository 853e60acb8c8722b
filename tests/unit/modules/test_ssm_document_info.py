from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
DOCUMENT = {
    "Name": "say-hello",
    "DocumentVersion": "2",
    "LatestVersion": "3",
    "DefaultVersion": "2",
    "Status": "Active",
    "DocumentType": "Command",
    "DocumentFormat": "YAML",
    "Hash": "a" * 64,
    "HashType": "Sha256",
    "CreatedDate": AT,
    "Parameters": [{"Name": "camelCase", "Type": "String", "DefaultValue": "x"}],
    "PlatformTypes": ["Linux"],
    "Tags": [{"Key": "costCentre", "Value": "A"}],
    "Owner": "123456789012",
    "SchemaVersion": "2.2",
}


class Ssm:
    def DescribeDocument(self, Name, DocumentVersion="2", VersionName=None):
        if Name != "say-hello" or DocumentVersion == "9":
            code = "InvalidDocument" if Name != "say-hello" else "InvalidDocumentVersion"
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeDocument")
        return {"Document": DOCUMENT}

    def GetDocument(self, Name, DocumentVersion, DocumentFormat):
        return {"Content": {"YAML": "schemaVersion: '2.2'", "JSON": '{"schemaVersion":"2.2"}'}[DocumentFormat]}

    def ListDocumentVersions(self, Name, NextToken=None):
        number = int(NextToken or 1)
        row = {"DocumentVersion": str(number), "IsDefaultVersion": number == 2, "CreatedDate": AT}
        return {"DocumentVersions": [row], **({"NextToken": str(number + 1)} if number < 3 else {})}

    def DescribeDocumentPermission(self, Name, PermissionType):
        return {"AccountSharingInfoList": [{"AccountId": "123456789012"}]}

    def ListDocuments(self, Filters, NextToken=None):
        name = "b-document" if NextToken is None else "a-document"
        row = {"Name": name, "Owner": "123456789012", "DocumentVersion": "1", "DocumentFormat": "JSON"}
        return {"DocumentIdentifiers": [row], **({} if NextToken else {"NextToken": "x"})}


@pytest.fixture(name="client")
def fixture(strict_client):
    return strict_client("ssm", Ssm())


@pytest.mark.parametrize("check", [False, True])
def test_one_by_name(client, run_module, check):
    result = run_module("ssm_document_info", check=check, name="say-hello")
    assert not result["changed"]
    assert result["documents"] == [
        {
            "name": "say-hello",
            "document_version": "2",
            "latest_version": "3",
            "default_version": "2",
            "status": "Active",
            "document_type": "Command",
            "document_format": "YAML",
            "hash": "a" * 64,
            "hash_type": "Sha256",
            "created_date": "2026-11-24T12:00:00+00:00",
            "platform_types": ["Linux"],
            "parameters": [{"name": "camelCase", "type": "String", "default_value": "x"}],
            "schema_version": "2.2",
            "owner": "123456789012",
            "tags": {"costCentre": "A"},
        }
    ]
    assert client.names() == ["DescribeDocument"]


@pytest.mark.parametrize("options", [{"name": "nobody"}, {"name": "say-hello", "document_version": "9"}])
def test_none(client, run_module, options):
    assert run_module("ssm_document_info", **options)["documents"] == []


def test_content_is_data_unless_a_format_is_asked_for(client, run_module):
    data = run_module("ssm_document_info", name="say-hello", include_content=True)["documents"][0]
    assert data["content"] == {"schemaVersion": "2.2"}
    text = run_module("ssm_document_info", name="say-hello", include_content=True, document_format="JSON")
    assert text["documents"][0]["content"] == '{"schemaVersion":"2.2"}'


def test_versions_and_accounts(client, run_module):
    found = run_module(
        "ssm_document_info", name="say-hello", version_name="x", include_versions=True, include_account_ids=True
    )["documents"][0]
    assert [version["document_version"] for version in found["versions"]] == ["3", "2", "1"]
    assert [version["is_default_version"] for version in found["versions"]] == [False, True, False]
    assert found["account_ids"] == ["123456789012"]
    assert client.requests("DescribeDocument") == [{"Name": "say-hello", "VersionName": "x"}]


@pytest.mark.parametrize(
    ("filters", "sent"),
    [
        (None, [{"Key": "Owner", "Values": ["Self"]}]),
        (
            {"Owner": ["Amazon", "Self"], "tag:team": "x"},
            [{"Key": "Owner", "Values": ["Amazon", "Self"]}, {"Key": "tag:team", "Values": ["x"]}],
        ),
    ],
)
def test_all_pages_of_a_list(client, run_module, filters, sent):
    documents = run_module("ssm_document_info", filters=filters)["documents"]
    assert [document["name"] for document in documents] == ["a-document", "b-document"]
    assert client.requests("ListDocuments")[0] == {"Filters": sent}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a b"},
        {"name": "say-hello", "document_version": "newest"},
        {"name": "say-hello", "version_name": "a b"},
        {"filters": {str(number): "x" for number in range(7)}},
    ],
    ids=str,
)
def test_refusals(client, run_module, wrong):
    assert list(wrong)[-1] in run_module("ssm_document_info", **wrong)["msg"]
    assert not client.names()


def test_an_error_is_one_sentence(client, run_module, monkeypatch):
    def refuse(**_request):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListDocuments")

    monkeypatch.setattr(client.backend, "ListDocuments", refuse)
    assert run_module("ssm_document_info")["msg"] == "documents 'Owner': could not list (AccessDeniedException): no"
