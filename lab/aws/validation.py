"""Refuse, before moto sees it, whatever botocore's model of an operation does not allow.

The messages are those of AWS's own services: one list of all faults for the services that speak JSON 1.1 and for EKS,
the first fault alone for ECR. Errors that every service shares:
https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.model import OperationModel, OperationNotFoundError, Shape
from moto.core.exceptions import JsonRESTError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import BaseResponse
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import camelcase_to_underscores, get_service_model, method_names_from_class

LOG = logging.getLogger("lab.aws")
# Each service that is checked, and what it calls a fault of its own.
FAULTS = {
    "ssm": "InternalServerError",
    "events": "InternalException",
    "ecr": "ServerException",
    "eks": "ServerException",
}
SERVICES = tuple(FAULTS)

# Limits that moto checks itself, in words that its tests have from AWS: where, and how the rule begins.
_LONG, _HIGH = "Member must have length less", "Member must have value less"
_KINDS, _FORM, _ITEMS = (f"Member must satisfy {what}" for what in ("enum", "regular", "constraint"))
_TAGGING = ("CreatePolicy", "CreateRole", "TagPolicy", "TagRole")
MOTOS: dict[str, str | tuple[str, ...]] = {
    "events CreateArchive archiveName": _LONG,
    "events ListReplays state": _KINDS,
    "events PutEvents entries": _LONG,
    "iam CreateOpenIDConnectProvider clientIDList": (_LONG, _ITEMS),
    "iam CreateOpenIDConnectProvider thumbprintList": (_LONG, _ITEMS),
    "iam CreateOpenIDConnectProvider url": _LONG,
    "iam CreateVirtualMFADevice path": _LONG,
    "iam SetDefaultPolicyVersion versionId": _FORM,
    **{f"iam {name} tags": _LONG for name in _TAGGING},
    **{f"iam {name} tags.member.{part}": _LONG for name in _TAGGING for part in ("key", "value")},
    **{f"iam Untag{what} tagKeys": (_LONG, _ITEMS) for what in ("Policy", "Role")},
    "iam UpdateAccountPasswordPolicy maxPasswordAge": _HIGH,
    "iam UpdateAccountPasswordPolicy minimumPasswordLength": _HIGH,
    "iam UpdateAccountPasswordPolicy passwordReusePrevention": _HIGH,
    "ssm AddTagsToResource resourceType": _KINDS,
    "ssm DescribeDocumentPermission permissionType": _KINDS,
    "ssm DescribeParameters parameterFilters.member.key": _FORM,
    "ssm DescribeParameters parameterFilters.member.option": _LONG,
    "ssm GetParameterHistory maxResults": _HIGH,
    "ssm GetParameters names": _LONG,
    "ssm GetParametersByPath maxResults": _HIGH,
    "ssm LabelParameterVersion labels": _LONG,
    "ssm ListTagsForResource resourceType": _KINDS,
    "ssm ModifyDocumentPermission permissionType": _KINDS,
    "ssm PutParameter type": _KINDS,
    "ssm RemoveTagsFromResource resourceType": _KINDS,
}

Extra = Callable[[Mapping[str, Any]], Iterator[str]]
_extras: dict[tuple[str, str], list[Extra]] = {}
_original_dispatch = BaseResponse._dispatch

# Java's names for kinds of characters, as parts of a Python character class.
_CLASSES = {r"\p{L}": r"\w", r"\p{Z}": r"\s", r"\p{N}": r"\d", r"\p{P}": r"!-/:-@\[-`{-~", r"\p{M}": "\u0300-\u036f"}
# Where ECR recites an enumeration in another order than its model.
_ORDERS = {"ImageTagMutability": ("IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")}
_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (str, bytes),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
}


class Mistyped(Exception):
    """A value is of another JSON type than the model says."""


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    for java, python in _CLASSES.items():
        pattern = pattern.replace(java, python)
    # What Java writes as pairs of halves is one range here.
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010ffff")
    # Java takes a class followed by a hyphen for two members, Python for a broken range.
    return re.compile(pattern.replace(r"\w-\/", r"\w\-/"))


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _shown(shape: Shape, value: Any) -> str:
    """Write a value as AWS's services do: Java's notation."""
    if value is None:
        return "null"
    if shape.metadata.get("sensitive"):
        return "***Sensitive Data Redacted***"
    if shape.type_name == "structure":
        return shape.name
    if shape.type_name == "list":
        return f"[{', '.join(_shown(shape.member, item) for item in value)}]"
    if shape.type_name == "map":
        return f"{{{', '.join(f'{key}={_shown(shape.value, item)}' for key, item in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _size(shape: Shape, value: Any) -> int | None:
    if shape.type_name in ("integer", "long"):
        return value
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return len(base64.b64decode(value, validate=True))
        except binascii.Error as wrong:
            raise Mistyped from wrong
    return len(value) if shape.type_name in ("string", "list", "map", "blob") else None


def _faults(shape: Shape, value: Any) -> list[str]:
    """Return what is wrong with a value itself, not with what it holds."""
    facts, found = shape.metadata, []
    size, noun = _size(shape, value), "value" if shape.type_name in ("integer", "long") else "length"
    if size is not None and "max" in facts and size > facts["max"]:
        found.append(f"Member must have {noun} less than or equal to {facts['max']}")
    if size is not None and "min" in facts and size < facts["min"]:
        found.append(f"Member must have {noun} greater than or equal to {facts['min']}")
    if shape.type_name == "string":
        allowed = getattr(shape, "enum", None)
        if allowed and value not in allowed:
            found.append(f"Member must satisfy enum value set: [{', '.join(_ORDERS.get(shape.name, allowed))}]")
        if "pattern" in facts and not _pattern(facts["pattern"]).fullmatch(value):
            found.append(f"Member must satisfy regular expression pattern: {facts['pattern']}")
    return found


def _check_type(shape: Shape, value: Any) -> None:
    expected = _TYPES.get(shape.type_name, (object,))
    # JSON's true is an integer to Python.
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name in ("integer", "long")):
        raise Mistyped


def _walk(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield (value, path, constraint) for each fault, what holds a value before what is in it."""
    _check_type(shape, value)
    for fault in _faults(shape, value):
        yield f"'{_shown(shape, value)}'", path, fault
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            inner = f"{path}.{_lower(name)}".lstrip(".")
            if value.get(name) is not None:
                yield from _walk(member, value[name], inner)
            elif name in shape.required_members:
                yield "null", inner, "Member must not be null"
    elif shape.type_name == "list":
        yield from _walk_items(shape, shape.member, value, path, "Member", enumerate(value, 1))
    elif shape.type_name == "map":
        pairs = [(key, key) for key in value]
        yield from _walk_items(shape, shape.key, value, path, "Map keys", pairs)
        yield from _walk_items(shape, shape.value, value, path, "Map value", value.items())


