"""What ssm_document makes of a document and its versions."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml
from document_backend import NAME, WRITES, content, error


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
