from __future__ import annotations

import datetime
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from lab import settings
from lab.node import cgroups, credential_provider, files, imds, network, process, role

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


def test_credentials_are_temporary_announced_and_rotate(announced, monkeypatch):
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
    node = role.Role(ROLE, ID, lambda *key: announced.append(key))
    first = node.keys()
    assert node.keys() == first
    assert re.fullmatch("ASIA[A-Z2-7]{16}", first.access_key_id)
    assert announced == [(first.access_key_id, ROLE, ID, first.expires)]
    told = imds.credentials(node)
    assert (told["AccessKeyId"], told["Token"]) == (first.access_key_id, first.token)
    assert datetime.datetime.fromisoformat(told["Expiration"]) == first.expires
    later = first.issued + role.ROTATION
    monkeypatch.setattr(role, "now", lambda: later)
    second = node.keys()
    assert second.access_key_id != first.access_key_id
    assert announced[1:] == [(second.access_key_id, ROLE, ID, second.expires)]
    # The old ones still work for a while, as AWS promises.
    assert first.expires - later >= datetime.timedelta(minutes=5)


def test_the_region_is_found_as_the_cli_finds_it(metadata, monkeypatch):
    from botocore.utils import InstanceMetadataRegionFetcher

    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    assert InstanceMetadataRegionFetcher(base_url=metadata, num_attempts=1).retrieve_region() == settings.REGION


def test_a_token_ends(metadata):
    _status, token = ask(metadata + imds.TOKEN_PATH, "PUT", X_aws_ec2_metadata_token_ttl_seconds="1")
    time.sleep(1.1)
    assert ask(metadata + "/latest/meta-data/instance-id", X_aws_ec2_metadata_token=token)[0] == 401


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", ("123456789012", "us-east-1")),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", ("123456789012", "eu-west-1")),
        ("docker.io", None),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example", None),
    ],
)
def test_the_provider_knows_registries(host, found):
    match = credential_provider.HOST.match(host)
    assert (match and match.groups()[:2]) == found


def test_the_provider_stays_silent_for_other_registries(tmp_path):
    path = tmp_path / "provider"
    path.write_text(files.script(credential_provider), encoding="utf-8")
    path.chmod(0o755)
    request = {"apiVersion": "credentialprovider.kubelet.k8s.io/v1", "image": "docker.io/library/busybox"}
    done = subprocess.run([str(path)], input=json.dumps(request), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["auth"] == {}


def test_a_process_is_known_by_its_start():
    with subprocess.Popen(["sleep", "60"]) as running:
        started = process.start_time(running.pid)
        assert process.alive(running.pid, started)
        assert not process.alive(running.pid, started + 1)
        assert process.end(running.pid, started + 1)
        assert running.poll() is None
        assert process.child_of(os.getpid()) is not None
        assert process.end(running.pid, started)
    assert process.start_time(running.pid) is None


def test_only_named_empty_groups_go(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    for name in ("memory/k8s.io/ours", "memory/other", "pids/shared/ours/inner", "pids/shared/theirs"):
        (tmp_path / name).mkdir(parents=True)
    cgroups.remove({"ours"})
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"memory", "memory/other", "pids", "pids/shared", "pids/shared/theirs"}


def test_only_parents_that_came_with_the_nodes_go(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    monkeypatch.setattr(cgroups, "MEMORY", tmp_path / "memory.json")
    (tmp_path / "pids/k8s.io").mkdir(parents=True)
    cgroups.remember_parents()
    for name in ("memory/k8s.io", "memory/default", "memory/other", "cpu/k8s.io/busy", "k8s.io"):
        (tmp_path / name).mkdir(parents=True)
    cgroups.remove_new_parents()
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_dir()}
    assert left == {"pids", "pids/k8s.io", "memory", "memory/other", "cpu", "cpu/k8s.io", "cpu/k8s.io/busy"}


def test_link_names_fit_the_kernel():
    assert len(network.link_of(ID)) <= 15
