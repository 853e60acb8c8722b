# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options to requests and back by botocore's own model, which knows names, limits, and which keys are the user's."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

try:
    from botocore import __version__ as BOTOCORE
    from botocore import xform_name
except ImportError:
    # AnsibleAWSModule reports the missing library before anything here needs it.
    pass

from ansible_collections.nodecache.eks.plugins.module_utils import _limits
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown

# Java's classes of characters, as they begin the brackets of AWS's patterns.
_JAVA_LETTERS = r"[\p{L}\p{Z}\p{N}_"
# AWS's own pattern for header values takes exponential time to refuse some of them.
_SLOW = {r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$": r"[\t\x20-\x7E]*[\x20-\x7E][\t\x20-\x7E]*"}


def input_shape(client: Any, operation: str) -> Any:
    """Return the model of what the operation takes."""
    return client.meta.service_model.operation_model(operation).input_shape


def output_shape(client: Any, operation: str) -> Any:
    """Return the model of what the operation answers."""
    return client.meta.service_model.operation_model(operation).output_shape


def _is_tags(shape: Any) -> bool:
    return shape.member.type_name == "structure" and set(shape.member.members) == {"Key", "Value"}


def _text(value: Any, path: str) -> str:
    if value is None:
        raise NodecacheError(f"{path} has no value but must be text.")
    if isinstance(value, (dict, list)):
        raise NodecacheError(f"{path} is {shown(value)} but must be text.")
    # YAML reads true where a header or a label wants text.
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_request(shape: Any, value: Any, path: str = "") -> Any:
    """Return options in the API's shape, without those left out; the keys of maps stay as they are."""
    if shape.type_name == "structure":
        members = {xform_name(member): member for member in shape.members}
        request = {}
        for option, item in value.items():
            name = f"{path}.{option}" if path else option
            if item is None:
                continue
            if option not in members:
                raise NodecacheError(f"{name} needs a newer botocore than {BOTOCORE}, which does not know it.")
            request[members[option]] = to_request(shape.members[members[option]], item, name)
        return request
    if shape.type_name == "list" and isinstance(value, Mapping) and _is_tags(shape):
        return [{"Key": key, "Value": _text(item, f"{path}.{key}")} for key, item in value.items()]
    if shape.type_name == "list":
        return [to_request(shape.member, item, f"{path}[{number}]") for number, item in enumerate(value)]
    if shape.type_name == "map":
        return {str(key): to_request(shape.value, item, f"{path}.{key}") for key, item in value.items()}
    return _text(value, path) if shape.type_name == "string" else value


def to_result(shape: Any, value: Any) -> Any:
    """Return what the API said in snake case; the keys of maps stay as they are."""
    if shape.type_name == "structure":
        return {
            xform_name(key): to_result(shape.members[key], item) for key, item in value.items() if key in shape.members
        }
    if shape.type_name == "list" and _is_tags(shape):
        return {tag["Key"]: tag["Value"] for tag in value}
    if shape.type_name == "list":
        return [to_result(shape.member, item) for item in value]
    if isinstance(value, datetime.datetime):
        # datetime.UTC is younger than some Pythons that Ansible still supports.
        return value.astimezone(datetime.timezone.utc).isoformat()  # noqa: UP017
    return value


def overlay(shape: Any, current: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
    """Return current with desired on top at every depth; what is desired empty is taken away."""
    merged = dict(current)
    for key, value in desired.items():
        inner = shape.members[key]
        whole = overlay(inner, merged.get(key) or {}, value) if value and inner.type_name == "structure" else value
        if whole in ("", {}, []):
            merged.pop(key, None)
        else:
            merged[key] = whole
    return merged


def canonical(value: Any, unordered: Collection[str], key: str = "") -> Any:
    """Return value in a form that compares equal, as JSON does, whatever the order of the members named unordered."""
    if isinstance(value, Mapping):
        return {name: canonical(item, unordered, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [canonical(item, unordered) for item in value]
        return sorted(items, key=json_text) if key in unordered else items
    return value


def json_text(value: Any, sort: bool = True) -> str:
    """Return value as JSON text: sorted, what means the same is the same text, and 1 and true differ."""
    return json.dumps(value, sort_keys=sort, separators=(",", ":"), ensure_ascii=False, default=str)


def same(one: Any, other: Any, unordered: Collection[str] = ()) -> bool:
    """Tell whether two values mean the same."""
    return json_text(canonical(one, unordered)) == json_text(canonical(other, unordered))


def read_json(option: str, value: Any) -> Any:
    """Return the data of a JSON text; what is no text is data already."""
    try:
        data = json.loads(value, parse_constant=_no_constant) if isinstance(value, str) else value
        # Half of a surrogate pair is a text that cannot be sent.
        json_text(data).encode()
        return data
    except (ValueError, RecursionError) as error:
        raise NodecacheError(f"{option} is {shown(value)} but must be JSON: {error}.") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def check(shape: Any, request: Any, whole: bool = True) -> None:
    """Refuse what the model says AWS would refuse, in one sentence; a part of a request may lack what it needs."""
    for name, value, reason in _faults(shape, request, "", whole):
        raise NodecacheError(f"{name} is {shown(value)} but must {reason}.")


def _faults(shape: Any, value: Any, path: str, whole: bool) -> Iterator[tuple[str, Any, str]]:
    if shape.type_name == "structure":
        for member in shape.required_members if whole else ():
            if member not in value:
                yield path, value, f"have {xform_name(member)}"
        for member, item in value.items():
            name = xform_name(member)
            yield from _faults(shape.members[member], item, f"{path}.{name}" if path else name, whole)
        return
    if not fits(shape, value):
        yield path, value, allowed(shape)
    if shape.type_name == "list":
        for number, item in enumerate(value):
            yield from _faults(shape.member, item, f"{path}[{number}]", whole)
    if shape.type_name == "map":
        for key, item in value.items():
            if not fits(shape.key, key):
                yield f"a key of {path}", key, allowed(shape.key)
            yield from _faults(shape.value, item, f"{path}.{key}", whole)


def fits(shape: Any, value: Any) -> bool:
    """Tell whether AWS would take a value, as far as the model and the documentation tell; its parts aside."""
    limits = shape.metadata
    if limits.get("enum") and value not in limits["enum"]:
        return False
    if isinstance(value, bool):
        # YAML reads yes as true, which Python takes for the number 1.
        return bool(shape.type_name == "boolean")
    if not _limits.fits(shape.name, value):
        return False
    size = len(value) if isinstance(value, (str, list, dict)) else value
    if not isinstance(size, (int, float)):
        return True
    if not limits.get("min", size) <= size <= limits.get("max", size):
        return False
    pattern = _pattern(limits.get("pattern"))
    return pattern is None or not isinstance(value, str) or bool(pattern.fullmatch(value))


def _pattern(java: str | None) -> re.Pattern[str] | None:
    if java is None:
        return None
    python = _SLOW.get(java, java).replace(_JAVA_LETTERS, r"[\w ")
    try:
        # Java's \w is ASCII's alone.
        return re.compile(python, 0 if "\\p{" in java else re.ASCII)
    except re.error:
        # Another dialect of Java's: AWS itself has to judge.
        return None


def allowed(shape: Any) -> str:
    """Say what the model allows, to come after "must"."""
    limits = shape.metadata
    if limits.get("enum"):
        return f"be one of {', '.join(limits['enum'])} (all that botocore {BOTOCORE} knows)"
    least, most = limits.get("min"), limits.get("max")
    unit = {"string": " characters", "list": " entries", "map": " entries"}.get(shape.type_name, "")
    verb = "have" if unit else "be"
    if least is None and most is None:
        size = ""
    elif most is None:
        size = f"{verb} at least {least}{unit}"
    elif least is None:
        size = f"{verb} at most {most}{unit}"
    else:
        size = f"{verb} {least} to {most}{unit}"
    if not size and shape.type_name == "integer":
        size = "be a number of at most 10 digits"
    match = f"match {limits['pattern']}" if limits.get("pattern") else ""
    return " and ".join(filter(None, (size, _limits.allowed(shape.name) or match)))
