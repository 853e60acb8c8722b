from __future__ import annotations

import hashlib
import json
import time

import pytest
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


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    taken = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.fixture(name="aws")
def fixture(strict_client, four_cases):
    """Return a backend, its client, and the four cases of this module."""
    backend = Ssm()
    client = strict_client("ssm", backend)

    def cases(**options):
        return four_cases("ssm_document", client, WRITES, **{"name": NAME, **options})["document"]

    return backend, client, cases


def test_lifecycle(aws):
    backend, _client, cases = aws
    first = cases(content=content("one1"), tags={"costCentre": "A"})
    assert first["content"] == content("one1") and first["status"] == "Active"
    assert (first["document_type"], first["document_format"]) == ("Command", "JSON")
    second = cases(content=content("two2"))
    assert (second["latest_version"], second["default_version"]) == ("2", "2") == (backend.latest, backend.default)
    assert backend.tags == {"costCentre": "A"}
    third = cases(tags={"owner": "B"})
    assert third["tags"] == backend.tags == {"owner": "B"}
    assert cases(state="absent") == {}


def test_nothing_to_change_takes_two_calls_and_a_third_for_sharing(aws, run_module):
    _backend, client, cases = aws
    cases(content=content("one1"), account_ids=["123456789012"])
    client.calls.clear()
    run_module("ssm_document", name=NAME, content=content("one1"), tags={}, target_type=None)
    assert client.names() == ["DescribeDocument", "GetDocument"]
    client.calls.clear()
    run_module("ssm_document", name=NAME, content=content("one1"), account_ids=["123456789012"])
    assert client.names() == ["DescribeDocument", "GetDocument", "DescribeDocumentPermission"]


def test_every_option_is_sent_and_comes_back(aws):
    backend, client, cases = aws
    options = {
        "document_type": "Package",
        "document_format": "JSON",
        "target_type": "/AWS::EC2::Instance",
        "display_name": "Say hello",
        "version_name": "1.0",
        "cloud_providers": ["GCP", "AWS"],
        "requires": [{"name": "a-schema", "version": "1", "version_name": "x", "require_type": "y"}],
    }
    files = [{"key": "S3FileUrl", "values": ["s3://example/a.zip"], "name": "a.zip"}]
    made = cases(content=content("one1"), attachments=files, **options)
    assert {key: made[key] for key in options} == options
    assert backend.versions["1"]["Attachments"] == [
        {"Key": "S3FileUrl", "Values": ["s3://example/a.zip"], "Name": "a.zip"}
    ]


def test_what_is_left_out_goes_into_the_next_version(aws):
    backend, _client, cases = aws
    files = [{"key": "S3FileUrl", "values": ["s3://example/a.zip"], "name": "a.zip"}]
    kept = {"target_type": "/", "display_name": "Say hello", "cloud_providers": ["AWS"]}
    cases(content=content("one1"), attachments=files, version_name="1.0", **kept)
    made = cases(content=content("two2"))
    assert {key: made[key] for key in kept} == kept and "version_name" not in made
    assert backend.versions["2"]["Attachments"] == [
        {"Key": "AttachmentReference", "Values": ["say-hello/1/a.zip"], "Name": "a.zip"}
    ]


def test_another_attachment_is_a_new_version(aws, run_module):
    backend, client, cases = aws
    one = {"key": "S3FileUrl", "values": ["s3://example/a.zip"], "name": "a.zip"}
    two = {"key": "S3FileUrl", "values": ["s3://example/b.zip"], "name": "b.zip"}
    cases(content=content("one1"), attachments=[one])
    assert not run_module("ssm_document", name=NAME, attachments=[one])["changed"]
    assert cases(content=content("two2"), attachments=[one, two])["latest_version"] == "2"
    cases(content=content("thr3"), attachments=[])
    assert not backend.versions["3"]["Attachments"]


