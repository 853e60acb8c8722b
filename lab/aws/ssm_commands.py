"""Run Command: send, follow, list and cancel."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws import document_run
from lab.aws.ssm_documents import document, short_name
from lab.aws.ssm_runs import FINAL, Invocation, Plugin, Run
from lab.aws.ssm_support import (
    check_targets,
    error,
    fleet,
    instances,
    managed,
    match,
    moment,
    operation,
    page,
)

LIST_LIMIT, STDOUT_LIMIT, STDERR_LIMIT = 2500, 24000, 8000
ERROR_TITLE = "\n----------ERROR-------\n"
OUTPUT_CUT, ERROR_CUT = "\n---Output truncated---", "\n---Error truncated----"
CUT = "--output truncated--"

# AWS answers InvocationDoesNotExist for a moment after SendCommand; callers must be ready for it.
VISIBLE_AFTER = 0.3


def truncate(stdout: str, stderr: str, capacity: int = LIST_LIMIT) -> str:
    """Join and cut both outputs as the agent does."""
    title = ERROR_TITLE if stderr else ""
    space = capacity - len(title)
    if len(stdout) + len(stderr) < space:
        return stdout + title + stderr
    space -= len(OUTPUT_CUT) + len(ERROR_CUT)
    half = space // 2
    if len(stderr) < half:
        return stdout[: space - len(stderr)] + OUTPUT_CUT + title + stderr
    if len(stdout) < half:
        return stdout + title + stderr[: space - len(stdout)] + ERROR_CUT
    return stdout[:half] + OUTPUT_CUT + title + stderr[:half] + ERROR_CUT


def cut(text: str, limit: int) -> str:
    """Cut one output as GetCommandInvocation does."""
    return text if len(text) <= limit else text[: limit - len(CUT)] + CUT


def runnable(backend: SimpleSystemManagerBackend, request: dict[str, Any]) -> Any:
    """Return the Command document a request names, with the request's parameters checked against it."""
    name = request.get("DocumentName") or request["Name"]
    found = document(backend, name, request.get("DocumentVersion"))
    if found.document_type != "Command":
        raise error("InvalidDocument", f"Document {found.name} has type {found.document_type}: it cannot run on nodes.")
    if request.get("DocumentHash") and request["DocumentHash"] != found.hash:
        raise error("InvalidDocument", f"The hash of document {found.name} is not the one the request names.")
    try:
        document_run.check_parameters(found.content_json, request.get("Parameters") or {})
    except document_run.DocumentError as wrong:
        raise error("InvalidParameters", f"Document {found.name}: {wrong}") from wrong
    return found


