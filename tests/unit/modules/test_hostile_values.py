"""Wrong values of every module's options: no call, and one sentence with the option, the value and what is allowed."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest
import yaml
from wrong_values import BASES, BESIDE, BLOCK, KINDS, WRONG

RUNTIME = Path(__file__).resolve().parents[3] / "meta/runtime.yml"

# Ansible itself says which type, choices and parts it wants.
ANSIBLES = re.compile(
    r".*unable to convert to|missing required arguments: |"
    r"one of the following is required: |parameters are mutually exclusive: |value of \w+ must be one (or more )?of: |"
    r"Unsupported parameters"
)
ROWS = [
    (module, option, value)
    for module, options in WRONG.items()
    for option, values in options.items()
    for value in values
]


def parts(value):
    """Return every value that a message may show, and the whole."""
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(part for item in inner for part in parts(item))]


def shows(message, value):
    """Tell whether our own message has the value or the part of it that is wrong, as text or as JSON."""
    # Ansible makes an empty text of nothing in a list of texts, and a text of what else there is.
    forms = ["''" if part in (None, "") else str(part) for part in parts(value)]
    forms += [json.dumps(part, ensure_ascii=False) for part in parts(value) if part != ""]
    printable = ("".join(char if char.isprintable() else repr(char)[1:-1] for char in form) for form in forms)
    return " but " in message and any(form[:80] in message for form in printable)


class Called(Exception):
    """AWS was asked."""


class Nobody:
    """Stands for AWS, which nothing here may ask."""

    def __getattr__(self, operation):
        raise Called(operation)


@pytest.fixture(name="told")
def fixture(strict_client, run_module):
    """Return what runs a module and returns what it says, and fails where it asks AWS."""
    for service in ("ssm", "events", "ecr", "eks", "ec2", "sts", "sqs", "iam", "cloudwatch"):
        strict_client(service, Nobody())

    def run(module, **options):
        try:
            result = run_module(module, **options)
        except Called as call:
            return f"it asked AWS for {call}"
        except Exception as error:
            return f"it broke: {error!r}"
        return result["msg"] if result.get("failed") and "exception" not in result else f"it went on: {result}"

    return run


@pytest.mark.parametrize("module", WRONG)
def test_wrong_values_are_refused_before_any_call(told, module):
    wrong = []
    for option, value in [row[1:] for row in ROWS if row[0] == module]:
        beside = BESIDE.get((module, option), BESIDE.get((module, None), {}))
        given = {**BASES.get(module, {}), **beside, option: value}
        message = told(module, **{key: item for key, item in given.items() if item is not None})
        names = (option, *(value if isinstance(value, dict) else ()))
        named = any(name in message for name in names if name)
        # What Ansible itself says shows the value as it is, with its line breaks.
        told_well = ANSIBLES.match(message) or ("\n" not in message and shows(message, value))
        if message.startswith("it ") or not named or not told_well or len(message) > 1000:
            wrong.append(f"{option} = {json.dumps(value)[:80]}: {message[:200]!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_of_another_kind_of_target_are_refused(told, kind):
    part, value = {
        "run_command": ("run_command_targets", [BLOCK]),
        "ecs": ("task_definition_arn", "arn:aws:ecs:eu-central-1:123456789012:task-definition/t"),
        "batch": ("job_name", "job"),
        "sqs": ("message_group_id", "one"),
        "kinesis": ("partition_key_path", "$.id"),
        "http": ("path_parameter_values", ["a"]),
        "redshift_data": ("database", "dev"),
        "sage_maker_pipeline": ("pipeline_parameter_list", [{"name": "a", "value": "b"}]),
        "app_sync": ("graph_ql_operation", "mutation"),
    }[kind]
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:s"
    names = {"rule": "push", "target_id": "one", "arn": arn}
    message = told("eventbridge_target", **names, **{f"{kind}_parameters": {part: value}})
    assert message.startswith(f"{kind}_parameters is for targets of ") and message.endswith(f"but arn is '{arn}'.")


def test_every_option_with_limits_has_wrong_values():
    left = {}
    for module in WRONG:
        source = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{module}")
        options = yaml.safe_load(source.DOCUMENTATION)["options"]
        # Ansible checks what is true or false and what has choices, alike in every module.
        limited = {name for name, option in options.items() if option.get("type") != "bool" and "choices" not in option}
        left[module] = limited - set(WRONG[module])
    assert left == {module: set() for module in WRONG}


def test_every_module_that_asks_aws_is_tried():
    assert set(WRONG) == set(yaml.safe_load(RUNTIME.read_text())["action_groups"]["aws"][1:])


def test_hundreds_of_values_are_tried():
    assert len(ROWS) > 700
