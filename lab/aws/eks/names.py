"""Names of clusters in a request's path, which no model restricts but EKS does.

https://github.com/surajincloud/kubectl-eks/issues/72 has EKS's words for both members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import get_service_model

from lab.aws import validation

NAME = r"^[0-9A-Za-z][A-Za-z0-9-_]*"
_RIGHT = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]*")
MEMBERS = ("name", "clusterName")


def check(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a name that no cluster can have, with a code that the model does not give every operation."""
    for member in MEMBERS:
        name = params.get(member)
        if isinstance(name, str) and not _RIGHT.fullmatch(name):
            said = "clusterName parameter" if member == "clusterName" else "parameter name"
            raise JsonRESTError(
                "InvalidParameterException",
                f'The {said} contains invalid characters. It should conform to the regular expression "{NAME}"'
                "In other words, it should start with a number or letter, and can contain numbers, letters, dashes, "
                "and underscores.",
            )
    return iter(())


def install() -> None:
    """Check every operation whose path names a cluster."""
    model = get_service_model("eks")
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        members = shape.members if shape else {}
        if any(members[name].serialization.get("location") == "uri" for name in MEMBERS if name in members):
            validation.register("eks", operation, check)
