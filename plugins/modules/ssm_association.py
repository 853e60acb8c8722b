#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_association
version_added: 1.0.0
short_description: Manage an AWS Systems Manager State Manager association
description:
  - Creates, changes and deletes one association, which keeps running a document on the nodes it targets.
  - Systems Manager resets whatever an update leaves out and runs the association at once. This module therefore
    sends the present state with your changes on top, and sends nothing when nothing differs.
author:
  - nodecache.eks contributors (@nodecache)
options:
  association_name:
    description:
      - The association's name, 3 to 128 letters, digits, dots, hyphens or underscores.
      - Systems Manager lets two associations have one name; the module then fails and names their ids.
      - Needed unless O(association_id) is given.
    type: str
  association_id:
    description: The association's id, for one that has no name of its own.
    type: str
  name:
    description: The document to run, by name or ARN. A new association needs it.
    type: str
  document_version:
    description: The document's version, V($DEFAULT), V($LATEST) or a number.
    type: str
  parameters:
    description: The document's parameters, a list of strings each.
    type: dict
  targets:
    description: The nodes to run on, at most five entries that must all match. A new association needs them.
    type: list
    elements: dict
    suboptions:
      key:
        description: V(InstanceIds), V(tag-key), V(resource-groups:Name) or V(tag:NAME).
        type: str
        required: true
      values:
        description: At most 50 values, one of which must match.
        type: list
        elements: str
        required: true
  schedule_expression:
    description:
      - When to run again, as V(rate(...\)) of at least 30 minutes, V(cron(...\)) or V(at(...\)).
      - An empty string takes the schedule away.
    type: str
  apply_only_at_cron_interval:
    description: Whether to run on the schedule only, and not on creation or change. Not with V(rate(...\)).
    type: bool
  max_concurrency:
    description: How many nodes run at a time, a number or a percentage.
    type: str
  max_errors:
    description: How many nodes may fail before no further one is started, a number or a percentage.
    type: str
  compliance_severity:
    description: How bad a node is that fails.
    type: str
    choices: [CRITICAL, HIGH, MEDIUM, LOW, UNSPECIFIED]
  sync_compliance:
    description: Whether compliance follows the association's own status.
    type: str
    choices: [AUTO, MANUAL]
  output_location:
    description: Where nodes write what the document prints.
    type: dict
    suboptions:
      s3_bucket_name:
        description: The bucket.
        type: str
        required: true
      s3_key_prefix:
        description: The folder in the bucket.
        type: str
      s3_region:
        description: The bucket's region.
        type: str
  wait:
    description: Whether to wait until a run that this module caused is over on all nodes, and fail when it failed.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 600
  state:
    description: Whether the association is there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is left out is left alone.
  - "IAM actions: ssm:ListAssociations, ssm:DescribeAssociation, ssm:CreateAssociation, ssm:UpdateAssociation,
    ssm:DeleteAssociation, ssm:ListTagsForResource, ssm:AddTagsToResource, ssm:RemoveTagsFromResource."
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Run a document on every node of a cluster, and on each one that joins
  nodecache.eks.ssm_association:
    association_name: nodecache-ml
    name: nodecache-ml
    targets:
      - key: tag:kubernetes.io/cluster/ml
        values: [owned]
    parameters:
      action: [prefetch]
      images: [123456789012.dkr.ecr.us-east-1.amazonaws.com/training]
    schedule_expression: rate(30 minutes)
    max_concurrency: "10%"
    max_errors: "10%"

- name: Delete it
  nodecache.eks.ssm_association:
    association_name: nodecache-ml
    state: absent
"""

RETURN = r"""
association:
  description: The association, V({}) when it is gone.
  returned: always
  type: dict
  contains:
    association_id:
      description: The association's id; not there in check mode when it is new.
      type: str
      sample: 8dfe3659-4309-493a-8755-0123456789ab
    association_name:
      description: The association's name.
      type: str
    association_version:
      description: The version that the last change made.
      type: str
      sample: "1"
    name:
      description: The document.
      type: str
    document_version:
      description: The document's version.
      type: str
      sample: $DEFAULT
    parameters:
      description: The document's parameters, as they were given.
      type: dict
    targets:
      description: The nodes to run on.
      type: list
      elements: dict
    schedule_expression:
      description: When it runs again.
      type: str
    max_concurrency:
      description: How many nodes run at a time.
      type: str
    max_errors:
      description: How many nodes may fail.
      type: str
    tags:
      description: The association's tags.
      type: dict
