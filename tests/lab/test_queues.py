"""Attributes that no queue can have.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.calls import UNCHECKED, answer

ARN = "arn:aws:sqs:us-east-1:123456789012:dead"
VALUE, NAME, PARAMETER = "InvalidAttributeValue", "InvalidAttributeName", "InvalidParameterValue"


def policy(**more: Any) -> str:
    """Return a queue's policy with one thing changed; None takes a member away."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": ARN} | more
    statement = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def redrive(name: str) -> str:
    return json.dumps({"deadLetterTargetArn": ARN.replace("dead", name), "maxReceiveCount": 3})


@pytest.fixture(name="sqs")
def sqs_fixture(lab: Any) -> Any:
    from lab.aws import faults, queues

    faults.install()
    queues.install()
    client = lab.client("sqs", config=UNCHECKED)
    client.create_queue(QueueName="dead")
    client.create_queue(QueueName="other.fifo", Attributes={"FifoQueue": "true"})
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
        ({"Policy": policy(Effect="Maybe")}, VALUE),
        ({"Policy": policy(Action="s3:GetObject")}, VALUE),
        ({"Policy": policy(Action=[])}, VALUE),
        ({"Policy": policy(Principal=None)}, VALUE),
        ({"Policy": json.dumps({"Version": "2012-10-17", "Statement": []})}, VALUE),
        ({"Policy": policy().replace("2012-10-17", "2020-01-01")}, VALUE),
        ({"SqsManagedSseEnabled": "maybe"}, VALUE),
        ({"RedriveAllowPolicy": "{"}, VALUE),
        ({"RedriveAllowPolicy": json.dumps({"redrivePermission": "some"})}, VALUE),
        ({"RedriveAllowPolicy": json.dumps({"redrivePermission": "byQueue"})}, VALUE),
        ({"Colour": "blue"}, NAME),
        ({"QueueArn": ARN}, NAME),
        ({"RedrivePolicy": redrive("none")}, PARAMETER),
        ({"RedrivePolicy": redrive("other.fifo")}, PARAMETER),
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
    assert sqs.list_queues()["QueueUrls"] == [url, url.replace("dead", "other.fifo")]


def test_a_queue_that_cannot_be(sqs: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""
    url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    for expected, call, given in (
        (PARAMETER, sqs.create_queue, {"QueueName": "new.fifo"}),
        (PARAMETER, sqs.create_queue, {"QueueName": "new", "tags": {"aws:a": "b"}}),
        (PARAMETER, sqs.tag_queue, {"QueueUrl": url, "Tags": {"aws:a": "b"}}),
        (NAME, sqs.set_queue_attributes, {"QueueUrl": url, "Attributes": {"FifoQueue": "true"}}),
        (
            "AWS.SimpleQueueService.NonExistentQueue",
            sqs.get_queue_url,
            {"QueueName": "dead", "QueueOwnerAWSAccountId": "111122223333"},
        ),
    ):
        assert answer(call, **given)["Error"]["Code"] == expected


def test_the_ends_of_a_range_are_in_it_and_nothing_takes_a_policy_away(sqs: Any) -> None:
    redrive = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": "1000"})
    least = {"VisibilityTimeout": "0", "MessageRetentionPeriod": "60", "MaximumMessageSize": "1024"}
    most = {"DelaySeconds": "900", "ReceiveMessageWaitTimeSeconds": "20", "RedrivePolicy": redrive}
    url = sqs.create_queue(QueueName="new", Attributes=least | most)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": "", "RedrivePolicy": ""})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["VisibilityTimeout"] == "0" and "RedrivePolicy" not in told
