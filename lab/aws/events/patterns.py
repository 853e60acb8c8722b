"""Refuse an event pattern that EventBridge refuses, and TestEventPattern. Moto's own matcher does the matching.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern
from moto.events.responses import EventsHandler

from lab.aws.validation import register

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html; the model's 4,096 is what AWS raises it to.
LONGEST = 2048
# Of the numbers that are compared: the page of the operators.
FARTHEST = 5.0e9
# What TestEventPattern asks of an event; PutEvents fills these in itself.
ENVELOPE = ("id", "account", "source", "time", "region", "resources", "detail-type")
_BELOW, _ABOVE = ("<", "<="), (">", ">=")
_NESTED = ("prefix", "suffix", "equals-ignore-case", "wildcard")


def _wrong(reason: str) -> InvalidEventPatternException:
    return InvalidEventPatternException(reason)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is there twice, of which JSON would keep the last in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if [one for one, _ in pairs].count(key) > 1)
        raise _wrong(f"Path `{twice}` cannot be allowed multiple times")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON, though Python takes it")


def parse(text: str) -> dict[str, Any]:
    """Return a pattern that EventBridge would store."""
    try:
        pattern = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except ValueError as wrong:
        raise _wrong("Invalid JSON") from wrong
    if not isinstance(pattern, dict):
        raise _wrong("Filter is not an object")
    if not pattern:
        raise _wrong("Empty pattern is not allowed")
    _check_object(pattern)
    return pattern


def _check_object(pattern: dict[str, Any]) -> None:
    for key, value in pattern.items():
        if key == "$or" and isinstance(value, list):
            if len(value) < 2 or not all(isinstance(one, dict) and one for one in value):
                raise _wrong("$or must be an array of at least two objects")
            for one in value:
                _check_object(one)
        elif isinstance(value, dict):
            if not value:
                raise _wrong("Empty objects are not allowed")
            _check_object(value)
        elif isinstance(value, list):
            if not value:
                raise _wrong("Empty arrays are not allowed")
            for one in value:
                _check_value(one)
        else:
            raise _wrong(f"'{key}' must be an object or an array")


def _check_value(value: Any) -> None:
    if value is None or isinstance(value, (str, bool, int, float)):
        return
    if not isinstance(value, dict):
        raise _wrong("Match value must be String, number, true, false, or null")
    if len(value) != 1:
        raise _wrong("Only one key allowed in match expression")
    ((operator, operand),) = value.items()
    check = _OPERATORS.get(operator)
    if check is None:
        raise _wrong(f"Unrecognized match type {operator}")
    check(operator, operand)


def _affix(operator: str, operand: Any) -> None:
    if isinstance(operand, dict):
        if list(operand) != ["equals-ignore-case"]:
            raise _wrong(f"Unsupported {operator} pattern: {next(iter(operand), '')}")
        operand = operand["equals-ignore-case"]
    _text(operator, operand)


def _text(operator: str, operand: Any) -> None:
    if not isinstance(operand, str):
        raise _wrong(f"{operator} match pattern must be a string")


def _wildcard(operator: str, operand: Any) -> None:
    _text(operator, operand)
    if "**" in operand:
        raise _wrong(f"Consecutive wildcard characters at pos {operand.index('**') + 1}")
    if odd := re.search(r"^(?:[^\\]|\\[*\\])*\\(?![*\\])", operand):
        raise _wrong(f"Invalid escape character at pos {odd.end() - 1}")


def _exists(operator: str, operand: Any) -> None:
    if not isinstance(operand, bool):
        raise _wrong("exists match pattern must be either true or false.")


def _anything_but(operator: str, operand: Any) -> None:
    if isinstance(operand, dict):
        if len(operand) != 1 or next(iter(operand)) not in _NESTED:
            raise _wrong(f"Unsupported anything-but pattern: {next(iter(operand), '')}")
        ((inner, values),) = operand.items()
        if values == []:
            raise _wrong("Empty arrays are not allowed")
        for value in values if isinstance(values, list) else [values]:
            if inner in ("prefix", "suffix") and value == "":
                raise _wrong("Null prefix/suffix not allowed")
            (_wildcard if inner == "wildcard" else _text)(inner, value)
        return
    values = operand if isinstance(operand, list) else [operand]
    if not values:
        raise _wrong("Empty arrays are not allowed")
    if len({isinstance(value, str) for value in values}) > 1 or any(
        isinstance(value, (bool, dict, list)) or value is None for value in values
    ):
        raise _wrong("Inside anything but list, either all values are number or string, mixed type is not supported")


def _numeric(operator: str, operand: Any) -> None:
    if not isinstance(operand, list) or not operand:
        raise _wrong("Value of numeric must be an array.")
    signs, numbers = operand[::2], operand[1::2]
    for sign in signs:
        if sign not in ("=", *_BELOW, *_ABOVE):
            raise _wrong(f"Unrecognized numeric range operator: {sign}")
    if len(numbers) != len(signs) or any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in numbers):
        raise _wrong(f"Value of {'equals' if signs[-1] == '=' else signs[-1]} must be numeric")
    if any(abs(number) > FARTHEST for number in numbers):
        raise _wrong(f"Value must be between -{FARTHEST} and {FARTHEST}, inclusive")
    if len(signs) > 1 and (len(signs) > 2 or signs[0] not in _ABOVE or signs[1] not in _BELOW):
        raise _wrong("Too many elements in numeric expression")
    if len(numbers) > 1 and numbers[1] <= numbers[0]:
        raise _wrong("Bottom must be less than top")


def _cidr(operator: str, operand: Any) -> None:
    _text("prefix", operand)
    address, slash, bits = operand.partition("/")
    if not slash or not bits.isdigit():
        raise _wrong("Malformed CIDR, one '/' required")
    try:
        ipaddress.ip_network(operand, strict=False)
    except ValueError as wrong:
        raise _wrong(f"Nonstandard IP address: {address}") from wrong


_OPERATORS: dict[str, Callable[[str, Any], None]] = {
    "prefix": _affix,
    "suffix": _affix,
    "equals-ignore-case": _text,
    "wildcard": _wildcard,
    "exists": _exists,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}


def check(params: Any) -> Any:
    """Refuse a request whose EventPattern is wrong."""
    if params.get("EventPattern"):
        if len(params["EventPattern"]) > LONGEST:
            yield f"EventPattern has {len(params['EventPattern'])} characters: at most {LONGEST} are allowed."
        parse(params["EventPattern"])


def test_event_pattern(self: EventsHandler) -> tuple[str, dict[str, Any]]:
    """Answer TestEventPattern."""
    parse(self._get_param("EventPattern"))
    try:
        event = json.loads(self._get_param("Event"))
    except ValueError:
        event = None
    if not isinstance(event, dict):
        return self.error("ValidationException", "Parameter Event is not valid. Reason: Event is not valid JSON.")
    for field in ENVELOPE:
        if field not in event:
            return self.error("ValidationException", f"Parameter Event is not valid. Reason: {field} is required.")
    matched = EventPattern.load(self._get_param("EventPattern")).matches_event(event)  # type: ignore[arg-type]
    return self._create_response({"Result": matched})


def install() -> None:
    """Check every pattern that comes in."""
    for operation in ("PutRule", "TestEventPattern", "CreateArchive", "UpdateArchive"):
        register("events", operation, check)
    EventsHandler.test_event_pattern = test_event_pattern  # type: ignore[method-assign,assignment]
