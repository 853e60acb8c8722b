"""Which rules an event triggers, and what reaches the targets.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab import settings

TAG = {"type": "String"}
AUTOMATION = f"arn:aws:ssm:{settings.REGION}:{settings.ACCOUNT}:automation-definition/fleet"
EXECUTIONS = f"arn:aws:ssm:{settings.REGION}:{settings.ACCOUNT}:automation-execution/*"


def done(lab: Any) -> list[tuple[str, str]]:
    found = lab.ssm.list_command_invocations(Details=True)["CommandInvocations"]
    return [(i["InstanceId"], i["CommandPlugins"][0]["Output"].strip()) for i in found if i["Status"] == "Success"]


def test_an_event_runs_the_document_on_the_tagged_nodes(lab: Any, bus: Any) -> None:
    node = lab.node(role="node")
    lab.node(role="other")
    lab.document("echo got {{ tag }}", tag=TAG)
    paths = {"InputPathsMap": {"tag": "$.detail.image-tag"}, "InputTemplate": '{"tag":["<tag>"]}'}
    bus.put(InputTransformer=paths)
    bus.push("v7")
    assert lab.until(lambda: done(lab)) == [(node, "got v7")]
    lab.until(lambda: bus.metric("Invocations") == 1)
    assert (bus.metric("TriggeredRules"), bus.metric("MatchedEvents")) == (1, 1)
    assert (bus.metric("InvocationAttempts"), bus.metric("RetryInvocationAttempts")) == (1, 0)
    assert bus.metric("FailedInvocations") == 0


def test_no_delivery_without_a_match_or_when_disabled(lab: Any, bus: Any) -> None:
    lab.node(role="node")
    lab.document("true", tag=TAG)
    bus.put(Input='{"tag":["x"]}')
    bus.push("")
    bus.client.disable_rule(Name="push")
    bus.push()
    bus.client.enable_rule(Name="push")
    bus.push()
    lab.until(lambda: bus.metric("Invocations") == 1)
    assert len(lab.ssm.list_commands()["Commands"]) == 1
    assert bus.metric("TriggeredRules") == 1


def test_a_rule_with_only_a_schedule_is_triggered_by_no_event(lab: Any, bus: Any) -> None:
    url, arn = bus.queue("inbox", policy=False)
    bus.client.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    bus.client.put_targets(Rule="nightly", Targets=[{"Id": "q", "Arn": arn}])
    bus.push()
    assert "Messages" not in lab.client("sqs").receive_message(QueueUrl=url)
    assert bus.metric("TriggeredRules", RuleName="nightly") == 0


def test_a_queue_gets_the_whole_event(bus: Any) -> None:
    url, arn = bus.queue("inbox")
    bus.client.put_targets(Rule="push", Targets=[{"Id": "q", "Arn": arn}])
    bus.push("v2")
    event = bus.message(url)["body"]
    assert event.pop("id") and event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": settings.ACCOUNT,
        "region": settings.REGION,
        "resources": [],
        "detail": {"image-tag": "v2"},
    }


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"Input": '{"a": 1}'}, {"a": 1}),
        ({"InputPath": "$.detail"}, {"image-tag": "v3"}),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"t": "$.detail.image-tag"},
                    "InputTemplate": '"tag <t> of <aws.events.rule-name>"',
                }
            },
            "tag v3 of push",
        ),
    ],
    ids=["Input", "InputPath", "InputTransformer"],
)
def test_a_queue_gets_what_the_target_asks_for(bus: Any, how: dict[str, Any], expected: Any) -> None:
    url, arn = bus.queue("inbox")
    bus.client.put_targets(Rule="push", Targets=[{"Id": "q", "Arn": arn, **how}])
    bus.push("v3")
    assert bus.message(url)["body"] == expected


def test_a_queue_whose_policy_names_another_rule_gets_nothing(bus: Any) -> None:
    _url, arn = bus.queue("inbox", rule=f"{bus.RULE}-other")
    dead, dead_arn = bus.queue()
    bus.client.put_targets(Rule="push", Targets=[{"Id": "q", "Arn": arn, "DeadLetterConfig": {"Arn": dead_arn}}])
    bus.push()
    assert bus.message(dead)["ERROR_CODE"] == "NO_PERMISSIONS"


def test_what_nothing_here_delivers_to_fails_and_is_no_server_error(bus: Any) -> None:
    arn = f"arn:aws:lambda:{settings.REGION}:{settings.ACCOUNT}:function:f"
    bus.client.put_targets(Rule="push", Targets=[{"Id": "f", "Arn": arn}])
    bus.push()
    assert (bus.metric("Invocations"), bus.metric("FailedInvocations")) == (1, 1)


def test_rules_of_another_bus_have_metrics_of_their_own(bus: Any) -> None:
    bus.client.create_event_bus(Name="mine")
    bus.client.put_rule(Name="push", EventBusName="mine", EventPattern='{"source":["me"]}')
    entry = {"Source": "me", "DetailType": "t", "Detail": "{}", "EventBusName": "mine"}
    bus.client.put_events(Entries=[entry])
    assert bus.metric("TriggeredRules", EventBusName="mine", RuleName="push") == 1
    listed = bus.lab.client("cloudwatch").list_metrics(Namespace="AWS/Events", MetricName="TriggeredRules")["Metrics"]
    assert [[one["Name"] for one in row["Dimensions"]] for row in listed] == [["EventBusName", "RuleName"]]


def fleet(lab: Any) -> None:
    step = {"name": "who", "action": "aws:executeAwsApi", "inputs": {"Service": "sts", "Api": "GetCallerIdentity"}}
    content = {"schemaVersion": "0.3", "parameters": {"images": {"type": "StringList"}}, "mainSteps": [step]}
    lab.ssm.create_document(Name="fleet", DocumentType="Automation", Content=json.dumps(content))


def test_an_event_starts_an_automation_in_the_version_the_target_names(lab: Any, bus: Any) -> None:
    fleet(lab)
    kinds = [AUTOMATION.replace("automation-definition", "document"), EXECUTIONS]
    bus.allow({"Effect": "Allow", "Action": "ssm:StartAutomationExecution", "Resource": kinds})
    paths = {"InputPathsMap": {"tag": "$.detail.image-tag"}, "InputTemplate": '{"images":["app:<tag>"]}'}
    bus.put(Arn=f"{AUTOMATION}:$DEFAULT", RunCommandParameters=None, InputTransformer=paths)
    bus.push("v9")
    found = lab.until(lambda: lab.ssm.describe_automation_executions()["AutomationExecutionMetadataList"])[0]
    execution = lab.ssm.get_automation_execution(AutomationExecutionId=found["AutomationExecutionId"])
    assert execution["AutomationExecution"]["Parameters"] == {"images": ["app:v9"]}


def test_an_automation_needs_its_own_permission(lab: Any, bus: Any) -> None:
    fleet(lab)
    url, dead = bus.queue()
    bus.put(Arn=AUTOMATION, RunCommandParameters=None, Input="{}", DeadLetterConfig={"Arn": dead})
    bus.push()
    message = bus.message(url)
    assert message["ERROR_CODE"] == "NO_PERMISSIONS"
    document = AUTOMATION.replace("automation-definition", "document")
    assert f"ssm:StartAutomationExecution on resource: {document}" in message["ERROR_MESSAGE"]
