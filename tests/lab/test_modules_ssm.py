"""The Systems Manager modules whole, over HTTP, with documents that really run on nodes."""

from __future__ import annotations

import json

import pytest

NAME = "nodecache-hello"
ANYONE = "8dfe3659-4309-493a-8755-0123456789ab"


def content(*lines, **more):
    step = {"action": "aws:runShellScript", "name": "hello", "inputs": {"runCommand": list(lines)}}
    return {"schemaVersion": "2.2", "description": "Say hello", "mainSteps": [step], **more}


@pytest.fixture(name="cases")
def fixture(run_module):
    """Check, do, again, check again: the check foretells the run, and the second run has nothing to do."""

    def cases(module, **options):
        key = module.removeprefix("ssm_")

        def foretold(result):
            known = {field: value for field, value in result[key].items() if field != "association_id"}
            return result["changed"], result["diff"], known

        check = run_module(module, check=True, **options)
        assert not check.get("failed"), check["msg"]
        done = run_module(module, **options)
        assert not done.get("failed"), done["msg"]
        assert done["changed"] and foretold(done) == foretold(check)
        for checking in (False, True):
            again = run_module(module, check=checking, **options)
            assert not again.get("failed") and not again["changed"], again
            assert again["diff"]["before"] == again["diff"]["after"]
        return done[key]

    return cases


def info(run_module, module, key, **options):
    found = run_module(module, **options)
    assert not found.get("failed"), found
    return found[key]


def test_a_document_lives(lab, cases, run_module):
    made = cases("ssm_document", name=NAME, content=content("echo one"), target_type="/", tags={"costCentre": "A"})
    assert made["content"] == content("echo one") and made["status"] == "Active"
    second = cases(
        "ssm_document", name=NAME, content=content("echo two"), target_type="/AWS::EC2::Instance", version_name="two"
    )
    assert (second["latest_version"], second["default_version"], second["version_name"]) == ("2", "2", "two")
    tried = cases("ssm_document", name=NAME, content=content("echo three"), default_version="$DEFAULT")
    assert (tried["latest_version"], tried["default_version"]) == ("3", "2")
    back = cases("ssm_document", name=NAME, content=content("echo one"), target_type="/")
    assert (back["latest_version"], back["default_version"]) == ("3", "1")
    cases("ssm_document", name=NAME, default_version="$LATEST")
    told = info(run_module, "ssm_document_info", "documents", name=NAME, include_content=True, include_versions=True)
    assert told[0]["content"] == content("echo three") and told[0]["tags"] == {"costCentre": "A"}
    assert [version["document_version"] for version in told[0]["versions"]] == ["3", "2", "1"]
    cases("ssm_document", name=NAME, tags={"owner": "B"})
    assert cases("ssm_document", name=NAME, state="absent", document_version="1") == {}
    assert cases("ssm_document", name=NAME, state="absent") == {}
    assert info(run_module, "ssm_document_info", "documents", name=NAME) == []


def test_a_document_in_yaml(lab, cases, run_module):
    text = "# hello\n" + json.dumps(content("echo one"))
    assert cases("ssm_document", name=NAME, content=text, document_format="YAML")["content"] == content("echo one")
    assert cases("ssm_document", name=NAME, content=content("echo two"))["document_format"] == "YAML"
    cases("ssm_document", name=NAME, content=content("echo three"), document_format="JSON")
    alone = run_module("ssm_document", name=NAME, document_format="YAML")
    assert "document_format cannot change without content or target_type" in alone["msg"]


def test_documents_are_listed(lab, run_module, cases):
    cases("ssm_document", name=NAME, content=content("echo one"))
    found = info(run_module, "ssm_document_info", "documents", filters={"Name": NAME, "Owner": "Self"})
    assert [document["name"] for document in found] == [NAME]


def test_what_aws_refuses_is_one_sentence(lab, run_module):
    wrong = {"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": "hi"}]}
    result = run_module("ssm_document", name=NAME, content=wrong)
    assert result["msg"].startswith(f"document '{NAME}': could not create (InvalidDocumentContent): ")


def test_an_association_lives(lab, cases, run_module):
    lab.document("echo '{{ word }}' >> here", word={"type": "String", "default": "x"})
    lab.client("s3").create_bucket(Bucket="example-logs")
    node = lab.node(team="a")
    options = {
        "association_name": "keep-images",
        "name": "nodecache-test",
        "parameters": {"word": "hello"},
        "targets": [{"key": "tag:team", "values": ["b", "a"]}],
        "schedule_expression": "rate(30 minutes)",
        "max_concurrency": "10%",
        "max_errors": "1",
        "compliance_severity": "HIGH",
        "output_location": {"s3_location": {"output_s3_bucket_name": "example-logs"}},
        "tags": {"costCentre": "A"},
    }
    made = cases("ssm_association", **options)
    lab.until(lambda: len(lab.fleet.calls) == 1)
    changed = cases("ssm_association", association_name="keep-images", max_errors="10%")
    assert {**made, "max_errors": "10%", "association_version": "2"} == changed
    lab.until(lambda: len(lab.fleet.calls) == 2)
    cases("ssm_association", association_name="keep-images", tags={"owner": "B"})
    told = info(run_module, "ssm_association_info", "associations", association_name="keep-images", executions=5)
    assert len(told) == 1 and told[0]["tags"] == {"owner": "B"} and told[0]["parameters"] == {"word": ["hello"]}
    assert [run["association_version"] for run in told[0]["executions"]] == ["2", "1"]
    assert [target["resource_id"] for target in told[0]["executions"][0]["targets"]] == [node]
    cases("ssm_association", association_name="keep-images", max_errors="", schedule_expression="")
    cases("ssm_association", association_name="keep-images", state="absent")
    assert info(run_module, "ssm_association_info", "associations") == []


