#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eventbridge_target
version_added: 1.0.0
short_description: Manage one target of an Amazon EventBridge rule
description:
  - Creates, changes and removes exactly one target of one rule, of any kind that PutTargets knows.
  - The rule's other targets are never touched, and what another tool set on this target stays.
author:
  - nodecache.eks contributors (@nodecache)
options:
  rule:
    description: The name of the target's rule, 1 to 64 letters, digits, dots, hyphens and underscores.
    type: str
    required: true
  event_bus_name:
    description: The name or ARN of the rule's event bus.
    type: str
    default: default
  target_id:
    description:
      - The target's id, which is its own within the rule.
      - 1 to 64 letters, digits, dots, hyphens and underscores.
    type: str
    required: true
  arn:
    description:
      - The ARN of what is called, for Run Command that of a document.
      - A new target needs it.
      - When it becomes that of another service, the parameters of the kind the target was are taken away.
    type: str
  role_arn:
    description:
      - The ARN of the role EventBridge takes on.
      - A target of Run Command, Automation, ECS, Batch, Kinesis or Step Functions needs it.
      - An empty string takes the role away.
    type: str
  input:
    description:
      - What the target is called with instead of the event, as data or as JSON text.
      - It is compared with the present input as JSON.
      - For Run Command and Automation it is an object of document parameters, each of them a list of strings.
      - An empty string takes the input away.
    type: raw
  input_path:
    description:
      - The part of the event the target is called with, a JSON path.
      - An empty string takes the path away.
    type: str
  input_transformer:
    description:
      - How the event becomes the input.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      input_paths_map:
        description: The variables and where in the event they are, up to 100 JSON paths.
        type: dict
      input_template:
        description: The input, with variables in angle brackets.
        type: str
  run_command_parameters:
    description:
      - On which nodes Run Command runs the document.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      run_command_targets:
        description: The nodes; EventBridge takes exactly one entry.
        type: list
        elements: dict
        suboptions:
          key:
            description: V(InstanceIds) or V(tag:) and a tag's key.
            type: str
            required: true
          values:
            description: The instance ids, or the tag's values, up to 50.
            type: list
            elements: str
            required: true
  ecs_parameters:
    description:
      - How a task runs on an ECS cluster, which O(arn) names.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      task_definition_arn:
        description: The ARN of the task definition; needed.
        type: str
      task_count:
        description: How many tasks run, 1 if left out.
        type: int
      launch_type:
        description:
          - On what the task runs.
          - An empty string takes it away, which leaves the choice to the cluster.
        type: str
        choices: [EC2, FARGATE, EXTERNAL, '']
      network_configuration:
        description: The network of tasks in C(awsvpc) mode; Fargate needs it.
        type: dict
        suboptions:
          awsvpc_configuration:
            description: Where the task's network interface is.
            type: dict
            suboptions:
              subnets:
                description: The subnets, up to 16 of one VPC.
                type: list
                elements: str
              security_groups:
                description: The security groups, up to five of the same VPC.
                type: list
                elements: str
              assign_public_ip:
                description: Whether the interface has a public address.
                type: str
                choices: [ENABLED, DISABLED]
      platform_version:
        description: The Fargate platform version, numbers only, as V(1.4.0).
        type: str
      group:
        description: The task group.
        type: str
      capacity_provider_strategy:
        description: On which capacity the tasks run, instead of O(ecs_parameters.launch_type).
        type: list
        elements: dict
        suboptions:
          capacity_provider:
            description: The capacity provider's short name.
            type: str
            required: true
          weight:
            description: Its part of the tasks beyond the base, 0 to 1000.
            type: int
          base:
            description: How many tasks at least it gets, 0 to 100000.
            type: int
      enable_ecs_managed_tags:
        description: Whether ECS tags the task.
        type: bool
      enable_execute_command:
        description: Whether commands can be run in the task's containers.
        type: bool
      placement_constraints:
        description: On which instances the tasks may run, up to 10.
        type: list
        elements: dict
        suboptions:
          type:
            description: The kind of constraint.
            type: str
            choices: [distinctInstance, memberOf]
          expression:
            description: The instances, in the cluster query language.
            type: str
      placement_strategy:
        description: How tasks spread over instances, up to five, the first first.
        type: list
        elements: dict
        suboptions:
          type:
            description: The kind of strategy.
            type: str
            choices: [random, spread, binpack]
          field:
            description: What it goes by, for instance V(attribute:ecs.availability-zone) or V(memory).
            type: str
      propagate_tags:
        description:
          - Whether tasks get the tags of their definition.
          - An empty string takes it away.
        type: str
        choices: [TASK_DEFINITION, '']
      reference_id:
        description: The task's reference id.
        type: str
      tags:
        description: The tasks' tags.
        type: dict
  batch_parameters:
    description:
      - Which job is submitted to the Batch queue that O(arn) names.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      job_definition:
        description: The name or ARN of the job definition; needed.
        type: str
      job_name:
        description: The job's name; needed.
        type: str
      array_properties:
        description: Makes the job an array.
        type: dict
        suboptions:
          size:
            description: The array's size, 2 to 10000.
            type: int
      retry_strategy:
        description: How often a failed job is tried.
        type: dict
        suboptions:
          attempts:
            description: How often, 1 to 10.
            type: int
  sqs_parameters:
    description:
      - How a message goes into an SQS queue.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      message_group_id:
        description: The message group of a fair or FIFO queue with deduplication by content.
        type: str
  kinesis_parameters:
    description:
      - How a record goes into a Kinesis stream.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      partition_key_path:
        description: The JSON path of what becomes the partition key; needed.
        type: str
  http_parameters:
    description:
      - What the request to an API destination or to API Gateway has.
      - Names of headers and of query parameters stay as they are written.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      path_parameter_values:
        description: What takes the place of each C(*) in the path.
        type: list
        elements: str
      header_parameters:
        description: The headers.
        type: dict
      query_string_parameters:
        description: The query parameters.
        type: dict
  redshift_data_parameters:
    description:
      - Which statement runs on a Redshift cluster or workgroup.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      secret_manager_arn:
        description: The name or ARN of the secret that opens the database, or a JSON path to it.
        type: str
      database:
        description: The database; needed.
        type: str
      db_user:
        description: The database user, for temporary credentials.
        type: str
      sql:
        description: The statement.
        type: str
      sqls:
        description: The statements of one transaction, up to 40, instead of O(redshift_data_parameters.sql).
        type: list
        elements: str
      statement_name:
        description: The statement's name.
        type: str
      with_event:
        description: Whether an event is sent when the statement has run.
        type: bool
  sage_maker_pipeline_parameters:
    description:
      - With what a SageMaker pipeline starts.
      - An empty dictionary takes it away.
    type: dict
    aliases: [sagemaker_pipeline_parameters]
    suboptions:
      pipeline_parameter_list:
        description: The pipeline's parameters, up to 200.
        type: list
        elements: dict
        suboptions:
          name:
            description: The parameter's name.
            type: str
            required: true
          value:
            description: The parameter's value.
            type: str
            required: true
  app_sync_parameters:
    description:
      - What an AppSync API is asked.
      - An empty dictionary takes it away.
    type: dict
    aliases: [appsync_parameters]
    suboptions:
      graph_ql_operation:
        description: The GraphQL operation.
        type: str
  retry_policy:
    description:
      - How long EventBridge tries again to call a target.
      - An empty dictionary takes it away, which leaves 185 attempts and 24 hours.
    type: dict
    suboptions:
      maximum_retry_attempts:
        description: How often, 0 to 185.
        type: int
      maximum_event_age_in_seconds:
        description: How old an event may become, 60 to 86400 seconds.
        type: int
  dead_letter_config:
    description:
      - Where events go that could not be delivered.
      - An empty dictionary takes it away.
    type: dict
    suboptions:
      arn:
        description:
          - The ARN of a standard SQS queue, whose policy must let the rule send.
          - An empty string takes the queue away.
        type: str
  force:
    description: Whether O(state=absent) removes a target from a rule that an AWS service manages.
    type: bool
    default: false
  state:
    description: Whether the target is there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is left out is left alone, at every depth.
  - A list, or a dictionary whose keys are free, takes the place of the present one.
  - Of O(input), O(input_path) and O(input_transformer) a target has one; the one given takes the place of another.
  - The targets of a rule that an AWS service manages are never changed.
  - Needs C(events:ListTargetsByRule); to change the target also C(events:DescribeRule), C(events:PutTargets) and
    C(events:RemoveTargets), and with O(role_arn) C(iam:PassRole) on that role.
