"""Run Command: what commands there are, and what each came to on its nodes."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm.document_run import steps_of
from lab.aws.ssm.invocations import FINAL, Invocation, Plugin
from lab.aws.ssm.output import STDERR_LIMIT, STDOUT_LIMIT, cut
from lab.aws.ssm.runs import Run
from lab.aws.ssm.support import error, moment, operation, page, short_name
from lab.aws.ssm.targets import instances

# For a moment after SendCommand there are no invocations: GetCommandInvocation answers InvocationDoesNotExist, and
# ListCommandInvocations lists none (https://github.com/aws/aws-cli/issues/3546). An unknown command looks the same.
VISIBLE_AFTER = 0.3
_STATES = ("Pending", "InProgress", "Success", "Cancelled", "Failed", "TimedOut", "AccessDenied")
_DETAILS = ("DeliveryTimedOut", "ExecutionTimedOut", "Cancelling")
COMMAND_STATES = (*_STATES, *_DETAILS, "Incomplete", "NoInstancesInTag", "LimitExceeded")
INVOCATION_STATES = (*_STATES, *_DETAILS, "Delayed", "Undeliverable", "InvalidPlatform", "Terminated")


def _outputs(run: Run) -> dict[str, Any]:
    """Return where a command tells of itself; what it was not given is empty, as AWS's own examples have it.

    https://docs.aws.amazon.com/cli/latest/reference/ssm/send-command.html
    """
    silent = {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""}
    unlogged = {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": False}
    return {
        "NotificationConfig": silent | (run.request.get("NotificationConfig") or {}),
        "CloudWatchOutputConfig": unlogged | (run.request.get("CloudWatchOutputConfig") or {}),
    }


def describe(run: Run, fresh: bool = False) -> dict[str, Any]:
    """Describe a command; a fresh one does not know its nodes yet."""
    request = run.request
    invocations = list(run.invocations.values())
    status, details = ("Pending", "Pending") if fresh else run.outcome()
    return {
        "CommandId": run.command_id,
        "DocumentName": run.request.get("DocumentName") or run.document.name,
        "DocumentVersion": request.get("DocumentVersion", "$DEFAULT"),
        "Comment": request.get("Comment", ""),
        "ExpiresAfter": run.expires,
        "Parameters": run.parameters,
        "InstanceIds": request.get("InstanceIds") or [],
        "Targets": request.get("Targets") or [],
        "RequestedDateTime": run.requested,
        "Status": status,
        "StatusDetails": details,
        "OutputS3Region": run.backend.region_name,
        "OutputS3BucketName": request.get("OutputS3BucketName", ""),
        "OutputS3KeyPrefix": request.get("OutputS3KeyPrefix", ""),
        "MaxConcurrency": run.max_concurrency,
        "MaxErrors": run.max_errors,
        # Nodes that were named are counted at once, those that are yet to be found by their tags are not.
        "TargetCount": len(request.get("InstanceIds") or []) if fresh else len(invocations),
        "CompletedCount": 0 if fresh else sum(i.status in FINAL for i in invocations),
        "ErrorCount": 0 if fresh else run.errors,
        "DeliveryTimedOutCount": sum(i.details == "DeliveryTimedOut" for i in invocations),
        "ServiceRole": request.get("ServiceRoleArn", ""),
        **_outputs(run),
        "TimeoutSeconds": run.timeout,
        **({"AlarmConfiguration": request["AlarmConfiguration"]} if "AlarmConfiguration" in request else {}),
        **({"TriggeredAlarms": run.alarms} if run.alarms else {}),
    }


def hidden_runs(backend: SimpleSystemManagerBackend) -> dict[str, Run]:
    """Return the runs of associations: one can be asked for by its id, but is in no list."""
    return vars(backend).setdefault("lab_association_runs", {})


def run_of(backend: SimpleSystemManagerBackend, command_id: str) -> Run:
    """Return the command with this id."""
    for run in backend._commands:
        if run.command_id == command_id:
            return run
    raise error("InvalidCommandId", f"The command ID {command_id} is not valid.")


def _listed(backend: SimpleSystemManagerBackend, params: dict[str, Any], states: tuple[str, ...]) -> list[Run]:
    """Return the commands a listing is about, once its filters are known to be good."""
    for row in params.get("Filters") or []:
        allowed = {"Status": states, "ExecutionStage": ("Executing", "Complete")}.get(row["key"])
        if row["key"] == "ExecutionStage" and states is INVOCATION_STATES:
            raise error("InvalidFilterKey", "ExecutionStage can't be used with ListCommandInvocations.")
        if allowed and row["value"] not in allowed:
            raise error("ValidationException", f"The {row['key']} {row['value']!r} is none of {', '.join(allowed)}.")
    known = {*instances(backend), *(key for run in backend._commands for key in run.invocations)}
    if params.get("InstanceId") and params["InstanceId"] not in known:
        raise error("InvalidInstanceId", f"The instance ID {params['InstanceId']} is not valid.")
    if params.get("CommandId") and states is INVOCATION_STATES:
        return [run for run in backend._commands if run.command_id == params["CommandId"]]
    if params.get("CommandId"):
        return [run_of(backend, params["CommandId"])]
    return sorted(backend._commands, key=lambda run: run.requested, reverse=True)


def _passes(state: tuple[str, str], run: Run, params: dict[str, Any]) -> bool:
    for row in params.get("Filters") or []:
        key, value = row["key"], row["value"]
        if key in ("InvokedAfter", "InvokedBefore"):
            passed = (run.requested > moment(value)) == (key == "InvokedAfter")
        elif key == "Status":
            passed = value in state
        elif key == "ExecutionStage":
            passed = value == ("Complete" if run.done else "Executing")
        else:
            passed = short_name(value) == run.document.name
        if not passed:
            return False
    return True


def list_commands(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List commands, newest first."""
    wanted = params.get("InstanceId")
    runs = [run for run in _listed(backend, params, COMMAND_STATES) if not wanted or wanted in run.invocations]
    return page([describe(run) for run in runs if _passes(run.outcome(), run, params)], params, "Commands")


