"""The actions that a module's documentation asks for are those of the calls that its code can come to, no more."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import boto3
import pytest
import yaml
from botocore import xform_name

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
UTILS = "ansible_collections.nodecache.eks.plugins.module_utils"
MODULES = sorted(
    path.stem for path in (PLUGINS / "modules").glob("*.py") if "make_client" in path.read_text(encoding="utf-8")
)
SERVICES = {
    "ecr": ("ecr",),
    "eks": ("eks", "ec2"),
    "eventbridge": ("events",),
    "image": ("ssm", "ec2"),
    "prefetch": ("sts", "ssm", "events", "sqs", "cloudwatch", "iam", "ec2", "eks", "sns"),
    "ssm": ("ssm",),
}
# AWS asks for it where a role is handed on.
BESIDE = {"iam:PassRole"}
# Have the name of a call of ours to two other services.
NOT_CALLED = {f"{service}:ListTagsForResource" for service in ("cloudwatch", "eks", "sns")}


class Code:
    """One file: its functions and classes, what it imports of ours, and its tables."""

    def __init__(self, path):
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.parts = {node.name: node for node in self.tree.body if hasattr(node, "name")}
        for node in self.tree.body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                self.parts[target.id if isinstance(target, ast.Name) else ""] = node
        self.files, self.names = {}, {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(UTILS):
                for alias in node.names:
                    if node.module == UTILS:
                        self.files[alias.asname or alias.name] = alias.name
                    else:
                        self.names[alias.asname or alias.name] = (node.module.rpartition(".")[2], alias.name)


def waiters(name):
    """Return which operation each waiter of that file asks."""
    table = importlib.import_module(f"{UTILS}.{name}")._WAITERS
    return {key: data["operation"] if isinstance(data, dict) else data[0] for key, data in table.items()}


def words_of(module):
    """Return every name and text in the code that a module's main can come to."""
    codes = {path.stem: Code(path) for path in (PLUGINS / "module_utils").glob("*.py")}
    codes[module] = Code(PLUGINS / f"modules/{module}.py")
    words, seen, ahead = set(), set(), [(module, "main")]
    while ahead:
        place = ahead.pop()
        if place in seen or place[1] not in codes.get(place[0], codes[module]).parts or place[1] == "_WAITERS":
            continue
        seen.add(place)
        code = codes[place[0]]
        for node in ast.walk(code.parts[place[1]]):
            if isinstance(node, ast.Attribute):
                words.add(node.attr)
                if isinstance(node.value, ast.Name) and node.value.id in code.files:
                    ahead.append((code.files[node.value.id], node.attr))
            elif isinstance(node, ast.Name):
                ahead.append(code.names.get(node.id, (place[0], node.id)))
            elif isinstance(node, ast.Constant):
                words.add(node.value)
    return words


def callable_actions(module):
    words = words_of(module)
    for table in (waiters("_waiters"), waiters("_eks")):
        words |= {xform_name(table[word]) for word in words & {*table}}
    found = set()
    for service in SERVICES[module.partition("_")[0]]:
        client = boto3.client(service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
        names = client.meta.service_model.operation_names
        found |= {f"{service}:{name}" for name in names if xform_name(name) in words}
    return found - NOT_CALLED


def documented_actions(module):
    source = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{module}")
    notes = " ".join(yaml.safe_load(source.DOCUMENTATION)["notes"])
    return set(re.findall(r"\b([a-z0-9]+:[A-Z]\w+)", notes))


@pytest.mark.parametrize("module", MODULES)
def test_the_documented_actions_are_those_of_the_calls(module):
    assert documented_actions(module) - BESIDE == callable_actions(module)
