"""IAM and STS refuse what their models rule out, in XML, and know which operations they have.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError

from lab.aws import query
from lab.aws.iam import sts

V = "ValidationError"
NAME = {"RoleName": "role"}


@pytest.fixture(autouse=True)
def _installed(lab: Any) -> None:
    query.install()
    sts.install()


def test_every_wrong_call_of_iam_is_refused(refuses: Any) -> None:
    calls = [
        (V, "get_role", {}),
        (V, "get_user", {"UserName": "a b"}),
        (V, "get_user", {"UserName": "x" * 129}),
        (V, "create_user", {}),
        (V, "list_roles", {"MaxItems": 1001}),
        (V, "list_roles", {"MaxItems": 0}),
        (V, "attach_user_policy", {"UserName": "person", "PolicyArn": "short"}),
        (V, "update_access_key", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Off"}),
        (V, "create_policy_version", {"PolicyArn": "arn:aws:iam::123456789012:policy/x"}),
        (V, "tag_role", {**NAME, "Tags": [{"Value": "v"}]}),
        (V, "simulate_principal_policy", {"PolicySourceArn": "arn:aws:iam::123456789012:role/x"}),
        ("InvalidAction", "get_context_keys_for_custom_policy", {"PolicyInputList": ["{}"]}),
    ]
    refuses.calls("iam", calls)


@pytest.mark.parametrize(
    ("operation", "params", "words"),
    [
        ("get_role", {"RoleName": "a/b"}, "roleName is invalid. It must contain only alphanumeric characters and/or"),
        ("create_user", {"UserName": "u", "Path": "/x"}, "path is invalid. It must begin and end with / and contain"),
        ("list_roles", {"PathPrefix": "x"}, "pathPrefix is invalid. It must begin with the / character and contain"),
        (
            "list_policies",
            {"PathPrefix": "/foo"},
            "pathPrefix is invalid. It must begin with the / character and contain",
        ),
    ],
)
def test_iam_has_words_of_its_own_for_names_and_paths(
    lab: Any, operation: str, params: dict[str, str], words: str
) -> None:
    """As in https://github.com/aws/aws-cli/issues/5860 and https://github.com/aws-amplify/amplify-cli/issues/9120."""
    with pytest.raises(ClientError) as refused:
        getattr(lab.client("iam"), operation)(**params)
    error = refused.value.response["Error"]
    assert (error["Code"], words in error["Message"]) == (V, True)
    assert error["Message"].startswith("The specified value for ")


def test_every_wrong_call_of_sts_is_refused(refuses: Any) -> None:
    arn = "arn:aws:iam::123456789012:role/role"
    saml = {"RoleArn": arn, "PrincipalArn": "arn:aws:iam::123456789012:saml-provider/x"}
    calls = [
        (V, "assume_role", {"RoleSessionName": "me"}),
        (V, "assume_role", {"RoleArn": arn}),
        (V, "assume_role", {"RoleArn": arn, "RoleSessionName": "a b"}),
        (V, "assume_role", {"RoleArn": arn, "RoleSessionName": "me", "DurationSeconds": 899}),
        (V, "assume_role", {"RoleArn": "role", "RoleSessionName": "me"}),
        (V, "assume_role_with_web_identity", {"RoleArn": arn, "RoleSessionName": "me"}),
        ("InvalidIdentityToken", "assume_role_with_saml", {**saml, "SAMLAssertion": "none"}),
        ("InvalidIdentityToken", "assume_role_with_saml", {**saml, "SAMLAssertion": "PGEvPg=="}),
        ("InvalidAuthorizationMessageException", "decode_authorization_message", {"EncodedMessage": "x"}),
    ]
    refuses.calls("sts", calls)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"Version=2010-05-08", "MissingAction", "The request is missing an action parameter."),
        (b"Action=Nonsense", "InvalidAction", "Could not find operation Nonsense for version 2010-05-08"),
        (b"Action=GetRole", V, "Value null at 'roleName' failed to satisfy constraint: Member must not be null"),
    ],
)
def test_the_refusal_is_xml(lab: Any, body: bytes, code: str, message: str) -> None:
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/iam/aws4_request"}
    headers |= {"Host": "iam.amazonaws.com"}
    asked = urllib.request.Request(f"http://127.0.0.1:{lab.port}/", body, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)
    assert (refused.value.code, refused.value.headers["Content-Type"]) == (400, "text/xml")
    space = {"iam": "https://iam.amazonaws.com/doc/2010-05-08/"}
    error = ElementTree.fromstring(refused.value.read()).find("iam:Error", space)
    assert error is not None and error.findtext("iam:Code", namespaces=space) == code
    assert message in str(error.findtext("iam:Message", namespaces=space))


def test_a_fault_of_the_lab_is_one_of_the_services_and_no_page(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.config import Config
    from moto.iam.responses import IamResponse

    monkeypatch.setattr(IamResponse, "list_users", lambda self: 1 / 0)
    client = lab.client("iam", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ClientError) as failed:
        client.list_users()
    assert failed.value.response["Error"]["Code"] == "InternalFailure"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


@pytest.mark.parametrize(("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn")])
def test_a_users_key_is_known_in_every_partition(lab: Any, region: str, partition: str) -> None:
    import boto3

    from lab import settings

    def client(service: str, key: str = settings.ACCESS_KEY, secret: str = settings.SECRET_KEY) -> Any:
        url = f"http://127.0.0.1:{lab.port}"
        keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
        return boto3.client(service, region, endpoint_url=url, **keys)

    client("iam").create_user(UserName="person")
    key = client("iam").create_access_key(UserName="person")["AccessKey"]
    told = client("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_caller_identity()
    assert told["Arn"] == f"arn:{partition}:iam::{settings.ACCOUNT}:user/person"


def test_a_character_that_xml_cannot_hold_is_not_repeated(refuses: Any) -> None:
    """https://www.w3.org/TR/xml/#charsets; the refused value is part of the message."""
    query.install()
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    given = {"RoleName": "r", "AssumeRolePolicyDocument": document, "Description": "\x01"}
    refuses.calls("iam", [("ValidationError", "create_role", given)])
