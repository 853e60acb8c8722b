"""State Manager's wrong calls, and the code each is refused with.

Limits and patterns are botocore's model; the rest is
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.ssm.with_refusals import (
    NO_NODE,
    NO_ROLE,
    NOWHERE,
    RATES,
    TAGGED,
    TARGETS,
    Changes,
    V,
    Wrong,
    documents,
    listing,
    target,
)

NO_ASSOCIATION = "AssociationDoesNotExist"
SCHEDULES = """
rate(29 minutes)|rate(1 minutes)|rate(2 minute)|rate(30 minute)|rate(1 hours)|rate(2 hour)|rate(0 minutes)
rate(31 days)|rate(1 week)|rate(30)|rate()|rate(-30 minutes)|rate(30 minutes|RATE(30 minutes)|every day|30 minutes
cron()|cron(* * * *)|cron(0 25 * * ? *)|cron(60 0 * * ? *)|cron(0 0 ? 1 * *)|cron(0 0 1 * MON *)|cron(0 0 ? * 8 *)
cron(0 0 ? * MON#6 *)|cron(0 0 ? * FOO *)|cron(0 0 32 * ? *)|cron(0 0 0 * ? *)|cron 0 0 * * ? *
cron(0/5 * * * ? *)|cron(* * * * ? *)|cron(0,10 2 * * ? *)|at(2030-13-01T00:00:00)|at(tomorrow)
"""
ASSOCIATION: Changes = [
    *(
        ("InvalidSchedule", {"ScheduleExpression": text})
        for line in SCHEDULES.split("\n")
        for text in line.split("|")
        if text
    ),
    *((V, change) for change in RATES),
    *TARGETS,
    *((V, {"ScheduleExpression": text}) for text in ("", "x" * 257)),
    *(
        ("InvalidTarget", target(key, "x"))
        for key in ("Name", "tag:", "Tag:a", "ParameterValues", "AWS::EC2::Instance")
    ),
    *(("InvalidTarget", target("InstanceIds", *ids)) for ids in (["*", NO_NODE], ["nonsense"], ["i-xyz"])),
    ("InvalidTarget", target("tag:a")),
    ("InvalidTarget", target(None, "a")),
    ("InvalidTarget", target("resource-groups:Name", "none")),
    ("InvalidTarget", target("resource-groups:Name", "a", "b")),
    ("InvalidTarget", {"Targets": None}),
    ("InvalidTarget", {"Targets": []}),
    ("InvalidSchedule", {"ScheduleExpression": "rate(30 minutes)", "ApplyOnlyAtCronInterval": True}),
    ("InvalidSchedule", {"ApplyOnlyAtCronInterval": True}),
    ("InvalidSchedule", {"ScheduleOffset": 2}),
    ("InvalidSchedule", {"ScheduleExpression": "cron(0 0 ? * MON *)", "ScheduleOffset": 2}),
    ("InvalidSchedule", {"ScheduleExpression": "rate(1 day)", "Duration": 2}),
    *((V, {"ScheduleOffset": days}) for days in (0, 7)),
    *((V, {"Duration": hours}) for hours in (0, 25)),
    *((V, {"Name": name}) for name in ("a b", "ab", "x" * 129)),
    ("InvalidDocument", {"Name": "missing-doc"}),
    ("InvalidDocument", {"Name": "arn:aws:ssm:us-east-1:999999999999:document/plain"}),
    ("InvalidDocument", {"Name": "arn:aws:ssm"}),
    ("InvalidDocumentVersion", {"DocumentVersion": "9"}),
    *((V, {"DocumentVersion": text}) for text in ("0", "latest", "")),
    ("InvalidParameters", {"Parameters": {"nope": ["x"]}}),
    ("InvalidParameters", {"Name": "picky"}),
    *(
        ("InvalidParameters", {"Name": "picky", "Parameters": {"image": values}})
        for values in (["A"], ["a", "b"], [], ["a\n"], [""], ["a; b"])
    ),
    ("InvalidParameters", {"Name": "picky", "Parameters": {"image": ["a"], "many": ["a", "b", "c"]}}),
    ("InvalidParameters", {"Name": "picky", "Parameters": {"image": ["a"], "many": []}}),
    ("InvalidTargetMaps", {"TargetMaps": [{"a": ["b"]}]}),
    ("InvalidParameters", {"AutomationTargetParameterName": "x"}),
    ("InvalidTarget", {"Name": "auto"}),
    ("InvalidTarget", {"Name": "auto", "AutomationTargetParameterName": "n", "Targets": None}),
    ("InvalidParameters", {"Name": "auto", "AutomationTargetParameterName": "zz"}),
    ("InvalidParameters", {"Name": "auto", "Targets": None, "Parameters": {"zz": ["1"]}}),
    (V, {"TargetLocations": []}),
    (V, {"TargetLocations": [{"Accounts": []}]}),
    (V, {"TargetLocations": [{"TargetLocationMaxConcurrency": "x"}]}),
    (V, {"ComplianceSeverity": "SEVERE"}),
    (V, {"SyncCompliance": "auto"}),
    *((V, {"AssociationName": name}) for name in ("a b", "ab", "x" * 129)),
    (V, {"OutputLocation": {"S3Location": {"OutputS3Region": "us"}}}),
    (V, {"OutputLocation": {"S3Location": {"OutputS3BucketName": "ab"}}}),
    (V, {"OutputLocation": {"S3Location": {"OutputS3BucketName": "abc", "OutputS3KeyPrefix": "x" * 501}}}),
    ("InvalidOutputLocation", {"OutputLocation": {"S3Location": {"OutputS3BucketName": "missing-bucket"}}}),
    ("InvalidOutputLocation", {"OutputLocation": {"S3Location": {"OutputS3KeyPrefix": "x"}}}),
    ("InvalidDocument", {"CalendarNames": ["no-calendar"]}),
    ("InvalidDocumentType", {"CalendarNames": ["plain"]}),
    *(
        (V, {"AlarmConfiguration": {"Alarms": rows}})
        for rows in ([], [{"Name": "a"}, {"Name": "b"}], [{}], [{"Name": ""}])
    ),
    (V, {"AlarmConfiguration": {}}),
    *((V, {"AssociationDispatchAssumeRole": role}) for role in ("", "notarole", NO_ROLE)),
]
CREATE: Changes = [
    (V, {"Name": None}),
    ("InvalidParameters", {"Targets": None, "InstanceId": NO_NODE}),
    ("InvalidParameters", {"InstanceId": NO_NODE}),
    (V, {"InstanceId": "bad id"}),
    ("SerializationException", {"ApplyOnlyAtCronInterval": "yes"}),
    ("SerializationException", {"Duration": "2"}),
    ("InvalidTag", {"Tags": [{"Key": "aws:x", "Value": "y"}]}),
    ("InvalidTag", {"Tags": [{"Key": "a", "Value": "y"}, {"Key": "a", "Value": "z"}]}),
    ("InvalidTag", {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]}),
    *(
        (V, {"Tags": [tag]})
        for tag in (
            {"Key": "", "Value": "y"},
            {"Key": "a"},
            {"Key": "k" * 129, "Value": ""},
            {"Key": "a$", "Value": "<"},
        )
    ),
]
UPDATE: Changes = [
    (NO_ASSOCIATION, {"AssociationId": NOWHERE}),
    (V, {"AssociationId": "x"}),
    (V, {"AssociationId": None}),
    ("InvalidAssociationVersion", {"AssociationVersion": "99"}),
    *((V, {"AssociationVersion": text}) for text in ("0", "x", "")),
]


def associations(one: str, node: str) -> list[Wrong]:
    mine, other = {"AssociationId": one}, {"AssociationId": NOWHERE}
    calls = [
        *(
            ("InvalidResourceId", name, {"ResourceType": "Association", "ResourceId": NOWHERE} | more)
            for name, more in (
                ("add_tags_to_resource", {"Tags": [{"Key": "a", "Value": "b"}]}),
                ("list_tags_for_resource", {}),
                ("remove_tags_from_resource", {"TagKeys": ["a"]}),
            )
        ),
        *(
            (code, "add_tags_to_resource", {"ResourceType": "Association", "ResourceId": one, "Tags": tags})
            for code, tags in (
                (V, [{"Key": "aws:a", "Value": "b"}]),
                (V, [{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]),
                ("TooManyTagsError", [{"Key": f"k{number}", "Value": "b"} for number in range(51)]),
            )
        ),
        (
            "InvalidResourceType",
            "add_tags_to_resource",
            {"ResourceType": "Associations", "ResourceId": one, "Tags": []},
        ),
        *(
            (NO_ASSOCIATION, name, other)
            for name in (
                "describe_association",
                "delete_association",
                "list_association_versions",
                "describe_association_executions",
            )
        ),
        *(
            (NO_ASSOCIATION, name, {"Name": "plain", "InstanceId": node})
            for name in ("describe_association", "delete_association")
        ),
        *(
            (V, name, {"AssociationId": "x"})
            for name in (
                "describe_association",
                "delete_association",
                "list_association_versions",
                "describe_association_executions",
            )
        ),
        *(
            (V, name, {})
            for name in (
                "list_association_versions",
                "describe_association_executions",
                "describe_association_execution_targets",
                "start_associations_once",
                "create_association_batch",
                "describe_instance_associations_status",
                "describe_effective_instance_associations",
                "update_association_status",
            )
        ),
        ("InvalidAssociationVersion", "describe_association", {**mine, "AssociationVersion": "77"}),
        (V, "describe_association", {**mine, "AssociationVersion": "a"}),
        *(
            (V, "list_associations", {"AssociationFilterList": rows})
            for rows in (
                [],
                [{"key": "Colour", "value": "x"}],
                [{"key": "Name"}],
                [{"key": "Name", "value": ""}],
                [{"key": "LastExecutedAfter", "value": "soon"}],
            )
        ),
        *(
            (V, "describe_association_executions", {**mine, "Filters": rows})
            for rows in (
                [],
                [{"Key": "Nope", "Value": "a", "Type": "EQUAL"}],
                [{"Key": "Status", "Value": "a", "Type": "LIKE"}],
                [{"Key": "Status", "Value": "a"}],
                [{"Key": "CreatedTime", "Value": "soon", "Type": "EQUAL"}],
            )
        ),
        (
            "AssociationExecutionDoesNotExist",
            "describe_association_execution_targets",
            {**mine, "ExecutionId": NOWHERE},
        ),
        (NO_ASSOCIATION, "describe_association_execution_targets", {**other, "ExecutionId": NOWHERE}),
        (V, "describe_association_execution_targets", {**mine, "ExecutionId": "x"}),
        *(
            (code, "start_associations_once", {"AssociationIds": ids})
            for code, ids in (
                (V, []),
                (V, [one] * 11),
                (V, ["x"]),
                (NO_ASSOCIATION, [NOWHERE]),
                ("InvalidAssociation", [one, one]),
            )
        ),
        *((V, "create_association_batch", {"Entries": rows}) for rows in ([], [{}], [{"Name": "a b"}])),
        *(
            (code, name, {"InstanceId": given})
            for code, given in (("InvalidInstanceId", NO_NODE), (V, "x"))
            for name in ("describe_instance_associations_status", "describe_effective_instance_associations")
        ),
        (
            NO_ASSOCIATION,
            "update_association_status",
            {
                "Name": "plain",
                "InstanceId": node,
                "AssociationStatus": {"Date": 1e9, "Name": "Success", "Message": "x"},
            },
        ),
    ]
    calls += listing("list_associations", 50, {}) + listing("list_association_versions", 50, mine)
    calls += listing("describe_association_executions", 50, mine)
    calls += listing("describe_instance_associations_status", 50, {"InstanceId": node})
    return calls + listing("describe_effective_instance_associations", 5, {"InstanceId": node})


def test_every_wrong_call_is_refused(lab: Any, refuses: Any) -> None:
    documents(lab)
    node, right = lab.node(role="node"), {"Name": "plain", "Targets": TAGGED}
    one = lab.ssm.create_association(**right)["AssociationDescription"]["AssociationId"]
    refuses.changes("ssm", "create_association", right, ASSOCIATION + CREATE)
    refuses.changes("ssm", "update_association", {**right, "AssociationId": one}, ASSOCIATION + UPDATE)
    refuses.calls("ssm", associations(one, node))
    # Nothing of all that was kept.
    assert lab.ssm.describe_association(AssociationId=one)["AssociationDescription"]["AssociationVersion"] == "1"
    assert len(lab.ssm.list_associations()["Associations"]) == 1
