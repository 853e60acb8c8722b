"""The `aws` of the lab works as version 2 of the AWS CLI, which EKS's images have and the article asks for.

https://docs.aws.amazon.com/cli/latest/userguide/cliv2-migration-changes.html, cli-configure-envvars.html and
cli-configure-metadata.html
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from lab import aws_command, server

AWS = server.ROOT / "lab/bin/aws"
MADE = 1676676948.52
REPOSITORY = {"registryId": "123456789012", "repositoryName": "app", "createdAt": MADE}


def test_the_metadata_service_is_asked_for_the_region_last(monkeypatch):
    # https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-metadata.html
    from botocore.session import Session

    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_CA_BUNDLE", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    asked = []

    def region():
        asked.append(1)
        return "us-east-1"

    assert aws_command.environment(Session(), region) == {
        "AWS_CA_BUNDLE": aws_command.BUNDLE,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/mine")
    assert aws_command.environment(Session(), region) == {}
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert aws_command.environment(Session(), region) == {"AWS_DEFAULT_REGION": "ap-south-1"}
    assert asked == [1]


def test_the_server_keeps_the_botocore_that_its_clients_have():
    # The CLI brings another one, with models of its own.
    asked = "import lab.server, botocore; print(botocore.__file__)"
    told = subprocess.run([sys.executable, "-c", asked], cwd=server.ROOT, capture_output=True, text=True, check=True)
    assert "awscli" not in told.stdout


@pytest.mark.parametrize(
    ("variables", "file", "found"),
    [
        # AWS_REGION wins over all, then AWS_DEFAULT_REGION, then the file, then the metadata service.
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-3", "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-3", None),
        ({}, "eu-west-3", None),
        ({}, None, "us-east-1"),
        ({"AWS_REGION": ""}, None, "us-east-1"),
    ],
)
def test_where_the_region_comes_from(tmp_path, monkeypatch, variables, file, found):
    from botocore.session import Session

    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_CA_BUNDLE", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = {file}\n" if file else "")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    told = aws_command.environment(Session(), lambda: "us-east-1")
    # None leaves it to version 1, which knows the variable and the file.
    assert told.get("AWS_DEFAULT_REGION") == found


def test_no_region_anywhere_is_no_region(monkeypatch):
    from botocore.session import Session

    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_CA_BUNDLE", "/mine")
    assert aws_command.environment(Session(), lambda: None) == {}


class Service(BaseHTTPRequestHandler):
    """Answers as ECR and KMS do, and keeps what it was asked."""

    def log_message(self, *_words):
        """Stay quiet."""

    def do_POST(self):
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((operation, asked))
        status, answer = 200, {"repositories": [REPOSITORY]}
        if operation == "ListQueues":
            answer = {"QueueUrls": ["http://127.0.0.1/123456789012/queue"]}
        if operation == "Encrypt":
            answer = {"KeyId": "key", "CiphertextBlob": "AAEC"}
        if asked.get("repositoryNames") == ["none"]:
            status, answer = 400, {"__type": "RepositoryNotFoundException", "message": "none"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(name="service", scope="module")
def service_fixture():
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as service:
        service.asked = []
        threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True).start()
        yield service
        service.shutdown()


@pytest.fixture(name="aws")
def aws_fixture(service):
    """Return what types a command, checks how it ended, and returns what it said."""

    def run(words, code=0, **variables):
        environment = {
            "PATH": os.defpath,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{service.server_address[1]}",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        given = {name: value for name, value in (environment | variables).items() if value is not None}
        done = subprocess.run([sys.executable, AWS, *words.split()], env=given, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout or done.stderr

    return run


DESCRIBE = "ecr describe-repositories"


def test_times_are_iso_8601_and_the_options_of_version_2_are_known(aws):
    said = json.loads(aws(f"{DESCRIBE} --no-cli-pager --no-cli-auto-prompt", TZ="America/Chicago"))
    assert said["repositories"][0]["createdAt"] == "2023-02-17T17:35:48.520000-06:00"


def test_a_configured_form_of_times_is_kept(aws, tmp_path):
    (tmp_path / "config").write_text("[default]\ncli_timestamp_format = wire\n")
    said = json.loads(aws(DESCRIBE, AWS_CONFIG_FILE=str(tmp_path / "config")))
    assert said["repositories"][0]["createdAt"] == MADE


def test_yaml_and_the_other_outputs(aws):
    """https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-output-format.html"""
    text = aws(f"{DESCRIBE} --output yaml", TZ="UTC")
    assert text.startswith("repositories:\n- registryId: '123456789012'\n  repositoryName: app\n")
    assert yaml.safe_load(aws(f"{DESCRIBE} --output yaml-stream", TZ="UTC")) == [yaml.safe_load(text)]
    assert aws(f"{DESCRIBE} --query repositories[].repositoryName", AWS_DEFAULT_OUTPUT="yaml") == "- app\n"
    assert aws(f"{DESCRIBE} --output text --query repositories[].repositoryName") == "app\n"
    assert "|  app " in aws(f"{DESCRIBE} --output table")


def test_blobs_are_base64_unless_said_otherwise(aws, service, tmp_path):
    """https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-types.html#parameter-type-blob"""
    (tmp_path / "raw").write_bytes(b"hello")
    for words in ("aGVsbG8=", f"fileb://{tmp_path}/raw", "hello --cli-binary-format raw-in-base64-out"):
        assert aws(f"kms encrypt --key-id key --query CiphertextBlob --output text --plaintext {words}") == "AAEC\n"
        assert base64.b64decode(service.asked[-1][1]["Plaintext"]) == b"hello"
    assert 'Invalid base64: "hello"' in aws("kms encrypt --key-id key --plaintext hello", code=255)


