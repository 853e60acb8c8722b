"""What PutTargets and RemoveTargets refuse.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html,
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

from __future__ import annotations

from typing import Any

import pytest

from lab import settings
from tests.lab.calls import refusal

QUEUE = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:q"
BLOCK = {"Key": "tag:role", "Values": ["node"]}
TRANSFORMER = {"InputTemplate": '{"tag":["a"]}'}
KEYED = {"InputPathsMap": {"t": "$.detail.image-tag"}}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"RoleArn": None}, "RoleArn is required for target arn:aws:ssm:"),
        ({"RoleArn": f"arn:aws:iam::{settings.ACCOUNT}:role/gone"}, "cannot be assumed by principal 'events.amazonaws"),
        ({"Arn": "arn:aws:ssm"}, "Provided Arn is not in correct format."),
        ({"Arn": "arn:aws:s3:::bucket", "RunCommandParameters": None}, "Provided Arn is not in correct format."),
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
        ({"InputTransformer": KEYED | {"InputTemplate": '{"<t>":["a"]}'}}, "cannot be used as an object key"),
        ({"InputTransformer": KEYED | {"InputTemplate": '{"a":[{"b<t>":1}]}'}}, "cannot be used as an object key"),
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


def test_targets_with_one_arn_are_paged_by_their_ids(bus: Any) -> None:
    bus.client.put_targets(Rule="push", Targets=[{"Id": f"t{number}", "Arn": QUEUE} for number in range(5)])
    pages = bus.client.get_paginator("list_targets_by_rule").paginate(Rule="push", PaginationConfig={"PageSize": 2})
    assert [[one["Id"] for one in page["Targets"]] for page in pages] == [["t0", "t1"], ["t2", "t3"], ["t4"]]
