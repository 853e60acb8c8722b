"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html"""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request

import pytest

from lab import settings
from lab.node import imds, role
from lab.node.machine import Machine

ID = "i-0123456789abcdef0"
ROLE = "arn:aws:iam::123456789012:role/path/eks-node"


@pytest.fixture(name="announced")
def announced_fixture():
    return []


@pytest.fixture(name="metadata")
def metadata_fixture(announced):
    here = imds.Identity(ID, "10.77.0.9", role.Role(ROLE, ID, lambda *key: announced.append(key)))
    server = imds.MetadataServer(socket.create_server(("127.0.0.1", 0)), here)
    yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
    server.close()


def ask(url, method="GET", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        # What comes with a refusal is a page that names it, and never an answer.
        assert f"<title>{error.code} - {error.reason}</title>" in error.read().decode()
        return error.code, ""


def test_metadata_wants_a_token(metadata):
    path = metadata + "/latest/meta-data/instance-id"
    assert ask(path) == (401, "")
    assert ask(path, X_aws_ec2_metadata_token="guess") == (401, "")
    assert ask(metadata + imds.TOKEN_PATH, "PUT") == (400, "")
    assert ask(metadata + imds.TOKEN_PATH, "PUT", X_aws_ec2_metadata_token_ttl_seconds="21601") == (400, "")
    proxied = {"X_aws_ec2_metadata_token_ttl_seconds": "60", "X_Forwarded_For": "10.0.0.1"}
    assert ask(metadata + imds.TOKEN_PATH, "PUT", **proxied)[0] == 403
    status, token = ask(metadata + imds.TOKEN_PATH, "PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
    assert status == 200
    assert ask(path, X_aws_ec2_metadata_token=token) == (200, ID)
    for question in ("/latest/meta-data/placement/availability-zone", "/latest/meta-data/placement/availability-zone/"):
        assert ask(metadata + question, X_aws_ec2_metadata_token=token) == (200, "us-east-1a")
    listed = ask(metadata + "/latest/meta-data/", X_aws_ec2_metadata_token=token)[1].splitlines()
    assert {"instance-id", "iam/", "placement/"} <= set(listed)
    assert ask(metadata + "/latest/none", X_aws_ec2_metadata_token=token) == (404, "")
    credentials = metadata + "/latest/meta-data/iam/security-credentials/"
    assert ask(credentials, X_aws_ec2_metadata_token=token) == (200, "eks-node")
    assert json.loads(ask(credentials + "eks-node", X_aws_ec2_metadata_token=token)[1])["Code"] == "Success"
    document = metadata + "/latest/dynamic/instance-identity/document"
    assert json.loads(ask(document, X_aws_ec2_metadata_token=token)[1])["region"] == settings.REGION


def test_a_node_without_an_instance_profile_has_no_credentials():
    paths = imds.answers(imds.Identity(ID, "10.77.0.9"))
    assert "/latest/meta-data/instance-id" in paths
    assert not [path for path in paths if "/iam/" in path]


def test_metadata_is_what_ec2_says_of_the_instance():
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html"""
    tags = {"Name": "one"}
    here = imds.Identity(
        ID,
        "10.77.0.9",
        None,
        lambda: Machine("us-east-1b", "use1-az1", "m7g.large", "ami-1", "spot", "arn:profile", tags),
    )
    found = {path.removeprefix("/latest/meta-data/"): text for path, text in imds.answers(here).items()}
    told = {
        "placement/availability-zone": "us-east-1b",
        "placement/availability-zone-id": "use1-az1",
        "instance-type": "m7g.large",
        "ami-id": "ami-1",
        "instance-life-cycle": "spot",
        "tags/instance/Name": "one",
    }
    assert told.items() <= found.items()
    document = imds.document(here)
    assert document["availabilityZone"] == "us-east-1b"
    assert (document["instanceType"], document["imageId"]) == ("m7g.large", "ami-1")
    tags["Name"] = "two"
    assert imds.look_up(here, "/latest/meta-data/tags/instance/Name") == "two"


def test_the_instance_profile_is_the_instances_own():
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html has iam/info."""
    acting = role.Role("arn:aws:iam::123456789012:role/eks-node", ID, lambda *_: None)
    own = "arn:aws:iam::123456789012:instance-profile/own"
    here = imds.Identity(ID, "10.77.0.9", acting, lambda: Machine(profile=own))
    assert json.loads(imds.look_up(here, "/latest/meta-data/iam/info"))["InstanceProfileArn"] == own


def test_tags_are_not_told_unless_they_are_let():
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html"""
    assert imds.look_up(imds.Identity(ID, "10.77.0.9"), "/latest/meta-data/tags/instance/") is None


def test_the_region_is_found_as_the_cli_finds_it(metadata, monkeypatch):
    from botocore.utils import InstanceMetadataRegionFetcher

    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    assert InstanceMetadataRegionFetcher(base_url=metadata, num_attempts=1).retrieve_region() == settings.REGION


def test_a_token_ends(metadata):
    _status, token = ask(metadata + imds.TOKEN_PATH, "PUT", X_aws_ec2_metadata_token_ttl_seconds="1")
    time.sleep(1.1)
    assert ask(metadata + "/latest/meta-data/instance-id", X_aws_ec2_metadata_token=token)[0] == 401
