"""What a target is given: Input, InputPath or InputTransformer applied to an event. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from jsonpath_ng.ext import parse as parse_path

_VARIABLE = re.compile(r"<([A-Za-z0-9._-]+)>")
RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)


def variables(template: str) -> list[str]:
    """Return the names a template refers to."""
    return _VARIABLE.findall(template)


def is_template(template: str) -> bool:
    """Tell whether a template can become JSON: an object, a list or a quoted string, or lines of plain text."""
    if template.lstrip()[:1] not in ("{", "["):
        return True
    try:
        json.loads(_fill(template, dict.fromkeys(variables(template), "")))
    except ValueError:
        return False
    return True


def names_a_key(template: str) -> bool:
    """Tell whether a variable of a JSON template stands for a key, or for a part of one."""
    mark, found = "\ue000", []

    def look(pairs: list[tuple[str, Any]]) -> None:
        found.extend(key for key, _ in pairs if mark in key)

    try:
        json.loads(_fill(template, dict.fromkeys(variables(template), mark)), object_pairs_hook=look)
    except ValueError:
        return False
    return bool(found)


def render(target: dict[str, Any], event: dict[str, Any], rule_arn: str, rule_name: str, ingested: str = "") -> str:
    """Return the text that EventBridge hands to the target."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return json.dumps(_find(target["InputPath"], event))
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    values = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": ingested or event.get("time"),
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": event,
    }
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        found = _find(path, event)
        if found is not None:
            values[name] = found
    return _fill(transformer["InputTemplate"], values)


def _find(path: str, event: dict[str, Any]) -> Any:
    matches = parse_path(path).find(event)
    return matches[0].value if matches else None


def _fill(template: str, values: dict[str, Any]) -> str:
    """Fill a template; a variable inside a JSON string is pasted, one outside is written as JSON."""
    done, position, inside = [], 0, False
    for match in _VARIABLE.finditer(template):
        before = template[position : match.start()]
        done.append(before)
        # Quotes that are escaped do not end a string.
        inside ^= len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        value = values.get(match[1])
        # A variable whose path is not in the event does not appear, which can break the JSON around it.
        if value is not None:
            done.append(value if inside and isinstance(value, str) else json.dumps(value))
        position = match.end()
    done.append(template[position:])
    return "".join(done)