seealso:
  - module: nodecache.eks.eventbridge_rule
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Run a document on the cluster's nodes, told which image was pushed
  nodecache.eks.eventbridge_target:
    rule: nodecache-push
    target_id: run-command
    arn: arn:aws:ssm:eu-central-1:123456789012:document/nodecache-demo
    role_arn: arn:aws:iam::123456789012:role/nodecache-events
    input_transformer:
      input_paths_map:
        repo: $.detail.repository-name
        tag: $.detail.image-tag
      input_template: >-
        {"action": ["prefetch"], "images": ["123456789012.dkr.ecr.eu-central-1.amazonaws.com/<repo>:<tag>"]}
    run_command_parameters:
      run_command_targets:
        - key: tag:kubernetes.io/cluster/demo
          values: [owned]
    retry_policy:
      maximum_retry_attempts: 8
      maximum_event_age_in_seconds: 3600

- name: Send the event to an API destination
  nodecache.eks.eventbridge_target:
    rule: nodecache-push
    target_id: hook
    arn: arn:aws:events:eu-central-1:123456789012:api-destination/hook/11111111-2222-3333-4444-555555555555
    role_arn: arn:aws:iam::123456789012:role/nodecache-events
    http_parameters:
      header_parameters:
        X-Team: platform
    dead_letter_config:
      arn: arn:aws:sqs:eu-central-1:123456789012:undelivered

