"""Run Command tells an SNS topic how it goes.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-sns-notifications.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

TOPIC = "arn:aws:sns:us-east-1:123456789012:commands"


@pytest.fixture
def told(bus: Any) -> Any:
    """Return what reads the next messages of a topic that a queue listens to."""
    sns, sqs = bus.lab.client("sns"), bus.lab.client("sqs")
    sns.create_topic(Name="commands")
    url, arn = bus.queue("heard", policy=False)
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    seen: list[dict[str, Any]] = []

    def read(wanted: int) -> list[dict[str, Any]]:
        def enough() -> bool:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                seen.append(json.loads(json.loads(message["Body"])["Message"]))
            return len(seen) >= wanted

        bus.lab.until(enough)
        return seen

    return read


def send(bus: Any, *nodes: str, allowed: bool = True, script: str = "true", **config: Any) -> str:
    role = bus.make_role("notices", {}, "ssm.amazonaws.com")
    if allowed:
        bus.allow({"Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC}, role="notices")
    sent = bus.lab.ssm.send_command(
        DocumentName=bus.lab.document(script),
        InstanceIds=list(nodes),
        ServiceRoleArn=role,
        NotificationConfig={"NotificationArn": TOPIC, **config},
    )
    return str(sent["Command"]["CommandId"])


def finished(bus: Any, sent: str) -> None:
    bus.lab.until(lambda: bus.lab.ssm.list_commands(CommandId=sent)["Commands"][0]["Status"] in ("Success", "Failed"))


def test_each_status_of_the_command(bus: Any, told: Any) -> None:
    nodes = [bus.lab.node(), bus.lab.node()]
    sent = send(bus, *nodes)
    messages = told(2)
    assert [message["status"] for message in messages] == ["InProgress", "Success"]
    assert messages[0]["commandId"] == sent and messages[0]["instanceIds"] == nodes
    assert messages[0]["documentName"] == "nodecache-test"


def test_the_status_on_each_node(bus: Any, told: Any) -> None:
    nodes = [bus.lab.node(), bus.lab.node()]
    send(bus, *nodes, NotificationType="Invocation", NotificationEvents=["Success"])
    messages = told(2)
    assert {message["instanceId"] for message in messages} == set(nodes)
    assert {message["status"] for message in messages} == {"Success"}


def test_only_what_was_asked_for(bus: Any, told: Any) -> None:
    send(bus, bus.lab.node(), script="exit 1", NotificationEvents=["Failed", "TimedOut"])
    assert [message["status"] for message in told(1)] == ["Failed"]


def test_a_role_that_may_not_publish_tells_nothing_and_the_command_goes_on(bus: Any, told: Any) -> None:
    sent = send(bus, bus.lab.node(), allowed=False)
    finished(bus, sent)
    assert told(0) == []


def test_the_role_has_to_trust_systems_manager(bus: Any, refuses: Any) -> None:
    node, name = bus.lab.node(), bus.lab.document("true")
    config = {"NotificationArn": TOPIC}
    right = {"DocumentName": name, "InstanceIds": [node], "NotificationConfig": config, "ServiceRoleArn": bus.role}
    refuses.calls("ssm", [("InvalidRole", "send_command", right)])


def test_an_event_is_published_to_a_topic_whose_policy_lets_eventbridge_in(bus: Any, told: Any) -> None:
    bus.client.put_targets(Rule="push", Targets=[{"Id": "topic", "Arn": TOPIC}])
    bus.push()
    assert bus.metric("FailedInvocations") == 1
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
        "Condition": {"ArnEquals": {"aws:SourceArn": bus.RULE}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    bus.lab.client("sns").set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)
    bus.push("v2")
    assert told(1)[0]["detail"]["image-tag"] == "v2"
