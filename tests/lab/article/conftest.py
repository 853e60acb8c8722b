"""Somebody at a shell, in a folder with the article's files, and the lab that they type at."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import cli

ROOT = Path(__file__).resolve().parents[3]
NAME = "article"

# The commands of the event and of the association: newest image first, as far as its name is all one knows.
NEWEST = "sort_by(imageDetails,& imagePushedAt)[-1].imageTags[0]"
COMMANDS = [
    f"tag=$(aws ecr describe-images --repository-name $EDP_NAME --query '{NEWEST}' --output text)",
    "sudo ctr -n k8s.io images pull -u AWS:$(aws ecr get-login-password) "
    "$EDP_AWS_ACCOUNT.dkr.ecr.$EDP_AWS_REGION.amazonaws.com/$EDP_NAME:$tag",
]
TARGET = {"Key": "tag:Name", "Values": ["$EDP_NAME-nodegroup-Node"]}
PATTERN = {
    "source": ["aws.ecr"],
    "detail-type": ["ECR Image Action"],
    "detail": {"action-type": ["PUSH"], "result": ["SUCCESS"], "repository-name": ["$EDP_NAME"]},
}
FILES = {
    "repo.json": {"repositoryName": "$EDP_NAME"},
    "events-trust-policy.json": {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    },
    "events-policy.json": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "ssm:SendCommand",
                "Resource": ["arn:aws:ec2:$EDP_AWS_REGION:$EDP_AWS_ACCOUNT:instance/*"],
                "Condition": {"StringEquals": {"ec2:ResourceTag/*": ["$EDP_NAME"]}},
            },
            {
                "Effect": "Allow",
                "Action": "ssm:SendCommand",
                "Resource": ["arn:aws:ssm:$EDP_AWS_REGION:*:document/AWS-RunShellScript"],
            },
        ],
    },
    "events-rule.json": {"Name": "$EDP_NAME", "Description": "A push", "EventPattern": json.dumps(PATTERN)},
    "events-target.json": {
        "Targets": [
            {
                "Id": "prefetch",
                "Arn": "arn:aws:ssm:$EDP_AWS_REGION::document/AWS-RunShellScript",
                "RoleArn": "arn:aws:iam::$EDP_AWS_ACCOUNT:role/$EDP_NAME-role",
                "Input": json.dumps({"commands": COMMANDS}),
                "RunCommandParameters": {"RunCommandTargets": [TARGET]},
            }
        ]
    },
    "statemanager-association.json": {
        "Name": "AWS-RunShellScript",
        "Targets": [TARGET],
        "Parameters": {"commands": COMMANDS},
        "AssociationName": "$EDP_NAME",
    },
    "service-trust-policy.json": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["eks.amazonaws.com", "ec2.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    },
    # eksctl names its nodes through a launch template; a managed node group's own have no Name.
    "launch-template.json": {
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "$EDP_NAME-nodegroup-Node"}]}
        ]
    },
}


class Person:
    """Somebody at a shell, in a folder with the article's files."""

    name = NAME

    def __init__(self, home: Path) -> None:
        self.home = home
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {**own, **cli.environment(), "REGISTRY_AUTH_FILE": str(home / "auth.json")}
        self.environment |= {"BUILDAH_ISOLATION": "chroot", "AWS_PAGER": ""}

    def types(self, text: str, code: int = 0) -> str:
        """Type a command, and return what it printed."""
        done = subprocess.run(
            ["bash", "-uo", "pipefail", "-c", text],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def is_refused(self, text: str, pattern: str) -> None:
        """Type a command that has to fail, and see why it did."""
        said = self.types(f"! {text} 2>&1")
        assert re.search(pattern, said), f"{text} says: {said}"

    def exports(self, **values: str) -> None:
        """Set variables for what is typed next."""
        self.environment.update(values)

    def waits(self, text: str, pattern: str, seconds: float = 60) -> str:
        """Type a command until it answers as hoped."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, said := self.types(text)):
            assert time.monotonic() < deadline, f"{text} still says: {said}"
            time.sleep(0.3)
        return said


def run_lab(*words: str) -> str:
    """Type one of the lab's own commands."""
    done = subprocess.run([sys.executable, "-m", "lab", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="person", scope="module")
def person_fixture(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("the lab makes namespaces and mounts")
    for tool in ("envsubst", "podman"):
        if not shutil.which(tool):
            pytest.skip(f"the article needs {tool}")

    run_lab("up")
    try:
        home = tmp_path_factory.mktemp("article")
        for name, content in FILES.items():
            (home / name).write_text(json.dumps(content, indent=2))
        person = Person(home)
        person.exports(EDP_AWS_REGION="us-east-1", EDP_NAME=NAME)
        person.exports(EDP_AWS_ACCOUNT=person.types("aws sts get-caller-identity --query Account --output text"))
        person.exports(IMAGE=person.types("echo $EDP_AWS_ACCOUNT.dkr.ecr.$EDP_AWS_REGION.amazonaws.com/$EDP_NAME"))
        yield person
    finally:
        run_lab("down")


@pytest.fixture(name="lab")
def lab_fixture(person):
    """Return what types the lab's own commands."""
    return run_lab
