"""Lives of documents and associations: each row is what a person asks for one after the other, all of it changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., dict[str, Any]]
SHELL = {"id": "0.aws:runShellScript", "runCommand": ["ip address"]}
OLD = {"schemaVersion": "1.2", "description": "Old", "runtimeConfig": {"aws:runShellScript": {"properties": [SHELL]}}}
STEP = {"action": "aws:runShellScript", "name": "show", "inputs": {"runCommand": ["ps"]}}
PLAIN = {"schemaVersion": "2.0", "description": "Plain", "parameters": {}, "mainSteps": [STEP]}
OTHER = {**PLAIN, "parameters": {"Directory": {"type": "String", "default": "", "maxChars": 4096}}}
RUNBOOK = {
    "schemaVersion": "0.3",
    "parameters": {"Directory": {"type": "String", "default": ""}},
    "mainSteps": [
        {"name": "startInstances", "action": "aws:runInstances", "inputs": {"ImageId": "ami-12c6146b"}},
        {
            "name": "stopInstances",
            "action": "aws:changeInstanceState",
            "inputs": {"InstanceIds": ["{{ startInstances.InstanceIds }}"], "DesiredState": "stopped"},
        },
    ],
}
SESSION = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"s3BucketName": "a"}}
YAML = """
---
schemaVersion: '2.2'
mainSteps:
- action: aws:runShellScript
  name: {0}
  inputs: {{runCommand: [ps]}}

