"""Turn a schema 2.2 document and its parameters into the scripts an agent would run. Nothing here runs them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEFAULT_TIMEOUT = 3600
TIMEOUTS = range(5, 172801)
_NAME = re.compile(r"[a-zA-Z0-9]+")
_PLACEHOLDER = re.compile(r"\{\{ *([a-zA-Z0-9]+) *\}\}")
TYPES = ("String", "StringList", "Integer", "Boolean", "MapList", "StringMap")


class DocumentError(ValueError):
    """The document cannot be run, or its parameters are not what it asks for."""


@dataclass(frozen=True)
class Step:
    """One step, ready to run."""

    name: str
    script: str
    timeout: int
    env: dict[str, str] = field(default_factory=dict)
    skipped: bool = False
    on_failure: str = ""
    finally_step: bool = False


def check_content(content: Any) -> None:
    """Refuse content that Systems Manager would not store as a Command document."""
    if not isinstance(content, dict) or content.get("schemaVersion") != "2.2":
        raise DocumentError("schemaVersion must be '2.2'")
    for name, spec in (content.get("parameters") or {}).items():
        if not _NAME.fullmatch(name):
            raise DocumentError(f"parameter name {name!r} is not valid: only letters and digits are")
        if not isinstance(spec, dict) or spec.get("type") not in TYPES:
            raise DocumentError(f"parameter {name!r} has no valid type: {', '.join(TYPES)}")
    steps = content.get("mainSteps")
    if not isinstance(steps, list) or not steps:
        raise DocumentError("mainSteps must hold at least one step")
    names = [step.get("name", "") if isinstance(step, dict) else "" for step in steps]
    for step, name in zip(steps, names, strict=True):
        if not re.fullmatch(r"[a-zA-Z0-9_\-]{3,128}", name):
            raise DocumentError(f"step name {name!r} is not valid")
        if names.count(name) > 1:
            raise DocumentError(f"step name {name!r} is not unique")
        if not step.get("action") or not isinstance(step.get("inputs"), dict):
            raise DocumentError(f"step {name!r} needs an action and inputs")


def check_parameters(content: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> None:
    """Refuse unknown, missing and ill-formed parameters, as the API does before it sends anything."""
    specs = content.get("parameters") or {}
    unknown = sorted(set(given) - set(specs))
    if unknown:
        raise DocumentError(f"unknown parameters: {', '.join(unknown)}")
    missing = sorted(name for name, spec in specs.items() if "default" not in spec and name not in given)
    if missing:
        raise DocumentError(f"missing parameters: {', '.join(missing)}")
    for name, values in given.items():
        spec = specs[name]
        if not _is_list(spec) and len(values) != 1:
            raise DocumentError(f"parameter {name} takes exactly one value, got {len(values)}")
        _check_sizes(name, spec, values)
        for value in values:
            _check_value(name, spec, value)


def _is_list(spec: Mapping[str, Any]) -> bool:
    # Automation documents know lists of resources as well: List<AWS::EC2::Instance::Id>.
    return spec["type"] == "StringList" or spec["type"].startswith("List<")


def _check_sizes(name: str, spec: Mapping[str, Any], values: Sequence[str]) -> None:
    if _is_list(spec) and not spec.get("minItems", 0) <= len(values) <= spec.get("maxItems", len(values)):
        raise DocumentError(f"parameter {name} has {len(values)} items, which minItems and maxItems do not allow")


def _check_value(name: str, spec: Mapping[str, Any], value: str) -> None:
    if not spec.get("minChars", 0) <= len(value) <= spec.get("maxChars", len(value)):
        raise DocumentError(f"parameter {name} has a value whose length minChars and maxChars do not allow")
    allowed = spec.get("allowedValues")
    if allowed and value not in allowed:
        raise DocumentError(f"parameter {name} must be one of {', '.join(map(str, allowed))}, got {value!r}")
    pattern = spec.get("allowedPattern")
    # The node's agent searches, it does not match whole: a pattern without anchors lets everything by.
    if pattern and not re.search(pattern, value):
        raise DocumentError(f"parameter {name} does not match allowedPattern {pattern}: {value!r}")


def resolve(content: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return each parameter's value in its own type, defaults filled in."""
    values: dict[str, Any] = {}
    for name, spec in (content.get("parameters") or {}).items():
        kind = spec["type"]
        if name not in given:
            values[name] = spec.get("default")
        elif _is_list(spec):
            values[name] = list(given[name])
        else:
            values[name] = json.loads(given[name][0]) if kind in ("StringMap", "MapList") else given[name][0]
    return values


