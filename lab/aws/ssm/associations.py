"""State Manager's API: associations, their versions and their tags."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm import association_checks as checks
from lab.aws.ssm import association_runs as runs
from lab.aws.ssm import gates
from lab.aws.ssm import tags as ssm_tags
from lab.aws.ssm.association_history import overview, times
from lab.aws.ssm.association_runs import Association
from lab.aws.ssm.documents import on_change
from lab.aws.ssm.support import error, fleet, moment, operation, page, short_name
from lab.aws.ssm.targets import GROUP

LIMIT, VERSION_LIMIT = 2000, 1000
LISTED = (
    "Name",
    "AssociationName",
    "DocumentVersion",
    "Targets",
    "ScheduleExpression",
    "ScheduleOffset",
    "Duration",
    "TargetMaps",
)
# How one stands that was just made or changed, in the answer to that, whatever it did before:
# https://docs.aws.amazon.com/cli/latest/reference/ssm/create-association.html and update-association.html
NEW = {"Status": "Pending", "DetailedStatus": "Creating"}
# What a description has and the list of versions has not.
NOT_IN_VERSIONS = ("AlarmConfiguration", "AutomationTargetParameterName")
_plain_put_parameter = SimpleSystemManagerBackend.put_parameter


def _describe(one: Association, version: str | None = None) -> dict[str, Any]:
    if version in (None, "", "$LATEST", str(one.version)):
        request, number = one.request, str(one.version)
    elif version in one.past:
        request, number = one.past[version][0], str(version)
    else:
        raise error("InvalidAssociationVersion", "The version you specified is not valid.")
    return {
        "AssociationId": one.id,
        "AssociationVersion": number,
        "Date": one.created,
        "LastUpdateAssociationDate": one.updated,
        "Overview": overview(one),
        "ApplyOnlyAtCronInterval": False,
        **request,
        **times(one),
    }


def _make(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Make an association, run it, and describe it as it was before."""
    known = runs.associations(backend)
    if len(known) >= LIMIT:
        raise error("AssociationLimitExceeded", f"You can have at most {LIMIT} active associations.")
    tags = ssm_tags.given(params, "InvalidTag")
    one = Association(backend, str(uuid.uuid4()), checks.checked(backend, params))
    one.plan(datetime.now(UTC))
    known[one.id] = one
    backend.add_tags_to_resource("Association", one.id, tags)
    answer = _describe(one) | {"Overview": NEW}
    if not one.scheduled_only:
        runs.execute(backend, one)
    return answer


