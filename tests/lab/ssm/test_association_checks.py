"""What State Manager refuses before it keeps an association.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code
from tests.lab.ssm.with_associations import TARGETS, WORD, automation, create


def test_what_create_refuses(lab: Any) -> None:
    lab.document("true", word=WORD)
    for change, expected in (
        ({"Name": "missing"}, "InvalidDocument"),
        ({"DocumentVersion": "4"}, "InvalidDocumentVersion"),
        ({"Parameters": {"word": ["NO"]}}, "InvalidParameters"),
        ({"Parameters": {"odd": ["x"]}}, "InvalidParameters"),
        ({"Targets": [{"Key": "name", "Values": ["x"]}]}, "InvalidTarget"),
        ({"ScheduleExpression": "rate(1 minute)"}, "InvalidSchedule"),
        ({"ScheduleExpression": "rate(1 hour)", "ApplyOnlyAtCronInterval": True}, "InvalidSchedule"),
        ({"MaxConcurrency": "0"}, "ValidationException"),
        ({"Targets": TARGETS * 6}, "ValidationException"),
        ({"ComplianceSeverity": "AWFUL"}, "ValidationException"),
    ):
        assert code(lambda change=change: create(lab, **change)) == expected, change
    assert lab.ssm.list_associations()["Associations"] == []


def test_more_that_create_refuses(lab: Any) -> None:
    lab.document("true")
    automation(lab)
    cron = {"ScheduleExpression": "cron(0 2 ? * * *)", "ApplyOnlyAtCronInterval": True}
    for change, expected in (
        ({"TargetMaps": [{"InstanceIds": ["x"]}]}, "InvalidTargetMaps"),
        ({"AutomationTargetParameterName": "node"}, "InvalidParameters"),
        ({"Name": "automation", "AutomationTargetParameterName": "odd"}, "InvalidParameters"),
        ({"InstanceId": "i-0123456789abcdef0"}, "InvalidParameters"),
        ({"Targets": [{"Key": "InstanceIds", "Values": ["*", "i-0123456789abcdef0"]}]}, "InvalidTarget"),
        ({"Targets": [{"Key": "tag:team", "Values": []}]}, "InvalidTarget"),
        ({"Targets": [{"Key": "tag:a+b", "Values": ["x"]}]}, "ValidationException"),
        ({"Targets": [{"Key": "tag:team", "Values": ["x"] * 51}]}, "ValidationException"),
        ({"ScheduleOffset": 2}, "InvalidSchedule"),
        ({"Duration": 2}, "InvalidSchedule"),
        ({**cron, "ScheduleOffset": 7}, "ValidationException"),
        ({**cron, "Duration": 25}, "ValidationException"),
        ({"ApplyOnlyAtCronInterval": True}, "InvalidSchedule"),
        ({"ScheduleExpression": "rate(30 minutes)", "ScheduleOffset": 1}, "InvalidSchedule"),
        ({"ScheduleExpression": "rate(29 minutes)"}, "InvalidSchedule"),
        ({"ScheduleExpression": "at(2026-13-01T00:00:00)"}, "InvalidSchedule"),
        ({"AlarmConfiguration": {"Alarms": [{"Name": "a"}, {"Name": "b"}]}}, "ValidationException"),
        ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "InvalidTag"),
        ({"MaxErrors": "101%"}, "ValidationException"),
    ):
        assert code(lambda change=change: create(lab, **change)) == expected, change
    assert lab.ssm.list_associations()["Associations"] == []
