# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An association as options, as AWS holds it, and as it shall be. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateAssociation.html
"""

from __future__ import annotations

from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_schedule import check_cron_only, check_schedule
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_targets import (
    ALARM_CONFIGURATION,
    TARGETS,
    as_parameters,
    check_run,
    check_targets,
)
from ansible_collections.nodecache.eks.plugins.module_utils._state import is_empty, without_empty

TARGET_LOCATIONS: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "accounts": {"type": "list", "elements": "str"},
        "regions": {"type": "list", "elements": "str"},
        "exclude_accounts": {"type": "list", "elements": "str"},
        "include_child_organization_units": {"type": "bool"},
        "execution_role_name": {"type": "str"},
        "target_location_max_concurrency": {"type": "str"},
        "target_location_max_errors": {"type": "str"},
        "target_location_alarm_configuration": ALARM_CONFIGURATION,
        "targets": TARGETS,
        "targets_max_concurrency": {"type": "str"},
        "targets_max_errors": {"type": "str"},
    },
}
OUTPUT_LOCATION: dict[str, Any] = {
    "type": "dict",
    "options": {
        "s3_location": {
            "type": "dict",
            "options": {
                "output_s3_bucket_name": {"type": "str"},
                "output_s3_key_prefix": {"type": "str", "no_log": False},
                "output_s3_region": {"type": "str"},
            },
        },
    },
}
OPTIONS: dict[str, dict[str, Any]] = {
    "association_name": {"type": "str"},
    "name": {"type": "str"},
    "document_version": {"type": "str"},
    "parameters": {"type": "dict"},
    "targets": TARGETS,
    "target_maps": {"type": "list", "elements": "dict"},
    "target_locations": TARGET_LOCATIONS,
    "automation_target_parameter_name": {"type": "str"},
    "schedule_expression": {"type": "str"},
    "schedule_offset": {"type": "int"},
    "duration": {"type": "int"},
    "apply_only_at_cron_interval": {"type": "bool"},
    "calendar_names": {"type": "list", "elements": "str"},
    "max_concurrency": {"type": "str"},
    "max_errors": {"type": "str"},
    "compliance_severity": {"type": "str", "choices": ["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNSPECIFIED"]},
    "sync_compliance": {"type": "str", "choices": ["AUTO", "MANUAL"]},
    "output_location": OUTPUT_LOCATION,
    "alarm_configuration": ALARM_CONFIGURATION,
    "association_dispatch_assume_role": {"type": "str"},
}
# How AWS reads what was never set.
UNSET = {
    "DocumentVersion": "$DEFAULT",
    "ApplyOnlyAtCronInterval": False,
    "ComplianceSeverity": "UNSPECIFIED",
    "SyncCompliance": "AUTO",
}
# What these hold has no order; the user's own maps are no part of it, whatever their keys are called.
_UNORDERED = ("Targets", "Values", "CalendarNames", "TargetLocations", "Accounts", "Regions", "ExcludeAccounts")
_ANY_ID = "00000000-0000-0000-0000-000000000000"
_USERS = {"Parameters": (), "TargetMaps": ("TargetMaps",)}


def check_params(params: dict[str, Any]) -> None:
    """Refuse what the API's model takes and State Manager does not."""
    if params["association_id"] is None and not params["association_name"]:
        raise NodecacheError("association_name is '' but must name the association.")
    if params["name"] == "":
        raise NodecacheError("name is '' but must name the document that the association runs.")
    check_run(params)
    check_schedule(params)
    place = (params["output_location"] or {}).get("s3_location") or {}
    if any(place.values()) and not place["output_s3_bucket_name"]:
        raise NodecacheError("output_location.s3_location has no output_s3_bucket_name but must name the bucket.")
    for location in params["target_locations"] or []:
        if not location["accounts"] and not location["regions"]:
            given = {option: value for option, value in location.items() if value is not None}
            raise NodecacheError(f"target_locations has {shown(given)} but each entry must have accounts or regions.")
        check_targets(location["targets"], "target_locations.targets")


