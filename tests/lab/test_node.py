from __future__ import annotations

import datetime
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from lab import settings
from lab.node import cgroups, credential_provider, files, fleet, imds, network, process, role

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
    status, token = ask(metadata + imds.TOKEN_PATH, "PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
    assert status == 200
    assert ask(path, X_aws_ec2_metadata_token=token) == (200, ID)
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
    path.write_text(files.provider(), encoding="utf-8")
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


def test_link_names_fit_the_kernel():
    assert len(network.link_of(ID)) <= 15


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces and mounts")


@pytest.fixture(name="nodes")
def nodes_fixture(tmp_path, monkeypatch):
    from lab import packages

    packages.ensure()
    # A lab that runs beside the tests keeps its own files, bridge and nodes.
    bundle = tmp_path / "run/tls/bundle.pem"
    bundle.parent.mkdir(parents=True)
    bundle.touch()
    monkeypatch.setattr(settings, "RUN", tmp_path / "run")
    for name, value in (("BRIDGE", "nctest0"), ("GATEWAY", "169.254.43.1"), ("LOG", tmp_path / "log")):
        monkeypatch.setattr(settings, name, value)
    monkeypatch.setattr(network, "SUBNET", "169.254.43.0/24")
    monkeypatch.setattr(fleet, "STATES", tmp_path / "states")
    monkeypatch.setattr(fleet, "DISKS", tmp_path / "disks")
    network.bridge_up()
    nodes = fleet.Fleet()
    yield nodes
    nodes.stop_all()
    network.bridge_down()


@needs_root
def test_a_node_lives_and_leaves_nothing(nodes):
    name, address = "i-0aaaaaaaaaaaaaaa1", "10.77.0.11"
    came = []
    nodes.on_online(came.append)
    keys = []
    nodes.on_credentials(lambda *key: keys.append(key))
    nodes.start(name, address, role_arn=ROLE)
    assert came == [name] == nodes.ids()
    assert nodes.online(name)

    with pytest.raises(fleet.NodeError, match="taken by another node"):
        nodes.start("i-0aaaaaaaaaaaaaaa9", address)

    result = nodes.run(name, "#!/bin/bash\n[[ $X == y ]] && echo $X; echo no >&2; exit 7", {"X": "y"}, 10)
    assert result == fleet.Result(7, b"y\n", b"no\n")
    assert nodes.run(name, "sleep 60 & sleep 60", {}, 0.5).exit_code == 137
    whoami = f"{sys.executable} -c 'from botocore.session import Session as S; print(S().get_credentials().access_key)'"
    key = nodes.run(name, whoami, {}, 20).stdout.decode().strip()
    assert [found[:3] for found in keys] == [(key, ROLE, name)]

    images = nodes.run(name, "ctr -n k8s.io images ls name==localhost/kubernetes/pause:latest", {}, 10).stdout
    assert b"io.cri-containerd.pinned=pinned" in images
    script = "ctr -n k8s.io run -d localhost/kubernetes/pause:latest proof && ctr -n k8s.io tasks ls"
    assert b"RUNNING" in nodes.run(name, script, {}, 20).stdout
    curl = "curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 9' http://169.254.169.254/latest/api/token"
    assert len(nodes.run(name, curl, {}, 10).stdout) > 30

    state = fleet.recorded()[0]
    nodes.run(name, "kill $(pidof containerd)", {}, 10)
    deadline = time.monotonic() + 10
    while nodes.run(name, "ctr version", {}, 10).exit_code:
        assert time.monotonic() < deadline, "containerd was not started again"
        time.sleep(0.1)

    nodes.stop(name)
    assert not nodes.online(name)
    assert process.start_time(state.init) is None
    assert not fleet.recorded()
    assert not (fleet.DISKS / name).exists()
    assert not network.exists(network.link_of(name))
    assert network.namespace_of(name) not in subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout
    assert not list(cgroups.ROOT.rglob("proof"))


@needs_root
def test_a_cancelled_script_ends_with_its_children(nodes):
    name = "i-0aaaaaaaaaaaaaaa4"
    nodes.start(name, "10.77.0.14")
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    began = time.monotonic()
    result = nodes.run(name, "echo begun; sleep 4711 & sleep 4711", {}, 60, cancelled)
    assert (result.exit_code, result.stdout) == (137, b"begun\n")
    assert time.monotonic() - began < 10
    assert nodes.run(name, "pgrep -f 4711 | grep -v $$", {}, 10).stdout == b""
    # One that left its group lives on, but holds nobody up.
    assert nodes.run(name, "echo begun; setsid sleep 4712 & sleep 4712", {}, 0.5).stdout == b"begun\n"
    assert nodes.run(name, "exit 3", {}, 10, threading.Event()).exit_code == 3


@needs_root
def test_a_node_is_ended_by_its_state_file_alone(nodes):
    code = (
        "import json,sys; from pathlib import Path; from lab.node import fleet;"
        f"fleet.STATES=Path({str(fleet.STATES)!r}); fleet.DISKS=Path({str(fleet.DISKS)!r});"
        "[fleet.end(state) for state in fleet.recorded()]"
    )
    nodes.start("i-0aaaaaaaaaaaaaaa2", "10.77.0.12")
    state = fleet.recorded()[0]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not process.alive(state.init, state.init_started)
    assert not nodes.online("i-0aaaaaaaaaaaaaaa2")
    assert not list(fleet.DISKS.iterdir())


@needs_root
def test_an_address_of_this_machine_is_refused(nodes):
    with pytest.raises(network.NetworkError, match=r"127\.0\.0\.1 is an address of this machine"):
        nodes.start("i-0aaaaaaaaaaaaaaa3", "127.0.0.1")
