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
      - Needed unless O(association_id) is given. With it, the name that the association is to have.
    type: str
  association_id:
    description: The association's id, for one that has no name of its own.
    type: str
  name:
    description: The document to run, by name or ARN. A new association needs it.
    type: str
  target_maps:
    description:
      - Which parameters of an Automation runbook get which resources, at most 300 mappings of a name to a list.
      - To name them lets go of O(targets).
    type: list
    elements: dict
  target_locations:
    description: The accounts and regions that an Automation runbook is to run in.
    type: list
    elements: dict
    suboptions:
      accounts:
        description: The accounts or organizational units, at most 50.
        type: list
        elements: str
      regions:
        description: The regions, at most 50.
        type: list
        elements: str
      exclude_accounts:
        description: The accounts or organizational units that are left out.
        type: list
        elements: str
      include_child_organization_units:
        description: Whether units within the named ones are meant too.
        type: bool
      execution_role_name:
        description: The role to run as in each account.
        type: str
      target_location_max_concurrency:
        description: How many accounts and regions run at a time, a number or a percentage.
        type: str
      target_location_max_errors:
        description: How many may fail before no further one is started, a number or a percentage.
        type: str
      target_location_alarm_configuration:
        description: The CloudWatch alarm that stops the run there.
        type: dict
        suboptions:
          alarms:
            description: The alarm, exactly one.
            type: list
            elements: dict
            suboptions:
              name:
                description: The alarm's name.
                type: str
                required: true
          ignore_poll_alarm_failure:
            description: Whether to run on when the alarm's state cannot be read.
            type: bool
      targets:
        description: The resources to run on there, at most one entry.
        type: list
        elements: dict
        suboptions:
          key:
            description: V(ParameterValues), V(ResourceGroup) or V(tag:NAME).
            type: str
            required: true
          values:
            description: At most 50 values, one of which must match.
            type: list
            elements: str
            required: true
      targets_max_concurrency:
        description: How many resources run at a time there, a number or a percentage.
        type: str
      targets_max_errors:
        description: How many resources may fail there, a number or a percentage.
        type: str
  automation_target_parameter_name:
    description: The parameter of an Automation runbook that gets each target. A runbook with rate control needs it.
    type: str
  schedule_expression:
    description:
      - When to run again in UTC, as V(rate(...\)) of at least 30 minutes, V(cron(...\)) or V(at(...\)).
    type: str
  schedule_offset:
    description: How many days after the scheduled day to run, 1 to 6. Needs O(apply_only_at_cron_interval).
    type: int
  duration:
    description: After how many hours a run is cancelled, 1 to 24. Needs O(apply_only_at_cron_interval).
    type: int
  apply_only_at_cron_interval:
    description: Whether to run on the schedule only, and not on creation or change. Not with V(rate(...\)).
    type: bool
  calendar_names:
    description: The change calendars, by name or ARN, that must be open for a run.
    type: list
    elements: str
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
      s3_location:
        description: The place in Amazon S3, written to with the node's own role.
        type: dict
        suboptions:
          output_s3_bucket_name:
            description: The bucket, needed beside any of the others.
            type: str
          output_s3_key_prefix:
            description: The folder in the bucket.
            type: str
          output_s3_region:
            description: The bucket's region. Name it again when the bucket changes.
            type: str
  association_dispatch_assume_role:
    description:
      - The ARN of the role that State Manager takes to reach nodes, instead of its service-linked role.
      - Needs a botocore that knows this option.
    type: str
  wait:
    description:
      - Whether to wait until the run that this module caused is over on all nodes, and fail when it failed.
      - When no node that matches is online the module does not wait, and RV(execution) says V(NoInstancesInTag).
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 600
  state:
    description:
      - Whether the association is there.
      - V(started) is V(present), and a run now, even when nothing changes. Each run of this module starts one.
    type: str
    choices: [present, absent, started]
    default: present
notes:
  - An option that is left out is left alone. An empty text, list or dictionary, or 0 for a number, takes it away.
  - A botocore that does not know one of these options does not see its value either, and loses it in an update.
  - The API's InstanceId, which AWS has deprecated, is no option; name nodes in O(targets) with the key V(InstanceIds).
  - "IAM actions: ssm:ListAssociations, ssm:DescribeAssociation and ssm:ListTagsForResource; to create or change
    ssm:CreateAssociation and ssm:UpdateAssociation; with O(tags) ssm:AddTagsToResource and
    ssm:RemoveTagsFromResource; with O(wait) ssm:DescribeInstanceInformation, ssm:DescribeAssociationExecutions and
    ssm:DescribeAssociationExecutionTargets; with O(state=started) ssm:StartAssociationsOnce; to delete
    ssm:DeleteAssociation."