def test_spacing_and_yaml_are_no_change(aws, run_module):
    _backend, client, cases = aws
    cases(content=content("one1"))
    yaml_text = "schemaVersion: '2.2'\nmainSteps: [{name: one1, action: 'aws:runShellScript'}]"
    flow_text = "{schemaVersion: '2.2', mainSteps: [{name: one1, action: 'aws:runShellScript'}]}"
    for text in (json.dumps(content("one1"), indent=4), yaml_text, flow_text):
        client.calls.clear()
        assert not run_module("ssm_document", name=NAME, content=text)["changed"]
        assert not WRITES & set(client.names())


def test_yaml_for_json_is_stored_as_json(aws):
    backend, _client, cases = aws
    cases(content="{schemaVersion: '2.2', mainSteps: [{name: one1, action: 'aws:runShellScript'}]}")
    assert json.loads(backend.versions["1"]["Content"])["schemaVersion"] == "2.2"


def test_text_is_stored_as_it_was_written(aws):
    backend, _client, cases = aws
    written = json.dumps(content("one1"), indent=4)
    cases(content=written)
    assert backend.versions["1"]["Content"] == written


def test_yaml_stays_yaml(aws):
    backend, _client, cases = aws
    written = "# a comment\nschemaVersion: '2.2'\ndescription: 2026-11-24\nmainSteps: []\n"
    made = cases(content=written, document_format="YAML")
    assert backend.versions["1"]["Content"] == written and made["content"]["description"] == "2026-11-24"
    cases(content=content("zwei"))
    assert yaml.safe_load(backend.versions["2"]["Content"]) == content("zwei")
    assert backend.versions["2"]["DocumentFormat"] == "YAML"


def test_a_format_changes_with_the_content(aws):
    backend, _client, cases = aws
    cases(content=content("one1"))
    made = cases(content=content("two2"), document_format="YAML")
    assert made["document_format"] == "YAML" and yaml.safe_load(backend.versions["2"]["Content"]) == content("two2")
    assert backend.default == "2"


def test_plain_text(aws, run_module):
    backend, _client, cases = aws
    calendar = "BEGIN:VCALENDAR\r\nX-CALENDAR-TYPE:DEFAULT_OPEN\r\nEND:VCALENDAR\r\n"
    options = {"document_type": "ChangeCalendar", "document_format": "TEXT"}
    cases(content=calendar, **options)
    assert backend.versions["1"]["Content"] == calendar
    assert not run_module("ssm_document", name=NAME, content=calendar.replace("\r", "").strip(), **options)["changed"]
    assert "must be text" in run_module("ssm_document", name=NAME, content={"a": 1}, **options)["msg"]


def test_keys_come_back_as_they_went_in(aws):
    _backend, _client, cases = aws
    odd = {**content("one1"), "parameters": {"camelCase": {}, "snake_case": {}, "UPPER": {}}}
    assert cases(content=odd)["content"] == odd


def test_an_older_equal_version_is_promoted(aws):
    backend, _client, cases = aws
    for text in ("one1", "two2", "thr3"):
        cases(content=content(text))
    backend.page = 1
    back = cases(content=content("one1"))
    assert backend.default == "1" and len(backend.versions) == 3
    assert (back["default_version"], back["latest_version"], back["content"]) == ("1", "3", content("one1"))


def test_a_version_that_is_default_is_enough(aws, run_module):
    backend, client, cases = aws
    cases(content=content("one1"))
    cases(content=content("two2"))
    cases(content=content("one1"))
    client.calls.clear()
    assert not run_module("ssm_document", name=NAME, content=content("one1"))["changed"]
    assert client.names() == ["DescribeDocument", "GetDocument"]


def test_a_version_can_be_tried_out_first(aws):
    backend, _client, cases = aws
    cases(content=content("one1"))
    tried = cases(content=content("two2"), default_version="$DEFAULT")
    assert (backend.default, tried["default_version"], tried["latest_version"]) == ("1", "1", "2")
    assert tried["content"] == content("two2")
    cases(default_version="2")
    assert backend.default == "2"
    cases(default_version="1")
    cases(default_version="$LATEST")
    assert backend.default == "2" and len(backend.versions) == 2


