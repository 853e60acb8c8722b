#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_command
version_added: 1.0.0
short_description: Run an AWS Systems Manager document on nodes
description:
  - Sends a command through Run Command, waits for it, and returns one result a node.
  - A command is an act, so each run of this module sends one and reports a change.
author:
  - nodecache.eks contributors (@nodecache)
options:
  document_name:
    description: The document to run, by name or ARN.
    type: str
    required: true
  document_hash:
    description:
      - The hash of the document's content; another content is then refused.
      - M(nodecache.eks.ssm_document_info) returns it.
    type: str
  document_hash_type:
    description: How the hash was made, V(Sha256) unless it says otherwise. AWS has deprecated V(Sha1).
    type: str
    choices: [Sha256, Sha1]
  instance_ids:
    description: The nodes to run on, at most 50.
    type: list
    elements: str
  max_concurrency:
    description: How many nodes run at a time, a number or a percentage. Systems Manager's default is 50.
  max_errors:
    description: How many nodes may fail before no further one is started. Systems Manager's default is 0.
  timeout_seconds:
    description: How many seconds a node has to take the command, 30 to 2,592,000.
    type: int
  comment:
    description: What the command is for, at most 100 characters.
    type: str
  output_s3_bucket_name:
    description: The bucket that nodes write all of their output to, with their own role.
    type: str
  output_s3_key_prefix:
    description: The folder in the bucket.
    type: str
  output_s3_region:
    description: The bucket's region. Systems Manager finds it out itself and ignores this.
    type: str
  cloud_watch_output_config:
    description: Whether nodes write all of their output to CloudWatch Logs.
    type: dict
    suboptions:
      cloud_watch_log_group_name:
        description: The log group, C(aws/ssm/) and the document's name unless it says otherwise.
        type: str
      cloud_watch_output_enabled:
        description: Whether to write there.
        type: bool
  notification_config:
    description: Whom to tell how the command goes. Needs O(service_role_arn).
    type: dict
    suboptions:
      notification_arn:
        description: The Amazon SNS topic.
        type: str
        required: true
      notification_events:
        description: What to tell of.
        type: list
        elements: str
        choices: [All, InProgress, Success, TimedOut, Cancelled, Failed]
      notification_type:
        description: Whether to tell of the whole command, or of each node.
        type: str
        choices: [Command, Invocation]
  service_role_arn:
    description: The role that publishes the notifications.
    type: str
  wait:
    description: Whether to wait for the nodes, and fail when one of them failed.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 600
  cancel_on_timeout:
    description: Whether to cancel the command on the nodes that are not done when O(wait_timeout) has passed.
    type: bool
    default: false
notes:
  - "IAM actions: ssm:SendCommand on the document and on the nodes; with O(wait) ssm:ListCommands and
    ssm:ListCommandInvocations; with O(cancel_on_timeout) ssm:CancelCommand; with O(service_role_arn) iam:PassRole."
seealso:
  - module: nodecache.eks.ssm_document
  - module: nodecache.eks.ssm_association
extends_documentation_fragment:
  - nodecache.eks.attributes
  - nodecache.eks.ssm_run
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  idempotent:
    support: none
    details: Each run sends a command.
"""

EXAMPLES = r"""
- name: Ask every node of a cluster what it has cached
  nodecache.eks.ssm_command:
    document_name: nodecache-ml
    parameters:
      action: [report]
    targets:
      - key: tag:kubernetes.io/cluster/ml
        values: [owned]
    max_concurrency: "100%"
    max_errors: "100%"

- name: Run a script on one node, and cancel it after five minutes
  nodecache.eks.ssm_command:
    document_name: AWS-RunShellScript
    instance_ids: [i-0123456789abcdef0]
    parameters:
      commands:
        - uptime
    wait_timeout: 300
    cancel_on_timeout: true
