"""Who may call ECR and speak to its registry. The evaluation of policies itself is tested in test_iam*.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/security_iam_service-with-iam.html for the actions,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html for repositories' own policies.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.iam.aws_managed_policies import aws_managed_policies_data

from lab import settings
from lab.aws import ecr, iam
from lab.aws.ecr import manifest
from lab.registry import v2

READ = ("GetAuthorizationToken", "BatchGetImage", "GetDownloadUrlForLayer")
PUSH = ("BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage")
ARN = f"arn:aws:ecr:{settings.REGION}:{settings.ACCOUNT}:repository/app"
KEY = "ASIA" + "N" * 16
OTHER = settings.OTHER_ACCOUNT


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: tuple[str, ...], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"ecr:{action}" for action in actions], "Resource": resource, **more}


class Node:
    """A role's credentials, and what it does with them."""

    def __init__(self, lab: Any) -> None:
        self.iam, self.port = lab.client("iam"), lab.port
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        made = self.iam.create_role(RoleName="node", AssumeRolePolicyDocument=document(trust))
        self.arn = made["Role"]["Arn"]
        iam.register(KEY, self.arn, "i-1")

    def allow(self, *statements: dict[str, Any]) -> None:
        self.iam.put_role_policy(RoleName="node", PolicyName="p", PolicyDocument=document(*statements))

    @property
    def ecr(self) -> Any:
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": "x", "aws_session_token": "y"}
        return boto3.client("ecr", endpoint_url=f"http://127.0.0.1:{self.port}", region_name=settings.REGION, **keys)

    def token(self) -> str:
        return str(self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])

    def request(self, method: str, path: str, token: str, account: str = settings.ACCOUNT) -> tuple[int, Any]:
        host = f"{account}.dkr.ecr.{settings.REGION}.amazonaws.com"
        reply = v2.answer(v2.Request(host, method, path, {}, f"Basic {token}", manifest.OCI))
        return reply.status, json.loads(reply.body or "null") if reply.status == 403 else None


@pytest.fixture
def node(lab: Any) -> Node:
    ecr.install()
    client = lab.client("ecr")
    client.create_repository(repositoryName="app", tags=[{"Key": "team", "Value": "blue"}])
    client.put_image(repositoryName="app", imageTag="v1", imageManifest=json.dumps({"mediaType": manifest.OCI}))
    return Node(lab)


def said(action: str, resource: str, why: str = "identity-based") -> str:
    who = f"arn:aws:sts::{settings.ACCOUNT}:assumed-role/node/i-1"
    because = f"because no {why} policy allows the ecr:{action} action"
    return f"User: {who} is not authorized to perform: ecr:{action} on resource: {resource} {because}"


def denial(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**given)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(refused.value.response["Error"]["Message"])


def test_a_call_nobody_allowed_is_denied_as_aws_says_it(node: Node) -> None:
    assert denial(node.ecr.get_authorization_token) == said("GetAuthorizationToken", "*")
    assert denial(node.ecr.describe_images, repositoryName="app") == said("DescribeImages", ARN)
    # Before anything is looked up: what is not there is no matter.
    elsewhere = ARN.replace("/app", "/nowhere")
    assert denial(node.ecr.list_images, repositoryName="nowhere") == said("ListImages", elsewhere)
    assert denial(node.ecr.describe_repositories) == said("DescribeRepositories", ARN.replace("/app", "/*"))
    assert denial(node.ecr.list_tags_for_resource, resourceArn=ARN) == said("ListTagsForResource", ARN)


def test_a_call_is_allowed_on_the_repositories_the_policy_names(node: Node) -> None:
    node.allow(allow(("DescribeImages",), ARN))
    assert len(node.ecr.describe_images(repositoryName="app")["imageDetails"]) == 1
    node.allow(allow(("DescribeImages",), f"{ARN}-other"))
    denial(node.ecr.describe_images, repositoryName="app")
    node.allow(allow(("DescribeImages",), Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}}))
    node.ecr.describe_images(repositoryName="app")
    node.allow(allow(("DescribeImages",), Condition={"StringEquals": {"ecr:ResourceTag/team": "red"}}))
    denial(node.ecr.describe_images, repositoryName="app")


