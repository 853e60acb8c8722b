"""How the code is cut: small modules, each service's calls in its own file, and pure files that reach nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import boto3
import pytest
from botocore import xform_name

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
MODULES = sorted((PLUGINS / "modules").glob("*.py"))
UTILS = sorted((PLUGINS / "module_utils").glob("*.py"))
# The file where each service's calls are.
PLACES = {
    "cloudwatch": "_install",
    "ec2": "_ec2",
    "ecr": "_ecr",
    "eks": "_eks",
    "events": "_events",
    "iam": "_install",
    "sns": "_install",
    "sqs": "_install",
    "ssm": "_ssm",
    "sts": "_install",
}
# What services share: clients and errors, reading their models, and waiting.
SHARED = {"_aws", "_model", "_waiters"}
PURE = {path for path in UTILS if "pure" in (ast.get_docstring(ast.parse(path.read_text())) or "").lower()}


def operations(service):
    client = boto3.client(service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    return {xform_name(name) for name in client.meta.service_model.operation_names}


def called(path):
    """Return what a file calls on anything but our own files, or hands on by name to be called."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), set()
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    own = {alias.asname or alias.name for node in imports for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in own):
            found.add(node.attr)
        elif isinstance(node, ast.Call):
            found |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return found


def code_lines(path):
    """Return the lines that are neither documentation, blank nor comment."""
    tree, documented = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
            documented |= set(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for at, line in lines if at not in documented)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_small(path):
    assert code_lines(path) < 200


def test_each_services_calls_are_in_its_own_file():
    known = {service: operations(service) for service in PLACES}
    every = set().union(*known.values())
    for path in [*UTILS, *MODULES]:
        allowed = set().union(*(known[service] for service, place in PLACES.items() if path.stem == place))
        assert called(path) & every <= allowed, path.stem


def imported(path):
    """Return the names of what a file imports, in parts."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            names |= {part for alias in node.names for part in f"{module}.{alias.name}".split(".")}
    return names


def test_only_they_and_what_they_share_know_botocore():
    know = {path.stem for path in [*UTILS, *MODULES] if {"boto3", "botocore"} & imported(path)}
    assert know <= SHARED | {*PLACES.values()} and know >= SHARED


def test_pure_files_reach_no_aws():
    assert len(PURE) >= 8
    for path in PURE:
        assert not {"boto3", "botocore", "amazon"} & imported(path), path
