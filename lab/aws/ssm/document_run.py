"""Turn a Command document and its parameters into the scripts an agent would run. Nothing here runs them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.aws.ssm import document_parameters
from lab.aws.ssm.document_parameters import DocumentError, resolve

DEFAULT_TIMEOUT = 3600
TIMEOUTS = range(5, 172801)
_NO_PARAMETER = '"StringEquals": at least one of operator\'s arguments must contain a valid document parameter'
_PLACEHOLDER = re.compile(r"\{\{ *([a-zA-Z0-9]+) *\}\}")
# https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html
PLUGINS = (
    "aws:applications",
    "aws:cloudWatch",
    "aws:configureDocker",
    "aws:configurePackage",
    "aws:domainJoin",
    "aws:downloadContent",
    "aws:psModule",
    "aws:refreshAssociation",
    "aws:runDockerAction",
    "aws:runDocument",
    "aws:runPowerShellScript",
    "aws:runShellScript",
    "aws:softwareInventory",
    "aws:updateAgent",
    "aws:updateSsmAgent",
)
SCHEMAS = ("1.2", "2.0", "2.2")
PARTS = ("schemaVersion", "description", "parameters", "mainSteps", "runtimeConfig", "files")


@dataclass(frozen=True)
class Step:
    """One step, ready to run."""

    name: str
    script: str = ""
    timeout: int = DEFAULT_TIMEOUT
    where: str = ""
    env: dict[str, str] = field(default_factory=dict)
    # Why the agent does not run it at all: skipped counts as a success, failed does not.
    skipped: str = ""
    failed: str = ""
    on_failure: str = ""
    on_success: str = ""
    finally_step: bool = False


def digest(content: str, kind: str) -> str:
    """Return the hash that pins a document's content."""
    return hashlib.new(kind.lower(), content.encode()).hexdigest()


def steps_of(content: Mapping[str, Any]) -> Any:
    """Return a document's steps; schema 1.2 has the settings of plugins in their place."""
    if content.get("schemaVersion") != "1.2":
        return content.get("mainSteps")
    steps = []
    for plugin, config in (content.get("runtimeConfig") or {}).items():
        settings = config.get("properties") if isinstance(config, dict) else None
        settings = settings if isinstance(settings, list) else [settings]
        for number, inputs in enumerate(settings):
            steps.append({"action": plugin, "name": f"{plugin}-{number}" if number else plugin, "inputs": inputs})
    return steps


def check_content(content: Any) -> None:
    """Refuse content that Systems Manager would not store as a Command document."""
    if not isinstance(content, dict) or content.get("schemaVersion") not in SCHEMAS:
        raise DocumentError(f"schemaVersion must be one of {', '.join(SCHEMAS)}")
    odd = sorted(set(content) - set(PARTS))
    if odd:
        raise DocumentError(f"there is no {', '.join(odd)} in a Command document")
    document_parameters.check_specs(content.get("parameters", {}))
    steps = steps_of(content)
    if not isinstance(steps, list) or not steps:
        place = "runtimeConfig" if content["schemaVersion"] == "1.2" else "mainSteps"
        raise DocumentError(f"{place} must hold at least one step")
    names = [step.get("name", "") if isinstance(step, dict) else "" for step in steps]
    for step, name in zip(steps, names, strict=True):
        if not re.fullmatch(r"[a-zA-Z0-9_\-]{3,128}", name) and content["schemaVersion"] != "1.2":
            raise DocumentError(f"step name {name!r} is not valid")
        if names.count(name) > 1:
            raise DocumentError(f"step name {name!r} is not unique")
        if not step.get("action") or not isinstance(step.get("inputs"), dict):
            raise DocumentError(f"step {name!r} needs an action and inputs")
        if step["action"] not in PLUGINS:
            raise DocumentError(f"step {name!r} has an action that is none: {step['action']}")
        if step["action"] == "aws:runShellScript" and not step["inputs"].get("runCommand"):
            raise DocumentError(f"step {name!r} needs runCommand")


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


def _unmet(step: Mapping[str, Any], parameters: Mapping[str, Any], platform: str) -> tuple[list[str], list[str]]:
    """Return which of a step's preconditions do not hold, and which the agent does not understand."""
    unmet, odd = [], []
    for operator, operands in (step.get("precondition") or {}).items():
        if operator != "StringEquals":
            odd.append(f'unrecognized operator: "{operator}"')
        elif not isinstance(operands, list) or len(operands) != 2:
            odd.append('"StringEquals": operator accepts exactly 2 arguments')
        elif operands[0] == operands[1]:
            odd.append("\"StringEquals\": operator's arguments can't be identical")
        else:
            filled = [str(interpolate(operand, parameters)) for operand in operands]
            if "platformType" in operands:
                held = filled[operands.index("platformType") - 1].lower() == platform.lower()
            elif filled == operands:
                odd.append(_NO_PARAMETER)
                continue
            else:
                held = filled[0] == filled[1]
            if not held:
                unmet.append(f'"StringEquals": [{operands[0]}, {operands[1]}]')
    return unmet, odd


def _refusal(step: Mapping[str, Any], parameters: Mapping[str, Any], platform: str) -> dict[str, str]:
    """Return why the agent skips or fails a step without running it."""
    name, action = step["name"], step["action"]
    unmet, odd = _unmet(step, parameters, platform)
    if unmet:
        why = f"Step execution skipped due to unsatisfied preconditions: '{', '.join(unmet + odd)}'. Step name: {name}"
        return {"skipped": why}
    if odd:
        why = f"Unrecognized precondition(s): '{', '.join(odd)}', please update agent to latest version."
        return {"failed": f"{why} Step name: {name}"}
    if action not in PLUGINS:
        why = f"Plugin with name {action} is not supported by this version of ssm agent"
        return {"failed": f"{why}, please update to latest version. Step name: {name}"}
    if action != "aws:runShellScript":
        return {"failed": f"The lab's nodes cannot run {action}. Step name: {name}"}
    return {}


def _script(inputs: Mapping[str, Any]) -> str:
    lines = inputs.get("runCommand") or []
    return "\n".join([lines] if isinstance(lines, str) else lines) + "\n"


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
    steps, given_steps = [], steps_of(content)
    last = given_steps[-1]
    for step in given_steps:
        refusal = _refusal(step, values, platform)
        if step.get("precondition") and content.get("schemaVersion") != "2.2":
            why = "Precondition is not supported for document schema version prior to 2.2."
            refusal = {"failed": f"{why} Step name: {step['name']}"}
        if refusal:
            steps.append(Step(step["name"], finally_step=_finally(step, last), **refusal))
            continue
        inputs = interpolate(step["inputs"], inline)
        steps.append(
            Step(
                step["name"],
                _script(inputs),
                _timeout(inputs.get("timeoutSeconds", DEFAULT_TIMEOUT)),
                str(inputs.get("workingDirectory") or ""),
                env,
                on_failure=str(inputs.get("onFailure", "")),
                on_success=str(inputs.get("onSuccess", "")),
                finally_step=_finally(step, last),
            )
        )
    return steps


def seconds(content: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> int:
    """Return how long a document lets its scripts run; the guide's example has one of them."""
    try:
        return max((step.timeout for step in render(content, given) if step.script), default=DEFAULT_TIMEOUT)
    except DocumentError:
        return DEFAULT_TIMEOUT


def _finally(step: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    # The agent ignores it on any other step than the last.
    return step is last and str(step["inputs"].get("finallyStep", "")).lower() == "true"
