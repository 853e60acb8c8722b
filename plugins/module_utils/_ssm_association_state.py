# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An association as options, as AWS holds it, and as it shall be. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateAssociation.html
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._checks import (
    check_count,
    check_length,
    check_text,
)
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._rate_control import check_rate_control
from ansible_collections.nodecache.eks.plugins.module_utils._shape import camel, from_api, to_api
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_schedule import check_cron_only, check_schedule
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_targets import (
    ALARM_CONFIGURATION,
    TARGETS,
    as_parameters,
    canonical_targets,
    check_alarms,
    check_document,
    check_parameters,
    check_targets,
)
from ansible_collections.nodecache.eks.plugins.module_utils._state import is_empty, merge

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
# What UpdateAssociation takes; it forgets whatever is left out.
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
WRITABLE = tuple(camel(option) for option in OPTIONS)
# How AWS reads what was never set.
UNSET = {
    "DocumentVersion": "$DEFAULT",
    "ApplyOnlyAtCronInterval": False,
    "ComplianceSeverity": "UNSPECIFIED",
    "SyncCompliance": "AUTO",
}
_FACTS: dict[str, dict[str, Any]] = {
    "association_id": {},
    "association_version": {},
    "date": {},
    "last_update_association_date": {},
    "last_execution_date": {},
    "last_successful_execution_date": {},
    "overview": {"options": {"status": {}, "detailed_status": {}, "association_status_aggregated_count": {}}},
    "triggered_alarms": {"options": {"name": {}, "state": {}}},
}


_RUN: dict[str, dict[str, Any]] = {
    "execution_id": {},
    "association_version": {},
    "status": {},
    "detailed_status": {},
    "resource_count_by_status": {},
    "created_time": {},
    "last_execution_date": {},
    "targets": {
        "options": {
            "resource_id": {},
            "resource_type": {},
            "status": {},
            "detailed_status": {},
            "last_execution_date": {},
            "output_source": {"options": {"output_source_id": {}, "output_source_type": {}}},
        }
    },
}


def check_params(params: dict[str, Any]) -> None:
    """Refuse what Systems Manager would refuse."""
    check_identity(params)
    check_document("name", params)
    check_parameters(params["parameters"])
    check_targets(params["targets"])
    check_rate_control(params)
    check_schedule(params)
    check_alarms(params["alarm_configuration"])
    check_length("automation_target_parameter_name", params["automation_target_parameter_name"], 0, 50)
    check_text(
        "association_dispatch_assume_role",
        params["association_dispatch_assume_role"] or None,
        r"arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.{1,460}",
        "the ARN of a role",
    )
    _check_output((params["output_location"] or {}).get("s3_location"))
    check_count("target_maps", params["target_maps"], 0, 300)
    check_count("target_locations", params["target_locations"], 0, 100)
    for location in params["target_locations"] or []:
        _check_location(location)


def check_identity(params: dict[str, Any]) -> None:
    """Refuse a name or an id that no association can have."""
    check_text(
        "association_name",
        params["association_name"],
        r"[a-zA-Z0-9_.-]{3,128}",
        "3 to 128 letters, digits, dots, hyphens or underscores",
    )
    check_text(
        "association_id",
        params["association_id"],
        r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "a UUID such as 8dfe3659-4309-493a-8755-0123456789ab",
    )


def _check_output(place: dict[str, Any] | None) -> None:
    if not place or all(value is None for value in place.values()):
        return
    option = "output_location: s3_location"
    if place["output_s3_bucket_name"] is None:
        raise NodecacheError(f"{option} has no output_s3_bucket_name but must name the bucket.")
    check_length(f"{option}: output_s3_bucket_name", place["output_s3_bucket_name"], 3, 63)
    check_length(f"{option}: output_s3_key_prefix", place["output_s3_key_prefix"], 0, 500)
    check_length(f"{option}: output_s3_region", place["output_s3_region"] or None, 3, 20)


def _check_location(location: dict[str, Any]) -> None:
    within = "target_locations: "
    check_count(f"{within}accounts", location["accounts"], 1, 50)
    check_count(f"{within}regions", location["regions"], 1, 50)
    check_rate_control(location, "target_location_", within)
    check_rate_control(location, "targets_", within)
    check_targets(location["targets"], f"{within}targets", 1)
    check_alarms(location["target_location_alarm_configuration"], f"{within}target_location_alarm_configuration")
    check_text(
        f"{within}execution_role_name", location["execution_role_name"], r"[\w+=,.@/-]{1,64}", "the name of a role"
    )
    for account in location["exclude_accounts"] or []:
        check_text(
            f"{within}exclude_accounts",
            account,
            r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|[0-9]{12}",
            "12 digits or an organizational unit",
        )