def interpolate(value: Any, parameters: Mapping[str, Any]) -> Any:
    """Put parameters in place as the agent does, in a single pass."""
    if isinstance(value, list):
        filled: list[Any] = []
        for item in value:
            new = interpolate(item, parameters)
            filled.extend(new if isinstance(new, list) and isinstance(item, str) else [new])
        return filled
    if isinstance(value, dict):
        return {key: interpolate(item, parameters) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    alone = _PLACEHOLDER.fullmatch(value)
    if alone and alone[1] in parameters:
        return parameters[alone[1]]
    return _PLACEHOLDER.sub(lambda hit: _text(parameters[hit[1]]) if hit[1] in parameters else hit[0], value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        # Go's encoder, which the agent uses, escapes these three and puts no space after a separator.
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for char in "<>&":
            value = value.replace(char, f"\\u{ord(char):04x}")
    return value.replace("$$", "$")


def _applies(step: Mapping[str, Any], platform: str) -> bool:
    for operator, operands in (step.get("precondition") or {}).items():
        if operator != "StringEquals" or not isinstance(operands, list) or len(operands) != 2:
            raise DocumentError(f"step {step.get('name')!r} has a precondition the agent does not know")
        left, right = (platform if operand == "platformType" else operand for operand in operands)
        if left != right:
            return False
    return True


def _script(inputs: Mapping[str, Any]) -> str:
    lines = inputs.get("runCommand") or []
    lines = [lines] if isinstance(lines, str) else list(lines)
    where = inputs.get("workingDirectory")
    if where:
        at = 1 if lines and lines[0].startswith("#!") else 0
        lines.insert(at, f"cd {shlex.quote(where)} || exit 1")
    return "\n".join(lines) + "\n"


def _timeout(value: Any) -> int:
    number = int(value) if str(value).isdigit() else DEFAULT_TIMEOUT
    return number if number in TIMEOUTS else DEFAULT_TIMEOUT


def render(content: Mapping[str, Any], given: Mapping[str, Sequence[str]], platform: str = "Linux") -> list[Step]:
    """Return the document's steps in order, with every parameter in its place."""
    values = resolve(content, given)
    specs = content.get("parameters") or {}
    exported = {name for name, spec in specs.items() if spec.get("interpolationType") == "ENV_VAR"}
    env = {f"SSM_{name}": str(values[name]) for name in sorted(exported)}
    inline = {name: value for name, value in values.items() if name not in exported}
    steps = []
    for step in content["mainSteps"]:
        if not _applies(step, platform):
            steps.append(Step(step["name"], "", DEFAULT_TIMEOUT, skipped=True))
            continue
        if step["action"] != "aws:runShellScript":
            raise DocumentError(f"step {step['name']!r}: the lab's nodes cannot run {step['action']}")
        inputs = interpolate(step["inputs"], inline)
        steps.append(
            Step(
                step["name"],
                _script(inputs),
                _timeout(inputs.get("timeoutSeconds", DEFAULT_TIMEOUT)),
                env,
                on_failure=str(inputs.get("onFailure", "")),
                finally_step=str(inputs.get("finallyStep", "")).lower() == "true",
            )
        )
    return steps