def _walk_items(
    shape: Shape, member: Shape, value: Any, path: str, noun: str, pairs: Any
) -> Iterator[tuple[str, str, str]]:
    bad = False
    for key, item in pairs:
        if member.type_name in ("structure", "list", "map"):
            yield from _walk(member, item, f"{path}.{key}.member")
        else:
            _check_type(member, item)
            bad = bad or bool(_faults(member, item))
    if bad:
        yield f"'{_shown(shape, value)}'", path, f"{noun} must satisfy constraint: [{', '.join(_constraints(member))}]"


def _constraints(shape: Shape) -> list[str]:
    """Return every rule of a shape: AWS recites them all when an item breaks one."""
    facts = shape.metadata
    noun = "value" if shape.type_name in ("integer", "long") else "length"
    found = []
    if "max" in facts:
        found.append(f"Member must have {noun} less than or equal to {facts['max']}")
    if "min" in facts:
        found.append(f"Member must have {noun} greater than or equal to {facts['min']}")
    if "pattern" in facts:
        found.append(f"Member must satisfy regular expression pattern: {facts['pattern']}")
    if getattr(shape, "enum", None):
        found.append(f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    return found


def _input(service: str, operation: str) -> Shape | None:
    return get_service_model(service).operation_model(operation).input_shape


def violations(service: str, operation: str, params: Mapping[str, Any]) -> list[str]:
    """Return every fault of a request, each in the words of the service."""
    shape = _input(service, operation)
    found = list(_walk(shape, params, "")) if shape else []
    said = "failed to satisfy constraint:"
    if service == "ecr":
        return [f"Invalid parameter at '{path}' {said} '{_ecr(rule)}'" for _, path, rule in found]
    found = [one for one in found if not _moto_checks(service, operation, one[1], one[2])]
    return [f"Value {value} at '{path}' {said} {rule}" for value, path, rule in found]


def _moto_checks(service: str, operation: str, path: str, rule: str) -> bool:
    begins = MOTOS.get(f"{service} {operation} " + re.sub(r"\.\d+", "", path))
    return begins is not None and rule.startswith(begins)


def _ecr(rule: str) -> str:
    if "regular expression pattern: " in rule and rule.startswith("Member must satisfy regular"):
        return f"must satisfy regular expression '{rule.partition('pattern: ')[2]}'"
    return rule


def _code(service: str, operation: OperationModel) -> str:
    """Return the code a fault has: services that model one for wrong parameters use that."""
    if service in ("ssm", "events"):
        return "ValidationException"
    names = {shape.name for shape in operation.error_shapes}
    order = ("InvalidParameterException", "InvalidRequestException", "BadRequestException")
    return next((name for name in order if name in names), "InvalidParameterException")


def register(service: str, operation: str, extra: Extra) -> None:
    """Add limits that the model lacks: ``extra(params)`` yields faults of a request the model allows."""
    known = _extras.setdefault((service, operation), [])
    if extra not in known:
        known.append(extra)


def check(service: str, operation: str, params: Mapping[str, Any]) -> None:
    """Refuse a request as the service does."""
    model = get_service_model(service).operation_model(operation)
    try:
        found = violations(service, operation, params)
    except Mistyped as wrong:
        raise JsonRESTError("SerializationException", "") from wrong
    if found:
        if service == "ecr":
            raise JsonRESTError(_code(service, model), found[0])
        errors = "error" if len(found) == 1 else "errors"
        raise JsonRESTError(_code(service, model), f"{len(found)} validation {errors} detected: {'; '.join(found)}")
    for extra in _extras.get((service, operation), []):
        for fault in extra(params):
            raise JsonRESTError(_code(service, model), fault)


def _operation(service: str, request: Any) -> tuple[str, dict[str, Any]]:
    """Return which operation a request asks for, with what its path says."""
    target = request.headers.get("X-Amz-Target")
    try:
        if target:
            name = target.rpartition(".")[2]
            get_service_model(service).operation_model(name)
            return name, {}
        model, in_path = get_service_router(service).match(request)
        return model.name, dict(in_path)
    except (OperationNotFoundError, NotFound) as wrong:
        if not target and (found := _by_path(service, request.method, request.path)):
            return found
        raise JsonRESTError("UnknownOperationException", "") from wrong


def _by_path(service: str, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """Return the operation whose required query a request lacks: moto's router passes it over."""
    model, found = get_service_model(service), []
    for name in model.operation_names:
        http = model.operation_model(name).http
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", re.sub(r"{(\w+)}$", r"(?P<\1>.+)", http["requestUri"]))
        if http["method"] == method and (match := re.fullmatch(pattern, path)):
            found.append((http["requestUri"].count("/"), name, match.groupdict()))
    return max(found, key=lambda one: one[0])[1:] if found else None


def _params(service: str, operation: str, in_path: dict[str, Any], request: Any) -> Mapping[str, Any]:
    model = get_service_model(service)
    body = request.get_data()
    try:
        sent = json.loads(body) if body else {}
        if not isinstance(sent, dict):
            raise ValueError("not an object")
        if model.metadata["protocol"] == "json":
            return sent
        parser = PROTOCOL_PARSERS[model.metadata["protocol"]](model.operation_model(operation), map_type=dict)
        return parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": body,
                "url_path": request.path,
                "url_params": in_path,
            }
        )
    except (ValueError, TypeError, AttributeError) as wrong:
        raise JsonRESTError("SerializationException", "") from wrong


