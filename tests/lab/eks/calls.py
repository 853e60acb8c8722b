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


def settled(account: Any, name: str = "c") -> Any:
    """Wait until a cluster is ACTIVE, and return it."""
    return account.until(
        lambda: (one := account.eks.describe_cluster(name=name)["cluster"])["status"] == "ACTIVE" and one
    )


def change(account: Any, **changes: Any) -> Any:
    """Change the cluster's configuration, and return the update that did it."""
    update = account.eks.update_cluster_config(name="c", **changes)["update"]
    assert update["status"] == "InProgress"
    settled(account)
    answer = account.eks.describe_update(name="c", updateId=update["id"])["update"]
    assert answer["status"] == "Successful"
    return answer
