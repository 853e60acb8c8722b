"""ECR on a local port, with the empty repository `app`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab import settings
from lab.aws import ecr
from tests.lab.calls import UNCHECKED


@pytest.fixture
def client(lab: Any) -> Any:
    ecr.install()
    made = lab.client("ecr")
    made.create_repository(repositoryName="app")
    return made


@pytest.fixture
def unchecked(lab: Any, client: Any) -> Any:
    """Return what sends ECR anything."""
    return lab.client("ecr", config=UNCHECKED)


@pytest.fixture
def events(lab: Any, client: Any) -> Any:
    """Return what reads the events so far, in their order."""
    sqs, bus = lab.client("sqs"), lab.client("events")
    url = sqs.create_queue(QueueName="seen.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
    bus.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.ecr"]}))
    arn = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:seen.fifo"
    bus.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn, "SqsParameters": {"MessageGroupId": "one"}}])

    def read() -> list[Any]:
        found: list[Any] = []
        while messages := sqs.receive_message(QueueUrl=url["QueueUrl"], MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
        return found

    return read
