"""Automation's API: start, follow, list and stop executions of Automation documents."""

from __future__ import annotations

import re
import uuid
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import get_service_model
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws import iam
from lab.aws.ssm import access, automation_document, document_parameters
from lab.aws.ssm import tags as ssm_tags
from lab.aws.ssm.automation_run import Execution, Step
from lab.aws.ssm.automation_steps import strings
from lab.aws.ssm.documents import document
from lab.aws.ssm.support import caller, error, moment, operation, page, shown

STEPS_SHOWN = 100
FILTERS = {
    "ExecutionStatus": "AutomationExecutionStatus",
    "ExecutionId": "AutomationExecutionId",
    "CurrentAction": "CurrentAction",
    "AutomationType": "AutomationType",
}
STEP_FILTERS = {
    "StepExecutionStatus": "StepStatus",
    "StepExecutionId": "StepExecutionId",
    "StepName": "StepName",
    "Action": "Action",
}
# https://docs.aws.amazon.com/general/latest/gr/ssm.html
RUNNING, QUEUED = 100, 1000
TARGET_KEYS = ("ParameterValues", "ResourceGroup", "InstanceIds", "AWS::EC2::Instance", "tag-key")
NOT_IN_THE_LAB = ("Targets", "TargetMaps", "TargetParameterName", "TargetLocations", "TargetLocationsURL")


def executions(backend: SimpleSystemManagerBackend) -> dict[str, Execution]:
    """Return the backend's executions by id."""
    return vars(backend).setdefault("lab_automations", {})


def _definition(backend: SimpleSystemManagerBackend, name: str, version: str | None) -> Any:
    # EventBridge targets name the document automation-definition/NAME:VERSION.
    name = re.sub(r"^arn:.*:(automation-definition|document)/", "", name)
    name, _, tail = name.partition(":")
    try:
        found = document(backend, name, version or tail or None)
    except ServiceException as wrong:
        kind = "Version" if wrong.code == "InvalidDocumentVersion" else ""
        raise error(
            f"AutomationDefinition{kind}NotFoundException", f"Automation definition {name}: not found."
        ) from wrong
    if found.document_type != "Automation":
        raise error("AutomationDefinitionNotFoundException", f"Document {name} is not an Automation document.")
    return found


def _check_role(backend: SimpleSystemManagerBackend, role: str, principal: str) -> None:
    """Refuse a role the caller may not pass, or that does not let Systems Manager in."""
    source = f"arn:aws:ssm:{backend.region_name}:{backend.account_id}:automation-execution/*"
    try:
        iam.pass_role(principal, role, "ssm.amazonaws.com")
    except iam.Denied as denied:
        raise error(denied.code, denied.message) from denied
    try:
        iam.assume(role, "ssm.amazonaws.com", {"aws:SourceAccount": backend.account_id, "aws:SourceArn": source})
    except iam.Denied as denied:
        raise _wrong_parameters("The defined assume role is unable to be assumed.") from denied


def _wrong_parameters(why: object) -> Exception:
    return error("InvalidAutomationExecutionParametersException", f"{why}")


def _check_targets(params: dict[str, Any]) -> None:
    """Refuse targets that are none: AWS reads them before it looks at the parameters."""
    keys = [target.get("Key", "") for target in params.get("Targets") or []]
    for key in keys:
        if key not in TARGET_KEYS and not (key.startswith("tag:") and key != "tag:"):
            raise error("InvalidTarget", f"The target key {key!r} is not valid.")
    if keys and not params.get("TargetParameterName"):
        raise error("InvalidTarget", "Targets need TargetParameterName.")


