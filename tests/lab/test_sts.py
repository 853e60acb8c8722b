"""https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""

from __future__ import annotations

import datetime
import json

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from lab import settings
from lab.aws import iam, sts

TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
KEY = "ASIAAAAAAAAAAAAAAAA" + "B"


@pytest.fixture(name="client")
def client_fixture():
    sts.install()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()

    def made(service, key=settings.ACCESS_KEY):
        url = f"http://{host}:{port}"
        return boto3.client(
            service, "us-east-1", endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=settings.SECRET_KEY
        )

    yield made
    server.stop()


@pytest.fixture(name="role")
def role_fixture(client):
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = client("iam").create_role(RoleName="sts-node", Path="/eks/", AssumeRolePolicyDocument=trust)["Role"]
    yield role
    client("iam").delete_role(RoleName="sts-node")


def now():
    return datetime.datetime.now(datetime.UTC)


def test_a_node_is_its_roles_session(client, role):
    iam.register(KEY, role["Arn"], "i-0123456789abcdef0", now() + datetime.timedelta(hours=1))
    told = client("sts", KEY).get_caller_identity()
    # The role's path is no part of the session's ARN.
    assert told["Arn"] == "arn:aws:sts::123456789012:assumed-role/sts-node/i-0123456789abcdef0"
    assert told["UserId"] == f"{role['RoleId']}:i-0123456789abcdef0"
    assert told["Account"] == settings.ACCOUNT


def test_the_administrator_is_no_role(client):
    assert ":assumed-role/" not in client("sts").get_caller_identity()["Arn"]


# moto misses the codes in botocore's model, which AWS answers with all the same.
@pytest.mark.filterwarnings("ignore:.*does not match an error shape")
@pytest.mark.parametrize(
    ("key", "code"), [(KEY, "ExpiredToken"), ("ASIACCCCCCCCCCCCCCCC", "InvalidClientTokenId")], ids=["old", "unknown"]
)
def test_a_key_that_is_none_is_refused(client, role, key, code):
    iam.register(KEY, role["Arn"], "i-0123456789abcdef0", now() - datetime.timedelta(seconds=1))
    with pytest.raises(ClientError) as refused:
        client("sts", key).get_caller_identity()
    assert refused.value.response["Error"]["Code"] == code