def build_desired(params: dict[str, Any]) -> dict[str, Any]:
    """Return what the options ask for in the API's shape; what is empty is to be taken away."""
    desired = to_api(OPTIONS, params)
    if "Parameters" in desired:
        desired["Parameters"] = as_parameters(desired["Parameters"])
    if "TargetMaps" in desired:
        desired["TargetMaps"] = [as_parameters(entry) for entry in desired["TargetMaps"]]
    # There is no other way to say in a number that an option shall go.
    return {key: "" if value == 0 and value is not False else value for key, value in desired.items()}


def plan(current: dict[str, Any], desired: dict[str, Any]) -> tuple[set[str], dict[str, Any]]:
    """Return which keys differ, and the whole association as it shall be."""
    desired = dict(desired)
    for key in ("OutputLocation", "AlarmConfiguration"):
        if desired.get(key) and current.get(key):
            desired[key] = _deep(current[key], desired[key])
    after = merge(current, desired)
    # AWS takes one of the two only, so to ask for one is to let go of the other.
    for key, other in (("Targets", "TargetMaps"), ("TargetMaps", "Targets")):
        if desired.get(key) and other not in desired:
            after.pop(other, None)
    differs = {key for key in {*current, *after} & {*WRITABLE} if not _equal(key, current.get(key), after.get(key))}
    # What differs in nothing but order stays as AWS has it.
    return differs, {key: value if key in differs else current.get(key, value) for key, value in after.items()}


def _deep(current: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    if is_empty(desired):
        return {}
    inside = {
        key: _deep(current[key], value) if isinstance(value, dict) and isinstance(current.get(key), dict) else value
        for key, value in desired.items()
    }
    return merge(current, inside)


def _equal(key: str, one: Any, other: Any) -> bool:
    if key == "Name" and one and other and not (one.startswith("arn:") and other.startswith("arn:")):
        # AWS may answer with a name where an ARN was given.
        return bool(one.rpartition("/")[2] == other.rpartition("/")[2])
    return bool(_comparable(key, one) == _comparable(key, other))


def _comparable(key: str, value: Any) -> Any:
    if value in (None, "", [], {}):
        return UNSET.get(key)
    if key == "Targets":
        return canonical_targets(value)
    if key in ("CalendarNames", "Accounts", "Regions", "ExcludeAccounts"):
        return sorted(set(value))
    if key in ("TargetLocations", "TargetMaps"):
        return sorted(json.dumps(_comparable("", entry), sort_keys=True) for entry in value)
    if isinstance(value, dict) and key != "Parameters":
        inside = {name: _comparable(name, item) for name, item in value.items() if item is not False}
        return {name: item for name, item in inside.items() if item is not None}
    return value


def check_whole(after: dict[str, Any]) -> None:
    """Refuse a whole that its parts, some from options and some from AWS, do not fit into."""
    identity = after.get("AssociationName") or after.get("AssociationId")
    if not after.get("Name"):
        raise NodecacheError(f"association '{identity}' is new, so name must say which document it runs.")
    check_cron_only(
        after.get("ScheduleExpression"),
        bool(after.get("ApplyOnlyAtCronInterval")),
        {option for option in ("schedule_offset", "duration") if after.get(camel(option))},
    )


def request(after: dict[str, Any]) -> dict[str, Any]:
    """Return what Create- or UpdateAssociation takes of the whole."""
    return {key: after[key] for key in WRITABLE if after.get(key) not in (None, "", [], {})}


def settings(association: dict[str, Any]) -> dict[str, Any]:
    """Return an association's options as the module's user sees them."""
    if not association:
        return {}
    spec = {**OPTIONS, "association_id": {}, "association_version": {}}
    return {**from_api(spec, {**UNSET, **association}), "tags": association.get("Tags", {})}


def facts(association: dict[str, Any]) -> dict[str, Any]:
    """Return all that AWS tells of an association."""
    return {**from_api(_FACTS, association), **settings(association)}


def run(execution: dict[str, Any]) -> dict[str, Any]:
    """Return an execution with its targets as the module's user sees it."""
    return from_api(_RUN, execution)


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