def test_the_profile_that_was_asked_for_has_the_region(aws, tmp_path):
    (tmp_path / "config").write_text("[profile west]\nregion = us-west-2\n")
    words = "--profile west configure list"
    said = aws(words, AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_REGION=None, AWS_EC2_METADATA_DISABLED="false")
    assert "us-west-2" in said
    assert "eu-west-1" in aws(words, AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_REGION="eu-west-1")


def test_queues_are_asked_for_where_every_service_is(aws):
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html"""
    assert aws("sqs list-queues --query QueueUrls --output text") == "http://127.0.0.1/123456789012/queue\n"


def test_no_parameter_is_fetched_from_a_url(aws, service):
    aws(f"{DESCRIBE} --registry-id http://127.0.0.1:1/id")
    assert service.asked[-1][1]["registryId"] == "http://127.0.0.1:1/id"


@pytest.mark.parametrize(
    ("words", "variables", "code", "said"),
    [
        (f"{DESCRIBE} --repository-names none", {}, 254, "RepositoryNotFoundException"),
        (f"{DESCRIBE} --nonsense", {}, 252, "Unknown options: --nonsense"),
        ("ecr create-repository", {}, 252, "--repository-name"),
        (f"{DESCRIBE} --output yml", {}, 252, "yaml-stream"),
        (f"{DESCRIBE} --cli-input-json {{", {}, 252, "Invalid JSON"),
        ("ecr get-login", {}, 252, "get-login-password"),
        (DESCRIBE, {"AWS_REGION": None}, 253, "must specify a region"),
        (DESCRIBE, {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, 253, "Unable to locate credentials"),
        (DESCRIBE, {"AWS_PROFILE": "none"}, 255, "profile (none)"),
    ],
)
def test_how_a_command_ends(aws, words, variables, code, said):
    """https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html"""
    found = aws(words, code, **variables)
    assert said in found
    assert "version 2, the latest" not in found


def test_it_says_what_it_is(aws):
    said = aws("--version")
    assert said.startswith("aws-cli/2.") and "(lab, on awscli 1." in said
