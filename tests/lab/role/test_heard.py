"""Whatever goes wrong is heard on the alarm topic, or lies in the queue that an alarm watches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

GPU = {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]}
IMAGES = [{"repository": "team/web"}, {"repository": "team/trainer", "nodes": "gpu"}]
DIGEST = f"sha256:{'a' * 64}"
ASSOCIATION = "EC2 State Manager Association State Change"
COMMAND = "EC2 Command Status-change Notification"
INVOCATION = "EC2 Command Invocation Status-change Notification"
AUTOMATION = "EC2 Automation Execution Status-change Notification"


class Topic:
    """The topic, as somebody on call listens to it."""

    def __init__(self, world: Any, bus: Any) -> None:
        self.sns, self.sqs = world.lab.client("sns"), world.lab.client("sqs")
        self.arn = self.sns.create_topic(Name="on-call")["TopicArn"]
        self.url, queue = bus.queue("heard", policy=False)
        self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=queue)
        self.default = self.sns.get_topic_attributes(TopicArn=self.arn)["Attributes"]["Policy"]
        self.seen: list[Any] = []

    def admit(self, *services: str) -> None:
        """Let services publish, as docs/prefetch.md says."""
        allow = [
            {"Effect": "Allow", "Principal": {"Service": each}, "Action": "sns:Publish", "Resource": self.arn}
            for each in services
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": allow}) if allow else self.default
        self.sns.set_topic_attributes(TopicArn=self.arn, AttributeName="Policy", AttributeValue=policy)

    def heard(self, kind: str, **detail: str) -> bool:
        """Tell whether an event of a kind was heard."""
        for message in self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            self.seen.append(json.loads(json.loads(message["Body"])["Message"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return any(
            event["detail-type"] == kind and detail.items() <= event["detail"].items()
            for event in self.seen
            if "detail-type" in event
        )


@pytest.fixture(name="topic")
def topic_fixture(world: Any, bus: Any) -> Iterator[Topic]:
    topic = Topic(world, bus)
    topic.admit("events.amazonaws.com", "cloudwatch.amazonaws.com")
    yield topic


@pytest.fixture(name="push")
def push_fixture(bus: Any) -> Callable[[str], None]:
    def push(repository: str) -> None:
        detail = {"repository-name": repository, "image-digest": DIGEST}
        bus.push(**detail, **{"action-type": "PUSH", "result": "SUCCESS"})

    return push


def alarmed(world: Any) -> set[str]:
    """Return the alarms that CloudWatch would raise by their own metric, statistic, period and threshold."""
    cloudwatch, now, found = world.lab.client("cloudwatch"), datetime.now(UTC), set()
    for alarm in cloudwatch.describe_alarms()["MetricAlarms"]:
        names = ("Namespace", "MetricName", "Dimensions", "Period")
        between = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}
        points = cloudwatch.get_metric_statistics(
            **{name: alarm[name] for name in names}, Statistics=[alarm["Statistic"]], **between
        )["Datapoints"]
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["AlarmActions"] == [world.topic] and alarm["ActionsEnabled"]
        if any(point[alarm["Statistic"]] >= alarm["Threshold"] for point in points):
            found.add(alarm["AlarmName"])
    return found


@pytest.fixture(name="node")
def node_fixture(lab: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a node on which nothing succeeds."""
    from lab.node.agent import Result

    monkeypatch.setattr(lab.fleet, "run", lambda *_: Result(1, b"{}", b"no space"))
    tags = {"kubernetes.io/cluster/prod": "owned", "eks:nodegroup-name": "gpu"}
    node: str = lab.node(**tags)
    return node