def test_a_version_that_holds_the_content_already_is_not_written_again(aws, run_module):
    backend, client, cases = aws
    cases(content=content("one1"))
    cases(content=content("two2"))
    result = run_module("ssm_document", name=NAME, content=content("one1"), default_version="$DEFAULT")
    assert not result["changed"] and backend.default == "2" and result["diff"]["before"] == result["diff"]["after"]


def test_no_such_version(aws, run_module):
    _backend, client, cases = aws
    cases(content=content("one1"))
    client.calls.clear()
    for check in (True, False):
        result = run_module("ssm_document", check=check, name=NAME, default_version="7")
        assert result["msg"] == "default_version is '7' but document 'say-hello' has no such version."
    assert not WRITES & set(client.names())


def test_a_target_type_can_change_alone(aws):
    backend, _client, cases = aws
    cases(content=content("one1"), target_type="/")
    made = cases(target_type="/AWS::EC2::Instance")
    assert made["target_type"] == backend.versions["2"]["TargetType"] == "/AWS::EC2::Instance"
    assert backend.default == "2"


@pytest.mark.parametrize(
    ("alone", "words"),
    [
        ({"display_name": "Hello again"}, "display_name"),
        ({"display_name": "", "cloud_providers": ["GCP"]}, "cloud_providers and display_name"),
        ({"document_format": "YAML"}, "document_format"),
        ({"attachments": [{"key": "S3FileUrl", "values": ["s3://b/a.zip"], "name": "a.zip"}]}, "attachments"),
        ({"content": content("two2"), "display_name": "Hello"}, "display_name"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_aws_cannot_change_alone_says_so_and_in_check_mode_too(aws, run_module, alone, words, check):
    backend, client, cases = aws
    cases(content=content("two2"), display_name="Hi")
    cases(content=content("one1"), display_name="Hello")
    client.calls.clear()
    result = run_module("ssm_document", check=check, name=NAME, **alone)
    number = "1" if "content" in alone else "2"
    assert result["msg"] == (
        f"document 'say-hello': {words} cannot change without content or target_type, because version {number} holds "
        "this content and AWS stores none twice."
    )
    assert not WRITES & set(client.names()) and backend.default == "2"


@pytest.mark.parametrize("check", [True, False])
def test_an_old_schema_takes_no_new_version(aws, run_module, check):
    backend, client, cases = aws
    cases(content={"schemaVersion": "1.2", "runtimeConfig": {}})
    result = run_module("ssm_document", check=check, name=NAME, content=content("one1"))
    assert result["msg"] == "document 'say-hello' is of schema 1.2, of which AWS takes no new version: delete it first."
    assert "UpdateDocument" not in client.names()


def test_what_aws_reads_off_a_content_is_foretold(aws):
    backend, _client, cases = aws
    made = cases(content={**content("one1"), "description": "Say hello"})
    assert (made["description"], made["schema_version"], made["document_version"]) == ("Say hello", "2.2", "1")
    changed = cases(content=content("two2"))
    assert "description" not in changed and changed["document_version"] == "2"
    text = backend.versions["2"]["Content"]
    assert (changed["hash"], changed["hash_type"]) == (hashlib.sha256(text.encode()).hexdigest(), "Sha256")


def test_a_version_with_the_same_content_and_target_type_is_promoted(aws):
    backend, _client, cases = aws
    cases(content=content("one1"), target_type="/")
    cases(target_type="/AWS::EC2::Instance")
    back = cases(target_type="/")
    assert backend.default == "1" and len(backend.versions) == 2 and back["target_type"] == "/"


def test_content_that_somebody_else_wrote_in_between_is_promoted(aws, run_module, monkeypatch):
    backend, _client, cases = aws
    cases(content=content("one1"))

    def late(Name, **fields):
        backend.versions["2"] = {key: value for key, value in fields.items() if key != "DocumentVersion"}
        raise error("DuplicateDocumentContent", "UpdateDocument")

    monkeypatch.setattr(backend, "UpdateDocument", late)
    result = run_module("ssm_document", name=NAME, content=content("two2"))
    assert result["changed"] and backend.default == "2" == result["document"]["default_version"]


def test_a_version_name_is_given_once(aws, run_module):
    backend, client, cases = aws
    cases(content=content("one1"), version_name="1.0")
    assert cases(content=content("two2"), version_name="2.0")["version_name"] == "2.0"
    client.calls.clear()
    for check in (True, False):
        result = run_module("ssm_document", check=check, name=NAME, content=content("thr3"), version_name="1.0")
        assert (
            result["msg"] == "version_name is '1.0' but version 1 of document 'say-hello' has it already, "
            "with other content."
        )
    assert not WRITES & set(client.names())


def test_sharing_is_a_state(aws):
    backend, _client, cases = aws
    one, two = "123456789012", "210987654321"
    made = cases(content=content("one1"), account_ids=[two, one])
    assert made["account_ids"] == [one, two] == sorted(backend.shared)
    cases(account_ids=[one])
    assert backend.shared == {one: "$DEFAULT"}
    added = cases(account_ids=[two], purge_account_ids=False)
    assert added["account_ids"] == [one, two]
    cases(account_ids=[one], purge_account_ids=False, shared_document_version="$ALL")
    assert backend.shared == {one: "$ALL", two: "$DEFAULT"}
    cases(account_ids=["All"])
    assert backend.shared == {"all": "$DEFAULT"}
    cases(account_ids=[])
    assert backend.shared == {}


def test_sharing_goes_in_portions_and_is_read_in_pages(aws, run_module):
    backend, client, cases = aws
    accounts = [f"{number:012d}" for number in range(45)]
    run_module("ssm_document", name=NAME, content=content("one1"), account_ids=accounts)
    assert sorted(backend.shared) == accounts
    assert [len(request["AccountIdsToAdd"]) for request in client.requests("ModifyDocumentPermission")] == [20, 20, 5]
    client.calls.clear()
    assert not run_module("ssm_document", name=NAME, account_ids=accounts)["changed"]
    assert client.names().count("DescribeDocumentPermission") == 2


def test_a_shared_document_is_unshared_before_it_goes(aws):
    backend, _client, cases = aws
    cases(content=content("one1"), account_ids=["123456789012"])
    cases(state="absent")
    assert backend.shared == {} == backend.versions


@pytest.mark.parametrize("one", [{"document_version": "1"}, {"version_name": "1.0"}])
def test_one_version_goes(aws, one):
    backend, _client, cases = aws
    cases(content=content("one1"), version_name="1.0", account_ids=["123456789012"])
    cases(content=content("two2"))
    cases(state="absent", **one)
    assert list(backend.versions) == ["2"] and backend.shared


def test_force_is_passed_on(aws, run_module):
    _backend, client, cases = aws
    cases(content=content("one1"))
    run_module("ssm_document", name=NAME, state="absent", force=True)
    assert client.requests("DeleteDocument") == [{"Name": NAME, "Force": True}]


def test_waits_for_the_version_it_wrote(aws, run_module, naps):
    backend, client, cases = aws
    backend.slow = 0
    cases(content=content("one1"))
    client.calls.clear()
    monkey = backend.UpdateDocument

    def slow(**request):
        backend.slow = 2
        return monkey(**request)

    backend.UpdateDocument = slow
    run_module("ssm_document", name=NAME, content=content("two2"))
    assert client.requests("DescribeDocument")[-1] == {"Name": NAME, "DocumentVersion": "2"} and naps == [1, 1]
    unready = run_module("ssm_document", name=NAME, content=content("thr3"), wait_timeout=1)
    assert "was not ready after 1 seconds; it was last seen as Creating" in unready["msg"]


def test_waits_until_it_is_gone(aws, run_module, monkeypatch, naps):
    backend, client, cases = aws
    cases(content=content("one1"))
    describe, left = backend.DescribeDocument, [2]

    def slow(Name, **version):
        if not backend.versions and left[0]:
            left[0] -= 1
            return {"Document": {"Name": NAME, "Status": "Deleting"}}
        return describe(Name, **version)

    monkeypatch.setattr(backend, "DescribeDocument", slow)
    assert run_module("ssm_document", name=NAME, state="absent")["changed"] and naps == [1, 1]
    cases(content=content("one1"))
    client.calls.clear()
    run_module("ssm_document", name=NAME, state="absent", wait=False)
    assert client.names()[-1] == "DeleteDocument"


@pytest.mark.parametrize("options", [{}, {"document_version": "1"}], ids=str)
def test_gone_in_between_is_gone(aws, run_module, monkeypatch, options):
    backend, _client, cases = aws
    cases(content=content("one1"))

    def lost(**_request):
        backend.versions.clear()
        # It was done the first time, and only the answer was lost.
        monkeypatch.setattr(backend, "DeleteDocument", gone)
        raise error("InternalServerError", "DeleteDocument")

    def gone(**_request):
        raise error("InvalidDocument", "DeleteDocument")

    monkeypatch.setattr(backend, "DeleteDocument", lost)
    assert run_module("ssm_document", name=NAME, state="absent", **options)["changed"]


def test_without_waiting_a_new_document_is_being_made(aws, run_module):
    _backend, client, _cases = aws
    check = run_module("ssm_document", check=True, name=NAME, content=content("one1"), wait=False)
    done = run_module("ssm_document", name=NAME, content=content("one1"), wait=False)
    assert check["document"] == done["document"] and done["document"]["status"] == "Creating"
    assert client.names() == ["DescribeDocument", "DescribeDocument", "CreateDocument"]


def test_throttling_is_waited_out(aws, run_module, monkeypatch, naps):
    backend, client, _cases = aws
    make, codes = backend.CreateDocument, ["ThrottlingException", "TooManyUpdates"]

    def busy(**request):
        if codes:
            raise error(codes.pop(), "CreateDocument")
        return make(**request)

    monkeypatch.setattr(backend, "CreateDocument", busy)
    assert run_module("ssm_document", name=NAME, content=content("one1"))["changed"]
    assert client.names().count("CreateDocument") == 3 and len(naps) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"name": "AWS-mine"},
        {"name": "amazonian"},
        {"name": "x"},
        {"content": "[1]"},
        {"content": "{"},
        {"content": {"schemaVersion": 2.2}},
        {"content": {"schemaVersion": "2.2", "description": "x" * 65536}},
        {"target_type": "EC2"},
        {"display_name": "a;b"},
        {"version_name": "a b"},
        {"default_version": "newest"},
        {"document_version": "$LATEST"},
        {"account_ids": ["1"]},
        {"account_ids": ["All", "123456789012"]},
        {"attachments": [{"key": "SourceUrl", "values": []}]},
        {"attachments": [{"key": "SourceUrl", "values": ["x"], "name": "a b"}]},
        {"cloud_providers": []},
        {"display_name": "größe"},
        {"requires": [{"name": "a b"}]},
        {"requires": [{"name": "abc", "version": "0"}]},
        {"requires": [{"name": "abc", "version_name": "a b"}]},
        {"requires": [{"name": "abc", "require_type": "a b"}]},
        {"wait_timeout": 0},
        {"tags": {"aws:x": "y"}},
    ],
    ids=lambda options: str(options)[:60],
)
def test_refusals(aws, run_module, options):
    _backend, client, _cases = aws
    result = run_module("ssm_document", **{"name": NAME, "content": content("one1"), **options})
    assert next(iter(options)) in result["msg"]
    assert not client.names()


def test_a_new_document_needs_content(aws, run_module):
    _backend, client, _cases = aws
    assert "so content is needed" in run_module("ssm_document", name=NAME)["msg"]
    assert client.names() == ["DescribeDocument"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"document_type": "Automation"}, "cannot become Automation"),
        ({"requires": [{"name": "other"}]}, "which cannot become"),
    ],
)
def test_what_cannot_change(aws, run_module, options, words):
    _backend, client, cases = aws
    cases(content=content("one1"), requires=[{"name": "a-schema"}])
    client.calls.clear()
    result = run_module("ssm_document", name=NAME, content=content("one1"), **options)
    assert words in result["msg"] and not WRITES & set(client.names())