"""

RETURN = r"""
command:
  description: The command; in check mode, what the options tell of it.
  returned: always
  type: dict
  contains:
    command_id:
      description: The command's id.
      type: str
      returned: when it was sent
      sample: 0831e1a8-a1ac-4257-a1fd-0123456789ab
    document_name:
      description: The document.
      type: str
      returned: always
      sample: nodecache-ml
    document_version:
      description: The document's version.
      type: str
      returned: when AWS or the options tell
      sample: $DEFAULT
    status:
      description: The command's status.
      type: str
      returned: when it was sent
      sample: Success
    status_details:
      description: The status in more detail; V(NoInstancesInTag) when no node matched, which is no failure.
      type: str
      returned: when it was sent
      sample: Success
    target_count:
      description: How many nodes matched.
      type: int
      returned: when it was sent
      sample: 3
    completed_count:
      description: How many nodes are done.
      type: int
      returned: when it was sent
      sample: 3
    error_count:
      description: How many nodes failed.
      type: int
      returned: when it was sent
      sample: 0
    delivery_timed_out_count:
      description: How many nodes did not take the command in time.
      type: int
      returned: when AWS tells
      sample: 0
    invocations:
      description: One entry a node, empty unless the module waited.
      type: list
      elements: dict
      returned: when it was sent
      contains:
        instance_id:
          description: The node.
          type: str
          returned: always
          sample: i-0123456789abcdef0
        status:
          description: The node's status.
          type: str
          returned: always
          sample: Success
        status_details:
          description: The node's status in more detail.
          type: str
          returned: always
          sample: Success
        response_code:
          description: The last step's exit code, V(-1) when it did not start.
          type: int
          returned: always
          sample: 0
        output:
          description: What the steps printed, cut at 2,500 characters a step.
          type: str
          returned: always
          sample: hello
        command_plugins:
          description: One entry a step, with its own status, exit code and output.
          type: list
          elements: dict
          returned: always
          sample: [{name: hello, status: Success, status_details: Success, response_code: 0, output: hello}]
"""

from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _model, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils import _ssm_command_state as state
from ansible_collections.nodecache.eks.plugins.module_utils._aws import make_client
from ansible_collections.nodecache.eks.plugins.module_utils._blocks import make_module
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._state import diff_dict
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import TimedOut


def _wait(client: Any, params: dict[str, Any], command_id: str) -> dict[str, Any]:
    """Return the command once its nodes are done."""
    try:
        _ssm.wait_for_command(client, command_id, params["wait_timeout"])
    except TimedOut as error:
        if params["cancel_on_timeout"]:
            _ssm.cancel_command(client, command_id)
            raise NodecacheError(f"{error} It was cancelled.") from error
        raise
    return _told(client, _ssm.find_command(client, command_id), _ssm.invocations(client, command_id))


def _told(client: Any, command: dict[str, Any], nodes: list[dict[str, Any]]) -> dict[str, Any]:
    shape = _model.output_shape(client, "SendCommand").members["Command"]
    node = _model.output_shape(client, "ListCommandInvocations").members["CommandInvocations"].member
    return state.result(shape, command, node, nodes)


def main() -> None:
    module = make_module(
        argument_spec={
            **state.OPTIONS,
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
            "cancel_on_timeout": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("instance_ids", "targets")],
        required_one_of=[("instance_ids", "targets")],
        supports_check_mode=True,
    )
    answer: dict[str, Any] = {"changed": False}
    try:
        client = make_client(module, "ssm")
        asked = _model.input_shape(client, "SendCommand")
        request = state.build_request(asked, module.params)
        command = state.result(_model.output_shape(client, "SendCommand").members["Command"], request)
        if not module.check_mode:
            command = _told(client, _ssm.send_command(client, request), [])
        answer = {"changed": True, "command": command, "diff": diff_dict({}, _model.to_result(asked, request))}
        if module.params["wait"] and not module.check_mode:
            answer["command"] = _wait(client, module.params, command["command_id"])
            sentence = state.failure(answer["command"])
            if sentence:
                raise NodecacheError(sentence)
    except NodecacheError as error:
        module.fail_json(msg=str(error), **answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
