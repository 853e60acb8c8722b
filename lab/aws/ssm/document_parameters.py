"""The parameters of a document: what their definitions may say, and what values they take. Pure.

https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_NAME = re.compile(r"[a-zA-Z0-9]+")
TYPES: dict[str, type | tuple[type, ...]] = {
    "String": str,
    "StringList": list,
    "Integer": int,
    "Boolean": bool,
    "MapList": list,
    "StringMap": dict,
}
# What a definition may say beside its type, and which words are allowed there.
SIZES = ("minItems", "maxItems", "minChars", "maxChars")
WORDS = {"displayType": ("textfield", "textarea"), "interpolationType": ("ENV_VAR",)}


class DocumentError(ValueError):
    """The document cannot be run, or its parameters are not what it asks for."""


def check_specs(specs: Any) -> None:
    """Refuse parameters that Systems Manager would not store in a Command document."""
    if not isinstance(specs, dict):
        raise DocumentError("parameters must be an object")
    for name, spec in specs.items():
        if not _NAME.fullmatch(name):
            raise DocumentError(f"parameter name {name!r} is not valid: only letters and digits are")
        if not isinstance(spec, dict) or spec.get("type") not in TYPES:
            raise DocumentError(f"parameter {name!r} has no valid type: {', '.join(TYPES)}")
        for key, words in WORDS.items():
            if key in spec and spec[key] not in words:
                raise DocumentError(f"parameter {name!r}: {key} must be one of {', '.join(words)}")
        if not isinstance(spec.get("allowedValues", []), list):
            raise DocumentError(f"parameter {name!r}: allowedValues must be a list")
        for key in SIZES:
            # A number is no truth value, though Python says so.
            if key in spec and (not isinstance(spec[key], int) or isinstance(spec[key], bool) or spec[key] < 0):
                raise DocumentError(f"parameter {name!r}: {key} must be a number")
        try:
            re.compile(spec.get("allowedPattern") or "")
        except (re.error, TypeError) as wrong:
            raise DocumentError(f"parameter {name!r} has an allowedPattern that is none: {wrong}") from wrong
        if "default" in spec:
            _check_default(name, spec)


def _check_default(name: str, spec: Mapping[str, Any]) -> None:
    default, kind = spec["default"], TYPES[spec["type"]]
    if not isinstance(default, kind) or (spec["type"] == "Integer" and isinstance(default, bool)):
        raise DocumentError(f"parameter {name!r} has a default that is no {spec['type']}")
    for value in default if isinstance(default, list) else [default]:
        if spec.get("allowedValues") and value not in spec["allowedValues"]:
            raise DocumentError(f"parameter {name!r} has a default that is not among its allowedValues")


def _found(pattern: str, value: str) -> bool:
    # As the node's agent does it in Go: it searches, so a pattern without anchors lets everything by, and a dollar
    # sign is the end itself, not the place before a last line break.
    hit = re.search(pattern, value)
    return hit is not None and not (value.endswith("\n") and hit.end() == len(value) - 1 and pattern.endswith("$"))


def check_parameters(
    content: Mapping[str, Any],
    given: Mapping[str, Sequence[str]],
    later: Callable[[str], bool] = lambda _: False,
) -> None:
    """Refuse unknown, missing and ill-formed parameters; one that is only known ``later`` is not looked at."""
    specs = content.get("parameters") or {}
    odd = sorted(set(given) - set(specs))
    if odd:
        raise DocumentError(f"unknown parameters: {', '.join(odd)}")
    missing = sorted(name for name, spec in specs.items() if "default" not in spec and name not in given)
    if missing:
        raise DocumentError(f"missing parameters: {', '.join(missing)}")
    for name, values in given.items():
        spec = specs[name]
        if not _is_list(spec) and len(values) != 1:
            raise DocumentError(f"parameter {name} takes exactly one value, got {len(values)}")
        _check_sizes(name, spec, values)
        for value in values:
            if not later(value):
                _check_value(name, spec, value)


def _is_list(spec: Mapping[str, Any]) -> bool:
    # Automation documents know lists of resources as well: List<AWS::EC2::Instance::Id>.
    return spec["type"] == "StringList" or spec["type"].startswith("List<")


def _check_sizes(name: str, spec: Mapping[str, Any], values: Sequence[str]) -> None:
    if _is_list(spec) and not spec.get("minItems", 0) <= len(values) <= spec.get("maxItems", len(values)):
        raise DocumentError(f"parameter {name} has {len(values)} items, which minItems and maxItems do not allow")


def _is_json(value: str, kind: type) -> bool:
    try:
        return isinstance(json.loads(value), kind)
    except ValueError:
        return False


# What a value of each type looks like; the page names true and false, whole numbers, and JSON for the others.
FORMS: dict[str, Callable[[str], bool]] = {
    "Integer": lambda value: bool(re.fullmatch(r"-?[0-9]+", value)),
    "Boolean": lambda value: value.lower() in ("true", "false"),
    "StringMap": lambda value: _is_json(value, dict),
    "MapList": lambda value: _is_json(value, list),
}


def _check_value(name: str, spec: Mapping[str, Any], value: str) -> None:
    form = FORMS.get(spec["type"])
    if form is not None and not form(value):
        raise DocumentError(f"parameter {name} has a value that is no {spec['type']}: {value!r}")
    if not spec.get("minChars", 0) <= len(value) <= spec.get("maxChars", len(value)):
        raise DocumentError(f"parameter {name} has a value whose length minChars and maxChars do not allow")
    allowed = spec.get("allowedValues")
    if allowed and value not in allowed:
        raise DocumentError(f"parameter {name} must be one of {', '.join(map(str, allowed))}, got {value!r}")
    pattern = spec.get("allowedPattern")
    if pattern and not _found(pattern, value):
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