def test_waiting_sees_the_run_that_was_caused(lab, run_module):
    lab.document("sleep 0.3; test ! -e bad")
    node = lab.node(team="a")
    options = {
        "association_name": "keep-images",
        "name": "nodecache-test",
        "targets": [{"key": "tag:team", "values": ["a"]}],
        "wait": True,
    }
    first = run_module("ssm_association", **options)
    assert first["execution"]["status"] == "Success", first
    assert [target["resource_id"] for target in first["execution"]["targets"]] == [node]
    (lab.fleet.root / node / "bad").touch()
    second = run_module("ssm_association", **options, max_errors="5")
    assert second["failed"] and second["changed"] and node in second["msg"]
    assert second["execution"]["association_version"] == "2"
    (lab.fleet.root / node / "bad").unlink()
    third = run_module("ssm_association", **options, state="started")
    assert third["changed"] and third["execution"]["status"] == "Success", third
    assert third["execution"]["execution_id"] != second["execution"]["execution_id"]
    assert len(lab.fleet.calls) == 3


def test_waiting_ends_at_once_without_a_node(lab, run_module):
    lab.document("true")
    lab.node(online=False, team="a")
    for team in ("a", "nobody"):
        result = run_module(
            "ssm_association",
            association_name=f"for-{team}",
            name="nodecache-test",
            targets=[{"key": "tag:team", "values": [team]}],
            wait=True,
        )
        assert result["changed"] and result["execution"]["detailed_status"] == "NoInstancesInTag", result


def test_two_of_one_name_are_refused(lab, run_module):
    lab.document("true")
    for _ in range(2):
        lab.ssm.create_association(
            Name="nodecache-test", AssociationName="twin", Targets=[{"Key": "tag:team", "Values": ["a"]}]
        )
    assert "2 carry this name" in run_module("ssm_association", association_name="twin", state="absent")["msg"]
    found = info(run_module, "ssm_association_info", "associations", association_name="twin")
    assert len(found) == 2
    for one in found:
        assert run_module("ssm_association", association_id=one["association_id"], state="absent")["changed"]
    assert info(run_module, "ssm_association_info", "associations", association_id=ANYONE) == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"name": "nobody"}, "InvalidDocument"),
        ({"document_version": "9"}, "InvalidDocumentVersion"),
        ({"parameters": {"unknown": "x"}}, "InvalidParameters"),
    ],
)
def test_what_an_association_is_refused_for(lab, run_module, options, code):
    lab.document("true")
    wanted = {
        "association_name": "keep-images",
        "name": "nodecache-test",
        "targets": [{"key": "tag:team", "values": ["a"]}],
        **options,
    }
    result = run_module("ssm_association", **wanted)
    assert result["failed"] and f"could not create ({code}): " in result["msg"]


def test_a_command_tells_each_node_apart(lab, run_module):
    lab.document("echo $AWS_SSM_INSTANCE_ID; test ! -e bad || exit 3")
    nodes = sorted(lab.node(team="a") for _ in range(3))
    targets = [{"key": "tag:team", "values": ["a"]}]
    options = {"document_name": "nodecache-test", "targets": targets, "max_errors": "100%"}
    check = run_module("ssm_command", check=True, **options)
    assert check["changed"] and not lab.fleet.calls
    done = run_module("ssm_command", **options)
    assert done["diff"] == check["diff"] and done["command"]["target_count"] == 3
    told = {
        node["instance_id"]: (node["response_code"], node["output"].strip()) for node in done["command"]["invocations"]
    }
    assert told == {node: (0, node) for node in nodes}
    (lab.fleet.root / nodes[0] / "bad").touch()
    failed = run_module("ssm_command", document_name="nodecache-test", instance_ids=nodes, max_errors="100%")
    assert failed["failed"] and nodes[0] in failed["msg"] and nodes[1] not in failed["msg"]


def test_a_command_is_pinned_by_the_hash_of_its_document(lab, run_module, cases):
    cases("ssm_document", name=NAME, content=content("echo one"))
    node = lab.node()
    told = info(run_module, "ssm_document_info", "documents", name=NAME)[0]
    sent = run_module("ssm_command", document_name=NAME, instance_ids=[node], document_hash=told["hash"])
    assert not sent.get("failed"), sent


def test_a_command_that_no_node_is_there_for(lab, run_module):
    lab.document("true")
    result = run_module(
        "ssm_command", document_name="nodecache-test", targets=[{"key": "tag:team", "values": ["nobody"]}]
    )
    assert not result.get("failed") and result["command"]["status_details"] == "NoInstancesInTag"


def test_a_command_is_cancelled_when_patience_ends(lab, run_module):
    lab.document("sleep 30")
    node = lab.node()
    result = run_module(
        "ssm_command",
        document_name="nodecache-test",
        instance_ids=[node],
        wait_timeout=2,
        cancel_on_timeout=True,
    )
    assert "was not ready after 2 seconds" in result["msg"] and "It was cancelled." in result["msg"]
    identifier = result["command"]["command_id"]
    lab.until(lambda: lab.ssm.list_commands(CommandId=identifier)["Commands"][0]["Status"] == "Cancelled")


def test_a_role_that_may_not_is_told(lab, run_module):
    result = run_module("ssm_command", document_name="nobody-made-this", instance_ids=["i-0123456789abcdef0"])
    assert result["msg"].startswith("document 'nobody-made-this': could not send (InvalidDocument): ")
