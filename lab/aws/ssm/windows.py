"""Maintenance windows, as far as moto keeps them: what cannot be one, and changing what is there. None is ever run.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateMaintenanceWindow.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateMaintenanceWindow.html
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import camelcase_to_underscores
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.aws import schedule
from lab.aws.ssm import targets as ssm_targets
from lab.aws.ssm.support import error, moment, operation
from lab.aws.validation import register

WINDOW = ("Name", "Description", "StartDate", "EndDate", "Schedule", "ScheduleTimezone", "ScheduleOffset")
WINDOW += ("Duration", "Cutoff")
TARGET = ("Targets", "OwnerInformation", "Name", "Description")
TASK = ("Targets", "TaskArn", "ServiceRoleArn", "TaskParameters", "TaskInvocationParameters", "Priority")
TASK += ("MaxConcurrency", "MaxErrors", "LoggingInfo", "Name", "Description", "CutoffBehavior", "AlarmConfiguration")
ATTRIBUTES = {"AlarmConfiguration": "alarm_configurations"}
_deregister_target = SimpleSystemManagerResponse.deregister_target_from_maintenance_window
_register_task = SimpleSystemManagerResponse.register_task_with_maintenance_window


def check_window(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a schedule that is none, and a window that would be over before it lets tasks start."""
    expression = params.get("Schedule")
    if expression:
        try:
            schedule.next_run(expression, datetime.now(UTC))
        except schedule.ScheduleError as wrong:
            yield f"The schedule is not valid: {wrong}"
        if params.get("ScheduleOffset") and expression.startswith("rate"):
            yield "ScheduleOffset needs a cron expression."
    try:
        dates = [moment(params[name]) for name in ("StartDate", "EndDate") if params.get(name)]
        zoneinfo.ZoneInfo(params.get("ScheduleTimezone") or "UTC")
    except (ServiceException, ValueError, zoneinfo.ZoneInfoNotFoundError) as wrong:
        yield f"StartDate, EndDate or ScheduleTimezone is not valid: {wrong}"
    else:
        if len(dates) == 2 and dates[0] >= dates[1]:
            yield "EndDate must be after StartDate."
    if "Duration" in params and "Cutoff" in params and params["Cutoff"] >= params["Duration"]:
        yield "The cutoff must be less than the duration of the maintenance window."


def check_target(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a target by a key that no node has.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RegisterTargetWithMaintenanceWindow.html
    """
    try:
        ssm_targets.check(params["Targets"], "ValidationException")
    except ServiceException as wrong:
        yield wrong.message


def check_task(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a command for no nodes, and one for nodes that does not say at how many to start and to stop.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RegisterTaskWithMaintenanceWindow.html
    """
    if params["TaskType"] == "RUN_COMMAND" and not params.get("Targets"):
        yield "A task of type RUN_COMMAND needs targets."
    if params.get("Targets") and not (params.get("MaxConcurrency") and params.get("MaxErrors")):
        yield "A task with targets needs MaxConcurrency and MaxErrors."


def register_task(self: SimpleSystemManagerResponse) -> Any:
    """Add a task whose targets the window has."""
    window = self.ssm_backend.windows.get(self._get_param("WindowId"))
    for row in (self._get_param("Targets") or []) if window else ():
        for name in row.get("Values") or [] if row.get("Key") == "WindowTargetIds" else ():
            _part(window.targets, name)
    return _register_task(self)


def _window(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> Any:
    found = backend.windows.get(params["WindowId"])
    if found is None:
        raise error("DoesNotExistException", f"Maintenance window {params['WindowId']} does not exist.")
    return found


def _part(kept: dict[str, Any], key: str) -> Any:
    if key not in kept:
        raise error("DoesNotExistException", f"{key} does not exist in this maintenance window.")
    return kept[key]


def _attribute(name: str) -> str:
    return ATTRIBUTES.get(name, camelcase_to_underscores(name))


def _show(thing: Any, names: tuple[str, ...]) -> dict[str, Any]:
    told = {name: getattr(thing, _attribute(name)) for name in names}
    return {name: value for name, value in told.items() if value is not None}


def _change(thing: Any, params: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Set what a request names; with Replace, what it leaves out is reset."""
    for name in names:
        if name in params or (params.get("Replace") and name not in ("Name", "Duration", "Cutoff", "Schedule")):
            setattr(thing, _attribute(name), params.get(name))
    return _show(thing, names)


def update_maintenance_window(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Change a window."""
    window = _window(backend, params)
    for fault in check_window({"Duration": window.duration, "Cutoff": window.cutoff, **params}):
        raise error("ValidationException", fault)
    return {"WindowId": window.id, "Enabled": params.get("Enabled", True), **_change(window, params, WINDOW)}


def update_maintenance_window_target(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Change what a window is for."""
    target = _part(_window(backend, params).targets, params["WindowTargetId"])
    ids = {key: params[key] for key in ("WindowId", "WindowTargetId")}
    return ids | _change(target, params, TARGET)


def update_maintenance_window_task(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Change what a window runs."""
    task = _part(_window(backend, params).tasks, params["WindowTaskId"])
    return {key: params[key] for key in ("WindowId", "WindowTaskId")} | _change(task, params, TASK)


def get_maintenance_window_task(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return one task of a window."""
    task = _part(_window(backend, params).tasks, params["WindowTaskId"])
    ids = {key: params[key] for key in ("WindowId", "WindowTaskId")}
    return ids | {"TaskType": task.task_type} | _show(task, TASK)


def deregister_target(self: SimpleSystemManagerResponse) -> Any:
    """Remove a target, unless a task is for it and that was to be looked at."""
    window = self.ssm_backend.windows.get(self._get_param("WindowId"))
    target = self._get_param("WindowTargetId")
    if window is not None and self._get_bool_param("Safe", False):
        for task in window.tasks.values():
            if any(target in row.get("Values", []) for row in task.targets or []):
                raise error("TargetInUseException", f"The target {target} is used by the task {task.window_task_id}.")
    return _deregister_target(self)


def install() -> None:
    """Add these to moto."""
    register("ssm", "CreateMaintenanceWindow", check_window)
    register("ssm", "RegisterTargetWithMaintenanceWindow", check_target)
    register("ssm", "RegisterTaskWithMaintenanceWindow", check_task)
    name = "deregister_target_from_maintenance_window"
    setattr(SimpleSystemManagerResponse, name, deregister_target)
    name = "register_task_with_maintenance_window"
    setattr(SimpleSystemManagerResponse, name, register_task)
    for name, handler in (
        ("UpdateMaintenanceWindow", update_maintenance_window),
        ("UpdateMaintenanceWindowTarget", update_maintenance_window_target),
        ("UpdateMaintenanceWindowTask", update_maintenance_window_task),
        ("GetMaintenanceWindowTask", get_maintenance_window_task),
    ):
        operation(name, handler.__name__, handler)
