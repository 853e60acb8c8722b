"""SNS's wrong calls: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html and the pages beside it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

WRONG = "InvalidParameter"
ENDPOINTS = [
    ("pigeon", "roof"),
    ("", "roof"),
    ("email", "nobody"),
    ("email-json", "a@b c"),
    ("http", "https://a.example"),
    ("https", "http://a.example"),
    ("https", "a.example"),
    ("lambda", "arn:aws:sqs:us-east-1:123456789012:queue"),
    ("firehose", "arn:aws:firehose:us-east-1:123456789012:deliverystream/x"),
]


@pytest.fixture
def topic(lab: Any) -> str:
    from lab.aws import topics

    topics.install()
    return str(lab.client("sns").create_topic(Name="topic", Attributes={"DisplayName": "x" * 100})["TopicArn"])


def test_every_wrong_call_is_refused(lab: Any, refuses: Any, topic: str) -> None:
    calls = [
        *(
            (WRONG, "subscribe", {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint})
            for protocol, endpoint in ENDPOINTS
        ),
        (WRONG, "create_topic", {"Name": "new", "Attributes": {"Colour": "blue"}}),
        (WRONG, "create_topic", {"Name": "new", "Attributes": {"DisplayName": "x" * 101}}),
        (WRONG, "create_topic", {"Name": "new", "Tags": [{"Key": "aws:a", "Value": "b"}]}),
        (WRONG, "set_topic_attributes", {"TopicArn": topic, "AttributeName": "Colour", "AttributeValue": "blue"}),
        (WRONG, "publish", {"TopicArn": topic, "Message": ""}),
        *((WRONG, "publish", {"TopicArn": topic, "Message": "m", "Subject": text}) for text in ("", "a\nb", "a\x7f")),
        (WRONG, "get_subscription_attributes", {"SubscriptionArn": "none"}),
        (WRONG, "unsubscribe", {"SubscriptionArn": "none"}),
    ]
    refuses.calls("sns", calls)
    client = lab.client("sns")
    assert client.list_subscriptions()["Subscriptions"] == []
    assert [one["TopicArn"] for one in client.list_topics()["Topics"]] == [topic]


def test_a_topic_that_is_not_there_is_told_before_an_endpoint_that_is_none(lab: Any, topic: str) -> None:
    """https://github.com/getmoto/moto/blob/master/tests/test_sns/test_subscriptions.py verified both against AWS."""
    for arn, error in (
        (f"{topic}-gone", ("NotFound", "Topic does not exist")),
        (topic, (WRONG, "Invalid parameter: SQS endpoint ARN")),
    ):
        with pytest.raises(ClientError) as refused:
            lab.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint="asdf")
        answer = refused.value.response["Error"]
        assert (answer["Code"], answer["Message"]) == error


def test_what_a_subscription_may_be(lab: Any, topic: str) -> None:
    client = lab.client("sns")
    client.publish(TopicArn=topic, Message="m", Subject="Knoten sind kälter")
    for protocol, endpoint in (("email", "a@b.example"), ("https", "https://a.example/x"), ("sms", "+15551234567")):
        client.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    client.set_topic_attributes(TopicArn=topic, AttributeName="SQSSuccessFeedbackSampleRate", AttributeValue="10")
    assert len(client.list_subscriptions()["Subscriptions"]) == 3
