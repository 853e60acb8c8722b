"""Rules, targets, and what reaches the nodes."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import settings
from lab.aws import events

ARN = f"arn:aws:ssm:{settings.REGION}:{settings.ACCOUNT}:document/nodecache-test"
ROLE = f"arn:aws:iam::{settings.ACCOUNT}:role/events"
EVENT = {
    "account": settings.ACCOUNT,
    "time": "2026-11-24T00:00:00Z",
    "source": "aws.ecr",
    "detail": {"image-tag": "v1", "list": ["a", 1], "number": 3},
}


@pytest.fixture
def bus(lab: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return an EventBridge client whose rule `push` matches every tagged push."""
    events.install()
    monkeypatch.setattr(settings, "API_PORT", lab.port)
    client = lab.client("events")
    pattern = {"source": ["aws.ecr"], "detail": {"image-tag": [{"anything-but": [""]}]}}
    client.put_rule(Name="push", EventPattern=json.dumps(pattern))
    return client


def target(**more: Any) -> dict[str, Any]:
    nodes = {"RunCommandTargets": [{"Key": "tag:role", "Values": ["node"]}]}
    return {"Id": "nodes", "Arn": ARN, "RoleArn": ROLE, "RunCommandParameters": nodes, **more}


def push(client: Any, tag: str = "v1") -> None:
    detail = json.dumps({"image-tag": tag})
    client.put_events(Entries=[{"Source": "aws.ecr", "DetailType": "ECR Image Action", "Detail": detail}])


def metric(lab: Any, name: str) -> int:
    now = datetime.datetime.now(datetime.UTC)
    points = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName=name,
        Dimensions=[{"Name": "RuleName", "Value": "push"}],
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now + datetime.timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return int(sum(point["Sum"] for point in points))


def test_an_event_runs_the_document_on_the_tagged_nodes(lab: Any, bus: Any) -> None:
    node = lab.node(role="node")
    lab.node(role="other")
    lab.document("echo got {{ tag }}", tag={"type": "String"})
    paths = {"InputPathsMap": {"tag": "$.detail.image-tag"}, "InputTemplate": '{"tag":["<tag>"]}'}
    assert bus.put_targets(Rule="push", Targets=[target(InputTransformer=paths)])["FailedEntryCount"] == 0
    push(bus, "v7")
    found = lab.until(
        lambda: [
            i for i in lab.ssm.list_command_invocations(Details=True)["CommandInvocations"] if i["Status"] == "Success"
        ]
    )
    assert [(i["InstanceId"], i["CommandPlugins"][0]["Output"].strip()) for i in found] == [(node, "got v7")]
    lab.until(lambda: metric(lab, "Invocations") == 1)
    assert metric(lab, "FailedInvocations") == 0


def test_no_delivery_without_a_match_or_when_disabled(lab: Any, bus: Any) -> None:
    lab.node(role="node")
    lab.document("true", tag={"type": "String"})
    bus.put_targets(Rule="push", Targets=[target(Input='{"tag":["x"]}')])
    push(bus, "")
    bus.disable_rule(Name="push")
    push(bus)
    bus.enable_rule(Name="push")
    push(bus)
    lab.until(lambda: metric(lab, "Invocations") == 1)
    assert len(lab.ssm.list_commands()["Commands"]) == 1


def test_a_refused_delivery_goes_to_the_dead_letter_queue(lab: Any, bus: Any) -> None:
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    queue = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:dead"
    bus.put_targets(Rule="push", Targets=[target(Input='{"tag":["x"]}', DeadLetterConfig={"Arn": queue})])
    push(bus)
    wanted = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    message = lab.until(lambda: sqs.receive_message(**wanted).get("Messages"))[0]
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "InvalidDocument"
    assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"] == ARN
    assert json.loads(message["Body"])["detail"] == {"image-tag": "v1"}
    lab.until(lambda: metric(lab, "InvocationsSentToDlq") == 1)
    assert metric(lab, "FailedInvocations") == 1


def test_a_missing_dead_letter_queue_is_counted(lab: Any, bus: Any) -> None:
    queue = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:none"
    bus.put_targets(Rule="push", Targets=[target(Input='{"tag":["x"]}', DeadLetterConfig={"Arn": queue})])
    push(bus)
    lab.until(lambda: metric(lab, "InvocationsFailedToBeSentToDlq") == 1)


@pytest.mark.parametrize(("code", "calls"), [("ThrottlingException", 3), ("AccessDeniedException", 1)])
def test_only_what_passes_is_tried_again(bus: Any, monkeypatch: pytest.MonkeyPatch, code: str, calls: int) -> None:
    made: list[Any] = []

    class Refusing:
        def send_command(self, **request: Any) -> None:
            made.append(request)
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "SendCommand")

    monkeypatch.setattr(events.settings, "client", lambda service: Refusing())
    rule = type("Rule", (), {"arn": "arn", "name": "push"})()
    with pytest.raises(ClientError):
        events._run_command(rule, target(Input='{"tag":["x"]}'), EVENT)
    assert len(made) == calls


def test_entries_that_are_refused_are_named(bus: Any) -> None:
    good = target()
    wrong = [
        {key: value for key, value in {**good, "Id": id_}.items() if key != missing}
        for id_, missing in (("norole", "RoleArn"), ("noblock", "RunCommandParameters"))
    ]
    answer = bus.put_targets(Rule="push", Targets=[good, *wrong])
    assert [entry["TargetId"] for entry in answer["FailedEntries"]] == ["norole", "noblock"]
    assert [one["Id"] for one in bus.list_targets_by_rule(Rule="push")["Targets"]] == ["nodes"]


def test_a_rule_has_five_targets_and_a_put_replaces_a_whole_target(bus: Any) -> None:
    five = [{**target(), "Id": f"t{n}"} for n in range(5)]
    assert bus.put_targets(Rule="push", Targets=five)["FailedEntryCount"] == 0
    sixth = bus.put_targets(Rule="push", Targets=[{**target(), "Id": "t5"}])["FailedEntries"]
    assert [entry["ErrorCode"] for entry in sixth] == ["LimitExceededException"]
    assert bus.put_targets(Rule="push", Targets=[{**target(Input="{}"), "Id": "t0"}])["FailedEntryCount"] == 0
    assert bus.put_targets(Rule="push", Targets=[{**target(), "Id": "t0"}])["FailedEntryCount"] == 0
    targets = {one["Id"]: one for one in bus.list_targets_by_rule(Rule="push")["Targets"]}
    assert len(targets) == 5
    assert "Input" not in targets["t0"]
