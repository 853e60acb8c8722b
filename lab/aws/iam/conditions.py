"""The Condition element of a policy. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Context = Mapping[str, str | list[str]]
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
# What a variable brings in is never a wildcard: these stand for a star and a question mark that mean themselves.
_STAR, _MARK = "\ue000", "\ue001"
_HIDE = str.maketrans("*?", _STAR + _MARK)
_SHOW = str.maketrans(_STAR + _MARK, "*?")


class PolicyError(ValueError):
    """A policy that IAM would not have stored."""


def glob(pattern: str, value: str, ignore_case: bool = False) -> bool:
    """Match * and ? as policies know them; nothing else is special."""
    special = {"*": ".*", "?": "."}
    parts = (special.get(char) or re.escape(char.translate(_SHOW)) for char in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def arn_matches(pattern: str, value: str, complete: bool = False) -> bool:
    """Match an ARN part by part: a wildcard does not reach over a colon before the resource.

    ``complete`` fills what an incomplete ARN lacks with wildcards, as the Resource element does.
    """
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", 5), value.split(":", 5)
    if complete:
        wanted += ["*"] * (6 - len(wanted))
    return len(wanted) == len(given) and all(map(glob, wanted, given))


def lowered(context: Context) -> dict[str, list[str]]:
    """Return the context with every value a list; a key's case does not matter."""
    return {key.lower(): [value] if isinstance(value, str) else list(value) for key, value in context.items()}


def substitute(text: str, context: Mapping[str, list[str]]) -> str | None:
    """Fill in policy variables; None when one has no value, because nothing can match then.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    missing = False

    def value_of(hit: re.Match[str]) -> str:
        nonlocal missing
        if hit[1] in ("*", "?", "$"):
            return hit[1].translate(_HIDE)
        name, comma, default = (part.strip() for part in hit[1].partition(","))
        values = context.get(name.lower(), [])
        missing = missing or (len(values) != 1 and not comma)
        return (values[0] if len(values) == 1 else default.strip("'")).translate(_HIDE)

    filled = _VARIABLE.sub(value_of, text)
    return None if missing else filled


def _moment(text: str) -> datetime.datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text) and len(text) > 4:
        return datetime.datetime.fromtimestamp(float(text), datetime.UTC)
    read = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return read if read.tzinfo else read.replace(tzinfo=datetime.UTC)


def _inside(network: str, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


def _compared(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[str, str], bool]:
    return lambda wanted, given: compare(read(given), read(wanted))


# Each takes the policy's value and the request's.
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": lambda wanted, given: wanted.lower() == given.lower(),
    "StringLike": glob,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
    "BinaryEquals": str.__eq__,
    "IpAddress": _inside,
}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda given, wanted: given == wanted,
    "LessThan": lambda given, wanted: given < wanted,
    "LessThanEquals": lambda given, wanted: given <= wanted,
    "GreaterThan": lambda given, wanted: given > wanted,
    "GreaterThanEquals": lambda given, wanted: given >= wanted,
}
for _name, _order in _ORDERS.items():
    _OPERATORS[f"Numeric{_name}"] = _compared(float, _order)
    _OPERATORS[f"Date{_name}"] = _compared(_moment, _order)
_NEGATED = {
    name.replace("Equals", "NotEquals").replace("Like", "NotLike"): name
    for name in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")
} | {"NotIpAddress": "IpAddress", "NumericNotEquals": "NumericEquals", "DateNotEquals": "DateEquals"}
_ERRORS = (ValueError, OverflowError)


def _texts(values: Any) -> list[str]:
    found = values if isinstance(values, list) else [values]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in found]


def _holds(operator: str, wanted: Sequence[str], given: str) -> bool:
    """Compare one value of the request; a value that cannot be read as the operator needs equals nothing."""
    negated = operator in _NEGATED
    compare = _OPERATORS[_NEGATED.get(operator, operator)]

    def one(value: str) -> bool:
        try:
            return compare(value if compare in (glob, arn_matches) else value.translate(_SHOW), given)
        except _ERRORS:
            return False

    return any(map(one, wanted)) != negated


def _one_key(operator: str, key: str, values: Any, context: Mapping[str, list[str]], variables: bool) -> bool:
    quantifier, _, bare = operator.rpartition(":")
    present = context.get(key.lower())
    if bare.removesuffix("IfExists") == "Null":
        return (not present) == (_texts(values) == ["true"])
    optional = bare.endswith("IfExists")
    bare = bare.removesuffix("IfExists")
    if bare not in _OPERATORS and bare not in _NEGATED:
        raise PolicyError(f"unknown condition operator {operator}")
    if not present:
        # Missing: what is asked for is not there, but neither is what is ruled out.
        return optional or quantifier == "ForAllValues" or (bare in _NEGATED and quantifier != "ForAnyValue")
    filled = (substitute(value, context) if variables else value for value in _texts(values))
    wanted = [text for text in filled if text is not None]
    results = [_holds(bare, wanted, given) for given in present]
    if quantifier == "ForAllValues" or (not quantifier and bare in _NEGATED):
        return all(results)
    return any(results)


def met(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, list[str]], variables: bool = True) -> bool:
    """Tell whether every operator and key of a Condition element holds; the context comes from ``lowered``."""
    return all(
        _one_key(operator, key, values, context, variables)
        for operator, keys in condition.items()
        for key, values in keys.items()
    )
