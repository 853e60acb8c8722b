# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every service file shares: clients, retries, and one sentence per error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    # AnsibleAWSModule reports the missing library; the names only have to exist until then.
    BotoCoreError = ClientError = Exception

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError

__all__ = ["RETRY_CODES", "NodecacheError", "call", "make_client"]

# amazon.aws's own list leaves ThrottlingException out.
RETRY_CODES = (
    "ConcurrentModificationException",
    "InternalException",
    "InternalServerError",
    "ServerException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "TooManyUpdates",
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
    return module.client(
        service, retry_decorator=AWSRetry.jittered_backoff(catch_extra_error_codes=list(RETRY_CODES))
    )
