from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

NAME = "say-hello"
WRITES = {
    "CreateDocument",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "DeleteDocument",
    "AddTagsToResource",
    "RemoveTagsFromResource",
}


def content(text: str) -> dict:
    return {"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": text}]}


class Ssm:
    """One document, all of its versions, and Systems Manager's refusal to store one twice."""

    def __init__(self):
        self.versions, self.default, self.tags, self.fields = [], "1", {}, {}

    def _described(self):
        tags = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        latest = str(len(self.versions))
        return {
            "Name": NAME, "Status": "Active", "LatestVersion": latest, "DefaultVersion": self.default,
            "DocumentVersion": latest, "Tags": tags, **self.fields,
        }

    def DescribeDocument(self, Name, DocumentVersion=None):
        if not self.versions:
            raise ClientError({"Error": {"Code": "InvalidDocument", "Message": "none"}}, "DescribeDocument")
        return {"Document": self._described()}

    def GetDocument(self, Name, DocumentVersion, DocumentFormat):
        number = len(self.versions) if DocumentVersion == "$LATEST" else int(DocumentVersion)
        return {"Content": self.versions[number - 1]}

    def ListDocumentVersions(self, Name, **_page):
        return {"DocumentVersions": [{"DocumentVersion": str(i + 1)} for i in range(len(self.versions))]}

    def CreateDocument(self, Name, Content, DocumentType, DocumentFormat, Tags=(), **fields):
        self.versions, self.fields = [Content], {"DocumentType": DocumentType, **fields}
        self.tags = {tag["Key"]: tag["Value"] for tag in Tags}

    def UpdateDocument(self, Name, Content, DocumentVersion, DocumentFormat, **fields):
        assert DocumentVersion == "$LATEST"
        if Content in self.versions and not fields:
            raise ClientError({"Error": {"Code": "DuplicateDocumentContent", "Message": "same"}}, "UpdateDocument")
        self.versions.append(Content)
        self.fields.update(fields)
        return {"DocumentDescription": self._described()}

    def UpdateDocumentDefaultVersion(self, Name, DocumentVersion):
        self.default = DocumentVersion

    def AddTagsToResource(self, ResourceType, ResourceId, Tags):
        assert (ResourceType, ResourceId) == ("Document", NAME)
        self.tags.update({tag["Key"]: tag["Value"] for tag in Tags})

    def RemoveTagsFromResource(self, ResourceType, ResourceId, TagKeys):
        for key in TagKeys:
            del self.tags[key]

    def DeleteDocument(self, Name):
        self.versions = []


def twice(run_module, client, **options):
    """Check, do, again, check again."""
    predicted = run_module("ssm_document", check=True, name=NAME, **options)
    assert not WRITES & set(client.names())
    done = run_module("ssm_document", name=NAME, **options)
    assert done["changed"] and predicted["changed"]
    assert done["diff"] == predicted["diff"]
    client.calls.clear()
    assert not run_module("ssm_document", name=NAME, **options)["changed"]
    assert not run_module("ssm_document", check=True, name=NAME, **options)["changed"]
    assert not WRITES & set(client.names())
    return done["document"]


def test_lifecycle(strict_client, run_module):
    backend = Ssm()
    client = strict_client("ssm", backend)
    first = twice(run_module, client, content=content("one1"), tags={"costCentre": "A"})
    assert first["content"] == content("one1") and first["status"] == "Active"
    second = twice(run_module, client, content=content("two2"))
    assert (second["latest_version"], second["default_version"]) == ("2", "2")
    assert backend.tags == {"costCentre": "A"}
    third = twice(run_module, client, tags={"owner": "B"})
    assert third["tags"] == backend.tags == {"owner": "B"}
    assert twice(run_module, client, state="absent") == {}


def test_spacing_and_yaml_are_no_change(strict_client, run_module):
    client = strict_client("ssm", Ssm())
    twice(run_module, client, content=content("one1"))
    for text in (json.dumps(content("one1"), indent=4), "schemaVersion: '2.2'\nmainSteps: "
                 "[{name: one1, action: 'aws:runShellScript'}]"):
        assert not run_module("ssm_document", name=NAME, content=text)["changed"]


def test_an_older_equal_version_is_promoted(strict_client, run_module):
    backend = Ssm()
    client = strict_client("ssm", backend)
    run_module("ssm_document", name=NAME, content=content("one1"))
    run_module("ssm_document", name=NAME, content=content("two2"))
    client.calls.clear()
    assert run_module("ssm_document", name=NAME, content=content("one1"))["changed"]
    assert backend.default == "1" and len(backend.versions) == 2
    client.calls.clear()
    again = run_module("ssm_document", name=NAME, content=content("one1"))
    assert not again["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "AWS-mine", "content": content("one1")}, "must not start with"),
        ({"name": "x", "content": content("one1")}, "3 to 128"),
        ({"name": NAME, "content": "[1]"}, "schemaVersion"),
        ({"name": NAME}, "content is needed"),
    ],
)
def test_refusals(strict_client, run_module, options, words):
    client = strict_client("ssm", Ssm())
    assert words in run_module("ssm_document", **options)["msg"]
    assert not WRITES & set(client.names())


def test_type_cannot_change(strict_client, run_module):
    strict_client("ssm", Ssm())
    run_module("ssm_document", name=NAME, content=content("one1"))
    result = run_module("ssm_document", name=NAME, content=content("one1"), document_type="Automation")
    assert "cannot become Automation" in result["msg"]
