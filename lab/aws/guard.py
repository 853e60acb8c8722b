"""Checks in front of operations of services that speak no JSON: what moto has parsed is what is checked.

Of Auto Scaling and CloudWatch the model is asked as well; both answer with ValidationError:
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores, get_service_model

from lab.aws.validation import Mistyped, violations

Check = Callable[[Any, Mapping[str, Any]], None]


def before(responses: type[BaseResponse], operation: str, *checks: Check) -> None:
    """Make these checks before an operation, once however often it is asked; each raises what it finds."""
    name = camelcase_to_underscores(operation)
    method = getattr(responses, name, None)
    if method is None:
        return
    known: list[Check] = getattr(method, "lab_checks", [])
    known += [check for check in checks if check not in known]
    if hasattr(method, "lab_checks"):
        return

    @functools.wraps(method)
    def respond(self: BaseResponse) -> Any:
        for check in known:
            check(self, self.params if isinstance(self.params, Mapping) else {})
        return method(self)

    respond.lab_checks = known  # type: ignore[attr-defined]
    setattr(responses, name, respond)


@functools.cache
def _model(service: str, operation: str, error: type[ServiceException]) -> Check:
    def check(_self: Any, params: Mapping[str, Any]) -> None:
        try:
            found = violations(service, operation, params)
        except Mistyped:
            # What no parser could read moto refuses itself.
            return
        if found:
            errors = "error" if len(found) == 1 else "errors"
            raise error(f"{len(found)} validation {errors} detected: {'; '.join(found)}")

    return check


def by_model(responses: type[BaseResponse], service: str, error: type[ServiceException]) -> None:
    """Hold every operation of a service against botocore's model."""
    for operation in get_service_model(service).operation_names:
        before(responses, operation, _model(service, operation, error))
