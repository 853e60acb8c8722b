"""Parameter Store: how long a value may be, and references to it in a document's parameters, filled in on the node.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ssm-parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.aws.ssm.document_parameters import DocumentError
from lab.aws.ssm.support import error
from lab.aws.validation import register

_describe_parameters = SimpleSystemManagerResponse.describe_parameters
LONGEST = {"Standard": 4096, "Advanced": 8192}

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


def describe_parameters(self: SimpleSystemManagerResponse) -> Any:
    """Answer DescribeParameters; moto takes whatever token it is given for the number it gives out."""
    token = self._get_param("NextToken")
    if token and not token.strip().isdecimal():
        raise error("InvalidNextToken", "The specified token is not valid.")
    return _describe_parameters(self)


def install() -> None:
    """Check parameters before moto keeps them."""
    SimpleSystemManagerResponse.describe_parameters = describe_parameters  # type: ignore[method-assign]
    register("ssm", "PutParameter", check_value)
