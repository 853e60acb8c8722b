# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every service file shares: clients, retries, paging, and one sentence per error."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from typing import Any

with suppress(ImportError):
    # AnsibleAWSModule reports the missing library before anything here needs it.
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, DataNotFoundError, NoRegionError

from ansible.module_utils.ansible_release import __version__ as ansible_version
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.cloud import BackoffIterator
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry, RetryingBotoClientWrapper
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
        raise NodecacheError(f"{thing} '{identifier}': could not {action} ({type(error).__name__}): {error}") from error


@lru_cache(maxsize=1)
def open_session(_module: Any, profile: str | None) -> Any:
    """Return the session that all clients of a module share.

    With one of its own, as C(module.client) gives it, each client would read anew which services and regions there
    are, which takes several times as long as the model of its service.
    """
    return Session(profile_name=profile)


def make_client(module: Any, service: str, api_version: str | None = None) -> Any:
    """Return a client whose calls take C(aws_retry=True), of the version named, or else of the newest there is."""
    region, endpoint, how = get_aws_connection_info(module)
    profile = how.pop("profile_name", None)
    config = Config(user_agent_extra=f"APN/1.0 Ansible/{ansible_version} nodecache.eks").merge(
        how.pop("aws_config", None) or Config()
    )
    # A service's model is many small objects that stay until the task ends: to look for some that can go, again and
    # again while it is read and after, takes as long as to read it.
    gc.disable()
    try:
        connect = partial(
            open_session(module, profile).client,
            service,
            region_name=region,
            endpoint_url=endpoint,
            config=config,
            **how,
        )
        try:
            client = connect(api_version=api_version)
        except DataNotFoundError:
            # A botocore that somebody made smaller lacks older versions.
            client = connect()
    except NoRegionError:
        module.fail_json(msg="region is not set, and neither the environment nor the profile names one.")
    except (BotoCoreError, ValueError) as error:
        module.fail_json_aws(error, msg=f"could not make the client of {service}")
    finally:
        gc.freeze()
        gc.enable()
    return RetryingBotoClientWrapper(client, AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES)))


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