- name: Run a task on Fargate
  nodecache.eks.eventbridge_target:
    rule: nodecache-push
    target_id: task
    arn: arn:aws:ecs:eu-central-1:123456789012:cluster/jobs
    role_arn: arn:aws:iam::123456789012:role/nodecache-events
    ecs_parameters:
      task_definition_arn: arn:aws:ecs:eu-central-1:123456789012:task-definition/scan:7
      launch_type: FARGATE
      network_configuration:
        awsvpc_configuration:
          subnets: [subnet-0123456789abcdef0]

- name: Remove it
  nodecache.eks.eventbridge_target:
    rule: nodecache-push
    target_id: run-command
    state: absent
"""

RETURN = r"""
target:
  description:
    - The target, V({}) when it is gone.
    - Beside what is listed here it has the parameters of its kind, named as the options are.
  returned: always
  type: dict
  contains:
    rule:
      description: The rule's name.
      returned: when there is a target
      type: str
      sample: nodecache-push
    event_bus_name:
      description: The event bus, as it was given.
      returned: when there is a target
      type: str
      sample: default
    target_id:
      description: The target's id.
      returned: when there is a target
      type: str
      sample: run-command
    arn:
      description: The ARN of what is called.
      returned: when there is a target
      type: str
      sample: arn:aws:ssm:eu-central-1:123456789012:document/nodecache-demo
    role_arn:
      description: The role EventBridge takes on.
      returned: when the target has one
      type: str
      sample: arn:aws:iam::123456789012:role/nodecache-events
    input:
      description: The fixed input, parsed.
      returned: when the target has one
      type: raw
      sample: {"action": ["report"]}
    input_path:
      description: The part of the event the target is called with.
      returned: when the target has one
      type: str
      sample: $.detail
    input_transformer:
      description: How the event becomes the input, the variables as they were given.
      returned: when the target has one
      type: dict
      sample: {"input_paths_map": {"tag": "$.detail.image-tag"}, "input_template": "{\"tag\": [<tag>]}"}
    run_command_parameters:
      description: On which nodes the document runs.
      returned: when the target has them
      type: dict
      sample: {"run_command_targets": [{"key": "tag:kubernetes.io/cluster/demo", "values": ["owned"]}]}
    retry_policy:
      description: How long EventBridge tries again.
      returned: when the target has one
      type: dict
      sample: {"maximum_retry_attempts": 8, "maximum_event_age_in_seconds": 3600}
    dead_letter_config:
      description: Where undeliverable events go.
      returned: when the target has one
      type: dict
      sample: {"arn": "arn:aws:sqs:eu-central-1:123456789012:undelivered"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _events, _model
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._blocks import make_module
from ansible_collections.nodecache.eks.plugins.module_utils._events_target import (
    KINDS,
    UNORDERED,
    argument_spec,
    build_desired,
    comparable,
    plan,
)
from ansible_collections.nodecache.eks.plugins.module_utils._state import diff_dict


class Target:
    """One run on one target."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module, self.params = module, module.params
        self.client = make_client(module, "events")
        self.request_shape = _model.input_shape(self.client, "PutTargets")
        self.shape = self.request_shape.members["Targets"].member
        self.rule, self.bus, self.target_id = (self.params[name] for name in ("rule", "event_bus_name", "target_id"))
        self.name = f"target '{self.target_id}'"

    def run(self) -> dict[str, Any]:
        """Bring the target to its state and return the module's result."""
        _model.check(self.request_shape, {"Rule": self.rule, "EventBusName": self.bus}, whole=False)
        desired = build_desired(self.params, self.shape)
        current = self._find()
        if self.params["state"] == "present":
            changed, after = self.ensure_present(current, desired)
        else:
            changed, after = self.ensure_absent(current), {}
        before, after = self._result(current), self._result(after)
        return {"changed": changed, "target": after, "diff": diff_dict(before, after)}

    def _find(self) -> dict[str, Any]:
        targets = _events.list_targets(self.client, self.rule, self.bus)
        # In check mode an earlier task may only have said that it would make the rule.
        if targets is None and self.params["state"] == "present" and not self.module.check_mode:
            raise NodecacheError(f"{self.name}: rule '{self.rule}' is not on bus '{self.bus}'.")
        return next((target for target in targets or [] if target["Id"] == self.target_id), {})

    def _refuse_managed(self, action: str) -> None:
        rule = _events.find_rule(self.client, self.rule, self.bus)
        _events.refuse_managed(rule, self.name, f"{action} rule '{self.rule}'")

    def ensure_present(self, current: dict[str, Any], desired: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Create or change the target."""
        after = plan(current, desired, self.shape)
        if _model.same(comparable(after), comparable(current), UNORDERED):
            return False, current
        self._refuse_managed("put on")
        if not self.module.check_mode:
            _events.put_target(self.client, self.rule, self.bus, after)
        return True, after

    def ensure_absent(self, current: dict[str, Any]) -> bool:
        """Remove the target."""
        if not current:
            return False
        force = self.params["force"]
        if not force:
            self._refuse_managed("remove from")
        if not self.module.check_mode:
            _events.remove_targets(self.client, self.rule, self.bus, [self.target_id], force)
        return True

    def _result(self, target: dict[str, Any]) -> dict[str, Any]:
        if not target:
            return {}
        result = _model.to_result(self.shape, target)
        if "input" in result:
            result["input"] = _model.read_json("input", result["input"])
        return {"rule": self.rule, "event_bus_name": self.bus, "target_id": result.pop("id"), **result}


def main() -> None:
    module = make_module(
        argument_spec=argument_spec(),
        mutually_exclusive=[("input", "input_path", "input_transformer"), tuple(KINDS)],
        supports_check_mode=True,
    )
    try:
        result = Target(module).run()
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
