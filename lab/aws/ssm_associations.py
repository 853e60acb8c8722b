"""State Manager's API: associations, their executions and their tags."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws import schedule, ssm_targets
from lab.aws import ssm_association_runs as runs
from lab.aws.ssm_association_runs import Association, Execution
from lab.aws.ssm_commands import runnable
from lab.aws.ssm_documents import on_change, short_name
from lab.aws.ssm_support import error, fleet, moment, operation, page

LIMIT, VERSION_LIMIT = 2000, 1000
KEPT = [
    "Name",
    "AssociationName",
    "DocumentVersion",
    "Parameters",
    "Targets",
    "ScheduleExpression",
    "OutputLocation",
    "MaxErrors",
    "MaxConcurrency",
    "ComplianceSeverity",
    "SyncCompliance",
    "ApplyOnlyAtCronInterval",
    "CalendarNames",
    "ScheduleOffset",
    "Duration",
    "AssociationDispatchAssumeRole",
    "AlarmConfiguration",
    "AutomationTargetParameterName",
    "TargetLocations",
    "TargetMaps",
]
LISTED = ["Name", "AssociationName", "DocumentVersion", "Targets", "ScheduleExpression", "ScheduleOffset", "Duration"]
_plain_tag_check = SimpleSystemManagerBackend._validate_resource_type_and_id


def _get(backend: SimpleSystemManagerBackend, association_id: str) -> Association:
    found = runs.associations(backend).get(association_id)
    if found is None:
        raise error("AssociationDoesNotExist", "The specified association does not exist.")
    return found


def _checked(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return what an association keeps of a request, once everything AWS checks is checked."""
    request = {key: params[key] for key in KEPT if params.get(key) is not None}
    if params.get("InstanceId"):
        raise error(
            "InvalidParameters", "InstanceId is not supported for documents of schema 2.0 or later: use Targets."
        )
    runnable(backend, request)
    ssm_targets.check(request.get("Targets") or [], "InvalidTarget", everything=True)
    ssm_targets.check_group(backend, request.get("Targets") or [])
    expression = request.get("ScheduleExpression")
    if expression:
        try:
            schedule.next_run(expression, datetime.now(UTC))
        except schedule.ScheduleError as wrong:
            raise error("InvalidSchedule", f"The schedule is invalid: {wrong}") from wrong
    only_at_cron = request.get("ApplyOnlyAtCronInterval")
    if only_at_cron and (not expression or expression.startswith("rate")):
        raise error("InvalidSchedule", "ApplyOnlyAtCronInterval needs a cron expression.")
    if (request.get("ScheduleOffset") or request.get("Duration")) and not only_at_cron:
        raise error("InvalidSchedule", "ScheduleOffset and Duration need ApplyOnlyAtCronInterval.")
    return {"DocumentVersion": "$DEFAULT", **request}


def _overview(one: Association) -> dict[str, Any]:
    if one.refused:
        return {"Status": "Failed", "DetailedStatus": one.refused}
    states = [runs.state(invocation) for invocation in one.latest().values()]
    if not states:
        return {"Status": "Pending", "DetailedStatus": "Associated"}
    counts: dict[str, int] = {}
    for status, _ in states:
        counts[status] = counts.get(status, 0) + 1
    status = next(status for status in ("Pending", "Failed", "Success") if status in counts)
    details = "InProgress" if status == "Pending" else status
    return {"Status": status, "DetailedStatus": details, "AssociationStatusAggregatedCount": counts}


def _times(one: Association) -> dict[str, datetime]:
    found = {}
    if one.executions:
        found["LastExecutionDate"] = max(execution.run.requested for execution in one.executions)
    good = [execution.last for execution in one.executions if execution.outcome()[0] == "Success"]
    if good:
        found["LastSuccessfulExecutionDate"] = max(good)
    return found


def _describe(one: Association, version: str | None = None) -> dict[str, Any]:
    if version in (None, "", "$LATEST", str(one.version)):
        request, number = one.request, str(one.version)
    elif version in one.past:
        request, number = one.past[version], str(version)
    else:
        raise error("InvalidAssociationVersion", "The version you specified is not valid.")
    return {
        "AssociationId": one.id,
        "AssociationVersion": number,
        "Date": one.created,
        "LastUpdateAssociationDate": one.updated,
        "Overview": _overview(one),
        "ApplyOnlyAtCronInterval": False,
        **request,
        **_times(one),
    }


