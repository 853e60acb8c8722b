"""EventBridge's wrong calls, and the code each is refused with.

Limits and patterns are botocore's model; the rest is
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html, API_PutTargets.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

V, NONE, LIMIT = "ValidationException", "ResourceNotFoundException", "LimitExceededException"
BAD_PATTERN = "InvalidEventPatternException"
HERE, ROLES = "arn:aws:events:us-east-1:123456789012", "arn:aws:iam::123456789012:role"
DOCUMENT = "arn:aws:ssm:us-east-1:123456789012:document/nodecache-test"
RUNBOOK = "arn:aws:ssm:us-east-1:123456789012:automation-definition/auto:$DEFAULT"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:queue"
PATTERN, BLOCK = '{"source":["aws.ecr"]}', {"Key": "tag:role", "Values": ["node"]}
Wrong = tuple[str, str, dict[str, Any]]
Changes = list[tuple[str, dict[str, Any]]]


SCHEDULES = """
rate(1 minutes)|rate(2 minute)|rate(0 minutes)|rate(5 weeks)|rate(5)|rate(-1 hour)|rate(1.5 hours)|rate(5 seconds)
cron(0 12 * * *)|cron(0 12 * * ? * *)|cron(0 25 * * ? *)|cron(60 12 * * ? *)|cron(0 12 * * * *)|cron(0 12 1 * MON *)
cron(0 12 ? 13 * *)|cron(0 12 ? * FOO *)|cron(0 12 32 * ? *)|cron(0 12 ? * MON 1969)|every minute|rate(1 day|cron()
RATE(1 day)|cron(0 12 0 * ? *)|cron(0/0 * * * ? *)|cron(0 12 ? * 8 *)|at(2030-01-01T00:00:00)
"""
PATTERNS = r"""
{|[]|1|null|"x"|{}|{"source":"aws.ecr"}|{"source":[]}|{"source":{}}|{"source":[["a"]]}|{"source":[{"prefix":1}]}
{"source":[{"prefix":"a","suffix":"b"}]}|{"source":[{"like":"a"}]}|{"source":[{"exists":"yes"}]}|{"source":[{}]}
{"source":[{"numeric":[">","a"]}]}|{"source":[{"numeric":["!",1]}]}|{"source":[{"numeric":[]}]}|{"detail":{"a":1}}
{"source":[{"numeric":[">",5,"<",1]}]}|{"source":[{"anything-but":[]}]}|{"source":[{"anything-but":[1,"a"]}]}
{"source":[{"anything-but":{"prefix":""}}]}|{"source":[{"anything-but":{"like":"x"}}]}|{"source":[{"cidr":"10.0.0.0"}]}
{"source":[{"cidr":"10.0.0.0/33"}]}|{"source":[{"cidr":"x/8"}]}|{"source":[{"wildcard":"a**b"}]}|{"detail":{"a":null}}
{"source":[{"wildcard":1}]}|{"source":[{"equals-ignore-case":1}]}|{"$or":[{"source":["a"]}]}|{"$or":[]}
{"source":[{"wildcard":"a\\q"}]}|{"source":[{"wildcard":"a\\"}]}|{"source":["a"],"source":["b"]}
{"source":[{"anything-but":{"suffix":[]}}]}|{"source":["a"],"other":true}|{'source':['a']}|{"source":["a"],}
{"source":["a"]} x
"""
TAGS: list[list[dict[str, str]]] = [
    [{"Key": "aws:x", "Value": "y"}],
    [{"Key": "", "Value": "y"}],
    [{"Key": "a"}],
    [{"Key": "a", "Value": "x" * 257}],
    [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}],
    [{"Key": f"k{number}", "Value": ""} for number in range(51)],
]
NO_ROLES = ("", "notarole", f"{ROLES}/none", f"{ROLES}/machine")
RULE: Changes = [
    *((V, {"Name": name}) for name in (None, "", "a b", "a/b", "x" * 65)),
    *(
        (V, {"EventPattern": None, "ScheduleExpression": text})
        for text in SCHEDULES.replace("\n", "|").split("|")
        if text
    ),
    *((BAD_PATTERN, {"EventPattern": text}) for text in PATTERNS.replace("\n", "|").split("|") if text),
    (V, {"EventPattern": json.dumps({"source": ["x" * 4100]})}),
    (V, {"EventPattern": None}),
    (V, {"EventPattern": ""}),
    (V, {"ScheduleExpression": "x" * 257}),
    (V, {"EventBusName": "mine", "EventPattern": None, "ScheduleExpression": "rate(1 hour)"}),
    (V, {"EventBusName": "a b"}),
    *(
        (NONE, {"EventBusName": bus})
        for bus in ("none", f"{HERE}:event-bus/none", HERE.replace("us-east-1", "eu-west-1") + ":event-bus/default")
    ),
    (NONE, {"EventBusName": "arn:aws:events:us-east-1:999999999999:event-bus/default"}),
    (V, {"State": "ON"}),
    (V, {"Description": "x" * 513}),
    *((V, {"RoleArn": role}) for role in (*NO_ROLES, "x" * 1601)),
    *((V, {"Tags": tags}) for tags in TAGS),
]


def nodes(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"RunCommandParameters": {"RunCommandTargets": list(blocks)}}


def transformer(template: str | None = None, **paths: str) -> dict[str, Any]:
    return {
        "InputTransformer": ({"InputTemplate": template} if template is not None else {}) | {"InputPathsMap": paths}
    }


def other(arn: str, **more: Any) -> dict[str, Any]:
    return {"Arn": arn, "RoleArn": None, "RunCommandParameters": None, **more}


# What is wrong with one target; all of it is a ValidationException.
TARGET: list[dict[str, Any]] = [
    *({"Id": text} for text in (None, "", "a b", "x" * 65)),
    *(
        {"Arn": arn}
        for arn in (None, "", "x" * 1601, "notarn", "arn:aws:ssm", DOCUMENT.replace("document", "documents"))
    ),
    {"Arn": "arn:aws:ssm:us-east-1:123456789012:automation-definition/"},
    {"Arn": "arn:aws:ssm:us-east-1:123456789012:association/x"},
    {"Arn": DOCUMENT.replace("us-east-1", "eu-west-1")},
    {"Arn": DOCUMENT.replace("arn:aws:", "arn:aws-cn:")},
    {"Arn": RUNBOOK},
    other(RUNBOOK),
    *({"RoleArn": role} for role in (None, *NO_ROLES, "arn:aws:iam::999999999999:role/x")),
    {"RunCommandParameters": None},
    {"RunCommandParameters": {}},
    *(nodes(*blocks) for blocks in ([], [BLOCK] * 2, [BLOCK] * 6)),
    *(
        nodes({"Key": key, "Values": ["x"]})
        for key in ("Name", "tag:", "tag-key", "tag:a#", "resource-groups:Name", "k" * 129)
    ),
    *(nodes({"Key": "InstanceIds", "Values": [value]}) for value in ("*", "bad", "i-")),
    *(nodes({"Key": "tag:a", "Values": values}) for values in ([], ["x"] * 51, ["x" * 257])),
    nodes({"Key": "tag:a"}),
    nodes({"Values": ["a"]}),
    {"Arn": QUEUE, "RoleArn": None},
    *({"Input": text} for text in ("{", "plain text", "x" * 8193)),
    {"Input": "{}", "InputPath": "$"},
    {"Input": "{}", **transformer("{}")},
    {"InputPath": "$.detail", **transformer("{}")},
    *({"InputPath": path} for path in ("detail", "$..detail", "$.a[", "$.a b", "x" * 257)),
    transformer(),
    transformer(""),
    transformer("x" * 8193),
    transformer('{"a":<b>}', a="$.a"),
    transformer('{"a":<a>', a="$.a"),
    transformer('{"a": a}', a="$.a"),
    transformer('{"a":<AWSx>}', AWSx="$.a"),
    transformer('{"a":<awsx>}', awsx="$.a"),
    transformer('{"a":<a>}', a="a"),
    transformer('{"a":<a>}', a=""),
    transformer('{"a":<a>}', **{"a b": "$.a"}),
    transformer('{"a":<aws.events.nope>}'),
    transformer('"x"', **{f"k{number}": "$.a" for number in range(101)}),
    *({"RetryPolicy": {"MaximumRetryAttempts": number}} for number in (186, -1)),
    *({"RetryPolicy": {"MaximumEventAgeInSeconds": number}} for number in (59, 86401)),
    *(
        {"DeadLetterConfig": {"Arn": arn}}
        for arn in ("x", "", f"{QUEUE}.fifo", "x" * 1601, QUEUE.replace("sqs", "sns"))
    ),
    {"DeadLetterConfig": {"Arn": QUEUE.replace("us-east-1", "eu-west-1")}},
    other(f"{QUEUE}.fifo"),
    other(QUEUE, SqsParameters={"MessageGroupId": "x"}),
    other(f"{QUEUE}.fifo", SqsParameters={"MessageGroupId": "x" * 101}),
    other(QUEUE, KinesisParameters={"PartitionKeyPath": "$.x"}),
    other(QUEUE.replace("us-east-1", "eu-west-1")),
    other("arn:aws:states:us-east-1:123456789012:stateMachine:x"),
    other("arn:aws:kinesis:us-east-1:123456789012:stream/x"),
    other("arn:aws:ecs:us-east-1:123456789012:cluster/c", RoleArn=f"{ROLES}/events"),
    other("arn:aws:lambda:us-east-1:123456789012:function:f", **nodes(BLOCK)),
]
TARGETS: list[Wrong] = [
    (LIMIT, "put_targets", {"Rule": "push", "Targets": [{"Id": f"t{number}", "Arn": QUEUE} for number in range(6)]}),
    *(
        (V, "put_targets", {"Rule": "push", "Targets": [{"Id": f"t{number}", "Arn": QUEUE} for number in range(many)]})
        for many in (0, 11, 101)
    ),
    (V, "put_targets", {"Rule": "push", "Targets": [{"Id": "t", "Arn": QUEUE}] * 2}),
    (V, "put_targets", {"Rule": "push"}),
    *((V, "put_targets", {"Rule": name, "Targets": [{"Id": "t", "Arn": QUEUE}]}) for name in (None, "", "a b")),
    (NONE, "put_targets", {"Rule": "none", "Targets": [{"Id": "t", "Arn": QUEUE}]}),
    *(
        (NONE, "put_targets", {"Rule": "push", "EventBusName": bus, "Targets": [{"Id": "t", "Arn": QUEUE}]})
        for bus in ("none", "mine")
    ),
    (NONE, "remove_targets", {"Rule": "none", "Ids": ["a"]}),
    (NONE, "remove_targets", {"Rule": "push", "Ids": ["a"], "EventBusName": "none"}),
    (V, "remove_targets", {"Rule": "push"}),
    (V, "remove_targets", {"Ids": ["a"]}),
    *(
        (V, "remove_targets", {"Rule": "push", "Ids": ids})
        for ids in ([], ["a b"], [f"a{number}" for number in range(101)])
    ),
]
REPLAY = {
    "ReplayName": "r",
    "EventStartTime": 1.1e9,
    "EventEndTime": 1e9,
    "Destination": {"Arn": f"{HERE}:event-bus/default"},
}
LETTER = {"Principal": "111122223333", "Action": "events:PutEvents", "StatementId": "a"}
DEFAULT = {"ArchiveName": "new", "EventSourceArn": f"{HERE}:event-bus/default"}
WHERE = f"{HERE}:connection/none/12345678-1234-1234-1234-123456789012"
DESTINATION = {"Name": "d", "ConnectionArn": WHERE, "InvocationEndpoint": "https://a.b", "HttpMethod": "GET"}
OTHERS: list[Wrong] = [
    *(
        (V, name, {})
        for name in (
            "delete_rule",
            "describe_rule",
            "enable_rule",
            "list_targets_by_rule",
            "list_rule_names_by_target",
            "put_events",
            "test_event_pattern",
            "create_event_bus",
            "delete_event_bus",
            "put_permission",
            "remove_permission",
            "list_tags_for_resource",
            "start_replay",
            "create_archive",
            "create_connection",
            "create_endpoint",
        )
    ),
    *(
        (NONE, name, {"Name": "none"})
        for name in (
            "describe_rule",
            "enable_rule",
            "disable_rule",
            "describe_event_bus",
            "update_event_bus",
            "describe_connection",
            "delete_connection",
            "update_connection",
            "deauthorize_connection",
            "describe_api_destination",
            "delete_api_destination",
            "update_api_destination",
            "describe_endpoint",
            "delete_endpoint",
            "update_endpoint",
        )
    ),
    *(
        (NONE, name, {"Name": "push", "EventBusName": "mine"})
        for name in ("describe_rule", "enable_rule", "disable_rule")
    ),
    *(
        (V, name, {"Name": "a b"})
        for name in ("delete_rule", "describe_rule", "describe_event_bus", "create_event_bus")
    ),
    *(
        (NONE, name, {"Name": "push", "EventBusName": "none"})
        for name in ("delete_rule", "describe_rule", "enable_rule", "disable_rule")
    ),
    *((V, name, {"Limit": 0}) for name in ("list_rules", "list_event_buses", "list_archives", "list_replays")),
    *((V, name, {"Limit": 101}) for name in ("list_rules", "list_event_buses", "list_archives", "list_replays")),
    *((V, name, {"NextToken": "garbage"}) for name in ("list_rules", "list_event_buses", "list_endpoints")),
    (V, "list_endpoints", {"MaxResults": 0}),
    (V, "list_rules", {"NextToken": ""}),
    *((V, "list_rules", {"NamePrefix": text}) for text in ("a b", "x" * 65)),
    (NONE, "list_rules", {"EventBusName": "none"}),
    (V, "delete_rule", {"Name": "full"}),
    (NONE, "list_targets_by_rule", {"Rule": "none"}),
    (NONE, "list_targets_by_rule", {"Rule": "push", "EventBusName": "mine"}),
    *(
        (V, "list_targets_by_rule", {"Rule": "push", **more})
        for more in ({"Limit": 0}, {"Limit": 101}, {"NextToken": "x"})
    ),
    (NONE, "list_rule_names_by_target", {"TargetArn": QUEUE, "EventBusName": "none"}),
    *((V, "list_rule_names_by_target", {"TargetArn": QUEUE, **more}) for more in ({"Limit": 0}, {"NextToken": "x"})),
    *((V, "tag_resource", {"ResourceARN": f"{HERE}:rule/push", "Tags": tags}) for tags in (None, *TAGS)),
    *(
        (NONE, name, {"ResourceARN": f"{HERE}:rule/none", **more})
        for name, more in (
            ("tag_resource", {"Tags": [{"Key": "a", "Value": "b"}]}),
            ("untag_resource", {"TagKeys": ["a"]}),
            ("list_tags_for_resource", {}),
        )
    ),
    (NONE, "list_tags_for_resource", {"ResourceARN": f"{HERE}:event-bus/none"}),
    (V, "untag_resource", {"ResourceARN": f"{HERE}:rule/push"}),
    *(
        (V, "put_events", {"Entries": entries})
        for entries in (
            [],
            [{"Source": "a", "DetailType": "b", "Detail": "{}"}] * 11,
            [{"Source": "aws.a", "DetailType": "b", "Detail": "{}"}] * 11,
            [{"Source": "a", "DetailType": "b", "Detail": json.dumps({"x": "y" * 1100000})}],
            [{"Source": "a", "DetailType": "b", "Detail": "{}", "EventBusName": "a b"}],
        )
    ),
    (BAD_PATTERN, "test_event_pattern", {"EventPattern": "{", "Event": "{}"}),
    *((V, "test_event_pattern", {"EventPattern": PATTERN, "Event": text}) for text in (None, "{", "{}", "[]")),
    *(("ResourceAlreadyExistsException", "create_event_bus", {"Name": name}) for name in ("default", "mine")),
    *((V, "create_event_bus", {"Name": name}) for name in ("a/b", "x" * 257)),
    (NONE, "create_event_bus", {"Name": "new", "EventSourceName": "aws.partner/x/y"}),
    (V, "create_event_bus", {"Name": "new", "DeadLetterConfig": {"Arn": "x"}}),
    *((V, "create_event_bus", {"Name": "new", "Tags": tags}) for tags in TAGS),
    *((V, name, {"Name": "default", "Description": "x" * 513}) for name in ("create_event_bus", "update_event_bus")),
    (V, "delete_event_bus", {"Name": "default"}),
    *(
        (V, "put_permission", LETTER | more)
        for more in (
            {"Principal": "x"},
            {"Action": "events:Nope"},
            {"StatementId": ""},
            {"StatementId": "a b"},
            {"Condition": {"Type": "StringLike", "Key": "aws:PrincipalOrgID", "Value": "o-1"}},
        )
    ),
    *((V, "put_permission", {"Policy": text}) for text in ("{", "{}", "[]", '{"Version":"2012-10-17","Statement":[]}')),
    (NONE, "put_permission", {**LETTER, "EventBusName": "none"}),
    *((NONE, "remove_permission", {"StatementId": "none", **more}) for more in ({}, {"EventBusName": "none"})),
    ("ResourceAlreadyExistsException", "create_archive", {**DEFAULT, "ArchiveName": "archive"}),
    (NONE, "create_archive", {**DEFAULT, "EventSourceArn": f"{HERE}:event-bus/none"}),
    *((V, "create_archive", DEFAULT | more) for more in ({"ArchiveName": "x" * 49}, {"RetentionDays": -1})),
    (BAD_PATTERN, "create_archive", {**DEFAULT, "EventPattern": "{"}),
    *((NONE, name, {"ArchiveName": "none"}) for name in ("describe_archive", "update_archive", "delete_archive")),
    *((V, "list_archives", more) for more in ({"State": "ON"}, {"NamePrefix": "a", "State": "ENABLED"})),
    *((V, "start_replay", {**REPLAY, "EventSourceArn": f"{HERE}:archive/{name}"}) for name in ("none", "archive")),
    *((NONE, name, {"ReplayName": "none"}) for name in ("describe_replay", "cancel_replay")),
    (NONE, "create_api_destination", DESTINATION),
    *(
        (NONE, name, {"Name": "aws.partner/a/b"})
        for name in (
            "describe_event_source",
            "activate_event_source",
            "deactivate_event_source",
            "describe_partner_event_source",
        )
    ),
]


@pytest.fixture
def rules(bus: Any) -> Any:
    bus.make_role("machine", {}, "ec2.amazonaws.com")
    bus.client.put_rule(Name="full", EventPattern=PATTERN)
    bus.client.put_targets(Rule="full", Targets=[{"Id": f"t{number}", "Arn": QUEUE} for number in range(5)])
    bus.client.create_event_bus(Name="mine")
    bus.client.create_archive(ArchiveName="archive", EventSourceArn=f"{HERE}:event-bus/default")
    return bus


def test_every_wrong_rule_is_refused(rules: Any, refuses: Any) -> None:
    before = rules.client.list_rules()["Rules"]
    refuses.changes("events", "put_rule", {"Name": "new", "EventPattern": PATTERN}, RULE)
    assert rules.client.list_rules()["Rules"] == before


def test_every_wrong_target_is_refused(rules: Any, refuses: Any) -> None:
    calls = []
    for change in TARGET:
        right = {"Id": "t", "Arn": DOCUMENT, "RoleArn": rules.role, **nodes(BLOCK)}
        given = {key: value for key, value in (right | change).items() if value is not None}
        calls.append((V, "put_targets", {"Rule": "push", "Targets": [given]}))
    refuses.calls(
        "events", calls + TARGETS + [(LIMIT, "put_targets", {"Rule": "full", "Targets": [{"Id": "t", "Arn": QUEUE}]})]
    )
    assert rules.client.list_targets_by_rule(Rule="push")["Targets"] == []


def test_every_other_wrong_call_is_refused(rules: Any, refuses: Any) -> None:
    refuses.calls(
        "events", [(c, name, {k: v for k, v in params.items() if v is not None}) for c, name, params in OTHERS]
    )


def test_what_is_not_there_is_told_and_the_rest_is_removed(rules: Any) -> None:
    removed = rules.client.remove_targets(Rule="full", Ids=["t0", "gone"])
    assert removed["FailedEntryCount"] == 1
    assert [(row["TargetId"], row["ErrorCode"]) for row in removed["FailedEntries"]] == [("gone", NONE)]
    assert [one["Id"] for one in rules.client.list_targets_by_rule(Rule="full")["Targets"]] == ["t1", "t2", "t3", "t4"]


def test_a_service_of_aws_alone_changes_its_rules_unless_forced(rules: Any, refuses: Any) -> None:
    from moto.events.models import events_backends

    events_backends["123456789012"]["us-east-1"].event_buses["default"].rules["full"].managed_by = "eks.amazonaws.com"
    managed = "ManagedRuleException"
    calls: list[Wrong] = [(managed, name, {"Name": "full"}) for name in ("delete_rule", "disable_rule", "enable_rule")]
    calls.append((managed, "put_rule", {"Name": "full", "EventPattern": PATTERN}))
    calls.append((managed, "put_targets", {"Rule": "full", "Targets": [{"Id": "t1", "Arn": QUEUE}]}))
    refuses.calls("events", [*calls, (managed, "remove_targets", {"Rule": "full", "Ids": ["t1"]})])
    rules.client.remove_targets(Rule="full", Ids=[f"t{number}" for number in range(5)], Force=True)
    rules.client.delete_rule(Name="full", Force=True)