"""
ACCOUNTS = [f"{number:012d}" for number in range(1, 22)]
DOCUMENTS = {
    "schema 1.2": [{"content": json.dumps(OLD, indent=2)}, {"tags": {"a": "1"}}, {"account_ids": ["all"]}],
    "schema 2.0": [{"content": PLAIN}, {"content": OTHER}],
    "target type": [{"content": PLAIN, "target_type": "/"}, {"target_type": "/AWS::EC2::Instance"}],
    "version names": [
        {"content": PLAIN, "version_name": "release-1.0.0"},
        {"content": OTHER, "version_name": "release-1.0.1"},
    ],
    "sharing": [
        {"content": OLD, "account_ids": ACCOUNTS},
        {"account_ids": ACCOUNTS[:1]},
        {"account_ids": [ACCOUNTS[0], ACCOUNTS[2]]},
        {"account_ids": []},
        {"state": "absent"},
        {"content": PLAIN, "account_ids": ["All"]},
    ],
    "session": [
        {"content": SESSION, "document_type": "Session"},
        {"content": {**SESSION, "inputs": {"s3BucketName": "b"}}},
    ],
    "runbook": [{"content": RUNBOOK, "document_type": "Automation"}, {"content": {**RUNBOOK, "description": "New"}}],
    "YAML": [
        {"content": YAML.format("showOne"), "document_format": "YAML"},
        {"content": YAML.format("showTwo"), "document_format": "YAML"},
    ],
    "versions": [
        {"content": PLAIN},
        {"content": OTHER, "default_version": "$DEFAULT"},
        {"default_version": "2"},
        {"content": PLAIN},
        {"state": "absent", "document_version": "2"},
        {"state": "absent"},
    ],
    "tags": [
        {"content": OLD, "tags": {"key1": "one"}},
        {"tags": {"key1": "two", "key2": "two"}},
        {"tags": {"key2": "three"}},
        {"tags": {"key3": ""}, "purge_tags": False},
        {"tags": {}},
    ],
}
TEAM = [{"key": "tag:Name", "values": ["a"]}]
CRON = {"schedule_expression": "cron(0 16 ? * TUE *)"}
BASIC = {"name": "plain", "targets": TEAM}
RUN_BOOK = {"name": "runbook", "automation_target_parameter_name": "Directory"}


def bucket(**place: str) -> dict[str, Any]:
    return {"output_location": {"s3_location": {f"output_s3_{key}": value for key, value in place.items()}}}


ASSOCIATIONS = {
    "cron only": [
        {**BASIC, **CRON, "apply_only_at_cron_interval": True, "schedule_offset": 2, "duration": 3},
        {"schedule_offset": 0, "duration": 0},
        {"apply_only_at_cron_interval": False},
        {"schedule_expression": "rate(1 day)"},
        {"schedule_expression": ""},
    ],
    "targets": [BASIC, {"targets": [*TEAM, {"key": "tag:Other", "values": ["a", "b"]}]}, {"targets": TEAM}],
    "every node": [{**BASIC, "targets": [{"key": "InstanceIds", "values": ["*"]}]}],
    "parameters": [
        {**BASIC, "name": "other", "parameters": {"Directory": "/one"}},
        {"parameters": {"Directory": ["/two"]}},
        {"parameters": {}},
    ],
    "document": [
        {**BASIC, "document_version": "1"},
        {"document_version": "$LATEST"},
        {"document_version": ""},
        {"name": "other"},
    ],
    "output": [
        {**BASIC, **bucket(bucket_name="one-bucket", key_prefix="a")},
        bucket(bucket_name="two-bucket"),
        bucket(bucket_name="two-bucket", key_prefix="b"),
        bucket(bucket_name="two-bucket", region="us-west-2"),
        bucket(bucket_name="two-bucket", region="", key_prefix=""),
        {"output_location": {}},
    ],
    "runbook": [
        {**RUN_BOOK, "targets": TEAM, "parameters": {"AutomationAssumeRole": "x", "Directory": "y"}},
        {"schedule_expression": "rate(60 minutes)"},
        {"target_maps": [{"Directory": ["a"]}, {"Directory": "b"}]},
        {"targets": [{"key": "ParameterValues", "values": ["a"]}]},
        {**BASIC, "automation_target_parameter_name": "", "parameters": {}},
    ],
    "a runbook alone": [{"name": "runbook", "schedule_expression": "rate(1 hour)"}, CRON],
    "compliance and rate": [
        {**BASIC, "compliance_severity": "HIGH", "sync_compliance": "MANUAL", "max_concurrency": "10%"},
        {"compliance_severity": "LOW", "sync_compliance": "AUTO", "max_concurrency": "5", "max_errors": "0"},
        {"max_concurrency": "", "max_errors": ""},
    ],
    "tags": [
        {**BASIC, "tags": {"key1": "one"}},
        {"tags": {"key1": "two", "key2": "two"}},
        {"tags": {"key2": "two"}},
        {"tags": {"key3": ""}, "purge_tags": False},
        {"tags": {}},
    ],
    "gone and back": [{**BASIC, **CRON}, {"state": "absent"}, {**BASIC, "schedule_expression": "rate(1 hour)"}],
    "alarm and calendars": [
        {**BASIC, "alarm_configuration": {"alarms": [{"name": "one"}]}, "calendar_names": ["calendar-one"]},
        {
            "alarm_configuration": {"ignore_poll_alarm_failure": True},
            "calendar_names": ["calendar-one", "calendar-two"],
        },
        {"alarm_configuration": {}, "calendar_names": []},
    ],
}


@pytest.mark.parametrize("life", DOCUMENTS)
def test_a_document_lives(lab: Any, four_times: Run, life: str) -> None:
    for options in DOCUMENTS[life]:
        four_times("ssm_document", "document", name="one-doc", **options)


@pytest.fixture
def documents(lab: Any) -> None:
    """Make the documents and the buckets that the rows name."""
    for name, content in (("plain", PLAIN), ("other", OTHER), ("runbook", RUNBOOK)):
        kind = "Automation" if content is RUNBOOK else "Command"
        lab.ssm.create_document(Name=name, DocumentType=kind, Content=json.dumps(content))
    for name in ("one", "two"):
        lab.calendar(f"calendar-{name}")
    for name in ("one-bucket", "two-bucket"):
        lab.client("s3").create_bucket(Bucket=name)
    alarm = {"Namespace": "a", "Period": 60, "Statistic": "Sum", "Threshold": 1, "EvaluationPeriods": 1}
    more = {"MetricName": "m", "ComparisonOperator": "GreaterThanThreshold"}
    lab.client("cloudwatch").put_metric_alarm(AlarmName="one", **alarm, **more)


@pytest.mark.parametrize("life", ASSOCIATIONS)
def test_an_association_lives(lab: Any, documents: None, four_times: Run, life: str) -> None:
    for options in ASSOCIATIONS[life]:
        four_times("ssm_association", "association", association_name="one-association", **options)


def test_an_association_that_another_made_gets_a_name(lab: Any, documents: None, run_module: Run, four_times: Run):
    targets = [{"Key": "tag:Name", "Values": ["a"]}]
    made = lab.ssm.create_association(Name="plain", Targets=targets)["AssociationDescription"]["AssociationId"]
    assert run_module("ssm_association", association_id=made, **BASIC)["changed"] is False
    for name in ("one-name", "two-name"):
        named = four_times("ssm_association", "association", association_id=made, association_name=name)
        assert named["association"]["association_id"] == made
    assert run_module("ssm_association", association_name="two-name", **BASIC)["changed"] is False
    four_times("ssm_association", "association", association_name="one-name", **BASIC)
    assert len(lab.ssm.list_associations()["Associations"]) == 2


def test_what_vanished_is_made_anew(lab: Any, run_module: Run, four_times: Run) -> None:
    for _ in range(2):
        four_times("ssm_document", "document", name="plain", content=PLAIN)
        four_times("ssm_association", "association", association_name="one-association", **BASIC)
        # With a document go its associations.
        lab.ssm.delete_document(Name="plain")
    failed = run_module("ssm_association", association_name="one-association", **BASIC)
    assert "could not create (InvalidDocument)" in failed["msg"]


def test_a_document_that_another_made_is_left_as_it_is(lab: Any, run_module: Run, four_times: Run) -> None:
    given = {"Name": "plain", "Content": json.dumps(PLAIN, indent=3)}
    lab.ssm.create_document(**given, DocumentType="Command", Tags=[{"Key": "a", "Value": "b"}])
    for options in ({}, {"content": PLAIN}, {"content": PLAIN, "document_type": "Command"}):
        seen = run_module("ssm_document", name="plain", **options)
        assert not seen["changed"] and seen["document"]["tags"] == {"a": "b"}, seen
    lab.ssm.update_document(Name="plain", Content=json.dumps(OTHER), DocumentVersion="$LATEST")
    assert not run_module("ssm_document", name="plain", content=PLAIN)["changed"]
    promoted = four_times("ssm_document", "document", name="plain", content=OTHER)["document"]
    assert (promoted["latest_version"], promoted["default_version"]) == ("2", "2")
    lab.ssm.delete_document(Name="plain", DocumentVersion="1")
    assert four_times("ssm_document", "document", name="plain", content=PLAIN)["document"]["latest_version"] == "3"