def test_what_fails_after_its_delivery_is_heard(world: Any, lab: Any, topic: Topic, push: Any, node: str) -> None:
    world.done({"main": {"prefetch_alarm_topic_arn": topic.arn, "prefetch_nodes": GPU, "prefetch_images": IMAGES}})
    failed = {"document-name": "nodecache-main", "status": "Failed"}
    lab.until(lambda: topic.heard(ASSOCIATION, **failed))
    assert not topic.heard(COMMAND)
    push("team/web")
    lab.until(lambda: topic.heard(COMMAND, **failed))
    # The Automation runs, and may not send its command.
    role = "nodecache-main-us-east-1-automation"
    world.lab.client("iam").delete_role_policy(RoleName=role, PolicyName="run-command")
    push("team/trainer")
    lab.until(lambda: topic.heard(AUTOMATION, Definition="nodecache-main.gpu.automation", Status="Failed"))
    assert not any("Success" in event["detail"].values() for event in topic.seen)
    # Of other documents nothing is heard.
    before = len(topic.seen)
    command = lab.ssm.send_command(DocumentName=lab.document("true"), InstanceIds=[node])["Command"]["CommandId"]
    lab.until(lambda: lab.ssm.list_commands(CommandId=command)["Commands"][0]["Status"] == "Failed")
    push("team/web")
    lab.until(lambda: topic.heard(COMMAND) and len(topic.seen) > before)
    assert {event["detail"].get("document-name", "nodecache-main") for event in topic.seen} == {"nodecache-main"}


def test_a_node_that_was_away_too_long_is_heard_of(
    world: Any, lab: Any, topic: Topic, push: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.ssm.models import ssm_backends

    from lab.node.agent import Result

    monkeypatch.setattr(lab.fleet, "run", lambda *_: Result(0, b"{}", b""))
    world.done({"main": {"prefetch_alarm_topic_arn": topic.arn}})
    tags = {"kubernetes.io/cluster/prod": "owned"}
    lab.node(**tags)
    away = lab.node(online=False, **tags)
    push("team/web")
    runs = ssm_backends["123456789012"]["us-east-1"]._commands
    run = lab.until(lambda: next((run for run in runs if run.document.name == "nodecache-main"), None))
    lab.until(lambda: sorted(one.status for one in run.invocations.values()) == ["Pending", "Success"])
    # Two hours later: EventBridge sends no timeout of its own, and the document has another hour.
    assert (run.expires - run.requested).total_seconds() == 7200
    run.expires = datetime.now(UTC)
    lab.until(lambda: topic.heard(INVOCATION, **{"instance-id": away, "status": "TimedOut"}))
    # To the command as a whole, and to the association, that is no failure.
    assert [event["detail-type"] for event in topic.seen] == [INVOCATION]


def test_a_push_that_reaches_nobody_raises_alarms(
    world: Any, lab: Any, bus: Any, topic: Topic, push: Any, node: str
) -> None:
    world.done({"main": {"prefetch_alarm_topic_arn": topic.arn}})
    assert alarmed(world) == set()
    lab.ssm.delete_document(Name="nodecache-main")
    push("team/web")
    lab.until(lambda: alarmed(world) == {"nodecache-main.failed-invocations"})
    queue = lab.client("sqs").get_queue_url(QueueName="nodecache-main-dead-letter")["QueueUrl"]
    assert bus.message(queue)["ERROR_CODE"] == "NO_RESOURCE"


def test_a_topic_that_lets_nobody_in_raises_alarms(world: Any, lab: Any, bus: Any, topic: Topic, node: str) -> None:
    topic.admit()
    world.done({"main": {"prefetch_alarm_topic_arn": topic.arn}})
    # The failures of the association are lost to the topic, and neither to the queue nor to the alarms.
    lab.until(lambda: alarmed(world) == {"nodecache-main.failures.failed-invocations"})
    queue = lab.client("sqs").get_queue_url(QueueName="nodecache-main-dead-letter")["QueueUrl"]
    letter = bus.message(queue)
    assert letter["ERROR_CODE"] == "NO_PERMISSIONS" and letter["RULE_ARN"].endswith("nodecache-main.failures")
    assert letter["body"]["detail"]["status"] == "Failed"
