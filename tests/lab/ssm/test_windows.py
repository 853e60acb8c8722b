"""Maintenance windows: what cannot be one, and changing what is there.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateMaintenanceWindow.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateMaintenanceWindow.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeregisterTargetFromMaintenanceWindow.html
"""

from __future__ import annotations

from typing import Any

import pytest

RIGHT = {"Name": "nightly", "Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": False}
NOWHERE, NONE = "mw-0123456789abcdef0", "01234567-89ab-cdef-0123-456789abcdef"
NODES = [{"Key": "tag:role", "Values": ["node"]}]


@pytest.fixture(name="window")
def window_fixture(lab: Any) -> str:
    from lab.aws.ssm import windows

    windows.install()
    return str(lab.ssm.create_maintenance_window(**RIGHT)["WindowId"])


def test_what_is_no_window(window: str, refuses: Any) -> None:
    schedules = ("nonsense", "rate(1 days)", "cron(0 0 * *)")
    wrong = [("ValidationException", {"Schedule": text}) for text in schedules]
    wrong += [("ValidationException", {"Cutoff": hours}) for hours in (2, 3, 24)]
    dates = [{"StartDate": "tomorrow"}, {"StartDate": "2030-01-02", "EndDate": "2030-01-01"}, {"EndDate": "never"}]
    dates += [{"ScheduleTimezone": zone} for zone in ("Mars/Base", "../x")]
    wrong += [("ValidationException", change) for change in [*dates, {"Schedule": "rate(7 days)", "ScheduleOffset": 1}]]
    refuses.changes("ssm", "create_maintenance_window", RIGHT, wrong)
    refuses.changes("ssm", "update_maintenance_window", {"WindowId": window}, wrong)


def test_a_window_is_changed(lab: Any, window: str) -> None:
    told = lab.ssm.update_maintenance_window(WindowId=window, Duration=4, Description="longer")
    assert (told["Name"], told["Duration"], told["Cutoff"], told["Description"]) == ("nightly", 4, 1, "longer")
    lab.ssm.update_maintenance_window(WindowId=window, Name="daily", Replace=True)
    found = lab.ssm.get_maintenance_window(WindowId=window)
    assert found["Name"] == "daily" and not found.get("Description")


def test_its_targets_and_tasks_are_changed(lab: Any, window: str, refuses: Any) -> None:
    ssm = lab.ssm
    added = ssm.register_target_with_maintenance_window(WindowId=window, ResourceType="INSTANCE", Targets=NODES)
    target = added["WindowTargetId"]
    where = [{"Key": "WindowTargetIds", "Values": [target]}]
    kind = {"TaskArn": "AWS-RunShellScript", "TaskType": "RUN_COMMAND", "MaxConcurrency": "1", "MaxErrors": "0"}
    task = ssm.register_task_with_maintenance_window(WindowId=window, Targets=where, **kind)["WindowTaskId"]
    told = ssm.update_maintenance_window_target(WindowId=window, WindowTargetId=target, Name="nodes")
    assert (told["Name"], told["Targets"]) == ("nodes", NODES)
    ssm.update_maintenance_window_task(WindowId=window, WindowTaskId=task, Priority=7, MaxErrors="1")
    found = ssm.get_maintenance_window_task(WindowId=window, WindowTaskId=task)
    assert (found["TaskType"], found["Priority"], found["MaxErrors"]) == ("RUN_COMMAND", 7, "1")
    name, given = "deregister_target_from_maintenance_window", {"WindowId": window, "WindowTargetId": target}
    refuses.calls("ssm", [("TargetInUseException", name, {**given, "Safe": True})])
    ssm.deregister_target_from_maintenance_window(**given)


def test_what_is_not_there_is_not_changed(window: str, refuses: Any) -> None:
    code = "DoesNotExistException"
    calls = [(code, "update_maintenance_window", {"WindowId": NOWHERE, "Name": "new"})]
    for name, key in (
        ("update_maintenance_window_target", "WindowTargetId"),
        ("update_maintenance_window_task", "WindowTaskId"),
        ("get_maintenance_window_task", "WindowTaskId"),
    ):
        calls += [(code, name, {"WindowId": one, key: NONE}) for one in (window, NOWHERE)]
    refuses.calls("ssm", calls)


def test_a_target_or_task_is_refused_as_a_whole(window: str, refuses: Any, lab: Any) -> None:
    """MaxConcurrency and MaxErrors may be left out of a task without targets only, which no command can be.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RegisterTaskWithMaintenanceWindow.html
    """
    keys = [{"Key": key, "Values": ["a"]} for key in ("nope", "tag:", "InstanceIds")]
    right = {"WindowId": window, "ResourceType": "INSTANCE", "Targets": NODES}
    wrong = [("ValidationException", {"Targets": [target]}) for target in keys]
    refuses.changes("ssm", "register_target_with_maintenance_window", right, wrong)
    task = {"WindowId": window, "TaskArn": "AWS-RunShellScript", "TaskType": "RUN_COMMAND", "Targets": NODES}
    task |= {"MaxConcurrency": "1", "MaxErrors": "0"}
    strange = [{"Key": "WindowTargetIds", "Values": [NONE]}]
    wrong = [("ValidationException", {name: None}) for name in ("MaxErrors", "MaxConcurrency", "Targets")]
    wrong += [("DoesNotExistException", {"Targets": strange}), ("DoesNotExistException", {"WindowId": NOWHERE})]
    refuses.changes("ssm", "register_task_with_maintenance_window", task, wrong)
    alone = {"WindowId": window, "TaskArn": "nodecache-test", "TaskType": "AUTOMATION"}
    assert lab.ssm.register_task_with_maintenance_window(**alone)["WindowTaskId"]
