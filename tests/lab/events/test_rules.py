"""What PutRule and PutTargets refuse.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import settings

QUEUE = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:q"
BLOCK = {"Key": "tag:role", "Values": ["node"]}
TRANSFORMER = {"InputTemplate": '{"tag":["a"]}'}


def refusal(call: Any, **params: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"RoleArn": None}, "RoleArn is required for target arn:aws:ssm:"),
        ({"RoleArn": f"arn:aws:iam::{settings.ACCOUNT}:role/gone"}, "cannot be assumed by principal 'events.amazonaws"),
        ({"Arn": "arn:aws:ssm"}, "Provided Arn is not in correct format."),
        ({"Arn": f"arn:aws:ssm:{settings.REGION}:{settings.ACCOUNT}:parameter/x"}, "not in correct format."),
        ({"Arn": QUEUE}, "RunCommandParameters is not supported"),
        ({"RunCommandParameters": None}, "Parameter(s) RunCommandParameters must be specified for target: nodes."),
        (
            {"RunCommandParameters": {"RunCommandTargets": []}},
            "'targets.1.member.runCommandParameters.runCommandTargets'",
        ),
        ({"RunCommandParameters": {"RunCommandTargets": [BLOCK, BLOCK]}}, "exactly one RunCommandTargets block"),
        ({"RunCommandParameters": {"RunCommandTargets": [BLOCK | {"Values": ["v"] * 51}]}}, "than or equal to 50"),
        ({"RunCommandParameters": {"RunCommandTargets": [BLOCK | {"Values": []}]}}, "than or equal to 1"),
        ({"RunCommandParameters": {"RunCommandTargets": [BLOCK | {"Key": "role"}]}}, "use InstanceIds or tag:tag-key"),
        (
            {"RunCommandParameters": {"RunCommandTargets": [BLOCK | {"Key": "tag:" + "k" * 125}]}},
            "than or equal to 128",
        ),
        ({"Input": "{}", "InputTransformer": TRANSFORMER}, "Only one of Input, InputPath, or InputTransformer"),
        ({"Input": "{}", "InputPath": "$.detail"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"Input": "{'a'}"}, "JSON syntax error in input for target nodes"),
        ({"Input": '"' + "x" * 8192 + '"'}, "than or equal to 8192"),
        ({"InputPath": "detail.tag"}, "Invalid JSONPath in InputPath"),
        ({"InputTransformer": {"InputTemplate": '{"tag":["<tag>"]}'}}, "the variable tag is not in InputPathsMap"),
        ({"InputTransformer": {"InputTemplate": '{"tag":['}}, "neither JSON nor a string"),
        ({"InputTransformer": TRANSFORMER | {"InputPathsMap": {"AWSx": "$.id"}}}, "start with AWS are reserved"),
        ({"InputTransformer": TRANSFORMER | {"InputPathsMap": {"x": "id"}}}, "Invalid JSONPath in InputPathsMap"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "than or equal to 185"),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 59}}, "than or equal to 60"),
        ({"DeadLetterConfig": {"Arn": f"{QUEUE}.fifo"}}, "A FIFO queue cannot be a dead-letter queue"),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sns:us-east-1:1:t"}}, "must be an Amazon SQS queue"),
        ({"DeadLetterConfig": {"Arn": QUEUE.replace("us-east-1", "eu-west-1")}}, "must be in the rule's Region"),
        ({"Id": "a b"}, "regular expression pattern"),
        ({"Id": "good"}, "Duplicate target IDs are not allowed"),
        ({"Arn": f"{QUEUE}.fifo", "RunCommandParameters": None}, "SqsParameters must be specified for target: nodes."),
    ],
)
def test_a_wrong_target_is_refused_and_nothing_is_put(bus: Any, wrong: dict[str, Any], said: str) -> None:
    error = refusal(bus.client.put_targets, Rule="push", Targets=[bus.target(Id="good"), bus.target(**wrong)])
    assert error["Code"] == "ValidationException"
    assert said in error["Message"].replace("targets.2.", "targets.1.")
    assert bus.client.list_targets_by_rule(Rule="push")["Targets"] == []


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"Arn": f"arn:aws:ssm:{settings.REGION}::document/AWS-RunShellScript"},
        {
            "Arn": f"arn:aws:ssm:{settings.REGION}:{settings.ACCOUNT}:automation-definition/a:$DEFAULT",
            "RunCommandParameters": None,
        },
        {"RunCommandParameters": {"RunCommandTargets": [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]}},
        {
            "InputTransformer": {
                "InputPathsMap": {"t": "$.detail.image-tag"},
                "InputTemplate": '{"a":[<t>],"b":"<aws.events.rule-name> <t>"}',
            }
        },
        {"InputTransformer": {"InputTemplate": '"plain text"'}},
        {"RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}},
    ],
)
def test_a_right_target_is_put(bus: Any, right: dict[str, Any]) -> None:
    target = bus.target(**right)
    assert bus.client.put_targets(Rule="push", Targets=[target])["FailedEntryCount"] == 0
    assert bus.client.list_targets_by_rule(Rule="push")["Targets"] == [target]


def test_a_rule_has_five_targets_and_a_put_replaces_a_whole_target(bus: Any) -> None:
    bus.client.put_targets(Rule="push", Targets=[bus.target(Id=f"t{n}", Input="{}") for n in range(5)])
    error = refusal(bus.client.put_targets, Rule="push", Targets=[bus.target(Id="t5")])
    assert error == {
        "Code": "LimitExceededException",
        "Message": "The requested resource exceeds the maximum number allowed.",
    }
    bus.client.put_targets(Rule="push", Targets=[bus.target(Id="t0")])
    targets = {one["Id"]: one for one in bus.client.list_targets_by_rule(Rule="push")["Targets"]}
    assert len(targets) == 5
    assert "Input" not in targets["t0"] and "Input" in targets["t1"]


def test_a_target_of_a_missing_rule_or_bus_is_refused(bus: Any) -> None:
    put = bus.client.put_targets
    assert refusal(put, Rule="none", Targets=[bus.target()]) == {
        "Code": "ResourceNotFoundException",
        "Message": "Rule none does not exist on EventBus default.",
    }
    assert refusal(put, Rule="push", EventBusName="x", Targets=[bus.target()])["Code"] == "ResourceNotFoundException"


def test_a_role_that_another_service_assumes_is_refused(bus: Any) -> None:
    role = bus.make_role("nodes", {}, "ec2.amazonaws.com")
    error = refusal(bus.client.put_targets, Rule="push", Targets=[bus.target(RoleArn=role)])
    assert error["Message"] == f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."


def test_only_who_may_pass_a_role_puts_a_target_with_it(lab: Any, bus: Any) -> None:
    deployer = bus.make_role("deployer", {}, settings.ACCOUNT)
    keys = lab.client("sts").assume_role(RoleArn=deployer, RoleSessionName="me")["Credentials"]
    import boto3

    client = boto3.client(
        "events",
        endpoint_url=f"http://127.0.0.1:{lab.port}",
        region_name=settings.REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    pass_role = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": bus.role}
    passed = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    bus.allow(pass_role | {"Condition": passed}, role="deployer")
    on_bus = {"Name": "other", "EventPattern": '{"source": ["a"]}', "RoleArn": bus.role}
    assert refusal(client.put_rule, **on_bus)["Code"] == "AccessDeniedException"
    error = refusal(client.put_targets, Rule="push", Targets=[bus.target()])
    assert error["Code"] == "AccessDeniedException"
    assert error["Message"] == (
        f"User: arn:aws:sts::{settings.ACCOUNT}:assumed-role/deployer/me is not authorized to perform: iam:PassRole "
        f"on resource: {bus.role} because no identity-based policy allows the iam:PassRole action"
    )
    passed["StringEquals"]["iam:PassedToService"] = "events.amazonaws.com"
    bus.allow(pass_role | {"Condition": passed}, role="deployer")
    client.put_targets(Rule="push", Targets=[bus.target()])
    client.put_rule(**on_bus)


@pytest.mark.parametrize(
    "expression",
    ["rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "rate(5 seconds)", "rate(5)", "every day",
     "cron(0 12 * * *)", "cron(0 12 * * * *)", "cron(61 12 * * ? *)", "cron(0 12 ? * XYZ *)",
     "at(2030-01-01T00:00:00)"],
)  # fmt: skip
def test_a_wrong_schedule_is_refused(bus: Any, expression: str) -> None:
    error = refusal(bus.client.put_rule, Name="s", ScheduleExpression=expression)
    assert error == {"Code": "ValidationException", "Message": "Parameter ScheduleExpression is not valid."}


@pytest.mark.parametrize(
    "expression", ["rate(1 minute)", "rate(5 minutes)", "cron(0 12 * * ? *)", "cron(0/15 * ? * MON-FRI *)"]
)
def test_a_right_schedule_is_taken(bus: Any, expression: str) -> None:
    bus.client.put_rule(Name="s", ScheduleExpression=expression)
    assert bus.client.describe_rule(Name="s")["ScheduleExpression"] == expression


WRONG = [
    ("{", "Invalid JSON"),
    ("[]", "Filter is not an object"),
    ("{}", "Empty pattern"),
    ({"source": "aws.ecr"}, "'source' must be an object or an array"),
    ({"source": []}, "Empty arrays are not allowed"),
    ({"detail": {}}, "Empty objects are not allowed"),
    ({"source": [["a"]]}, "Match value must be String, number, true, false, or null"),
    ({"source": [{"starts": "a"}]}, "Unrecognized match type starts"),
    ({"source": [{"prefix": "a", "suffix": "b"}]}, "Only one key allowed in match expression"),
    ({"source": [{"prefix": 1}]}, "prefix match pattern must be a string"),
    ({"source": [{"suffix": {"wildcard": "a"}}]}, "Unsupported suffix pattern: wildcard"),
    ({"source": [{"exists": "yes"}]}, "exists match pattern must be either true or false."),
    ({"source": [{"anything-but": {"exists": True}}]}, "Unsupported anything-but pattern: exists"),
    ({"source": [{"anything-but": {"prefix": ""}}]}, "Null prefix/suffix not allowed"),
    ({"source": [{"anything-but": ["a", 1]}]}, "mixed type is not supported"),
    ({"source": [{"wildcard": "a**b"}]}, "Consecutive wildcard characters"),
    ({"detail": {"n": [{"numeric": ["!", 1]}]}}, "Unrecognized numeric range operator: !"),
    ({"detail": {"n": [{"numeric": [">", "1"]}]}}, "Value of > must be numeric"),
    ({"detail": {"n": [{"numeric": [">", 5, "<", 1]}]}}, "Bottom must be less than top"),
    ({"detail": {"n": [{"numeric": ["<", 5, ">", 1]}]}}, "Too many elements in numeric expression"),
    ({"detail": {"ip": [{"cidr": "10.0.0.0"}]}}, "Malformed CIDR"),
    ({"detail": {"ip": [{"cidr": "10.0.0.300/8"}]}}, "Nonstandard IP address: 10.0.0.300"),
    ({"$or": [{"source": ["a"]}]}, "$or must be an array of at least two objects"),
]


@pytest.mark.parametrize(("pattern", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_a_wrong_pattern_is_refused(bus: Any, pattern: Any, reason: str) -> None:
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    error = refusal(bus.client.put_rule, Name="p", EventPattern=text)
    assert error["Code"] == "InvalidEventPatternException"
    assert error["Message"].startswith("Event pattern is not valid. Reason: ") and reason in error["Message"]
    event = json.dumps({"id": "1"})
    assert refusal(bus.client.test_event_pattern, EventPattern=text, Event=event)["Code"] == error["Code"]


EVENT = {
    "id": "1", "account": "123456789012", "source": "aws.ecr", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
    "resources": [], "detail-type": "ECR Image Action",
    "detail": {"image-tag": "v1", "n": 5, "ip": "10.1.2.3", "list": ["a", "b"], "null": None},
}  # fmt: skip


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"image-tag": ["v1"]}, True),
        ({"image-tag": ["v2"]}, False),
        ({"image-tag": [{"anything-but": [""]}]}, True),
        ({"image-tag": [{"anything-but": {"prefix": "v"}}]}, False),
        ({"image-tag": [{"prefix": "v"}], "gone": [{"exists": False}]}, True),
        ({"image-tag": [{"wildcard": "*1"}]}, True),
        ({"image-tag": [{"equals-ignore-case": "V1"}]}, True),
        ({"n": [{"numeric": [">", 0, "<=", 5]}]}, True),
        ({"ip": [{"cidr": "10.0.0.0/8"}]}, True),
        ({"list": ["b"]}, True),
        ({"null": [None]}, True),
        ({"gone": [{"anything-but": ["x"]}]}, False),
        ({"$or": [{"image-tag": ["v2"]}, {"n": [5]}]}, True),
    ],
)
def test_a_pattern_is_tried_on_an_event(bus: Any, detail: dict[str, Any], expected: bool) -> None:
    answer = bus.client.test_event_pattern(EventPattern=json.dumps({"detail": detail}), Event=json.dumps(EVENT))
    assert answer["Result"] is expected


@pytest.mark.parametrize("event", ["{", "[]", json.dumps({key: EVENT[key] for key in EVENT if key != "region"})])
def test_only_a_whole_event_is_tried(bus: Any, event: str) -> None:
    error = refusal(bus.client.test_event_pattern, EventPattern='{"source":["a"]}', Event=event)
    assert error["Code"] == "ValidationException"


def test_tags_count_only_when_a_rule_is_new(bus: Any) -> None:
    put = {"Name": "t", "EventPattern": '{"source":["a"]}'}
    arn = bus.client.put_rule(**put, Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    bus.client.put_rule(**put, Tags=[{"Key": "b", "Value": "2"}])
    assert bus.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]


def test_nobody_else_speaks_for_an_aws_service(bus: Any) -> None:
    entry = {"DetailType": "t", "Detail": "{}"}
    entries = [entry | {"Source": source} for source in ("me", "aws.ecr", "aws", "mine.aws.ecr")] + [{"Source": "x"}]
    answer = bus.client.put_events(Entries=entries)
    codes = ["", "NotAuthorizedForSourceException", "", "", "InvalidArgument"]
    assert [entry.get("ErrorCode", "") for entry in answer["Entries"]] == codes
    assert answer["FailedEntryCount"] == 2
    assert bus.metric("TriggeredRules") == 0


@pytest.mark.parametrize("detail", ["{", "[]", '"x"', "1"])
def test_the_detail_of_an_event_is_an_object(bus: Any, detail: str) -> None:
    answer = bus.client.put_events(Entries=[{"Source": "me", "DetailType": "t", "Detail": detail}])
    assert [entry["ErrorCode"] for entry in answer["Entries"]] == ["MalformedDetail"]


def test_what_is_too_much_for_one_request(bus: Any) -> None:
    half = {"Source": "me", "DetailType": "t", "Detail": json.dumps({"x": "y" * 600_000})}
    bus.client.put_events(Entries=[half])
    wrong = [
        refusal(bus.client.put_events, Entries=[half, half]),
        refusal(bus.client.put_targets, Rule="push", Targets=[bus.target(Id=f"t{n}") for n in range(11)]),
        refusal(bus.client.remove_targets, Rule="push", Ids=[f"t{n}" for n in range(11)]),
        refusal(bus.client.put_rule, Name="r", EventPattern='{"a":["b"]}', Tags=[{"Key": "aws:a", "Value": "b"}]),
    ]
    assert {error["Code"] for error in wrong} == {"ValidationException"}


def test_a_bus_goes_when_no_rule_is_on_it_any_more(bus: Any) -> None:
    """The words are AWS's: https://github.com/hashicorp/terraform-provider-aws/issues/22131."""
    bus.client.create_event_bus(Name="mine")
    bus.client.put_rule(Name="one", EventBusName="mine", EventPattern='{"source": ["a"]}')
    error = refusal(bus.client.delete_event_bus, Name="mine")
    assert (error["Code"], error["Message"]) == ("ValidationException", "EventBus can't be deleted since it has rules.")
    bus.client.delete_rule(Name="one", EventBusName="mine")
    bus.client.delete_event_bus(Name="mine")
    bus.client.delete_event_bus(Name="mine")
    assert [one["Name"] for one in bus.client.list_event_buses()["EventBuses"]] == ["default"]
