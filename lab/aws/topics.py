"""SNS's topics and subscriptions: what CloudWatch's alarms are told to, and SNS refuses while moto takes it.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html, API_CreateTopic.html,
API_SetTopicAttributes.html and API_Publish.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.responses import SNSResponse

from lab.aws import guard

# What an endpoint of each protocol looks like, in the words of the page.
ENDPOINTS = {
    "http": re.compile(r"http://.+"),
    "https": re.compile(r"https://.+"),
    "email": re.compile(r"[^@\s]+@[^@\s]+"),
    "email-json": re.compile(r"[^@\s]+@[^@\s]+"),
    "sms": re.compile(r".+"),
    "sqs": re.compile(r"arn:[\w-]+:sqs:[\w-]+:\d{12}:.+"),
    "application": re.compile(r".+"),
    "lambda": re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:.+"),
    "firehose": re.compile(r"arn:[\w-]+:firehose:[\w-]+:\d{12}:deliverystream/.+"),
}
_STATUS = re.compile(
    r"(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)"
)
ATTRIBUTES = (
    *("ArchivePolicy", "ContentBasedDeduplication", "DataProtectionPolicy", "DeliveryPolicy", "DisplayName"),
    *("FifoThroughputScope", "FifoTopic", "KmsMasterKeyId", "Policy", "SignatureVersion", "TracingConfig"),
)
LONGEST_NAME = 100
# Line breaks and control characters; how long a subject may be moto tells as SNS does.
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _attribute(name: str, value: str) -> None:
    if name not in ATTRIBUTES and not _STATUS.fullmatch(name):
        raise SNSInvalidParameter("AttributeName")
    if name == "DisplayName" and len(value) > LONGEST_NAME:
        raise SNSInvalidParameter(f"DisplayName Reason: must be at most {LONGEST_NAME} characters long")


def check_topic(_self: SNSResponse, params: Mapping[str, Any]) -> None:
    """Refuse attributes that no topic has, and AWS's own tags."""
    for name, value in (params.get("Attributes") or {}).items():
        _attribute(name, value)
    if any(tag.get("Key", "").lower().startswith("aws:") for tag in params.get("Tags") or []):
        raise SNSInvalidParameter("Tags Reason: keys that begin with aws: are reserved")


def check_attribute(_self: SNSResponse, params: Mapping[str, Any]) -> None:
    """Refuse an attribute that no topic has."""
    _attribute(params["AttributeName"], params.get("AttributeValue") or "")


def check_subscription(self: SNSResponse, params: Mapping[str, Any]) -> None:
    """Refuse a protocol that is none, and an endpoint of another one; a topic that is not there comes first.

    https://github.com/getmoto/moto/blob/master/tests/test_sns/test_subscriptions.py has the order and the words of SQS
    endpoints, both verified against AWS.
    """
    if params["TopicArn"] not in self.backend.topics:
        return
    protocol, endpoint = params["Protocol"], params.get("Endpoint")
    if protocol not in ENDPOINTS:
        raise SNSInvalidParameter(f"Does not support this protocol string: {protocol}")
    if protocol == "sqs" and endpoint is not None and not ENDPOINTS[protocol].fullmatch(endpoint):
        raise SNSInvalidParameter("Invalid parameter: SQS endpoint ARN")
    if endpoint is not None and not ENDPOINTS[protocol].fullmatch(endpoint):
        raise SNSInvalidParameter(f"Endpoint Reason: no endpoint of the protocol {protocol}")
    if protocol == "firehose" and not (params.get("Attributes") or {}).get("SubscriptionRoleArn"):
        raise SNSInvalidParameter("Attributes Reason: SubscriptionRoleArn is required for firehose")


def check_message(_self: SNSResponse, params: Mapping[str, Any]) -> None:
    """Refuse a message that is empty, and a subject of several lines: the page of Publish."""
    if params.get("Message") == "":
        raise SNSInvalidParameter("Empty message")
    subject = params.get("Subject")
    if subject is not None and (not subject or _UNWANTED.search(subject)):
        raise SNSInvalidParameter("Subject")


def check_arn(_self: SNSResponse, params: Mapping[str, Any]) -> None:
    """Refuse what is no ARN of a subscription."""
    parts = len(params["SubscriptionArn"].split(":"))
    if parts < 6:
        raise SNSInvalidParameter(f"SubscriptionArn Reason: An ARN must have at least 6 elements, not {parts}")


def install() -> None:
    """Check requests in front of moto."""
    for operation, check in (
        ("CreateTopic", check_topic),
        ("SetTopicAttributes", check_attribute),
        ("Subscribe", check_subscription),
        ("Publish", check_message),
        ("Unsubscribe", check_arn),
        ("GetSubscriptionAttributes", check_arn),
        ("SetSubscriptionAttributes", check_arn),
    ):
        guard.before(SNSResponse, operation, check)
