"""How ssm_document shares, deletes, waits and refuses."""

from __future__ import annotations

import pytest
from document_backend import NAME, WRITES, content, error


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
