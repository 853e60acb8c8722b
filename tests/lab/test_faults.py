"""What EC2, Auto Scaling, SQS, SNS, CloudWatch and its logs say to requests they cannot take.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and each service's page of common errors.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.responses import BaseResponse

from lab.aws import faults

CONFIG = Config(parameter_validation=False, retries={"total_max_attempts": 1}, inject_host_prefix=False)


@pytest.fixture
def client(lab: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return what makes clients that check nothing."""
    monkeypatch.setattr(BaseResponse, "_dispatch", BaseResponse._dispatch)
    faults.install()
    yield lambda service: lab.client(service, config=CONFIG)


def refused(client: Any, operation: str, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**params)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "code", "said"),
    [
        ("ec2", "create_vpc_endpoint", "MissingParameter", "The request must contain the parameter VpcId"),
        ("ec2", "terminate_instances", "InvalidParameterCombination", "No instances specified"),
        ("ec2", "stop_instances", "InvalidParameterCombination", "No instances specified"),
        ("autoscaling", "set_desired_capacity", "ValidationError", "Value null at 'autoScalingGroupName' failed"),
        ("sqs", "create_queue", "MissingParameter", "The request must contain the parameter QueueName"),
        ("sns", "create_topic", "InvalidParameter", "Value null at 'name' failed to satisfy constraint"),
        ("logs", "create_log_group", "InvalidParameterException", "Value null at 'logGroupName' failed"),
        ("cloudwatch", "put_metric_alarm", "MissingParameter", "The request must contain the parameter AlarmName"),
    ],
)
def test_what_is_missing_is_named(client: Any, service: str, operation: str, code: str, said: str) -> None:
    found = refused(client(service), operation)
    assert found[0] == code
    assert said in found[1]


def test_an_empty_map_is_not_missing(client: Any) -> None:
    """Only entries are sent: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#map-serialization."""
    made = client("sns").create_platform_application(Name="mine", Platform="APNS", Attributes={})
    assert made["PlatformApplicationArn"].endswith(":app/APNS/mine")


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("sns", "get_topic_attributes", {"TopicArn": "bogus"}, "InvalidParameter"),
        ("autoscaling", "suspend_processes", {"AutoScalingGroupName": "nobody"}, "ValidationError"),
        ("ec2", "describe_subnets", {"Filters": [{"Name": "colour", "Values": ["red"]}]}, "InvalidParameterValue"),
        ("ec2", "create_tags", {"Resources": [], "Tags": [{"Key": "a", "Value": "b"}]}, "MissingParameter"),
    ],
)
def test_a_value_moto_stumbles_over_is_refused(
    client: Any, service: str, operation: str, params: dict[str, Any], code: str
) -> None:
    assert refused(client(service), operation, **params)[0] == code


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("autoscaling", "describe_adjustment_types", "InvalidAction"),
        ("ec2", "describe_scheduled_instances", "InvalidAction"),
        ("logs", "describe_configuration_templates", "UnknownOperationException"),
    ],
)
def test_an_operation_that_is_not_served_is_unknown(client: Any, service: str, operation: str, code: str) -> None:
    assert refused(client(service), operation)[0] == code


def test_what_no_service_has_is_unknown(client: Any, lab: Any) -> None:
    """A person's own words, sent as a query."""
    key = "Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/ec2/aws4_request"
    heading = {"Authorization": f"AWS4-HMAC-SHA256 {key}, SignedHeaders=host, Signature=0"}
    asked = urllib.request.Request(f"http://127.0.0.1:{lab.port}/", b"Action=MakeCoffee&Version=2016-11-15", heading)
    client("ec2")
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(asked)
    assert answer.value.code == 400
    assert b"<Code>InvalidAction</Code>" in answer.value.read()


def test_a_queue_is_named_by_the_requests_own_url(client: Any, lab: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html."""
    client("sqs").create_queue(QueueName="old")
    asked = f"http://127.0.0.1:{lab.port}/123456789012/old?Action=ReceiveMessage"
    key = "Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/sqs/aws4_request"
    heading = {"Authorization": f"AWS4-HMAC-SHA256 {key}, SignedHeaders=host, Signature=0"}
    heading["Content-Type"] = "application/x-www-form-urlencoded"
    with urllib.request.urlopen(urllib.request.Request(asked, headers=heading)) as answer:
        assert answer.status == 200
        assert b"ReceiveMessageResponse" in answer.read()


@pytest.mark.parametrize("service", ["autoscaling", "sns", "sqs", "cloudwatch", "logs"])
def test_nothing_answers_an_empty_request_with_a_page_or_a_fault(client: Any, service: str) -> None:
    made = client(service)
    odd = []
    for operation in made.meta.service_model.operation_names:
        try:
            getattr(made, xform_name(operation))()
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500 or not error.response["Error"]["Code"][:1].isalpha():
                odd.append((operation, status, error.response["Error"]["Code"]))
    assert odd == []
