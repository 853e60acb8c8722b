"""What the lab has none of: none is found by its id, and listing lists nothing.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html and
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html, each operation's own errors
"""

from __future__ import annotations

from typing import Any


def test_a_window_has_no_target_or_task_that_is_not_there(lab: Any, refuses: Any) -> None:
    given = {"Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": False}
    window = lab.ssm.create_maintenance_window(Name="nightly", **given)["WindowId"]
    some = "01234567-89ab-cdef-0123-456789abcdef"
    target = {"WindowId": window, "WindowTargetId": some}
    task = {"WindowId": window, "WindowTaskId": some}
    calls = [
        ("DoesNotExistException", "deregister_target_from_maintenance_window", target),
        ("DoesNotExistException", "deregister_task_from_maintenance_window", task),
    ]
    refuses.calls("ssm", calls)


def test_what_the_lab_has_none_of_is_listed_as_nothing(lab: Any) -> None:
    assert lab.ssm.describe_activations()["ActivationList"] == []
    assert lab.client("events").list_endpoints()["Endpoints"] == []