def _dispatch(self: BaseResponse, request: Any, full_url: str | None = None, headers: Any = None) -> Any:
    if self.service_name not in SERVICES:
        return _original_dispatch(self, request, full_url, headers)
    try:
        operation, in_path = _operation(self.service_name, request)
        check(self.service_name, operation, _params(self.service_name, operation, in_path, request))
        if camelcase_to_underscores(operation) not in method_names_from_class(type(self)):
            raise JsonRESTError("UnknownOperationException", f"{operation} is not known here.")
    except JsonRESTError as refused:
        kind = {"x-amzn-ErrorType": refused.error_type, "Content-Type": "application/x-amz-json-1.1"}
        return 400, kind, refused.get_body()
    try:
        return _original_dispatch(self, request, full_url, headers)
    except Exception:
        # A fault here is no client's, but a client should read it as one of the service's, not as a page in HTML.
        LOG.exception("%s %s", self.service_name, operation)
        code = FAULTS[self.service_name]
        body = json.dumps({"__type": code, "message": "An internal error occurred."})
        return 500, {"x-amzn-ErrorType": code, "Content-Type": "application/x-amz-json-1.1"}, body


def install() -> None:
    """Check every request of these services in front of moto."""
    from moto.eks import urls

    BaseResponse._dispatch = _dispatch  # type: ignore[method-assign]
    # moto answers a path it does not list with a page in HTML.
    urls.url_paths["{0}/.*$"] = urls.response.dispatch