def _chosen(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> list[str]:
    ids, targets = params.get("InstanceIds") or [], params.get("Targets") or []
    if bool(ids) == bool(targets):
        raise error("ValidationException", "Exactly one of InstanceIds and Targets must be given.")
    if targets:
        check_targets(targets, "ValidationException")
        found = managed(backend).values()
        return [i.id for i in found if i.state == "running" and fleet().online(i.id) and match(i, targets)]
    if len(set(ids)) != len(ids):
        raise error("DuplicateInstanceId", "You can't specify an instance ID more than once.")
    unknown = sorted(set(ids) - set(managed(backend)))
    if unknown:
        listed = ", ".join(unknown)
        raise error(
            "InvalidInstanceId", f"Instances [[{listed}]] not in a valid state for account {backend.account_id}"
        )
    return list(ids)


def _describe(run: Run, fresh: bool = False) -> dict[str, Any]:
    request = run.request
    invocations = list(run.invocations.values())
    status, details = ("Pending", "Pending") if fresh else run.outcome()
    return {
        "CommandId": run.command_id,
        "DocumentName": request["DocumentName"],
        "DocumentVersion": request.get("DocumentVersion", "$DEFAULT"),
        "Comment": request.get("Comment", ""),
        "ExpiresAfter": run.expires,
        "Parameters": run.parameters,
        "InstanceIds": request.get("InstanceIds") or [],
        "Targets": request.get("Targets") or [],
        "RequestedDateTime": run.requested,
        "Status": status,
        "StatusDetails": details,
        "OutputS3BucketName": request.get("OutputS3BucketName", ""),
        "OutputS3KeyPrefix": request.get("OutputS3KeyPrefix", ""),
        "MaxConcurrency": run.max_concurrency,
        "MaxErrors": run.max_errors,
        "TargetCount": 0 if fresh else len(invocations),
        "CompletedCount": 0 if fresh else sum(i.status in FINAL for i in invocations),
        "ErrorCount": 0 if fresh else run.errors,
        "DeliveryTimedOutCount": sum(i.details == "DeliveryTimedOut" for i in invocations),
        "ServiceRole": request.get("ServiceRoleArn", ""),
        "NotificationConfig": request.get("NotificationConfig") or {},
        "TimeoutSeconds": run.timeout,
    }


def start(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> Run:
    """Check everything AWS checks, then start the command in the background."""
    run = Run(backend, runnable(backend, params), params, _chosen(backend, params))
    backend._commands.append(run)
    run.start()
    return run


def send_command(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Send a command; the answer knows nothing of its nodes yet."""
    return {"Command": _describe(start(backend, params), fresh=True)}


def hidden_runs(backend: SimpleSystemManagerBackend) -> dict[str, Run]:
    """Return the runs of associations: one can be asked for by its id, but is in no list."""
    return vars(backend).setdefault("lab_association_runs", {})


def _run(backend: SimpleSystemManagerBackend, command_id: str, hidden: bool = False) -> Run:
    for run in backend._commands:
        if run.command_id == command_id:
            return run
    if hidden and command_id in hidden_runs(backend):
        return hidden_runs(backend)[command_id]
    raise error("InvalidCommandId", f"The command ID {command_id} is not valid.")


def _listed(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> list[Run]:
    if params.get("CommandId"):
        return [_run(backend, params["CommandId"])]
    return sorted(backend._commands, key=lambda run: run.requested, reverse=True)


def _passes(status: str, run: Run, params: dict[str, Any]) -> bool:
    facts = {
        "Status": status,
        "DocumentName": short_name(run.request["DocumentName"]),
        "ExecutionStage": "Complete" if run.done else "Executing",
    }
    for row in params.get("Filters") or []:
        key, value = row["key"], row["value"]
        if key in ("InvokedAfter", "InvokedBefore"):
            if (run.requested > moment(value)) != (key == "InvokedAfter"):
                return False
        elif facts[key] != (short_name(value) if key == "DocumentName" else value):
            return False
    return True


def list_commands(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List commands, newest first."""
    wanted = params.get("InstanceId")
    runs = [run for run in _listed(backend, params) if not wanted or wanted in run.invocations]
    rows = [_describe(run) for run in runs if _passes(run.outcome()[0], run, params)]
    return page(rows, params, "Commands")


def _plugin(plugin: Plugin) -> dict[str, Any]:
    row = {
        "Name": plugin.name,
        "Status": plugin.status,
        "StatusDetails": plugin.details,
        "ResponseCode": plugin.code,
        "ResponseStartDateTime": plugin.started,
        "Output": truncate(plugin.stdout, plugin.stderr),
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
    }
    return row | ({"ResponseFinishDateTime": plugin.finished} if plugin.finished else {})


def _invocation(run: Run, one: Invocation, name: str, details: bool) -> dict[str, Any]:
    status, status_details = one.state
    return {
        "CommandId": run.command_id,
        "InstanceId": one.instance_id,
        "InstanceName": name,
        "Comment": run.request.get("Comment", ""),
        "DocumentName": run.request["DocumentName"],
        "DocumentVersion": run.request.get("DocumentVersion", "$DEFAULT"),
        "RequestedDateTime": run.requested,
        "Status": status,
        "StatusDetails": status_details,
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
        "CommandPlugins": [_plugin(plugin) for plugin in list(one.plugins)] if details else [],
        "ServiceRole": run.request.get("ServiceRoleArn", ""),
    }


def list_command_invocations(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List what the nodes did; their output too when Details is set."""
    wanted = params.get("InstanceId")
    known = instances(backend)
    rows = []
    for run in _listed(backend, params):
        for one in run.invocations.values():
            if (not wanted or one.instance_id == wanted) and _passes(one.status, run, params):
                name = known[one.instance_id].private_dns_name if one.instance_id in known else ""
                rows.append(_invocation(run, one, name, params.get("Details", False)))
    return page(rows, params, "CommandInvocations")


def get_command_invocation(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return one step's result on one node."""
    run = _run(backend, params["CommandId"], hidden=True)
    one = run.invocations.get(params["InstanceId"])
    age = time.time() - run.requested.timestamp()
    if one is None or age < VISIBLE_AFTER:
        raise error(
            "InvocationDoesNotExist", "The command ID and managed node ID specified did not match any invocations."
        )
    names = [step["name"] for step in run.document.content_json["mainSteps"]]
    name = params.get("PluginName")
    if name not in names and not (name is None and len(names) == 1):
        raise error("InvalidPluginName", f"The plugin name is not valid: name one of {', '.join(names)}.")
    # Read before the step's own result, which is complete by the time this is final.
    status, details = one.state
    plugin = next((step for step in one.plugins if step.name == (name or names[0])), None)
    if plugin and len(names) > 1:
        status, details = plugin.status, plugin.details
    answer: dict[str, Any] = {
        "CommandId": run.command_id,
        "InstanceId": one.instance_id,
        "Comment": run.request.get("Comment", ""),
        "DocumentName": run.request.get("DocumentName") or run.request["Name"],
        "DocumentVersion": run.request.get("DocumentVersion", "$DEFAULT"),
        "PluginName": name or names[0],
        "ResponseCode": plugin.code if plugin else -1,
        "ExecutionStartDateTime": _iso(plugin.started) if plugin else "",
        "ExecutionElapsedTime": _elapsed(plugin),
        "ExecutionEndDateTime": _iso(plugin.finished) if plugin and plugin.finished else "",
        "Status": status,
        "StatusDetails": details,
        "StandardOutputContent": cut(plugin.stdout, STDOUT_LIMIT) if plugin else "",
        "StandardOutputUrl": "",
        "StandardErrorContent": cut(plugin.stderr, STDERR_LIMIT) if plugin else "",
        "StandardErrorUrl": "",
    }
    return answer


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _elapsed(plugin: Plugin | None) -> str:
    if plugin is None or plugin.finished is None:
        return ""
    seconds = round((plugin.finished - plugin.started).total_seconds(), 3)
    minutes, rest = divmod(seconds, 60)
    return (f"PT{int(minutes)}M" if minutes else "PT") + f"{rest:g}S"


def cancel_command(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Cancel a command on all or some of its nodes."""
    run = _run(backend, params["CommandId"])
    wanted = params.get("InstanceIds") or []
    unknown = sorted(set(wanted) - set(run.invocations))
    if unknown:
        raise error("InvalidInstanceId", f"The command was not sent to {', '.join(unknown)}.")
    run.cancel(wanted)
    return {}


def install() -> None:
    """Replace moto's Run Command."""
    operation("SendCommand", "send_command", send_command)
    operation("ListCommands", "list_commands", list_commands)
    operation("ListCommandInvocations", "list_command_invocations", list_command_invocations)
    operation("GetCommandInvocation", "get_command_invocation", get_command_invocation)
    operation("CancelCommand", "cancel_command", cancel_command)
