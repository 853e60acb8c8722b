"""What the tests of EventBridge, and of what it calls, do alike."""

from __future__ import annotations

import json
from typing import Any

from botocore.config import Config

from lab import settings
from tests.lab.calls import until


class Bus:
    """EventBridge with a rule `push` for tagged pushes, and the role its target assumes."""

    DOCUMENT = f"arn:aws:ssm:{settings.REGION}:{settings.ACCOUNT}:document/nodecache-test"
    RULE = f"arn:aws:events:{settings.REGION}:{settings.ACCOUNT}:rule/push"
    NODES = f"arn:aws:ec2:{settings.REGION}:{settings.ACCOUNT}:instance/*"

    def __init__(self, lab: Any) -> None:
        # The server has to refuse what the client would not even send.
        unchecked = Config(parameter_validation=False)
        self.lab, self.client, self.iam = lab, lab.client("events", config=unchecked), lab.client("iam")
        pattern = {"source": ["aws.ecr"], "detail": {"image-tag": [{"anything-but": [""]}]}}
        self.client.put_rule(Name="push", EventPattern=json.dumps(pattern))
        condition = {
            "StringEquals": {"aws:SourceAccount": settings.ACCOUNT},
            "ArnEquals": {"aws:SourceArn": self.RULE},
        }
        self.role = self.make_role("events", condition)
        tagged = {"StringEquals": {"ssm:resourceTag/role": "node"}}
        self.allow(
            {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": self.DOCUMENT},
            {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": self.NODES, "Condition": tagged},
        )

    def make_role(self, name: str, condition: dict[str, Any], service: str = "events.amazonaws.com") -> str:
        trusted = {"Service": service} if "." in service else {"AWS": service}
        allow = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [allow | ({"Condition": condition} if condition else {})]}
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        return str(made["Role"]["Arn"])

    def allow(self, *statements: dict[str, Any], role: str = "events") -> None:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(document))

    def target(self, **more: Any) -> dict[str, Any]:
        nodes = {"RunCommandTargets": [{"Key": "tag:role", "Values": ["node"]}]}
        given = {"Id": "nodes", "Arn": self.DOCUMENT, "RoleArn": self.role, "RunCommandParameters": nodes}
        return {key: value for key, value in (given | more).items() if value is not None}

    def put(self, **more: Any) -> None:
        self.client.put_targets(Rule="push", Targets=[self.target(**more)])

    def push(self, tag: str = "v1", **detail: Any) -> None:
        from moto.events.models import events_backends

        # As AWS itself: nobody else may put an event of ECR.
        text = json.dumps({"image-tag": tag} | detail)
        entry = {"Source": "aws.ecr", "DetailType": "ECR Image Action", "Detail": text}
        events_backends[settings.ACCOUNT][settings.REGION].put_events([entry])

    def queue(self, name: str = "dead", policy: bool = True, rule: str = RULE) -> tuple[str, str]:
        """Make a queue and return its URL and ARN."""
        arn = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})} if policy else {}
        return self.lab.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], arn

    def message(self, url: str) -> dict[str, Any]:
        """Return the next message of a queue, its attributes as plain text."""
        sqs = self.lab.client("sqs")
        found = until(lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages"))[0]
        attributes = {key: value["StringValue"] for key, value in found.get("MessageAttributes", {}).items()}
        return {"body": json.loads(found["Body"]), **attributes}

    def metric(self, name: str, **dimensions: str) -> int:
        from datetime import UTC, datetime, timedelta

        now = datetime.now(UTC)
        points = self.lab.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Events",
            MetricName=name,
            Dimensions=[{"Name": k, "Value": v} for k, v in (dimensions or {"RuleName": "push"}).items()],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return int(sum(point["Sum"] for point in points))
