"""What the model of an operation does not allow never reaches moto.

The services' common errors: https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html, and
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html for ECR's own.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.eks.responses import EKSResponse

from lab import settings
from tests.lab.calls import UNCHECKED

TARGET = {"Key": "tag:a", "Values": ["b"]}


def raw(lab: Any, service: str) -> Any:
    """Return a client that sends what botocore would refuse to send."""
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{lab.port}",
        region_name=settings.REGION,
        aws_access_key_id=settings.ACCESS_KEY,
        aws_secret_access_key=settings.SECRET_KEY,
        config=UNCHECKED,
    )


def refused(lab: Any, service: str, operation: str, **params: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        getattr(raw(lab, service), operation)(**params)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]


# What moto's own tests have from AWS, and the model would say otherwise.
PARAMETER = {"Name": "p", "Value": "v", "Type": "Text"}
MOTOS = [
    ("ssm", "put_parameter", PARAMETER, "ValidationException", "enum value set: [SecureString, StringList, String]"),
    ("ssm", "get_parameters", {"Names": ["n"] * 11}, "ValidationException", "less than or equal to 10."),
    ("ssm", "get_parameters_by_path", {"Path": "/", "MaxResults": 11}, "ValidationException", "Value 11 at"),
    ("ssm", "get_parameters_by_path", {"Path": "/", "MaxResults": 0}, "ValidationException", "Value '0' at"),
    ("ssm", "list_tags_for_resource", {"ResourceType": "Odd", "ResourceId": "x"}, "InvalidResourceType", ""),
    ("events", "list_replays", {"State": "Odd"}, "ValidationException", "value set: [CANCELLED, CANCELLING, "),
]
CASES = [
    *MOTOS,
    ("events", "put_rule", {"Name": "a b", "EventPattern": "{}"}, "ValidationException", "regular expression pattern"),
    ("events", "put_rule", {"Name": "n" * 65, "EventPattern": "{}"}, "ValidationException", "than or equal to 64"),
    ("events", "put_rule", {"Name": "n", "State": "ON"}, "ValidationException", "satisfy enum value set: [ENABLED,"),
    ("events", "put_targets", {"Rule": "r", "Targets": []}, "ValidationException", "greater than or equal to 1"),
    ("events", "put_targets", {"Targets": [{"Id": "a"}]}, "ValidationException", "2 validation errors detected: "),
    ("events", "put_events", {"Entries": []}, "ValidationException", "at 'entries' failed"),
    ("ssm", "send_command", {"DocumentName": "doc", "MaxErrors": "some"}, "ValidationException", "at 'maxErrors'"),
    (
        "ssm",
        "send_command",
        {"DocumentName": "doc", "InstanceIds": ["x"]},
        "ValidationException",
        "satisfy constraint: [",
    ),
    ("ssm", "send_command", {"DocumentName": "doc", "Targets": [TARGET] * 6}, "ValidationException", "equal to 5"),
    ("ssm", "get_parameter", {}, "ValidationException", "Value null at 'name' failed"),
    (
        "ecr",
        "create_repository",
        {"repositoryName": "Upper"},
        "InvalidParameterException",
        "Invalid parameter at 'repo",
    ),
    ("ecr", "put_image", {"repositoryName": "app"}, "InvalidParameterException", "'imageManifest'"),
    ("ecr", "describe_images", {"repositoryName": "app", "maxResults": 1001}, "InvalidParameterException", "1000"),
    ("eks", "create_cluster", {"name": "-a"}, "InvalidParameterException", "at 'name'"),
    ("eks", "list_clusters", {"maxResults": 101}, "InvalidParameterException", "equal to 100"),
    (
        "eks",
        "create_nodegroup",
        {"clusterName": "c", "nodegroupName": "g", "subnets": ["s"], "nodeRole": "r", "amiType": "AL9"},
        "InvalidParameterException",
        "satisfy enum value set: [AL2_x86_64,",
    ),
    (
        "eks",
        "update_nodegroup_config",
        {"clusterName": "c", "nodegroupName": "g", "taints": {"addOrUpdateTaints": [{"effect": "NEVER"}]}},
        "InvalidParameterException",
        "Value 'NEVER' at 'taints.addOrUpdateTaints.1.member.effect'",
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "text"), CASES, ids=[f"{c[1]}-{c[4]}" for c in CASES]
)
def test_what_the_model_does_not_allow_is_refused(
    lab: Any, service: str, operation: str, params: dict[str, Any], code: str, text: str
) -> None:
    error = refused(lab, service, operation, **params)
    assert error["Code"] == code
    assert text in error["Message"]


def post(lab: Any, service: str, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
    scope = f"Credential={settings.ACCESS_KEY}/20261124/{settings.REGION}/{service}/aws4_request"
    headers = {"X-Amz-Target": target, "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    request = urllib.request.Request(f"http://127.0.0.1:{lab.port}/", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as wrong:
        return wrong.code, json.loads(wrong.read())


@pytest.mark.parametrize("service", ["ssm", "events", "ecr"])
def test_an_unknown_operation_is_named_so(lab: Any, service: str) -> None:
    status, answer = post(lab, service, "AmazonSSM.MakeCoffee", b"{}")
    assert (status, answer["__type"]) == (400, "UnknownOperationException")


def test_an_operation_that_nothing_answers_is_no_server_error(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of EKS all are answered once another test has installed that part.
    monkeypatch.delattr(EKSResponse, "register_cluster", raising=False)
    assert refused(lab, "ssm", "get_inventory_schema")["Code"] == "UnknownOperationException"
    # What is wrong with a request is told all the same.
    assert refused(lab, "ssm", "get_inventory_schema", MaxResults=0)["Code"] == "ValidationException"
    config = {"roleArn": "r", "provider": "EC2"}
    code = refused(lab, "eks", "register_cluster", name="c", connectorConfig=config)["Code"]
    assert code == "UnknownOperationException"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"Name": 1}', b'{"Name": "n", "Tags": {}}', b'{"Name": "n", "Tags": ["x"]}'],
    ids=["no JSON", "no object", "number for text", "object for list", "text for object"],
)
def test_what_cannot_be_read_is_told_apart_from_what_is_wrong(lab: Any, body: bytes) -> None:
    status, answer = post(lab, "events", "AWSEvents.PutRule", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_a_right_request_passes(lab: Any) -> None:
    assert lab.client("events").put_rule(Name="r", EventPattern='{"source":["a"]}')["RuleArn"].endswith(":rule/r")
    assert lab.client("ecr").create_repository(repositoryName="team/app")["repository"]["repositoryName"] == "team/app"
    lab.client("eks").list_clusters(maxResults=100)


def test_a_fault_of_the_service_reads_like_one(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.events.responses import EventsHandler

    def break_down(self: Any) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(EventsHandler, "list_rules", break_down)
    with pytest.raises(ClientError) as caught:
        raw(lab, "events").list_rules()
    assert caught.value.response["Error"]["Code"] == "InternalException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