"""

import re
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _ssm
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._rate_control import check_rate_control
from ansible_collections.nodecache.eks.plugins.module_utils._state import (
    changed_keys,
    diff_dict,
    merge,
    resulting_tags,
    scrub,
    tag_plan,
)

# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html
NAME = re.compile(r"[a-zA-Z0-9_.-]{3,128}")
SCHEDULE = re.compile(r"(rate|cron|at)\(.+\)")
RATE = re.compile(r"rate\(\s*([0-9]+)\s+(minute|hour|day)s?\s*\)")
MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}
# What UpdateAssociation takes back; it forgets whatever is left out.
WRITABLE = {
    "AssociationName": "association_name",
    "Name": "name",
    "DocumentVersion": "document_version",
    "Parameters": "parameters",
    "Targets": "targets",
    "ScheduleExpression": "schedule_expression",
    "ApplyOnlyAtCronInterval": "apply_only_at_cron_interval",
    "MaxConcurrency": "max_concurrency",
    "MaxErrors": "max_errors",
    "ComplianceSeverity": "compliance_severity",
    "SyncCompliance": "sync_compliance",
    "OutputLocation": "output_location",
}
# These have no option here and still must survive an update.
CARRIED = (
    "AutomationTargetParameterName",
    "CalendarNames",
    "TargetLocations",
    "TargetMaps",
    "ScheduleOffset",
    "Duration",
    "AlarmConfiguration",
    "AssociationDispatchAssumeRole",
)
# How AWS reads an option that was never set.
UNSET = {"DocumentVersion": "$DEFAULT", "ApplyOnlyAtCronInterval": False, "ComplianceSeverity": "UNSPECIFIED"}


def check_params(params: dict[str, Any]) -> None:
    """Refuse what Systems Manager would refuse."""
    name = params["association_name"]
    if name is not None and not NAME.fullmatch(name):
        raise NodecacheError(
            f"association_name is '{name}' but must be 3 to 128 letters, digits, dots, hyphens or underscores."
        )
    check_rate_control(params)
    _check_schedule(params)
    targets = params["targets"] or []
    if len(targets) > 5:
        raise NodecacheError(f"targets has {len(targets)} entries but may have at most 5.")
    for target in targets:
        if not 1 <= len(target["values"]) <= 50:
            raise NodecacheError(
                f"targets: key '{target['key']}' has {len(target['values'])} values but must have 1 to 50."
            )


def _check_schedule(params: dict[str, Any]) -> None:
    schedule = params["schedule_expression"]
    if not schedule:
        return
    if not SCHEDULE.fullmatch(schedule):
        raise NodecacheError(f"schedule_expression is '{schedule}' but must be rate(...), cron(...) or at(...).")
    if not schedule.startswith("rate"):
        return
    rate = RATE.fullmatch(schedule)
    if not rate or int(rate[1]) * MINUTES[rate[2]] < 30:
        raise NodecacheError(f"schedule_expression is '{schedule}' but a rate must be at least rate(30 minutes).")
    if params["apply_only_at_cron_interval"]:
        raise NodecacheError(
            f"apply_only_at_cron_interval is true but cannot go with '{schedule}', only with cron(...)."
        )


def build_desired(params: dict[str, Any]) -> dict[str, Any]:
    """Return what the options ask for in the API's shape."""
    desired = {key: params[option] for key, option in WRITABLE.items()}
    if desired["Targets"] is not None:
        desired["Targets"] = [{"Key": target["key"], "Values": target["values"]} for target in desired["Targets"]]
    if desired["Parameters"] is not None:
        desired["Parameters"] = {key: _strings(value) for key, value in desired["Parameters"].items()}
    if desired["OutputLocation"] is not None:
        place = desired["OutputLocation"]
        desired["OutputLocation"] = {
            "S3Location": scrub(
                {
                    "OutputS3BucketName": place["s3_bucket_name"],
                    "OutputS3KeyPrefix": place["s3_key_prefix"],
                    "OutputS3Region": place["s3_region"],
                }
            )
        }
    return scrub(desired)


