"""State Manager's API: what associations did, on each node and as a whole."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm import association_runs as runs
from lab.aws.ssm.association_runs import Association, Execution
from lab.aws.ssm.documents import document
from lab.aws.ssm.invocations import Invocation
from lab.aws.ssm.support import error, moment, operation, page
from lab.aws.ssm.targets import managed, match

# The most telling of the nodes' states is the association's.
_ORDER = ("Pending", "Failed", "Skipped", "Success")


def overview(one: Association) -> dict[str, Any]:
    """Return how an association stands."""
    if one.refused:
        return {"Status": "Failed", "DetailedStatus": one.refused}
    counts = Counter(runs.state(invocation)[0] for invocation in one.latest().values())
    if not counts:
        return {"Status": "Pending", "DetailedStatus": "Associated"}
    status = next(status for status in _ORDER if status in counts)
    status = "Failed" if status == "Skipped" else status
    details = "InProgress" if status == "Pending" else status
    return {"Status": status, "DetailedStatus": details, "AssociationStatusAggregatedCount": dict(counts)}


def times(one: Association) -> dict[str, datetime]:
    """Return when it last ran, and when that last went well."""
    found = {}
    if one.executions:
        found["LastExecutionDate"] = max(execution.run.requested for execution in one.executions)
    good = [execution.last for execution in one.executions if execution.outcome()[0] == "Success"]
    if good:
        found["LastSuccessfulExecutionDate"] = max(good)
    return found


def _execution(one: Association, execution: Execution) -> dict[str, Any]:
    status, details = execution.outcome()
    counts = ", ".join(f"{name}={number}" for name, number in sorted(execution.counts.items()))
    alarm = one.request.get("AlarmConfiguration")
    return {
        "AssociationId": one.id,
        "AssociationVersion": execution.version,
        "ExecutionId": execution.id,
        "Status": status,
        "DetailedStatus": details,
        "CreatedTime": execution.run.requested,
        "LastExecutionDate": execution.last,
        "ResourceCountByStatus": f"{{{counts}}}",
        **({"AlarmConfiguration": alarm} if alarm else {}),
    }


def _passes(row: dict[str, Any], filters: list[dict[str, str]]) -> bool:
    for wanted in filters:
        value: Any = wanted["Value"]
        if wanted["Key"] == "CreatedTime":
            value = moment(value)
        mine, kind = row[wanted["Key"]], wanted["Type"]
        if not (mine == value if kind == "EQUAL" else mine < value if kind == "LESS_THAN" else mine > value):
            return False
    return True


def describe_association_executions(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List an association's runs, newest first."""
    one = runs.association(backend, params["AssociationId"])
    rows = [_execution(one, execution) for execution in reversed(one.executions)]
    return page([row for row in rows if _passes(row, params.get("Filters") or [])], params, "AssociationExecutions")


def describe_association_execution_targets(
    backend: SimpleSystemManagerBackend, params: dict[str, Any]
) -> dict[str, Any]:
    """List the nodes of one run."""
    one = runs.association(backend, params["AssociationId"])
    execution = next((run for run in one.executions if run.id == params["ExecutionId"]), None)
    if execution is None:
        raise error("AssociationExecutionDoesNotExist", "The specified execution ID does not exist.")
    rows = []
    for key, invocation in execution.run.invocations.items():
        status, details = runs.state(invocation)
        row = {
            "AssociationId": one.id,
            "AssociationVersion": execution.version,
            "ExecutionId": execution.id,
            "ResourceId": key,
            "ResourceType": "ManagedInstance",
            "Status": status,
            "DetailedStatus": details,
            "LastExecutionDate": invocation.updated,
            "OutputSource": {
                "OutputSourceId": execution.run.source(key),
                "OutputSourceType": execution.run.kind,
            },
        }
        if all(row[wanted["Key"]] == wanted["Value"] for wanted in params.get("Filters") or []):
            rows.append(row)
    return page(rows, params, "AssociationExecutionTargets")


def of_instance(backend: SimpleSystemManagerBackend, instance_id: str) -> list[Association]:
    """Return the associations that are for a node."""
    instance = managed(backend).get(instance_id)
    if instance is None:
        raise error("InvalidInstanceId", f"The instance ID {instance_id} is not valid.")
    known = runs.associations(backend).values()
    return [one for one in known if one.request.get("Targets") and match(backend, instance, one.request["Targets"])]


def _summary(invocation: Invocation) -> str:
    counts = Counter(plugin.details for plugin in invocation.plugins)
    done = len(invocation.plugins)
    parts = f"{counts['Success']} success, {counts['Failed']} failed, {counts['ExecutionTimedOut']} timedout"
    return f"{done} out of {done} plugin{'s' if done > 1 else ''} processed, {parts}, {counts['Skipped']} skipped. "


def _version(one: Association) -> str:
    """Return the number of the document's version that a node gets."""
    wanted = str(one.request["DocumentVersion"])
    try:
        return str(document(one.backend, one.request["Name"], wanted).document_version)
    except ServiceException:
        return wanted


def _status(one: Association, instance_id: str) -> dict[str, Any]:
    row = {
        "AssociationId": one.id,
        "AssociationVersion": str(one.version),
        # https://docs.aws.amazon.com/cli/latest/reference/ssm/describe-instance-associations-status.html
        "DocumentVersion": _version(one),
        "InstanceId": instance_id,
        "Name": one.request["Name"],
        "Status": "Pending",
        "DetailedStatus": "Associated",
        **({"AssociationName": one.request["AssociationName"]} if "AssociationName" in one.request else {}),
    }
    invocation = one.latest().get(instance_id)
    if invocation is None:
        return row
    row["Status"], row["DetailedStatus"] = runs.state(invocation)
    return row | {"ExecutionDate": invocation.updated, "ExecutionSummary": _summary(invocation)}


def describe_instance_associations_status(
    backend: SimpleSystemManagerBackend, params: dict[str, Any]
) -> dict[str, Any]:
    """Tell how each association of a node stands."""
    rows = [_status(one, params["InstanceId"]) for one in of_instance(backend, params["InstanceId"])]
    return page(rows, params, "InstanceAssociationStatusInfos")


def describe_effective_instance_associations(
    backend: SimpleSystemManagerBackend, params: dict[str, Any]
) -> dict[str, Any]:
    """Return what a node is to run: the documents' content."""
    rows = []
    for one in of_instance(backend, params["InstanceId"]):
        row = {
            "AssociationId": one.id,
            "AssociationVersion": str(one.version),
            "InstanceId": params["InstanceId"],
            "Content": runs.definition(backend, one.request).content,
        }
        rows.append(row)
    return page(rows, params, "Associations", default=5)


def install() -> None:
    """Add these to moto."""
    for name, handler in (
        ("DescribeAssociationExecutions", describe_association_executions),
        ("DescribeAssociationExecutionTargets", describe_association_execution_targets),
        ("DescribeInstanceAssociationsStatus", describe_instance_associations_status),
        ("DescribeEffectiveInstanceAssociations", describe_effective_instance_associations),
    ):
        operation(name, handler.__name__, handler)
