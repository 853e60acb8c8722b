"""Systems Manager with one document, as ssm_document sees it."""

from __future__ import annotations

import hashlib

import yaml
from botocore.exceptions import ClientError

NAME = "say-hello"
WRITES = {
    "CreateDocument",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "DeleteDocument",
    "ModifyDocumentPermission",
    "AddTagsToResource",
    "RemoveTagsFromResource",
}


def content(text: str) -> dict:
    return {"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": text}]}


def error(code, operation):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Ssm:
    """One document, all of its versions, and Systems Manager's refusal to store one twice."""

    def __init__(self):
        self.versions, self.default, self.tags, self.shared, self.kind = {}, "1", {}, {}, None
        self.page, self.slow = 50, 0

    @property
    def latest(self):
        return max(self.versions, key=int)

    def _number(self, version, name=None):
        if not self.versions:
            raise error("InvalidDocument", "DescribeDocument")
        if name is not None:
            found = [number for number, fields in self.versions.items() if fields.get("VersionName") == name]
        else:
            named = {"$LATEST": self.latest, "$DEFAULT": self.default, None: self.default}
            found = [number for number in [named.get(version, version)] if number in self.versions]
        if not found:
            raise error("InvalidDocumentVersion", "DescribeDocument")
        return found[0]

    @staticmethod
    def _described_by(content):
        data = yaml.safe_load(content)
        names = {"Description": "description", "SchemaVersion": "schemaVersion"} if isinstance(data, dict) else {}
        return {key: str(data[name]) for key, name in names.items() if name in data}

    def _described(self, number):
        fields = {key: value for key, value in self.versions[number].items() if key not in ("Content", "Attachments")}
        files = [{"Name": entry["Name"]} for entry in self.versions[number].get("Attachments") or []]
        return {
            "Name": NAME,
            "Status": "Active",
            "LatestVersion": self.latest,
            "DefaultVersion": self.default,
            "DocumentVersion": number,
            "DocumentType": self.kind,
            **fields,
            "Hash": hashlib.sha256(self.versions[number]["Content"].encode()).hexdigest(),
            "HashType": "Sha256",
            **self._described_by(self.versions[number]["Content"]),
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            **({"AttachmentsInformation": files} if files else {}),
        }

    def DescribeDocument(self, Name, DocumentVersion=None, VersionName=None):
        answer = {"Document": self._described(self._number(DocumentVersion, VersionName))}
        if self.slow:
            self.slow -= 1
            answer["Document"]["Status"] = "Creating"
        return answer

    def GetDocument(self, Name, DocumentFormat, DocumentVersion=None, VersionName=None):
        stored = self.versions[self._number(DocumentVersion, VersionName)]
        assert stored["DocumentFormat"] == DocumentFormat
        return {"Content": stored["Content"]}

    def ListDocumentVersions(self, Name, NextToken=None):
        rows = [
            {"DocumentVersion": number, **{key: fields[key] for key in ("VersionName",) if key in fields}}
            for number, fields in self.versions.items()
        ]
        start = int(NextToken or 0)
        end = start + self.page
        return {"DocumentVersions": rows[start:end], **({"NextToken": str(end)} if end < len(rows) else {})}

    def CreateDocument(self, Name, DocumentType, Tags=(), **fields):
        self.versions, self.kind, self.default = {"1": fields}, DocumentType, "1"
        self.tags = {tag["Key"]: tag["Value"] for tag in Tags}
        return {"DocumentDescription": {**self._described("1"), "Status": "Creating"}}

    def UpdateDocument(self, Name, DocumentVersion, **fields):
        assert DocumentVersion == "$LATEST"

        def telling(version):
            return yaml.safe_load(version["Content"]), version.get("TargetType")

        if telling(fields) in [telling(version) for version in self.versions.values()]:
            raise error("DuplicateDocumentContent", "UpdateDocument")
        number = str(int(self.latest) + 1)
        self.versions[number] = fields
        return {"DocumentDescription": {**self._described(number), "Status": "Updating"}}

    def UpdateDocumentDefaultVersion(self, Name, DocumentVersion):
        self.default = self._number(DocumentVersion)

    def DescribeDocumentPermission(self, Name, PermissionType, NextToken=None):
        rows = [{"AccountId": key, "SharedDocumentVersion": value} for key, value in self.shared.items()]
        start = int(NextToken or 0)
        more = {"NextToken": str(start + 25)} if start + 25 < len(rows) else {}
        return {"AccountSharingInfoList": rows[start : start + 25], **more}

    def ModifyDocumentPermission(
        self, Name, PermissionType, AccountIdsToAdd=(), AccountIdsToRemove=(), SharedDocumentVersion="$DEFAULT"
    ):
        assert len(AccountIdsToAdd) <= 20 and len(AccountIdsToRemove) <= 20
        for account in AccountIdsToRemove:
            del self.shared[account]
        self.shared.update(dict.fromkeys(AccountIdsToAdd, SharedDocumentVersion))

    def AddTagsToResource(self, ResourceType, ResourceId, Tags):
        assert (ResourceType, ResourceId) == ("Document", NAME)
        self.tags.update({tag["Key"]: tag["Value"] for tag in Tags})

    def RemoveTagsFromResource(self, ResourceType, ResourceId, TagKeys):
        for key in TagKeys:
            del self.tags[key]

    def DeleteDocument(self, Name, DocumentVersion=None, VersionName=None, Force=False):
        if DocumentVersion or VersionName:
            del self.versions[self._number(DocumentVersion, VersionName)]
            return
        if self.shared:
            raise error("InvalidDocumentOperation", "DeleteDocument")
        self.versions = {}
