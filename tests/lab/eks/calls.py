"""What the tests of EKS do alike."""

from __future__ import annotations

from typing import Any

from tests.lab.calls import answer


def refused(client: Any, operation: str, **request: Any) -> dict[str, Any]:
    """Make a call that EKS refuses, each error with a status of its own, and return the error."""
    answered = answer(getattr(client, operation), **request)
    assert 400 <= answered["ResponseMetadata"]["HTTPStatusCode"] < 500, answered
    error: dict[str, Any] = answered["Error"]
    return error
