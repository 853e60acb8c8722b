"""Documentation as a user meets it: ansible-doc shows all of it, and every example is a task that its module takes."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
SERVICES = ("ssm", "events", "ecr", "eks", "ec2", "sts", "sqs", "iam", "cloudwatch")


class Asked(Exception):
    """AWS was asked, so the options were taken."""


class Aws:
    def __getattr__(self, operation):
        raise Asked(operation)


def source(name):
    return importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")


def examples():
    for name in MODULES:
        for task in yaml.safe_load(source(name).EXAMPLES):
            assert task["name"][0].isupper(), task
            # Some look at what the one before found.
            if f"nodecache.eks.{name}" in task and name != "command_with_progress":
                yield pytest.param(name, task[f"nodecache.eks.{name}"] or {}, id=f"{name}: {task['name']}")


@pytest.mark.parametrize(("name", "options"), list(examples()))
def test_an_example_is_taken_as_it_is_written(strict_client, run_module, name, options):
    for service in SERVICES:
        strict_client(service, Aws())
    try:
        result = run_module(name, check=True, **options)
    except Asked:
        return
    # A command in check mode asks nothing.
    assert result["changed"] and not result.get("failed"), result


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_an_example_of_its_own(name):
    assert any(f"nodecache.eks.{name}" in task for task in yaml.safe_load(source(name).EXAMPLES))


@pytest.fixture(name="doc", scope="module")
def fixture():
    """Return what runs ansible-doc on all modules."""

    def run(*arguments):
        command = [str(Path(sys.executable).with_name("ansible-doc")), "-t", "module", *arguments]
        names = [f"nodecache.eks.{name}" for name in MODULES]
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "COLUMNS": "120"}
        done = subprocess.run(
            [*command, *names], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and not done.stderr, done.stderr
        return done.stdout

    return run


def test_ansible_doc_shows_every_module_with_its_parts(doc):
    text, data = doc(), json.loads(doc("--json"))
    assert len(data) == len(MODULES) and text.count("EXAMPLES:") == text.count("ATTRIBUTES:") == len(MODULES)
    for name, told in data.items():
        assert told["doc"]["short_description"] and told["examples"] and told["return"], name
        assert {"check_mode", "diff_mode"} <= set(told["doc"]["attributes"]), name
        for option, what in told["doc"]["options"].items():
            assert what.get("description") and option in text, (name, option)