def start_automation_execution(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Check the document and its parameters, then answer at once and work in the background."""
    return {"AutomationExecutionId": start(backend, params, caller()).id}


def start(backend: SimpleSystemManagerBackend, params: dict[str, Any], principal: str) -> Execution:
    """Start an execution for a principal."""
    _check_targets(params)
    for key in NOT_IN_THE_LAB:
        if params.get(key):
            raise _wrong_parameters(f"The lab runs simple executions only: {key} is not supported.")
    if params.get("Mode", "Auto") != "Auto":
        raise _wrong_parameters("The lab runs executions of Mode Auto only.")
    again = _seen(backend, params)
    if again is not None:
        return again
    tags = ssm_tags.given(params, "ValidationException")
    found = _definition(backend, params["DocumentName"], params.get("DocumentVersion"))
    identifier = str(uuid.uuid4())
    access.check_automation(backend, principal, found, identifier, tags)
    given = params.get("Parameters") or {}
    try:
        document_parameters.check_parameters(found.content_json, given)
        known = automation_document.values(found.content_json, given)
    except ValueError as wrong:
        raise _wrong_parameters(wrong) from wrong
    role = str(automation_document.fill(found.content_json.get("assumeRole") or "", known))
    if role:
        _check_role(backend, role, principal)
    if sum(not one.done for one in executions(backend).values()) >= RUNNING + QUEUED:
        raise error(
            "AutomationExecutionLimitExceededException",
            f"At most {RUNNING} executions run at once, and {QUEUED} more wait for their turn.",
        )
    made = Execution(backend, found, params, principal, role, identifier)
    executions(backend)[made.id] = made
    backend._resource_tags["Automation"][made.id] = tags
    made.start()
    return made


def _seen(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> Execution | None:
    token = params.get("ClientToken")
    for one in executions(backend).values() if token else ():
        if one.request.get("ClientToken") == token:
            if one.request != params:
                raise error("IdempotentParameterMismatch", "The client token was used with other parameters.")
            return one
    return None


def _get(backend: SimpleSystemManagerBackend, execution_id: str) -> Execution:
    found = executions(backend).get(execution_id)
    if found is None:
        raise error(
            "AutomationExecutionNotFoundException", f"There is no automation execution with the ID {execution_id}."
        )
    return found


def _step(step: Step) -> dict[str, Any]:
    row: dict[str, Any] = {
        "StepName": step.name,
        "Action": step.spec["action"],
        "StepStatus": step.status,
        "StepExecutionId": step.id,
        "MaxAttempts": int(step.spec.get("maxAttempts", 1)),
        "OnFailure": step.spec.get("onFailure", "Abort"),
        "IsCritical": step.critical,
        "IsEnd": str(step.spec.get("isEnd", "")).lower() == "true",
        "Inputs": {key: automation_document.text(value) for key, value in step.inputs.items()},
        "Outputs": {key: strings(value) for key, value in step.outputs.items()},
        "ExecutionStartTime": step.started,
        "ExecutionEndTime": step.ended,
        "NextStep": step.spec.get("nextStep"),
    }
    if "timeoutSeconds" in step.spec:
        row["TimeoutSeconds"] = int(step.spec["timeoutSeconds"])
    if step.status != "Pending":
        row["ResponseCode"] = "0" if step.status == "Success" else "1"
    if step.failure:
        row["FailureMessage"] = step.failure
        row["FailureDetails"] = {"FailureStage": "Execution", "FailureType": "Action", "Details": {}}
    return {key: value for key, value in row.items() if value is not None}


def _row(one: Execution) -> dict[str, Any]:
    row = {
        "AutomationExecutionId": one.id,
        "DocumentName": one.document.name,
        "DocumentVersion": one.document.document_version,
        "AutomationExecutionStatus": one.status,
        "ExecutionStartTime": one.started,
        "ExecutionEndTime": one.ended,
        "ExecutedBy": shown(one.principal),
        "Mode": "Auto",
        "Outputs": one.outputs,
        "FailureMessage": one.failure or None,
        "CurrentStepName": one.current.name if one.current else None,
        "CurrentAction": one.current.spec["action"] if one.current else None,
    }
    return {key: value for key, value in row.items() if value is not None}


def get_automation_execution(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return one execution with its steps."""
    one = _get(backend, params["AutomationExecutionId"])
    answer = _row(one) | {
        "Parameters": one.request.get("Parameters") or {},
        "StepExecutions": [_step(step) for step in one.steps[:STEPS_SHOWN]],
        "StepExecutionsTruncated": len(one.steps) > STEPS_SHOWN,
        "ResolvedTargets": {"ParameterValues": [], "Truncated": False},
    }
    return {"AutomationExecution": answer}


def _passes(one: Execution, row: dict[str, Any], filters: list[dict[str, Any]]) -> bool:
    for wanted in filters:
        key, values = wanted["Key"], wanted["Values"]
        if key == "DocumentNamePrefix":
            passed = any(one.document.name.startswith(value) for value in values)
        elif key in ("StartTimeBefore", "StartTimeAfter"):
            passed = any((one.started < moment(value)) == (key == "StartTimeBefore") for value in values)
        elif key in FILTERS:
            passed = row.get(FILTERS[key]) in values
        elif key == "TagKey":
            passed = any(value in one.backend._resource_tags["Automation"][one.id] for value in values)
        else:
            # The lab has no child executions, change requests or operations items to find.
            passed = False
        if not passed:
            return False
    return True


def _check_values(filters: list[dict[str, Any]], key: str) -> None:
    """Refuse a status that no execution or step can have."""
    known = get_service_model("ssm").shape_for("AutomationExecutionStatus").enum  # type: ignore[attr-defined]
    odd = [value for row in filters if row["Key"] == key for value in row["Values"] if value not in known]
    if odd:
        raise error("InvalidFilterValue", f"The {key} {odd[0]} is none of {', '.join(known)}.")


def describe_automation_executions(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List executions, newest first."""
    _check_values(params.get("Filters") or [], "ExecutionStatus")
    rows = []
    for one in sorted(executions(backend).values(), key=lambda one: one.started, reverse=True):
        row = _row(one) | {"AutomationType": "Local"}
        if _passes(one, row, params.get("Filters") or []):
            rows.append(row)
    return page(rows, params, "AutomationExecutionMetadataList")


def describe_automation_step_executions(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List one execution's steps."""
    _check_values(params.get("Filters") or [], "StepExecutionStatus")
    rows = []
    for row in (_step(step) for step in _get(backend, params["AutomationExecutionId"]).steps):
        filters = params.get("Filters") or []
        if all(row.get(STEP_FILTERS.get(wanted["Key"], "")) in wanted["Values"] for wanted in filters):
            rows.append(row)
    return page(rows[::-1] if params.get("ReverseOrder") else rows, params, "StepExecutions")


def stop_automation_execution(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Stop an execution that is still running."""
    one = _get(backend, params["AutomationExecutionId"])
    if one.done:
        raise error(
            "InvalidAutomationStatusUpdateException", f"The execution {one.id} is over: its status is {one.status}."
        )
    one.stop(params.get("Type", "Cancel"))
    return {}


def send_automation_signal(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Refuse a signal: no step that runs here waits for one."""
    one, payload = _get(backend, params["AutomationExecutionId"]), params.get("Payload") or {}
    named = {*payload.get("StepName", []), *payload.get("StepExecutionId", [])}
    missing = sorted(named - {step.name for step in one.steps} - {step.id for step in one.steps})
    if missing:
        raise error("AutomationStepNotFoundException", f"The execution has no step {missing[0]}.")
    raise error("InvalidAutomationSignalException", "The signal is not valid for the current Automation execution.")


def install() -> None:
    """Add Automation to moto."""
    operation("SendAutomationSignal", "send_automation_signal", send_automation_signal)
    ssm_tags.install()
    ssm_tags.keep("Automation", lambda backend, key: key in executions(backend))
    operation("StartAutomationExecution", "start_automation_execution", start_automation_execution)
    operation("GetAutomationExecution", "get_automation_execution", get_automation_execution)
    operation("DescribeAutomationExecutions", "describe_automation_executions", describe_automation_executions)
    operation(
        "DescribeAutomationStepExecutions", "describe_automation_step_executions", describe_automation_step_executions
    )
    operation("StopAutomationExecution", "stop_automation_execution", stop_automation_execution)
