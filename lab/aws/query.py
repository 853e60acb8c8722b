"""IAM and STS speak XML: in front of all their operations stand the checks that the JSON services have in validation.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import logging
import re
import uuid
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationNotFoundError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores, get_service_model, method_names_from_class
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from lab.aws.validation import violations

LOG = logging.getLogger("lab.aws")
# What XML cannot hold, and a message can that repeats what was sent.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Who may not, or is nobody: https://github.com/amzn/selling-partner-api-models/issues/891 shows the status.
_FORBIDDEN = re.compile(r"<Code>(AccessDenied|ExpiredToken|InvalidClientTokenId)</Code>")
# What IAM says of a path and of a name: https://github.com/aws-cloudformation/cfn-lint/issues/722,
# https://github.com/aws/aws-cli/issues/5860 and https://github.com/aws-amplify/amplify-cli/issues/9120 have its words.
_PATHS = "contain only alphanumeric characters and/or / characters."
_WORDS = {
    "path": f"begin and end with / and {_PATHS}",
    "pathPrefix": f"begin with the / character and {_PATHS}",
    r"[\w+=,.@-]+": "contain only alphanumeric characters and/or the following: +=,.@_-",
}
_BROKEN = re.compile(
    r"Value '.*' at '(\w+)' failed to satisfy constraint: Member must satisfy reg.* pattern: (.*)", re.S
)


class _Refused(Exception):
    """What a client did wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _answer(service: str, status: int, code: str, message: str) -> Any:
    space = get_service_model(service).metadata["xmlNamespace"]
    fault = "Sender" if status < 500 else "Receiver"
    said = escape(_UNREADABLE.sub("?", message))
    body = (
        f'<ErrorResponse xmlns="{space}"><Error><Type>{fault}</Type><Code>{code}</Code>'
        f"<Message>{said}</Message></Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"}, body


def _said(service: str, found: list[str]) -> str:
    broken = _BROKEN.fullmatch(found[0])
    if service == "iam" and len(found) == 1 and broken:
        words = _WORDS.get(broken[1]) or _WORDS.get(broken[2])
        if words:
            return f"The specified value for {broken[1]} is invalid. It must {words}"
    errors = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {errors} detected: {'; '.join(found)}"


def _check(self: BaseResponse, request: Any) -> None:
    service, action = str(self.service_name), request.values.get("Action", "")
    if not action:
        raise _Refused("MissingAction", "The request is missing an action parameter.")
    model_of_all = get_service_model(service)
    unknown = _Refused("InvalidAction", f"Could not find operation {action} for version {model_of_all.api_version}")
    try:
        model = model_of_all.operation_model(action)
    except OperationNotFoundError as wrong:
        raise unknown from wrong
    try:
        asked = {"values": request.values, "headers": request.headers, "url_path": request.path}
        params = PROTOCOL_PARSERS["query"](model, map_type=dict).parse(asked)
    except (ValueError, TypeError, AttributeError) as wrong:
        raise _Refused("MalformedInput", "") from wrong
    if found := violations(service, action, params):
        raise _Refused("ValidationError", _said(service, found))
    if camelcase_to_underscores(action) not in method_names_from_class(type(self)):
        raise unknown


def _dispatch(self: BaseResponse, request: Any, full_url: str | None = None, headers: Any = None) -> Any:
    service = str(self.service_name)
    try:
        _check(self, request)
        status, told, body = BaseResponse._dispatch(self, request, full_url, headers)
        return 403 if status == 400 and _FORBIDDEN.search(str(body)) else status, told, body
    except _Refused as refused:
        return _answer(service, 400, refused.code, refused.message)
    except Exception:
        # A fault here is no client's, but a client should read it as one of the service's, not as a page in HTML.
        LOG.exception("%s %s", service, request.values.get("Action"))
        message = "The request processing has failed because of an unknown error."
        return _answer(service, 500, "InternalFailure", message)


def install() -> None:
    """Check every request of these services in front of moto."""
    for responses in (IamResponse, TokenResponse):
        responses._dispatch = _dispatch  # type: ignore[method-assign]