def _strings(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def _readable(association: dict[str, Any]) -> dict[str, Any]:
    """Return the present state with AWS's own reading of what was never set."""
    if not association:
        return {}
    return {**UNSET, **{key: value for key, value in association.items() if value not in (None, "")}}


def _result(association: dict[str, Any]) -> dict[str, Any]:
    names = {"AssociationId": "association_id", "AssociationVersion": "association_version", **WRITABLE, "Tags": "tags"}
    result = {name: association[key] for key, name in names.items() if association.get(key) not in (None, "")}
    if "targets" in result:
        result["targets"] = [{"key": target["Key"], "values": target["Values"]} for target in result["targets"]]
    if "output_location" in result:
        place = result["output_location"].get("S3Location", {})
        result["output_location"] = {
            "s3_bucket_name": place.get("OutputS3BucketName"),
            "s3_key_prefix": place.get("OutputS3KeyPrefix"),
            "s3_region": place.get("OutputS3Region"),
        }
    return result


def plan(current: dict[str, Any], desired: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Return whether anything differs, and the whole association as it shall be."""
    differs = changed_keys(current, {key: value for key, value in desired.items() if value != ""})
    emptied = {key for key, value in desired.items() if value == "" and current.get(key)}
    return bool(differs | emptied), merge(current, desired)


def ensure_present(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Create or change the association."""
    params = module.params
    desired = build_desired(params)
    if not current:
        for key in ("AssociationName", "Name", "Targets"):
            if key not in desired:
                raise NodecacheError(f"association '{params['association_name']}' is new and needs {WRITABLE[key]}.")
    differs, after = plan(current, desired)
    tags = current.get("Tags", {})
    to_set, to_unset = tag_plan(tags, params["tags"], params["purge_tags"])
    after = {**UNSET, **after, "Tags": resulting_tags(tags, to_set, to_unset)}
    request = {key: after[key] for key in (*WRITABLE, *CARRIED) if after.get(key) not in (None, "")}
    if not module.check_mode:
        if not current:
            after = _merge_answer(after, _ssm.create_association(client, request, to_set))
        elif differs:
            after = _merge_answer(after, _ssm.update_association(client, current["AssociationId"], request))
        if current and (to_set or to_unset):
            _ssm.tag(client, "Association", current["AssociationId"], to_set, to_unset)
        if differs and params["wait"]:
            _ssm.wait_for_association(client, after["AssociationId"], params["wait_timeout"])
    return differs or bool(to_set or to_unset), after


def _merge_answer(after: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {**after, "AssociationId": answer["AssociationId"], "AssociationVersion": answer.get("AssociationVersion")}


def ensure_absent(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Delete the association."""
    if current and not module.check_mode:
        _ssm.delete_association(client, current["AssociationId"])
    return bool(current), {}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "association_name": {},
            "association_id": {},
            "name": {},
            "document_version": {},
            "parameters": {"type": "dict"},
            "targets": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "key": {"required": True, "no_log": False},
                    "values": {"type": "list", "elements": "str", "required": True},
                },
            },
            "schedule_expression": {},
            "apply_only_at_cron_interval": {"type": "bool"},
            "max_concurrency": {},
            "max_errors": {},
            "compliance_severity": {"choices": ["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNSPECIFIED"]},
            "sync_compliance": {"choices": ["AUTO", "MANUAL"]},
            "output_location": {
                "type": "dict",
                "options": {
                    "s3_bucket_name": {"required": True},
                    "s3_key_prefix": {"no_log": False},
                    "s3_region": {},
                },
            },
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 600},
            "state": {"choices": ["present", "absent"], "default": "present"},
        },
        required_one_of=[("association_name", "association_id")],
        supports_check_mode=True,
    )
    try:
        check_params(module.params)
        client = make_client(module, "ssm")
        found = _ssm.find_association(client, module.params["association_name"], module.params["association_id"])
        current = _readable(found or {})
        ensure = ensure_present if module.params["state"] == "present" else ensure_absent
        changed, after = ensure(client, module, current)
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    before, after = _result(current), _result(after)
    module.exit_json(changed=changed, association=after, diff=diff_dict(before, after))


if __name__ == "__main__":
    main()
