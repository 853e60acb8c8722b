"""What the tests of several services do alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

# What the client itself would refuse is sent, and once.
UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until the condition holds and return what it came to."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def answer(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Make a call that AWS refuses, and return the answer."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answered: dict[str, Any] = refused.value.response
    return answered


def code(call: Callable[..., Any], **arguments: Any) -> str:
    """Return the code that a call is refused with."""
    return str(answer(call, **arguments)["Error"]["Code"])


def refusal(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Return the error of a service that has one status for all of them."""
    answered = answer(call, **arguments)
    assert answered["ResponseMetadata"]["HTTPStatusCode"] == 400, answered
    error: dict[str, Any] = answered["Error"]
    assert error["Message"]
    return error


def refused(client: Any, operation: str, **request: Any) -> dict[str, Any]:
    """Return the error of a call that is given by its operation's name."""
    return refusal(getattr(client, operation), **request)
