"""What the services that moto answers alone say to a request they cannot take: their own error, not a page in HTML.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html and
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from botocore.model import OperationNotFoundError
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, get_service_model, method_names_from_class
from moto.ec2.exceptions import FilterNotImplementedError
from werkzeug.exceptions import HTTPException

LOG = logging.getLogger("lab.aws")
# The code of each service for a parameter that is missing, and for one that is wrong.
CODES = {
    "ec2": ("MissingParameter", "InvalidParameterValue"),
    "autoscaling": ("ValidationError", "ValidationError"),
    "sqs": ("MissingParameter", "InvalidParameterValue"),
    "sns": ("InvalidParameter", "InvalidParameter"),
    "logs": ("InvalidParameterException", "InvalidParameterException"),
    "cloudwatch": ("MissingParameter", "InvalidParameterValue"),
}
# What these say without an instance: https://github.com/gruntwork-io/cloud-nuke/issues/731 has EC2's words.
OF_INSTANCES = ("RebootInstances", "StartInstances", "StopInstances", "TerminateInstances")
# Of these moto has EC2's own words, which name the list and not its members.
MOTOS = ("CreateTags", "DeleteTags")
_inner: Callable[..., Any] = BaseResponse._dispatch


class Refused(ServiceException):
    """A refusal; of one that is in its own package moto asks which service's it is."""


def _unknown(service: str, action: str) -> Refused:
    if get_service_model(service).metadata["protocol"] == "json":
        return Refused("UnknownOperationException", "")
    return Refused("InvalidAction", f"The action {action} is not valid for this web service.")


def _missing(response: BaseResponse, service: str, action: str) -> Refused | None:
    """Return what the service says of a required member that a request lacks."""
    model = get_service_model(service)
    shape = model.operation_model(action).input_shape
    if shape is None or not shape.required_members or action in MOTOS:
        return None
    response.parse_parameters(response.normalized_request)
    for name in shape.required_members:
        # In the query protocol a queue's URL is the request's own: https://docs.aws.amazon.com/AWSSimpleQueueService/
        # latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
        if (service, name) == ("sqs", "QueueUrl") and response.path.strip("/"):
            continue
        # An empty map leaves nothing on the wire in the query protocol: no service can tell it from a missing one.
        if shape.members[name].type_name == "map" and model.metadata["protocol"] == "query":
            continue
        if response.params.get(name) is None:
            if action in OF_INSTANCES:
                return Refused("InvalidParameterCombination", "No instances specified")
            code = CODES[service][0]
            if code == "MissingParameter":
                wire = shape.members[name].serialization
                said = wire.get("queryName") or wire.get("name") or name
                return Refused(code, f"The request must contain the parameter {said}")
            path = name[:1].lower() + name[1:]
            said = f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
            return Refused(code, f"1 validation error detected: {said}")
    return None


def _refusal(response: BaseResponse, service: str, action: str) -> Refused | None:
    if camelcase_to_underscores(action) not in method_names_from_class(type(response)):
        return _unknown(service, action)
    return _missing(response, service, action)


def _dispatch(self: BaseResponse, request: Any, full_url: str | None = None, headers: Any = None) -> Any:
    service = self.service_name
    if service not in CODES:
        return _inner(self, request, full_url, headers)
    action = ""
    try:
        self.setup_class(request, full_url, headers)
        action = self._get_action()
        refused = _refusal(self, service, action)
        if refused is None:
            return self.call_action()
    except HTTPException:
        raise
    except FilterNotImplementedError as unknown:
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
        refused = Refused(CODES[service][1], f"A filter is not valid: {unknown}")
    except (NotImplementedError, OperationNotFoundError) as unknown:
        refused = _unknown(service, action or self._get_action())
        if str(unknown).startswith("Filter dict"):
            # Moto's other way to say the same.
            refused = Refused(CODES[service][1], f"A filter is not valid: {unknown}")
    except Exception:
        # moto stumbles over values that it does not check, where AWS names the value.
        LOG.exception("%s %s", service, action)
        refused = Refused(CODES[service][1], "A parameter's value is not valid.")
    return self.serialized(ActionResult(refused))


def install() -> None:
    """Answer in front of whatever dispatches now."""
    global _inner
    if BaseResponse._dispatch is not _dispatch:
        _inner = BaseResponse._dispatch
    BaseResponse._dispatch = _dispatch  # type: ignore[method-assign]