def create_association(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Make an association and run it."""
    known = runs.associations(backend)
    if len(known) >= LIMIT:
        raise error("AssociationLimitExceeded", f"You can have at most {LIMIT} active associations.")
    one = Association(backend, str(uuid.uuid4()), _checked(backend, params))
    one.plan(datetime.now(UTC))
    known[one.id] = one
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}
    backend.add_tags_to_resource("Association", one.id, tags)
    answer = _describe(one)
    if not one.scheduled_only:
        runs.execute(backend, one)
    return {"AssociationDescription": answer}


def update_association(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Replace the whole association: what the request leaves out is reset. Then run it."""
    one = _get(backend, params["AssociationId"])
    if params.get("AssociationVersion") not in (None, "$LATEST", str(one.version)):
        raise error("InvalidAssociationVersion", "The version you specified is not the latest.")
    if one.version >= VERSION_LIMIT:
        raise error("AssociationVersionLimitExceeded", f"An association has at most {VERSION_LIMIT} versions.")
    request = _checked(backend, {"Name": one.request["Name"], **params})
    with one.lock:
        one.past[str(one.version)] = one.request
        one.request, one.version, one.updated = request, one.version + 1, datetime.now(UTC)
        one.plan(one.updated)
    answer = _describe(one)
    if not one.scheduled_only:
        runs.execute(backend, one)
    return {"AssociationDescription": answer}


def describe_association(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Describe one association by its id."""
    if not params.get("AssociationId"):
        raise error("AssociationDoesNotExist", "The lab knows associations by AssociationId only.")
    one = _get(backend, params["AssociationId"])
    return {"AssociationDescription": _describe(one, params.get("AssociationVersion"))}


def _listed(one: Association, filters: list[dict[str, str]]) -> bool:
    last = _times(one).get("LastExecutionDate")
    facts = {
        "Name": short_name(one.request["Name"]),
        "AssociationId": one.id,
        "AssociationName": one.request.get("AssociationName"),
        "AssociationStatusName": _overview(one)["Status"],
    }
    for row in filters:
        key, value = row["key"], row["value"]
        if key in ("LastExecutedBefore", "LastExecutedAfter"):
            if last is None or (last < moment(value)) != (key == "LastExecutedBefore"):
                return False
        elif key == "InstanceId":
            if value not in one.latest():
                return False
        elif facts.get(key) != (short_name(value) if key == "Name" else value):
            return False
    return True


def list_associations(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List associations; as on AWS, without parameters, rate control and output location."""
    rows = []
    for one in list(runs.associations(backend).values()):
        if _listed(one, params.get("AssociationFilterList") or []):
            row = {key: one.request[key] for key in LISTED if key in one.request}
            row |= {"AssociationId": one.id, "AssociationVersion": str(one.version), "Overview": _overview(one)}
            rows.append(row | {key: at for key, at in _times(one).items() if key == "LastExecutionDate"})
    return page(rows, params, "Associations")


def delete_association(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Delete an association; what it did to the nodes stays."""
    runs.forget(backend, _get(backend, params.get("AssociationId") or ""))
    return {}


def start_associations_once(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Run associations now, whatever their schedule."""
    for one in [_get(backend, key) for key in params["AssociationIds"]]:
        runs.execute(backend, one)
    return {}


def _execution(one: Association, execution: Execution) -> dict[str, Any]:
    status, details = execution.outcome()
    counts = ", ".join(f"{name}={number}" for name, number in sorted(execution.counts.items()))
    return {
        "AssociationId": one.id,
        "AssociationVersion": execution.version,
        "ExecutionId": execution.id,
        "Status": status,
        "DetailedStatus": details,
        "CreatedTime": execution.run.requested,
        "LastExecutionDate": execution.last,
        "ResourceCountByStatus": f"{{{counts}}}",
    }


def _execution_passes(row: dict[str, Any], filters: list[dict[str, str]]) -> bool:
    for wanted in filters:
        value: Any = wanted["Value"]
        if wanted["Key"] == "CreatedTime":
            value = moment(value)
        mine, kind = row[wanted["Key"]], wanted["Type"]
        if not (mine == value if kind == "EQUAL" else mine < value if kind == "LESS_THAN" else mine > value):
            return False
    return True


def describe_association_executions(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List an association's executions, newest first."""
    one = _get(backend, params["AssociationId"])
    rows = [_execution(one, execution) for execution in reversed(one.executions)]
    rows = [row for row in rows if _execution_passes(row, params.get("Filters") or [])]
    return page(rows, params, "AssociationExecutions")


def describe_association_execution_targets(
    backend: SimpleSystemManagerBackend, params: dict[str, Any]
) -> dict[str, Any]:
    """List what one execution did on each node; the output source is asked for with GetCommandInvocation."""
    one = _get(backend, params["AssociationId"])
    execution = next((found for found in one.executions if found.id == params["ExecutionId"]), None)
    if execution is None:
        raise error("AssociationExecutionDoesNotExist", "The specified execution ID does not exist.")
    rows = []
    for invocation in execution.run.invocations.values():
        status, details = runs.state(invocation)
        row = {
            "AssociationId": one.id,
            "AssociationVersion": execution.version,
            "ExecutionId": execution.id,
            "ResourceId": invocation.instance_id,
            "ResourceType": "ManagedInstance",
            "Status": status,
            "DetailedStatus": details,
            "LastExecutionDate": invocation.updated,
            "OutputSource": {"OutputSourceId": execution.run.command_id, "OutputSourceType": "RunCommand"},
        }
        if all(row[wanted["Key"]] == wanted["Value"] for wanted in params.get("Filters") or []):
            rows.append(row)
    return page(rows, params, "AssociationExecutionTargets")


def _tag_check(self: SimpleSystemManagerBackend, resource_type: str, resource_id: str) -> str:
    if resource_type != "Association":
        return _plain_tag_check(self, resource_type, resource_id)
    if resource_id not in runs.associations(self):
        raise error("InvalidResourceId", "The resource ID is not valid. Verify that you entered the correct ID.")
    return resource_id


def install() -> None:
    """Add State Manager to moto, and let it hear of nodes and documents."""
    SimpleSystemManagerBackend._validate_resource_type_and_id = _tag_check
    operation("CreateAssociation", "create_association", create_association)
    operation("UpdateAssociation", "update_association", update_association)
    operation("DescribeAssociation", "describe_association", describe_association)
    operation("ListAssociations", "list_associations", list_associations)
    operation("DeleteAssociation", "delete_association", delete_association)
    operation("StartAssociationsOnce", "start_associations_once", start_associations_once)
    operation("DescribeAssociationExecutions", "describe_association_executions", describe_association_executions)
    operation(
        "DescribeAssociationExecutionTargets",
        "describe_association_execution_targets",
        describe_association_execution_targets,
    )
    on_change(runs.document_changed)
    fleet().on_online(runs.node_online)
    runs.start_scheduler()