seealso:
  - module: nodecache.eks.ssm_association_info
extends_documentation_fragment:
  - nodecache.eks.attributes
  - nodecache.eks.ssm_run
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

- name: Run it now, and wait for the nodes
  nodecache.eks.ssm_association:
    association_name: nodecache-ml
    state: started
    wait: true

- name: Patch on Sundays only, and keep what the nodes print
  nodecache.eks.ssm_association:
    association_name: patch
    name: AWS-RunPatchBaseline
    parameters:
      Operation: [Install]
    targets:
      - key: tag:patch
        values: ["yes"]
    schedule_expression: cron(0 2 ? * SUN *)
    apply_only_at_cron_interval: true
    duration: 4
    output_location:
      s3_location:
        output_s3_bucket_name: example-logs
        output_s3_key_prefix: patch

- name: Delete it
  nodecache.eks.ssm_association:
    association_name: nodecache-ml
    state: absent
"""

RETURN = r"""
association:
  description:
    - The association, V({}) when it is gone. Every option that is set is there under its own name.
  returned: always
  type: dict
  contains:
    association_id:
      description: The association's id.
      type: str
      returned: when it is there, but for check mode when it is new
      sample: 8dfe3659-4309-493a-8755-0123456789ab
    association_version:
      description: The version that the last change made.
      type: str
      returned: when it is there
      sample: "1"
    association_name:
      description: The association's name.
      type: str
      returned: when it has one
      sample: nodecache-ml
    name:
      description: The document.
      type: str
      returned: when it is there
      sample: nodecache-ml
    document_version:
      description: The document's version.
      type: str
      returned: when it is there
      sample: $DEFAULT
    parameters:
      description: The document's parameters, as they were given.
      type: dict
      returned: when it has some
      sample: {action: [prefetch]}
    targets:
      description: The nodes to run on.
      type: list
      elements: dict
      returned: when it has some
      sample: [{key: "tag:kubernetes.io/cluster/ml", values: [owned]}]
    schedule_expression:
      description: When it runs again.
      type: str
      returned: when it has one
      sample: rate(30 minutes)
    max_concurrency:
      description: How many nodes run at a time.
      type: str
      returned: when it is set
      sample: 10%
    max_errors:
      description: How many nodes may fail.
      type: str
      returned: when it is set
      sample: 10%
    tags:
      description: The association's tags.
      type: dict
      returned: when it is there
      sample: {costCentre: A}
execution:
  description: The run that this module caused and waited for, V({}) when it did not.
  returned: always
  type: dict
  contains:
    execution_id:
      description: The run's id.
      type: str
      returned: when nodes ran
      sample: 76a5a04f-caf6-490c-b448-0123456789ab
    status:
      description: How the run ended; V(Pending) when no node that matches is online.
      type: str
      returned: when it waited
      sample: Success
    detailed_status:
      description: The status in more detail; V(NoInstancesInTag) when no node that matches is online.
      type: str
      returned: when it waited
      sample: Success
    targets:
      description: One entry a node.
      type: list
      elements: dict
      returned: when it waited
      sample: [{resource_id: i-0123456789abcdef0, resource_type: ManagedInstance, status: Success}]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _model, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils import _ssm_association_state as state
from ansible_collections.nodecache.eks.plugins.module_utils._aws import make_client
from ansible_collections.nodecache.eks.plugins.module_utils._blocks import make_module
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._state import (
    check_tags,
    diff_dict,
    resulting_tags,
    tag_plan,
)


