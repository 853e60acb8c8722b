"""Parameter Store: how long a value may be, and references to it in a document's parameters, filled in on the node.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ssm-parameters.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.aws import keys
from lab.aws.ssm import tags as ssm_tags
from lab.aws.ssm.document_parameters import DocumentError
from lab.aws.ssm.support import error, operation, page
from lab.aws.validation import register

LONGEST = {"Standard": 4096, "Advanced": 8192}
LEVELS, PARAMETERS, POLICIES = 15, 10000, 10
# A name's, together with the rest of its ARN.
LONGEST_ARN = 1011
# What each policy has to say: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html
POLICY_FACTS = {
    "Expiration": ("Timestamp",),
    "ExpirationNotification": ("Before", "Unit"),
    "NoChangeNotification": ("After", "Unit"),
}
PAGED = ("get_parameter_history", "get_parameters_by_path")
# Moto keeps an empty parameter of a name that one of these looks for in vain, and then deletes that as if it were one.
LOOKING = ("get_parameter_history", "label_parameter_version", "unlabel_parameter_version")
_plain: dict[str, Callable[..., Any]] = {}

_NESTED = re.compile(r"\{\{.+?\}\}", re.DOTALL)
_REFERENCE = re.compile(r"\{\{ *ssm:([a-zA-Z0-9_.\-/]+)(:[0-9]+)? *\}\}")


def refers(value: str) -> bool:
    """Tell whether a value can only be known on the node."""
    return bool(_REFERENCE.search(value))


def resolve(backend: SimpleSystemManagerBackend, given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the parameters with every reference in place."""

    def found(hit: re.Match[str]) -> str:
        one = backend.get_parameter(hit[1] + (hit[2] or ""))
        if one is None:
            raise DocumentError(f"Parameter Store has no parameter {hit[1]}{hit[2] or ''}")
        if one.parameter_type == "SecureString":
            raise DocumentError(f"{hit[1]} is a SecureString, which documents can't refer to")
        return str(one.value)

    return {name: [_REFERENCE.sub(found, value) for value in values] for name, values in given.items()}


