"""What must hold for every part of the collection."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
SHIPPED = [path for folder in ("plugins", "roles") for path in (ROOT / folder).rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_a_test(name):
    places = (ROOT / "tests/unit/modules", ROOT / "tests/unit/action")
    assert any(found.is_file() for place in places for found in place.rglob(f"test_{name}.py"))


def test_the_action_group_holds_every_module_that_talks_to_aws():
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
    group = {entry for entry in runtime["action_groups"]["aws"] if isinstance(entry, str)}
    talkers = {name for name in MODULES if "make_client" in (ROOT / f"plugins/modules/{name}.py").read_text()}
    assert group == talkers


def test_nothing_that_is_shipped_knows_of_a_lab():
    knowing = [
        path.relative_to(ROOT)
        for path in SHIPPED
        if path.suffix in (".py", ".yml", ".j2", ".md") and re.search(r"\b(lab|moto)\b", path.read_text(), re.I)
    ]
    assert knowing == []


def returned(values, before=""):
    for name, value in values.items():
        yield f"{before}{name}", value
        yield from returned(value.get("contains") or {}, f"{before}{name}.")


@pytest.mark.parametrize("name", MODULES)
def test_every_return_value_is_told_with_a_sample(name):
    module = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")
    for path, value in returned(yaml.safe_load(module.RETURN)):
        missing = {"description", "returned", "type"} - value.keys()
        assert not missing and ("sample" in value or "contains" in value), (path, missing)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_that_talks_to_aws_says_what_it_must_be_allowed(name):
    module = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")
    documentation = yaml.safe_load(module.DOCUMENTATION)
    talks = "amazon.aws.boto3" in (documentation.get("extends_documentation_fragment") or [])
    assert not talks or re.search(r"\b(ssm|events|ecr|eks|ec2):[A-Z]\w+", " ".join(documentation["notes"]))