def build_desired(shape: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Return what the options ask for as UpdateAssociation takes it; what is empty is to be taken away."""
    options = {option: params[option] for option in OPTIONS}
    options["parameters"] = as_parameters(options["parameters"])
    if options["target_maps"] is not None:
        options["target_maps"] = [as_parameters(entry) for entry in options["target_maps"]]
    for option in ("schedule_offset", "duration"):
        # There is no other way to say in a number that an option shall go.
        options[option] = "" if options[option] == 0 else options[option]
    desired: dict[str, Any] = _model.to_request(shape, options)
    named = {"AssociationId": params["association_id"]} if params["association_id"] is not None else {}
    _model.check(shape, {**without_empty(desired), **named}, whole=False)
    return desired


def plan(shape: Any, current: dict[str, Any], desired: dict[str, Any]) -> tuple[set[str], dict[str, Any]]:
    """Return which keys differ, and the whole association as it shall be."""
    after = _model.overlay(shape, current, desired)
    # AWS takes one of the two only, so to ask for one is to let go of the other.
    for key, other in (("Targets", "TargetMaps"), ("TargetMaps", "Targets")):
        if desired.get(key) and other not in desired:
            after.pop(other, None)
    differs = {key for key in _writable(shape) if not _equal(key, current.get(key), after.get(key))}
    # What differs in nothing but order stays as AWS has it.
    return differs, {key: value if key in differs else current.get(key, value) for key, value in after.items()}


def _writable(shape: Any) -> set[str]:
    """Return what UpdateAssociation takes; it forgets whatever is left out."""
    return {*shape.members} - {"AssociationId", "AssociationVersion"}


def _equal(key: str, one: Any, other: Any) -> bool:
    if key == "Name" and one and other and not (one.startswith("arn:") and other.startswith("arn:")):
        # AWS may answer with a name where an ARN was given.
        return bool(one.rpartition("/")[2] == other.rpartition("/")[2])
    unordered = _USERS.get(key, _UNORDERED)
    sides = [{key: UNSET.get(key) if is_empty(side) else _plain(side)} for side in (one, other)]
    return _model.same(sides[0], sides[1], unordered)


def _plain(value: Any) -> Any:
    """Return value without what is off, which AWS tells of or not."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not False}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def check_whole(after: dict[str, Any]) -> None:
    """Refuse a whole that its parts, some from options and some from AWS, do not fit into."""
    if not after.get("Name"):
        identity = after.get("AssociationName") or after.get("AssociationId")
        raise NodecacheError(f"association '{identity}' needs name, the document that it runs.")
    needing = {"schedule_offset": "ScheduleOffset", "duration": "Duration"}
    check_cron_only(
        after.get("ScheduleExpression"),
        bool(after.get("ApplyOnlyAtCronInterval")),
        {option for option, key in needing.items() if after.get(key)},
    )


def request(shape: Any, after: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    """Return what Create- or UpdateAssociation takes of the whole; refuse what the options make incomplete."""
    found = {key: after[key] for key in shape.members if key in _writable(shape) and not is_empty(after.get(key))}
    # What AWS holds already is AWS's to judge: it may allow more by now than this botocore knows.
    _model.check(shape, {"AssociationId": _ANY_ID, **{key: found[key] for key in desired if key in found}})
    return found


def facts(shape: Any, association: dict[str, Any]) -> dict[str, Any]:
    """Return all that AWS tells of an association, its user's own keys as they went in."""
    told = {key: value for key, value in association.items() if key != "Tags" and value not in (None, "")}
    return {**_model.to_result(shape, {**UNSET, **told}), "tags": association.get("Tags", {})}


def settings(shape: Any, association: dict[str, Any]) -> dict[str, Any]:
    """Return an association's options as the module's user sees them."""
    if not association:
        return {}
    wanted = {*OPTIONS, "association_id", "association_version", "tags"}
    return {option: value for option, value in facts(shape, association).items() if option in wanted}


def failure(execution: dict[str, Any], association: dict[str, Any]) -> str | None:
    """Return a sentence about the nodes that a run failed on, or None."""
    if execution.get("status") in (None, "Success", "Pending", "Skipped"):
        return None
    bad = [
        f"{target['resource_id']} {target.get('detailed_status') or target['status']}"
        for target in execution["targets"]
        if target.get("status") != "Success"
    ]
    return (
        f"association '{association.get('association_name') or association['association_id']}': its run "
        f"{execution['execution_id']} ended {execution.get('detailed_status') or execution['status']}: "
        f"{', '.join(bad) or 'no node answered'}."
    )


def run(client: Any, execution: dict[str, Any]) -> dict[str, Any]:
    """Return an execution with its targets as a module's user sees it."""
    if not execution:
        return {}
    shape = _model.output_shape(client, "DescribeAssociationExecutions").members["AssociationExecutions"]
    node = _model.output_shape(client, "DescribeAssociationExecutionTargets").members["AssociationExecutionTargets"]
    return {**_model.to_result(shape.member, execution), "targets": _model.to_result(node, execution["Targets"])}