@pytest.mark.parametrize("name", ["AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly"])
def test_aws_policies_for_nodes_pull_and_do_not_push(node: Node, name: str) -> None:
    policy = json.loads(aws_managed_policies_data)[name]["Document"]
    node.iam.put_role_policy(RoleName="node", PolicyName="p", PolicyDocument=json.dumps(policy))
    assert node.request("GET", "/v2/app/manifests/v1", node.token())[0] == 200
    assert node.request("PUT", "/v2/app/manifests/v1", node.token())[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/v2/app/manifests/v1", "BatchGetImage"),
        ("HEAD", "/v2/app/manifests/v1", "BatchGetImage"),
        ("GET", f"/v2/app/blobs/sha256:{'0' * 64}", "GetDownloadUrlForLayer"),
        ("HEAD", f"/v2/app/blobs/sha256:{'0' * 64}", "BatchCheckLayerAvailability"),
        ("GET", "/v2/app/tags/list", "ListImages"),
        ("PUT", "/v2/app/manifests/v2", "PutImage"),
        ("POST", "/v2/app/blobs/uploads/", "InitiateLayerUpload"),
        ("PATCH", "/v2/app/blobs/uploads/1", "UploadLayerPart"),
        ("PUT", "/v2/app/blobs/uploads/1", "CompleteLayerUpload"),
    ],
)
def test_the_registry_asks_for_what_the_request_is(node: Node, method: str, path: str, action: str) -> None:
    every = {*READ, *PUSH, "ListImages"}
    node.allow(allow(tuple(every - {action})))
    message = said(action, ARN)
    refused = (403, {"errors": [{"code": "DENIED", "message": message}]})
    assert node.request(method, path, node.token()) == refused
    node.allow(allow((*READ[:1], action), ARN), allow(READ[:1]))
    assert node.request(method, path, node.token())[0] != 403


def test_a_token_is_its_principals_and_follows_its_policies(node: Node) -> None:
    node.allow(allow(READ))
    token = node.token()
    assert node.request("GET", "/v2/app/manifests/v1", token)[0] == 200
    node.allow(allow(READ[:1]))
    assert node.request("GET", "/v2/", token)[0] == 200
    assert node.request("GET", "/v2/app/manifests/v1", token)[0] == 403
    wrong = base64.b64encode(b"AWS:wrong").decode()
    assert node.request("GET", "/v2/app/manifests/v1", wrong)[0] == 401


def test_a_repositorys_own_policy_lets_its_account_in(node: Node, lab: Any) -> None:
    node.allow(allow(READ[:1]))
    statement = {"Effect": "Allow", "Principal": {"AWS": node.arn}, "Action": ["ecr:BatchGetImage"]}
    lab.client("ecr").set_repository_policy(repositoryName="app", policyText=document(statement))
    assert node.request("GET", "/v2/app/manifests/v1", node.token())[0] == 200
    denied = document(statement | {"Effect": "Deny"})
    node.allow(allow(READ))
    lab.client("ecr").set_repository_policy(repositoryName="app", policyText=denied)
    assert node.request("GET", "/v2/app/manifests/v1", node.token())[0] == 403


def test_another_accounts_repository_has_to_let_in_too(node: Node, lab: Any) -> None:
    node.allow(allow(READ))
    client = lab.client("ecr")
    client.create_repository(repositoryName="app", registryId=OTHER)
    asked = ("GET", "/v2/app/manifests/v1", node.token(), OTHER)
    status, body = node.request(*asked)
    assert status == 403
    message = said("BatchGetImage", ARN.replace(settings.ACCOUNT, OTHER), "resource-based")
    assert body["errors"][0]["message"] == message
    statement = {"Effect": "Allow", "Principal": {"AWS": settings.ACCOUNT}, "Action": ["ecr:BatchGetImage"]}
    client.set_repository_policy(registryId=OTHER, repositoryName="app", policyText=document(statement))
    # Let in, and told that there is no such image.
    assert node.request(*asked)[0] == 404
    node.allow(allow(READ[:1]))
    assert node.request(*asked)[0] == 403


def test_a_first_pull_through_the_cache_needs_rights_of_its_own(node: Node, lab: Any) -> None:
    host = f"{settings.ACCOUNT}.dkr.ecr.{settings.REGION}.amazonaws.com"
    client = lab.client("ecr")
    client.create_pull_through_cache_rule(ecrRepositoryPrefix="cache", upstreamRegistryUrl=host)
    for actions, missing in (
        (READ, "BatchImportUpstreamImage"),
        ((*READ, "BatchImportUpstreamImage"), "CreateRepository"),
    ):
        node.allow(allow(actions))
        status, body = node.request("GET", "/v2/cache/app/manifests/v1", node.token())
        assert status == 403
        assert body["errors"][0]["message"] == said(missing, ARN.replace("/app", "/cache/app"))
    node.allow(allow((*READ, "BatchImportUpstreamImage", "CreateRepository")))
    assert node.request("GET", "/v2/cache/app/manifests/v1", node.token())[0] == 200
    node.allow(allow(READ))
    assert node.request("GET", "/v2/cache/app/manifests/v1", node.token())[0] == 200