def check_value(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a value that is too long for its tier; Intelligent-Tiering takes the larger one where it has to."""
    tier = params.get("Tier", "Standard")
    most = LONGEST.get(tier, LONGEST["Advanced"])
    if len(params["Value"].encode()) > most:
        name = "Standard" if tier == "Standard" else "Advanced"
        yield f"{name} tier parameters support a maximum parameter value of {most} characters."


def check_name(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a name that is none, and a hierarchy that does not start at its root.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
    """
    name = params["Name"]
    if name.endswith("/"):
        yield "Parameter name must not end with slash."
    if not re.fullmatch(r"[a-zA-Z0-9_.\-/]+", name) or "//" in name:
        yield 'Parameter name can only include a-z, A-Z, 0-9, and the symbols ".-_", with "/" between its levels.'
    if "/" in name and not name.startswith("/"):
        yield "Parameter name must be a fully qualified name."


def check_text(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a value that names another parameter, and a key for a value that is no secret.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """
    if _NESTED.search(params["Value"]):
        yield "Parameter value can't nest another parameter. Do not use {{}} in the value."
    if params.get("KeyId") and params.get("Type", "SecureString") != "SecureString":
        yield "KeyId is required for SecureString type parameter only."


def check_path(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a path that does not start at the root."""
    if not params["Path"].startswith("/"):
        yield 'The parameter doesn\'t meet the parameter name requirements: it must begin with a forward slash "/".'


def check_tier(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse policies of a parameter that is to be a standard one."""
    if params.get("Policies") and params.get("Tier", "Standard") == "Standard":
        yield "Parameter policies are for parameters of the tier Advanced alone."


def put_parameter(self: SimpleSystemManagerResponse) -> Any:
    """Answer PutParameter, once everything is checked that moto takes as it comes."""
    name, value, pattern = (self._get_param(key) for key in ("Name", "Value", "AllowedPattern"))
    if name.strip("/").count("/") >= LEVELS:
        raise error(
            "HierarchyLevelLimitExceededException",
            f"A hierarchy can have a maximum of {LEVELS} levels. Reduce the number of levels in {name}.",
        )
    known = self.ssm_backend._parameters
    arn = f"arn:aws:ssm:{self.region}:{self.current_account}:parameter/{name.removeprefix('/')}"
    if len(arn) > LONGEST_ARN:
        raise error("ValidationException", f"A parameter's ARN is longer than {LONGEST_ARN} characters.")
    _check_key(self, self._get_param("KeyId"))
    ssm_tags.given({"Tags": self._get_param("Tags")}, "ValidationException")
    if name in known and (known[name][-1].tier, self._get_param("Tier")) == ("Advanced", "Standard"):
        raise error(
            "ValidationException",
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier.",
        )
    if name not in known and len(known) >= PARAMETERS:
        raise error("ParameterLimitExceeded", f"You can have at most {PARAMETERS} parameters.")
    kind = self._get_param("Type")
    if (
        name in known
        and self._get_bool_param("Overwrite", False)
        and kind not in (None, known[name][-1].parameter_type)
    ):
        raise error(
            "HierarchyTypeMismatchException",
            "Parameter Store doesn't support changing a parameter type in a hierarchy.",
        )
    if pattern:
        try:
            found = re.search(pattern, value)
        except re.error as wrong:
            raise error("InvalidAllowedPatternException", f"The pattern {pattern} is not valid: {wrong}.") from wrong
        if not found:
            raise error("ParameterPatternMismatchException", f"Parameter value, cannot be validated against {pattern}.")
    if self._get_param("Policies"):
        _check_policies(self._get_param("Policies"))
    return _plain["put_parameter"](self)


def _check_key(self: SimpleSystemManagerResponse, key: str | None) -> None:
    """Refuse a key for a secret that is not there; AWS's own for the service always is.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html (InvalidKeyId)
    """
    if key and not keys.is_there(self.current_account, self.region, key):
        raise error("InvalidKeyId", f"The query key ID {key} isn't valid.")


def _check_policies(text: str) -> None:
    try:
        policies = json.loads(text)
        kinds = [one["Type"] for one in policies]
    except (ValueError, KeyError, TypeError) as wrong:
        raise error("InvalidPolicyTypeException", "Policies is not a list of policies in JSON.") from wrong
    if len(policies) > POLICIES:
        raise error("PoliciesLimitExceededException", f"A parameter has at most {POLICIES} policies.")
    for one in policies:
        if one["Type"] not in POLICY_FACTS:
            raise error("InvalidPolicyTypeException", f"The policy type {one['Type']} isn't supported.")
        _check_policy(one["Type"], one.get("Attributes"))
    if kinds.count("Expiration") > 1:
        raise error("IncompatiblePolicyException", "A parameter has at most one Expiration policy.")


def _check_policy(kind: str, given: Any) -> None:
    facts = given if isinstance(given, dict) else {}
    right = set(facts) == set(POLICY_FACTS[kind])
    for key, value in facts.items() if right else ():
        if key == "Timestamp":
            try:
                datetime.fromisoformat(str(value).replace("Z", "+00:00"))
            except ValueError:
                right = False
        elif key == "Unit":
            right = right and value in ("Days", "Hours")
        else:
            right = right and str(value).isdecimal()
    if not right:
        wanted = " and ".join(POLICY_FACTS[kind])
        raise error("InvalidPolicyAttributeException", f"A policy of type {kind} has the attributes {wanted}.")


def _paged(name: str) -> Callable[..., Any]:
    """Return a listing that refuses a token it never gave out: moto takes every one for a number."""

    def respond(self: SimpleSystemManagerResponse) -> Any:
        token = self._get_param("NextToken")
        if token and not token.strip().isdecimal():
            raise error("InvalidNextToken", "The specified token is not valid.")
        return _plain[name](self)

    return respond


def describe_parameters(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List parameters, as many at once as were asked for: moto always gives ten."""
    found = backend.describe_parameters(params.get("Filters"), params.get("ParameterFilters"))
    rows = [one.describe_response_object(False) for one in found]
    answer, start = page(rows, params, "Parameters", default=10, plain=True), int(params.get("NextToken") or 0)
    # A full page is never known to be the last: what comes after it may be an empty one.
    if len(answer["Parameters"]) == (params.get("MaxResults") or 10):
        answer["NextToken"] = str(start + len(answer["Parameters"]))
    return answer


def _looking(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operation that leaves nothing behind where it found nothing."""

    @functools.wraps(method)
    def respond(self: SimpleSystemManagerResponse) -> Any:
        try:
            return method(self)
        finally:
            known = self.ssm_backend._parameters
            for name in [name for name, versions in list(known.items()) if not versions]:
                del known[name]

    return respond


def install() -> None:
    """Check parameters before moto keeps them."""
    if not _plain:
        for name in (*PAGED, "put_parameter"):
            _plain[name] = getattr(SimpleSystemManagerResponse, name)
            setattr(SimpleSystemManagerResponse, name, _paged(name) if name in PAGED else put_parameter)
        for name in LOOKING:
            setattr(SimpleSystemManagerResponse, name, _looking(getattr(SimpleSystemManagerResponse, name)))
    operation("DescribeParameters", "describe_parameters", describe_parameters)
    for check in (check_name, check_value, check_text, check_tier):
        register("ssm", "PutParameter", check)
    register("ssm", "GetParametersByPath", check_path)