def create_association(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Make one association."""
    return {"AssociationDescription": _make(backend, params)}


def create_association_batch(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Make several associations; one that is refused does not keep the others from being made."""
    role = params.get("AssociationDispatchAssumeRole")
    good, failed = [], []
    for entry in params["Entries"]:
        try:
            good.append(_make(backend, entry | ({"AssociationDispatchAssumeRole": role} if role else {})))
        except ServiceException as wrong:
            failed.append({"Entry": entry, "Message": f"{wrong.code}: {wrong.message}", "Fault": "Client"})
    return {"Successful": good, "Failed": failed}


def update_association(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Replace the whole association: what the request leaves out is reset. Then run it."""
    one = runs.association(backend, params["AssociationId"])
    if params.get("AssociationVersion") not in (None, "$LATEST", str(one.version)):
        raise error("InvalidAssociationVersion", "The version you specified is not the latest.")
    if one.version >= VERSION_LIMIT:
        raise error("AssociationVersionLimitExceeded", f"An association has at most {VERSION_LIMIT} versions.")
    request = checks.checked(backend, {"Name": one.request["Name"], **params})
    with one.lock:
        one.past[str(one.version)] = (one.request, one.updated)
        one.request, one.version, one.updated = request, one.version + 1, datetime.now(UTC)
        one.plan(one.updated)
    answer = _describe(one) | {"Overview": NEW}
    if not one.scheduled_only:
        runs.execute(backend, one)
    return {"AssociationDescription": answer}


def describe_association(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Describe one association by its id."""
    one = runs.association(backend, params.get("AssociationId") or "")
    return {"AssociationDescription": _describe(one, params.get("AssociationVersion"))}


def list_association_versions(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List an association's versions, oldest first."""
    one = runs.association(backend, params["AssociationId"])
    known = [*one.past.values(), (one.request, one.updated)]
    rows = []
    for number, (request, made) in enumerate(known, 1):
        kept = {key: value for key, value in request.items() if key not in NOT_IN_VERSIONS}
        row = {"AssociationId": one.id, "AssociationVersion": str(number), "CreatedDate": made}
        rows.append(row | {"ApplyOnlyAtCronInterval": False} | kept)
    return page(rows, params, "AssociationVersions")


def _passes(one: Association, filters: list[dict[str, str]]) -> bool:
    last = times(one).get("LastExecutionDate")
    groups = [value for row in one.request.get("Targets") or [] if row["Key"] == GROUP for value in row["Values"]]
    facts = {
        "Name": [short_name(one.request["Name"])],
        "AssociationId": [one.id],
        "AssociationName": [one.request.get("AssociationName")],
        "AssociationStatusName": [overview(one)["Status"]],
        "InstanceId": list(one.latest()),
        "ResourceGroupName": groups,
    }
    for row in filters:
        key, value = row["key"], row["value"]
        if key in ("LastExecutedBefore", "LastExecutedAfter"):
            if last is None or (last < moment(value)) != (key == "LastExecutedBefore"):
                return False
        elif (short_name(value) if key == "Name" else value) not in facts.get(key, []):
            return False
    return True


def list_associations(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List associations; as on AWS, without parameters, rate control and output location."""
    rows = []
    for one in list(runs.associations(backend).values()):
        if _passes(one, params.get("AssociationFilterList") or []):
            row = {key: one.request[key] for key in LISTED if key in one.request}
            row |= {"AssociationId": one.id, "AssociationVersion": str(one.version), "Overview": overview(one)}
            rows.append(row | {key: at for key, at in times(one).items() if key == "LastExecutionDate"})
    return page(rows, params, "Associations")


def delete_association(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Delete an association; what it did to the nodes stays."""
    runs.forget(backend, runs.association(backend, params.get("AssociationId") or ""))
    return {}


def start_associations_once(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Run associations now, whatever their schedule."""
    wanted = params["AssociationIds"]
    if len(set(wanted)) < len(wanted):
        raise error("InvalidAssociation", "An association is named twice.")
    for one in [runs.association(backend, key) for key in wanted]:
        runs.execute(backend, one)
    return {}


def update_association_status(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Refuse it: it is for associations of one instance id, which documents of schema 2.0 or later have not."""
    raise error("AssociationDoesNotExist", "The specified association does not exist.")


def _put_parameter(self: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> Any:
    made = _plain_put_parameter(self, *args, **kwargs)
    runs.parameter_changed(self, kwargs.get("name") or args[0])
    return made


def install() -> None:
    """Add State Manager to moto, and let it hear of nodes, documents and parameters."""
    ssm_tags.install()
    gates.install()
    ssm_tags.keep("Association", lambda backend, key: key in runs.associations(backend))
    SimpleSystemManagerBackend.put_parameter = _put_parameter
    operation("CreateAssociation", "create_association", create_association)
    operation("CreateAssociationBatch", "create_association_batch", create_association_batch)
    operation("UpdateAssociation", "update_association", update_association)
    operation("DescribeAssociation", "describe_association", describe_association)
    operation("ListAssociations", "list_associations", list_associations)
    operation("ListAssociationVersions", "list_association_versions", list_association_versions)
    operation("DeleteAssociation", "delete_association", delete_association)
    operation("UpdateAssociationStatus", "update_association_status", update_association_status)
    operation("StartAssociationsOnce", "start_associations_once", start_associations_once)
    on_change(runs.document_changed)
    fleet().on_online(runs.node_online)
    runs.start_scheduler()
