"""What a document came to on one node: which status follows which.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CancelCommand.html
"""

from __future__ import annotations

import threading

import pytest

from lab.aws.ssm.invocations import Invocation, Plugin


def invocation(*statuses: str) -> tuple[Invocation, list[str]]:
    """Return an invocation that went through these statuses, and what it told of itself since."""
    told: list[str] = []
    made = Invocation("i-1", threading.Condition(), lambda one: told.append(one.status))
    for status in statuses:
        made.set(status)
    told.clear()
    return made, told


def test_it_waits_until_the_node_takes_it() -> None:
    one, told = invocation()
    assert (one.status, one.details) == ("Pending", "Pending")
    assert one.begin() and told == ["InProgress"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], "Cancelled"),
        (["InProgress"], "Cancelling"),
        (["InProgress", "Success"], "Success"),
        (["InProgress", "Failed"], "Failed"),
    ],
)
def test_cancelling_ends_what_waits_and_asks_what_runs(before: list[str], after: str) -> None:
    one, _ = invocation(*before)
    one.cancel()
    assert one.status == after and one.cancelled.is_set()


@pytest.mark.parametrize("status", ["Cancelled", "InProgress", "Success"])
def test_only_what_is_pending_begins(status: str) -> None:
    one, told = invocation(status)
    assert not one.begin() and told == []


def test_details_say_more_than_the_status() -> None:
    one, told = invocation()
    one.set("TimedOut", "DeliveryTimedOut")
    assert one.state == ("TimedOut", "DeliveryTimedOut") and told == ["TimedOut"]


def test_a_step_that_ended_has_a_code_and_a_time() -> None:
    step = Plugin("one")
    assert (step.status, step.code, step.finished) == ("InProgress", -1, None)
    step.end("Failed", "Failed", 3)
    assert (step.status, step.code) == ("Failed", 3) and step.finished and step.finished >= step.started
