"""How version 2 of the AWS CLI, which EKS's images have, finds its region and its authorities.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html and cli-configure-metadata.html
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lab import server
from lab.node import aws_command


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
