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
  document_version:
    description: The document's version, V($DEFAULT), V($LATEST) or a number.
    type: str
  parameters:
    description: The document's parameters, a list of strings each.
    type: dict
  instance_ids:
    description: The nodes to run on, at most 50.
    type: list
    elements: str
  targets:
    description: The nodes to run on, at most five entries that must all match.
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
  max_concurrency:
    description: How many nodes run at a time, a number or a percentage. Systems Manager's default is 50.
    type: str
  max_errors:
    description: How many nodes may fail before no further one is started. Systems Manager's default is 0.
    type: str
  timeout_seconds:
    description: How many seconds a node has to take the command, 30 to 2,592,000.
    type: int
  comment:
    description: What the command is for, at most 100 characters.
    type: str
  wait:
    description: Whether to wait for the nodes, and fail when one of them failed.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 600
notes:
  - "IAM actions: ssm:SendCommand, ssm:ListCommands, ssm:ListCommandInvocations."
extends_documentation_fragment:
  - nodecache.eks.attributes
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
"""

RETURN = r"""
command:
  description: The command; V({}) in check mode.
  returned: always
  type: dict
  contains:
    command_id:
      description: The command's id.
      type: str
      sample: 0831e1a8-a1ac-4257-a1fd-0123456789ab
    document_name:
      description: The document.
      type: str
    status:
      description: The command's status.
      type: str
      sample: Success
    status_details:
      description: The status in more detail; V(NoInstancesInTag) when no node matched.
      type: str
      sample: Success
    target_count:
      description: How many nodes matched.
      type: int
    completed_count:
      description: How many nodes are done.
      type: int
    error_count:
      description: How many nodes failed.
      type: int
    invocations:
      description: One entry a node.
      type: list
      elements: dict
      contains:
        instance_id:
          description: The node.
          type: str
        status:
          description: The node's status.
          type: str
        status_details:
          description: The node's status in more detail.
          type: str
        response_code:
          description: The last step's exit code, V(-1) when it did not start.
          type: int
        output:
          description: What the steps printed, cut at 2,500 characters a step.
          type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _ssm
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._rate_control import check_rate_control
from ansible_collections.nodecache.eks.plugins.module_utils._state import scrub

FAILED = ("Failed", "TimedOut", "Cancelled", "Cancelling")


def check_params(params: dict[str, Any]) -> None:
    """Refuse what Run Command would refuse."""
    check_rate_control(params)
    if params["instance_ids"] is not None and not 1 <= len(params["instance_ids"]) <= 50:
        raise NodecacheError(f"instance_ids has {len(params['instance_ids'])} entries but must have 1 to 50.")
    timeout = params["timeout_seconds"]
    if timeout is not None and not 30 <= timeout <= 2_592_000:
        raise NodecacheError(f"timeout_seconds is {timeout} but must be from 30 to 2592000.")
    if params["comment"] is not None and len(params["comment"]) > 100:
        raise NodecacheError(f"comment has {len(params['comment'])} characters but may have at most 100.")


def build_request(params: dict[str, Any]) -> dict[str, Any]:
    """Return SendCommand's request."""
    parameters, targets = params["parameters"], params["targets"]
    return scrub(
        {
            "DocumentName": params["document_name"],
            "DocumentVersion": params["document_version"],
            "Parameters": parameters
            and {
                key: [str(item) for item in (value if isinstance(value, list) else [value])]
                for key, value in parameters.items()
            },
            "InstanceIds": params["instance_ids"],
            "Targets": targets and [{"Key": target["key"], "Values": target["values"]} for target in targets],
            "MaxConcurrency": params["max_concurrency"],
            "MaxErrors": params["max_errors"],
            "TimeoutSeconds": params["timeout_seconds"],
            "Comment": params["comment"],
        }
    )


def result(command: dict[str, Any], invocations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a command and its nodes as the module's user sees them."""
    return {
        "command_id": command["CommandId"],
        "document_name": command["DocumentName"],
        "status": command["Status"],
        # AWS prints some of these with spaces in its documentation and without in its answers.
        "status_details": command["StatusDetails"].replace(" ", ""),
        "target_count": command.get("TargetCount", 0),
        "completed_count": command.get("CompletedCount", 0),
        "error_count": command.get("ErrorCount", 0),
        "invocations": [_node(invocation) for invocation in invocations],
    }


def _node(invocation: dict[str, Any]) -> dict[str, Any]:
    plugins = invocation.get("CommandPlugins") or []
    return {
        "instance_id": invocation["InstanceId"],
        "status": invocation["Status"],
        "status_details": invocation["StatusDetails"].replace(" ", ""),
        "response_code": plugins[-1].get("ResponseCode", -1) if plugins else -1,
        "output": "\n".join(plugin.get("Output") or "" for plugin in plugins),
    }


def failures(command: dict[str, Any]) -> str | None:
    """Return a sentence about the nodes that failed; a command can succeed as a whole without them."""
    bad = [
        node
        for node in command["invocations"]
        if node["status"] in FAILED or node["status_details"] in ("Undeliverable", "InvalidPlatform", "AccessDenied")
    ]
    nobody = command["status_details"] == "NoInstancesInTag"
    if not bad and (nobody or command["status"] not in FAILED):
        return None
    seen = "; ".join(f"{node['instance_id']} {node['status_details']}: {node['output'].strip()[:300]}" for node in bad)
    return f"command '{command['command_id']}' ended {command['status_details']}: {seen or 'no node answered'}"


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "document_name": {"required": True},
            "document_version": {},
            "parameters": {"type": "dict"},
            "instance_ids": {"type": "list", "elements": "str"},
            "targets": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "key": {"required": True, "no_log": False},
                    "values": {"type": "list", "elements": "str", "required": True},
                },
            },
            "max_concurrency": {},
            "max_errors": {},
            "timeout_seconds": {"type": "int"},
            "comment": {},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        mutually_exclusive=[("instance_ids", "targets")],
        required_one_of=[("instance_ids", "targets")],
        supports_check_mode=True,
    )
    try:
        check_params(module.params)
        request = build_request(module.params)
        if module.check_mode:
            module.exit_json(changed=True, command={}, diff={"before": {}, "after": request})
        client = make_client(module, "ssm")
        command = _ssm.send_command(client, request)
        nodes: list[dict[str, Any]] = []
        if module.params["wait"]:
            _ssm.wait_for_command(client, command["CommandId"], module.params["wait_timeout"])
            command = _ssm.find_command(client, command["CommandId"])
            nodes = _ssm.invocations(client, command["CommandId"])
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    answer = result(command, nodes)
    sentence = failures(answer) if module.params["wait"] else None
    if sentence:
        module.fail_json(msg=sentence, changed=True, command=answer)
    module.exit_json(changed=True, command=answer, diff={"before": {}, "after": request})


if __name__ == "__main__":
    main()
