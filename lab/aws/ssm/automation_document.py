"""Automation documents, schema 0.3: what one may hold, and how its {{ references }} are filled in. Pure.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-variables.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from jsonpath_ng.ext import parse as parse_path

from lab.aws.ssm import document_parameters
from lab.aws.ssm.document_parameters import DocumentError

_REFERENCE = re.compile(r"\{\{\s*([a-zA-Z0-9_\-]+(?:[:.][a-zA-Z0-9_\-.]+)?)\s*\}\}")
_STEP_NAME = re.compile(r"[a-zA-Z0-9_]{3,128}")
_AWS_TYPE = re.compile(r"(List<)?AWS::[A-Za-z0-9]+::[A-Za-z0-9]+(::[A-Za-z0-9]+)?(?(1)>)")
SYSTEM = (
    "global:ACCOUNT_ID",
    "global:AWS_PARTITION",
    "global:DATE",
    "global:DATE_TIME",
    "global:REGION",
    "automation:EXECUTION_ID",
)
# https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html
ACTIONS = (
    "aws:approve",
    "aws:assertAwsResourceProperty",
    "aws:branch",
    "aws:changeInstanceState",
    "aws:copyImage",
    "aws:createImage",
    "aws:createStack",
    "aws:createTags",
    "aws:deleteImage",
    "aws:deleteStack",
    "aws:executeAutomation",
    "aws:executeAwsApi",
    "aws:executeScript",
    "aws:executeStateMachine",
    "aws:invokeLambdaFunction",
    "aws:invokeWebhook",
    "aws:loop",
    "aws:pause",
    "aws:runCommand",
    "aws:runInstances",
    "aws:sleep",
    "aws:updateVariable",
    "aws:waitForAwsResourceProperty",
)
# What a step gives to the steps after it without naming any output.
OUTPUTS = {
    "aws:approve": ("ApprovalStatus", "ApproverDecisions"),
    "aws:copyImage": ("ImageId", "ImageState"),
    "aws:createImage": ("ImageId", "ImageState"),
    "aws:createStack": ("StackId", "StackStatus", "StackStatusReason"),
    "aws:executeAutomation": ("ExecutionId", "Status", "Output"),
    "aws:invokeLambdaFunction": ("StatusCode", "FunctionError", "LogResult", "Payload"),
    "aws:invokeWebhook": ("Response", "ResponseCode"),
    "aws:runCommand": ("CommandId", "Status", "ResponseCode", "Output", "OutputPayload"),
    "aws:runInstances": ("InstanceIds", "InstanceStates"),
}
NEEDED = {"aws:runCommand": ("DocumentName",), "aws:executeAwsApi": ("Service", "Api")}


def check_content(content: Any) -> None:
    """Refuse content that Systems Manager would not store as an Automation document."""
    if not isinstance(content, dict) or content.get("schemaVersion") != "0.3":
        raise DocumentError("schemaVersion must be '0.3'")
    parameters = content.get("parameters", {})
    if not isinstance(parameters, dict):
        raise DocumentError("parameters must be an object")
    for name, spec in parameters.items():
        kind = spec.get("type") if isinstance(spec, dict) else None
        if kind not in document_parameters.TYPES and not _AWS_TYPE.fullmatch(str(kind)):
            raise DocumentError(f"parameter {name!r} has no valid type: {', '.join(document_parameters.TYPES)}")
    steps = content.get("mainSteps")
    if not isinstance(steps, list) or not steps:
        raise DocumentError("mainSteps must hold at least one step")
    names = [step.get("name", "") if isinstance(step, dict) else "" for step in steps]
    known = {*parameters, *SYSTEM}
    _check_references(content.get("assumeRole"), known, "assumeRole")
    for step, name in zip(steps, names, strict=True):
        if not isinstance(name, str) or not _STEP_NAME.fullmatch(name):
            raise DocumentError(f"step name {name!r} is not valid")
        if names.count(name) > 1:
            raise DocumentError(f"step name {name!r} is not unique")
        _check_step(step, names)
        _check_references(step["inputs"], known, f"step {name!r}")
        known |= {f"{name}.{output}" for output in outputs_of(step)}
    for output in content.get("outputs") or []:
        if not isinstance(output, str) or output not in known:
            raise DocumentError(f"output {output!r} is not an output of a step")


def _check_step(step: Mapping[str, Any], names: Sequence[str]) -> None:
    name, action, inputs = step["name"], step.get("action"), step.get("inputs")
    if action not in ACTIONS:
        raise DocumentError(f"step {name!r} has the action {action!r}, which Automation does not know")
    if not isinstance(inputs, dict):
        raise DocumentError(f"step {name!r} needs inputs")
    for needed in NEEDED.get(action, ()):
        if not inputs.get(needed):
            raise DocumentError(f"step {name!r} needs the input {needed}")
    if action == "aws:runCommand" and bool(inputs.get("InstanceIds")) == bool(inputs.get("Targets")):
        raise DocumentError(f"step {name!r} needs exactly one of InstanceIds and Targets")
    on_failure = str(step.get("onFailure", "Abort"))
    kind, _, where = on_failure.partition(":")
    if on_failure not in ("Abort", "Continue") and not (kind == "step" and where in names):
        raise DocumentError(f"step {name!r} has the onFailure {on_failure!r}: use Abort, Continue or step:NAME")
    if step.get("nextStep") is not None and step["nextStep"] not in names:
        raise DocumentError(f"step {name!r} has the nextStep {step['nextStep']!r}, which is no step")
    for key, low in (("maxAttempts", 1), ("timeoutSeconds", 1)):
        value = step.get(key, low)
        if not str(value).isdigit() or int(value) < low:
            raise DocumentError(f"step {name!r} has a {key} that is not a positive number")
    for output in step.get("outputs") or []:
        if (
            not isinstance(output, dict)
            or not output.get("Name")
            or not str(output.get("Selector", "")).startswith("$")
        ):
            raise DocumentError(f"step {name!r} has an output without a Name or a Selector that starts with $")


def outputs_of(step: Mapping[str, Any]) -> list[str]:
    """Return the names of what a step gives to the steps after it."""
    return [*OUTPUTS.get(step["action"], ()), *(output["Name"] for output in step.get("outputs") or [])]


def _check_references(value: Any, known: set[str], where: str) -> None:
    for name in _references(value):
        if name not in known:
            raise DocumentError(
                f"{where} refers to {{{{ {name} }}}}, which is no parameter, variable or earlier output"
            )


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def values(content: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return each parameter's value in its own type; the API takes lists of strings only."""
    found = document_parameters.resolve(content, given)
    for name, spec in (content.get("parameters") or {}).items():
        if name in given and spec["type"] == "Integer":
            found[name] = int(given[name][0])
        elif name in given and spec["type"] == "Boolean":
            found[name] = given[name][0].lower() == "true"
    return found


