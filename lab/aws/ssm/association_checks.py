"""What State Manager refuses before it keeps an association."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.s3.models import s3_backends
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws import schedule
from lab.aws.ssm import access, gates
from lab.aws.ssm import targets as ssm_targets
from lab.aws.ssm.association_runs import definition
from lab.aws.ssm.support import caller, error

KEPT = (
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
)


def checked(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return what an association keeps of a request, once everything AWS checks is checked."""
    request = {key: params[key] for key in KEPT if params.get(key) is not None}
    if params.get("InstanceId"):
        raise error(
            "InvalidParameters", "InstanceId is not supported for documents of schema 2.0 or later: use Targets."
        )
    found = definition(backend, request)
    if found.document_type == "Command" and ssm_targets.PLATFORM["PlatformType"] not in found.platform_types:
        raise error("UnsupportedPlatformType", f"Document {found.name} does not support the platform of the nodes.")
    _check_targets(backend, request, found)
    _check_schedule(request)
    _check_output(backend, request)
    gates.calendars(backend, request.get("CalendarNames") or [])
    role = request.get("AssociationDispatchAssumeRole")
    if role:
        access.check_role(role, caller(), "ValidationException")
    return {"DocumentVersion": "$DEFAULT", **request}


def _check_targets(backend: SimpleSystemManagerBackend, request: dict[str, Any], found: Any) -> None:
    targets, maps = request.get("Targets") or [], request.get("TargetMaps") or []
    parameter = request.get("AutomationTargetParameterName")
    if targets and maps:
        raise error("InvalidTargetMaps", "Both Targets and TargetMaps can't be specified together.")
    if found.document_type == "Automation":
        if bool(targets or maps) != bool(parameter):
            raise error("InvalidTarget", "Must specify both Automation Target Parameter Name and Targets")
        if parameter and parameter not in (found.content_json.get("parameters") or {}):
            raise error("InvalidParameters", f"Document {found.name} has no parameter {parameter}.")
        targets = [target for target in targets if target.get("Key") != "ParameterValues"]
    elif parameter or maps or request.get("TargetLocations"):
        raise error(
            "InvalidParameters",
            "AutomationTargetParameterName, TargetMaps and TargetLocations are for Automation documents only.",
        )
    elif not targets:
        raise error("InvalidTarget", "Instance ID or targets must be specified")
    ssm_targets.check(targets, "InvalidTarget", everything=True)
    ssm_targets.check_group(backend, targets)


def _check_schedule(request: dict[str, Any]) -> None:
    expression, only_at_cron = request.get("ScheduleExpression"), request.get("ApplyOnlyAtCronInterval")
    if expression:
        try:
            schedule.check_interval(expression, datetime.now(UTC))
        except schedule.ScheduleError as wrong:
            raise error("InvalidSchedule", f"The schedule is invalid: {wrong}") from wrong
    if only_at_cron and (not expression or expression.startswith("rate")):
        raise error("InvalidSchedule", "ApplyOnlyAtCronInterval needs a cron expression.")
    if (request.get("ScheduleOffset") or request.get("Duration")) and not only_at_cron:
        raise error("InvalidSchedule", "ScheduleOffset and Duration need ApplyOnlyAtCronInterval.")
    if request.get("ScheduleOffset") and not str(expression).startswith("cron"):
        raise error("InvalidSchedule", "ScheduleOffset needs a cron expression.")


def _check_output(backend: SimpleSystemManagerBackend, request: dict[str, Any]) -> None:
    place = (request.get("OutputLocation") or {}).get("S3Location") or {}
    bucket = place.get("OutputS3BucketName")
    if place and not bucket:
        raise error("InvalidOutputLocation", "The output location names no bucket.")
    if bucket and bucket not in s3_backends[backend.account_id]["aws"].buckets:
        raise error("InvalidOutputLocation", f"The output location is not valid: there is no bucket {bucket}.")
