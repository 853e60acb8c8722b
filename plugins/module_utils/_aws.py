# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every service file shares: clients, retries, paging, and one sentence per error."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

with suppress(ImportError):
    # AnsibleAWSModule reports the missing library before anything here needs it.
    from botocore.exceptions import BotoCoreError, ClientError

from ansible_collections.amazon.aws.plugins.module_utils.cloud import BackoffIterator
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError

__all__ = ["RETRY_CODES", "NodecacheError", "call", "make_client", "once", "paged"]

# With these AWS says that it did nothing, so what must not happen twice can be asked for again.
REFUSED_CODES = (
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TooManyUpdates",
)
# What passes by itself, whichever service says it. A LimitExceeded does not: it is a quota.
RETRY_CODES = (
    *REFUSED_CODES,
    "ConcurrentModificationException",
    "InternalError",
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "ServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Unavailable",
)


@contextmanager
def call(thing: str, action: str, identifier: str) -> Iterator[None]:
    """Turn what botocore raises inside into one sentence that names the thing, the action and the id."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        raise NodecacheError(
            f"{thing} '{identifier}': could not {action} "
            f"({details.get('Code', 'Unknown')}): {details.get('Message', str(error))}"
        ) from error
    except BotoCoreError as error:
        raise NodecacheError(
            f"{thing} '{identifier}': could not {action} ({type(error).__name__}): {error}"
        ) from error


def make_client(module: Any, service: str) -> Any:
    """Return a client whose calls take C(aws_retry=True)."""
    retrying = AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES))
    # A service's model is many small objects, of which none can go yet: to look for some again and again while it is
    # read takes a third of the time for EC2's.
    gc.disable()
    try:
        return module.client(service, retry_decorator=retrying)
    finally:
        gc.enable()


def once(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Return the client's method, asked again only where AWS says that it did nothing."""
    retrying = AWSRetry.base_decorator(
        retries=10,
        found=lambda code, _more: code in REFUSED_CODES,
        status_code_from_exception=AWSRetry.status_code_from_exception,
        catch_extra_error_codes=None,
        sleep_time_generator=BackoffIterator(delay=3, backoff=2, max_delay=60, jitter=True),
    )
    asked: Callable[..., Any] = retrying(operation)
    return asked


def paged(client: Any, operation: str, key: str, **request: Any) -> list[Any]:
    """Return what all pages hold under key; each page is asked for again when AWS is busy."""
    found: list[Any] = []
    while True:
        answer = getattr(client, operation)(**request, aws_retry=True)
        found += answer.get(key) or []
        if not answer.get("NextToken"):
            return found
        request["NextToken"] = answer["NextToken"]