def system(account: str, region: str, execution_id: str, now: datetime) -> dict[str, str]:
    """Return the variables every document has."""
    facts = (account, "aws", f"{now:%Y-%m-%d}", f"{now:%Y-%m-%d_%H.%M.%S}", region, execution_id)
    return dict(zip(SYSTEM, facts, strict=True))


def fill(value: Any, known: Mapping[str, Any]) -> Any:
    """Put references in place. One that stands alone keeps its type; an output that a step did not give is empty."""
    if isinstance(value, list):
        filled: list[Any] = []
        for item in value:
            new = fill(item, known)
            filled.extend(new if isinstance(new, list) and isinstance(item, str) else [new])
        return filled
    if isinstance(value, dict):
        return {key: fill(item, known) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    alone = _REFERENCE.fullmatch(value)
    if alone:
        return known.get(alone[1], "")
    return _REFERENCE.sub(lambda hit: text(known.get(hit[1], "")), value)


def text(value: Any) -> str:
    """Return a value as it looks inside a longer string, and in an execution's inputs and outputs."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def select(response: Any, output: Mapping[str, Any]) -> Any:
    """Return what an output's Selector finds in an API's answer."""
    found = [match.value for match in parse_path(output["Selector"]).find(response)]
    kind = str(output.get("Type", "String"))
    if not found:
        raise DocumentError(f"the Selector {output['Selector']} of output {output['Name']} finds nothing")
    if kind in ("StringList", "MapList"):
        return found[0] if len(found) == 1 and isinstance(found[0], list) else found
    return found[0]