def _plugin(run: Run, plugin: Plugin) -> dict[str, Any]:
    row = {
        "Name": plugin.name,
        "Status": plugin.status,
        "StatusDetails": plugin.details,
        "ResponseCode": plugin.code,
        "ResponseStartDateTime": plugin.started,
        "Output": plugin.output,
        "StandardOutputUrl": plugin.stdout_url,
        "StandardErrorUrl": plugin.stderr_url,
        "OutputS3Region": run.backend.region_name,
        "OutputS3BucketName": run.request.get("OutputS3BucketName", ""),
        "OutputS3KeyPrefix": run.request.get("OutputS3KeyPrefix", ""),
    }
    return row | ({"ResponseFinishDateTime": plugin.finished} if plugin.finished else {})


def _invocation(run: Run, one: Invocation, name: str, details: bool) -> dict[str, Any]:
    status, status_details = one.state
    plugins = list(one.plugins)
    return {
        "CommandId": run.command_id,
        "InstanceId": one.instance_id,
        "InstanceName": name,
        "Comment": run.request.get("Comment", ""),
        "DocumentName": run.request.get("DocumentName") or run.document.name,
        "DocumentVersion": run.request.get("DocumentVersion", "$DEFAULT"),
        "RequestedDateTime": run.requested,
        "Status": status,
        "StatusDetails": status_details,
        "StandardOutputUrl": plugins[0].stdout_url if len(plugins) == 1 else "",
        "StandardErrorUrl": plugins[0].stderr_url if len(plugins) == 1 else "",
        "CommandPlugins": [_plugin(run, plugin) for plugin in plugins] if details else [],
        "ServiceRole": run.request.get("ServiceRoleArn", ""),
        **_outputs(run),
    }


def list_command_invocations(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List what the nodes did; their output too when Details is set."""
    wanted = params.get("InstanceId")
    known = instances(backend)
    rows = []
    for run in _listed(backend, params, INVOCATION_STATES):
        if not run.done and not _visible(run):
            continue
        for one in run.invocations.values():
            if (not wanted or one.instance_id == wanted) and _passes(one.state, run, params):
                name = known[one.instance_id].private_dns_name if one.instance_id in known else ""
                rows.append(_invocation(run, one, name, params.get("Details", False)))
    return page(rows, params, "CommandInvocations")


def _visible(run: Run) -> bool:
    return time.time() - run.requested.timestamp() >= VISIBLE_AFTER


def _step(run: Run, name: str | None) -> str:
    """Return the step a request names, or the only one there is."""
    names = [step["name"] for step in steps_of(run.document.content_json)]
    if name not in names and not (name is None and len(names) == 1):
        raise error("InvalidPluginName", f"The plugin name is not valid: name one of {', '.join(names)}.")
    return name or names[0]


def get_command_invocation(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return one step's result on one node."""
    known = [*backend._commands, *hidden_runs(backend).values()]
    run = next((run for run in known if run.command_id == params["CommandId"] and _visible(run)), None)
    one = run.invocations.get(params["InstanceId"]) if run else None
    if run is None or one is None:
        raise error(
            "InvocationDoesNotExist", "The command ID and managed node ID specified did not match any invocations."
        )
    name = _step(run, params.get("PluginName"))
    # Read before the step's own result, which is complete by the time this is final.
    status, details = one.state
    plugin = next((step for step in one.plugins if step.name == name), None)
    if plugin and len(steps_of(run.document.content_json)) > 1:
        status, details = plugin.status, plugin.details
    return {
        "CommandId": run.command_id,
        "InstanceId": one.instance_id,
        "Comment": run.request.get("Comment", ""),
        "DocumentName": run.request.get("DocumentName") or run.document.name,
        "DocumentVersion": run.request.get("DocumentVersion", "$DEFAULT"),
        "PluginName": name,
        "Status": status,
        "StatusDetails": details,
        "CloudWatchOutputConfig": _outputs(run)["CloudWatchOutputConfig"],
        **_result(plugin),
    }


def _result(plugin: Plugin | None) -> dict[str, Any]:
    return {
        "ResponseCode": plugin.code if plugin else -1,
        "ExecutionStartDateTime": _iso(plugin.started) if plugin else "",
        "ExecutionElapsedTime": _elapsed(plugin),
        "ExecutionEndDateTime": _iso(plugin.finished) if plugin and plugin.finished else "",
        "StandardOutputContent": cut(plugin.stdout, STDOUT_LIMIT) if plugin else "",
        "StandardOutputUrl": plugin.stdout_url if plugin else "",
        "StandardErrorContent": cut(plugin.stderr, STDERR_LIMIT) if plugin else "",
        "StandardErrorUrl": plugin.stderr_url if plugin else "",
    }


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _elapsed(plugin: Plugin | None) -> str:
    if plugin is None or plugin.finished is None:
        return ""
    seconds = round((plugin.finished - plugin.started).total_seconds(), 3)
    minutes, rest = divmod(seconds, 60)
    return (f"PT{int(minutes)}M" if minutes else "PT") + f"{rest:g}S"


def install() -> None:
    """Replace moto's listings."""
    operation("ListCommands", "list_commands", list_commands)
    operation("ListCommandInvocations", "list_command_invocations", list_command_invocations)
    operation("GetCommandInvocation", "get_command_invocation", get_command_invocation)