class Run:
    """The run that a change or a start causes, and what it is told apart by."""

    def __init__(self, client: Any, current: dict[str, Any]) -> None:
        self.client = client
        self.since = current.get("LastExecutionDate")
        made = _ssm.executions(client, current["AssociationId"], self.since) if current else []
        self.before = [execution["ExecutionId"] for execution in made]

    def wait(self, association: dict[str, Any], timeout: int) -> dict[str, Any]:
        """Return the run once it is over."""
        # A runbook's targets need not be nodes.
        nodes = association.get("Targets") if not association.get("AutomationTargetParameterName") else None
        if nodes and not _ssm.any_node_online(self.client, nodes):
            return {"Status": "Pending", "DetailedStatus": "NoInstancesInTag", "Targets": []}
        found = _ssm.wait_for_execution(self.client, association, self.since, self.before, timeout)
        targets = _ssm.execution_targets(self.client, association["AssociationId"], found["ExecutionId"])
        return {**found, "Targets": targets}


def ensure_present(
    client: Any, module: AnsibleAWSModule, current: dict[str, Any], desired: dict[str, Any]
) -> tuple[bool, dict[str, Any], Run | None]:
    """Create, change or start the association; return whether it changed, how it then is, and the run to wait for."""
    params = module.params
    if not current and params["association_id"] is not None:
        raise NodecacheError(f"association '{params['association_id']}' does not exist, and AWS chooses ids itself.")
    shape = _model.input_shape(client, "UpdateAssociation")
    differs, after = state.plan(shape, current, desired)
    state.check_whole(after)
    request = state.request(shape, after, desired)
    tags = current.get("Tags", {})
    to_set, to_unset = tag_plan(tags, params["tags"], params["purge_tags"])
    runs_itself = bool(differs) and not after.get("ApplyOnlyAtCronInterval")
    starts = params["state"] == "started" and not runs_itself
    after["Tags"] = resulting_tags(tags, to_set, to_unset)
    if differs:
        after["AssociationVersion"] = str(int(current.get("AssociationVersion", 0)) + 1)
    changed = bool(differs or to_set or to_unset or starts)
    if module.check_mode:
        return changed, after, None
    run = Run(client, current) if params["wait"] and (runs_itself or starts) else None
    if differs:
        answer = (
            _ssm.update_association(client, current, request)
            if current
            else _ssm.create_association(client, request, to_set)
        )
        after.update({key: answer[key] for key in ("AssociationId", "AssociationVersion") if answer.get(key)})
    if current and (to_set or to_unset):
        _ssm.tag(client, "Association", current["AssociationId"], to_set, to_unset)
    if starts:
        _ssm.start_association(client, after["AssociationId"])
    return changed, after, run


def ensure_absent(
    client: Any, module: AnsibleAWSModule, current: dict[str, Any], _desired: dict[str, Any]
) -> tuple[bool, dict[str, Any], Run | None]:
    """Delete the association."""
    if current and not module.check_mode:
        _ssm.delete_association(client, current["AssociationId"])
    return bool(current), {}, None


def main() -> None:
    module = make_module(
        argument_spec={
            "association_id": {"type": "str"},
            **state.OPTIONS,
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 600},
            "state": {"type": "str", "choices": ["present", "absent", "started"], "default": "present"},
        },
        mutually_exclusive=[("targets", "target_maps")],
        required_one_of=[("association_name", "association_id")],
        supports_check_mode=True,
    )
    params = module.params
    answer: dict[str, Any] = {"changed": False}
    try:
        state.check_params(params)
        check_tags(params["tags"])
        client = make_client(module, "ssm")
        desired = state.build_desired(_model.input_shape(client, "UpdateAssociation"), params)
        current = _ssm.find_association(client, params["association_name"], params["association_id"]) or {}
        ensure = ensure_absent if params["state"] == "absent" else ensure_present
        changed, after, run = ensure(client, module, current, desired)
        shape = _model.output_shape(client, "DescribeAssociation").members["AssociationDescription"]
        sides = [state.settings(shape, side) for side in (current, after)]
        # An id cannot be foretold, and a diff shows what was asked for.
        diff = diff_dict(*({key: side[key] for key in side if key != "association_id"} for side in sides))
        answer = {"changed": changed, "association": sides[1], "execution": {}, "diff": diff}
        if bool(after) != bool(current) and not module.check_mode:
            _ssm.wait_until_listed(client, after or current, gone=not after)
        if run:
            answer["execution"] = state.run(client, run.wait(after, params["wait_timeout"]))
            sentence = state.failure(answer["execution"], answer["association"])
            if sentence:
                raise NodecacheError(sentence)
    except NodecacheError as error:
        module.fail_json(msg=str(error), **answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
