"""Attributes that no queue can have.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.calls import UNCHECKED, answer

ARN = "arn:aws:sqs:us-east-1:123456789012:dead"
VALUE, PARAMETER = "InvalidAttributeValue", "InvalidParameterValue"


@pytest.fixture(name="sqs")
def sqs_fixture(lab: Any) -> Any:
    from lab.aws import faults, queues

    faults.install()
    queues.install()
    client = lab.client("sqs", config=UNCHECKED)
    client.create_queue(QueueName="dead")
    return client


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"VisibilityTimeout": "43201"}, VALUE),
        ({"VisibilityTimeout": "-1"}, VALUE),
        ({"VisibilityTimeout": "soon"}, VALUE),
        ({"DelaySeconds": "901"}, VALUE),
        ({"MessageRetentionPeriod": "59"}, VALUE),
        ({"MessageRetentionPeriod": "1209601"}, VALUE),
        ({"MaximumMessageSize": "1023"}, VALUE),
        ({"ReceiveMessageWaitTimeSeconds": "21"}, VALUE),
        ({"KmsDataKeyReusePeriodSeconds": "59"}, VALUE),
        ({"Policy": "{"}, VALUE),
        ({"Policy": "[]"}, VALUE),
        ({"RedrivePolicy": "{"}, PARAMETER),
        ({"RedrivePolicy": "[]"}, PARAMETER),
        ({"RedrivePolicy": json.dumps({"deadLetterTargetArn": ARN})}, PARAMETER),
        ({"RedrivePolicy": json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 0})}, PARAMETER),
        ({"RedrivePolicy": json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": "1001"})}, PARAMETER),
    ],
)
def test_an_attribute_that_no_queue_can_have(sqs: Any, attributes: dict[str, str], code: str) -> None:
    url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    for call, more in ((sqs.create_queue, {"QueueName": "new"}), (sqs.set_queue_attributes, {"QueueUrl": url})):
        answered = answer(call, Attributes=attributes, **more)
        assert answered["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert answered["Error"]["Code"] == code
    assert sqs.list_queues()["QueueUrls"] == [url]


def test_the_ends_of_a_range_are_in_it_and_nothing_takes_a_policy_away(sqs: Any) -> None:
    redrive = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": "1000"})
    least = {"VisibilityTimeout": "0", "MessageRetentionPeriod": "60", "MaximumMessageSize": "1024"}
    most = {"DelaySeconds": "900", "ReceiveMessageWaitTimeSeconds": "20", "RedrivePolicy": redrive}
    url = sqs.create_queue(QueueName="new", Attributes=least | most)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": "", "RedrivePolicy": ""})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["VisibilityTimeout"] == "0" and "RedrivePolicy" not in told
