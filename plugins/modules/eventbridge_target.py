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
  - Creates, changes and removes exactly one target of one rule.
  - The rule's other targets are never touched, and what another tool set on this target stays.
author:
  - nodecache.eks contributors (@nodecache)
options:
  rule:
    description: The name of the target's rule.
    type: str
    required: true
  event_bus_name:
    description: The name or ARN of the rule's event bus.
    type: str
    default: default
  target_id:
    description: The target's id, which is its own within the rule.
    type: str
    required: true
  arn:
    description:
      - The ARN of what is called, for Run Command that of a document.
      - A new target needs it.
    type: str
  role_arn:
    description:
      - The role EventBridge takes on.
      - A new target with O(run_command_parameters) needs it.
      - An empty string takes the role away.
    type: str
  input:
    description:
      - What the target is called with instead of the event, as a dictionary or as JSON text.
      - For Run Command it is an object of document parameters, each of them a list of strings.
      - An empty string takes the input away.
    type: raw
  input_path:
    description:
      - The part of the event the target is called with.
      - An empty string takes the path away.
    type: str
  input_transformer:
    description: How the event becomes the input.
    type: dict
    suboptions:
      input_paths_map:
        description: The variables and where in the event they are.
        type: dict
      input_template:
        description: The input, with variables in angle brackets.
        type: str
        required: true
  run_command_parameters:
    description: On which nodes Run Command runs the document.
    type: dict
    suboptions:
      run_command_targets:
        description: The nodes; EventBridge takes one entry.
        type: list
        elements: dict
        required: true
        suboptions:
          key:
            description: V(InstanceIds) or V(tag:) and a tag's key.
            type: str
            required: true
          values:
            description: The instance ids, or the tag's values.
            type: list
            elements: str
            required: true
  retry_policy:
    description: How long EventBridge tries again to call a target.
    type: dict
    suboptions:
      maximum_retry_attempts:
        description: How often, 0 to 185.
        type: int
      maximum_event_age_in_seconds:
        description: How old an event may become, 60 to 86400 seconds.
        type: int
  dead_letter_config:
    description: Where events go that could not be delivered.
    type: dict
    suboptions:
      arn:
        description:
          - The ARN of a standard SQS queue, whose policy must let the rule send.
          - An empty string takes the queue away.
        type: str
        required: true
  state:
    description: Whether the target is there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is left out is left alone.
  - Of O(input), O(input_path) and O(input_transformer) a target has one; the one given takes the place of another.
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

- name: Remove it
  nodecache.eks.eventbridge_target:
    rule: nodecache-push
    target_id: run-command
    state: absent
"""

RETURN = r"""
target:
  description: The target, V({}) when it is gone.
  returned: always
  type: dict
  contains:
    rule:
      description: The rule's name.
      type: str
    event_bus_name:
      description: The event bus.
      type: str
    target_id:
      description: The target's id.
      type: str
    arn:
      description: The ARN of what is called.
      type: str
    role_arn:
      description: The role EventBridge takes on.
      type: str
    input:
      description: The fixed input, parsed.
      type: raw
    input_path:
      description: The part of the event the target is called with.
      type: str
    input_transformer:
      description: How the event becomes the input, the variables as they were given.
      type: dict
    run_command_parameters:
      description: On which nodes the document runs.
      type: dict
    retry_policy:
      description: How long EventBridge tries again.
      type: dict
    dead_letter_config:
      description: Where undeliverable events go.
      type: dict
"""

import json
import re
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _events
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._state import diff_dict, normalise_json

NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
RUN_COMMAND_KEY = re.compile(r"InstanceIds|tag:[\w .:/=+\-@]{1,124}")
INPUTS = ("Input", "InputPath", "InputTransformer")
RETRY_RANGES = {"maximum_retry_attempts": (0, 185), "maximum_event_age_in_seconds": (60, 86400)}


def _check_run_command(params: dict[str, Any]) -> None:
    blocks = params["run_command_parameters"]["run_command_targets"]
    if len(blocks) != 1:
        raise NodecacheError(f"run_command_targets has {len(blocks)} entries but EventBridge takes exactly one.")
    key, values = blocks[0]["key"], blocks[0]["values"]
    if not RUN_COMMAND_KEY.fullmatch(key):
        raise NodecacheError(f"run_command_targets.key is '{key}' but must be InstanceIds or tag:KEY.")
    if not 1 <= len(values) <= 50:
        raise NodecacheError(f"run_command_targets.values has {len(values)} entries but must have 1 to 50.")
    if not params["input"]:
        return
    parsed = normalise_json(params["input"])
    strings = isinstance(parsed, dict) and all(
        isinstance(value, list) and all(isinstance(item, str) for item in value) for value in parsed.values()
    )
    if not strings:
        raise NodecacheError(
            f"input is '{json.dumps(parsed)}' but for Run Command must be an object of lists of strings."
        )


def check_params(params: dict[str, Any]) -> None:
    """Refuse what EventBridge would refuse."""
    for option in ("rule", "target_id"):
        if not NAME.fullmatch(params[option]):
            raise NodecacheError(
                f"{option} is '{params[option]}' but must be 1 to 64 letters, digits, dots, hyphens or underscores."
            )
    if params["input"]:
        try:
            normalise_json(params["input"])
        except ValueError as error:
            raise NodecacheError(f"input is '{params['input']}' but must be JSON.") from error
    for option, (least, most) in RETRY_RANGES.items():
        value = (params["retry_policy"] or {}).get(option)
        if value is not None and not least <= value <= most:
            raise NodecacheError(f"retry_policy.{option} is {value} but must be {least} to {most}.")
    if params["run_command_parameters"]:
        _check_run_command(params)


def _input(value: Any) -> Any:
    return "" if value == "" else normalise_json(value)


def build_desired(params: dict[str, Any]) -> dict[str, Any]:
    """Return what the options ask for in the API's shape, the input parsed; empty strings mean take away."""
    desired: dict[str, Any] = {"Id": params["target_id"], "Arn": params["arn"], "RoleArn": params["role_arn"]}
    desired["Input"] = None if params["input"] is None else _input(params["input"])
    desired["InputPath"] = params["input_path"]
    if params["input_transformer"]:
        transformer = params["input_transformer"]
        desired["InputTransformer"] = {"InputTemplate": transformer["input_template"]}
        if transformer["input_paths_map"]:
            desired["InputTransformer"]["InputPathsMap"] = transformer["input_paths_map"]
    if params["run_command_parameters"]:
        blocks = params["run_command_parameters"]["run_command_targets"]
        targets = [{"Key": block["key"], "Values": sorted(block["values"])} for block in blocks]
        desired["RunCommandParameters"] = {"RunCommandTargets": targets}
    if params["retry_policy"]:
        policy = {
            "MaximumRetryAttempts": params["retry_policy"]["maximum_retry_attempts"],
            "MaximumEventAgeInSeconds": params["retry_policy"]["maximum_event_age_in_seconds"],
        }
        desired["RetryPolicy"] = {key: value for key, value in policy.items() if value is not None}
    if params["dead_letter_config"]:
        arn = params["dead_letter_config"]["arn"]
        desired["DeadLetterConfig"] = {"Arn": arn} if arn else ""
    return {key: value for key, value in desired.items() if value is not None}


def plan(current: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    """Return the whole target as it shall be."""
    merged = dict(current)
    if any(desired.get(key, "") != "" for key in INPUTS):
        merged = {key: value for key, value in merged.items() if key not in INPUTS}
    merged.update(desired)
    if "RetryPolicy" in desired:
        merged["RetryPolicy"] = {**current.get("RetryPolicy", {}), **desired["RetryPolicy"]}
    return {key: value for key, value in merged.items() if value != ""}


def _parsed(target: dict[str, Any] | None) -> dict[str, Any]:
    """Return the target in the form that is compared: its input parsed, the values of its nodes in order."""
    if target is None:
        return {}
    parsed = dict(target)
    if "Input" in parsed:
        parsed["Input"] = normalise_json(parsed["Input"])
    if "RunCommandParameters" in parsed:
        blocks = parsed["RunCommandParameters"]["RunCommandTargets"]
        targets = [{"Key": block["Key"], "Values": sorted(block["Values"])} for block in blocks]
        parsed["RunCommandParameters"] = {"RunCommandTargets": targets}
    return parsed


def _request(target: dict[str, Any]) -> dict[str, Any]:
    return {key: json.dumps(value) if key == "Input" else value for key, value in target.items()}


def _result(target: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    if not target:
        return {}
    result = camel_dict_to_snake_dict({key: value for key, value in target.items() if key not in ("Id", *INPUTS)})
    result.update(rule=params["rule"], event_bus_name=params["event_bus_name"], target_id=target["Id"])
    if "Input" in target:
        result["input"] = target["Input"]
    if "InputPath" in target:
        result["input_path"] = target["InputPath"]
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        result["input_transformer"] = {
            "input_paths_map": transformer.get("InputPathsMap", {}),
            "input_template": transformer["InputTemplate"],
        }
    return result


def ensure_present(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Create or change the target."""
    params = module.params
    after = plan(current, build_desired(params))
    if "Arn" not in after:
        raise NodecacheError(f"target '{params['target_id']}' is new and needs arn.")
    if "RunCommandParameters" in after and "RoleArn" not in after:
        raise NodecacheError(f"target '{params['target_id']}' has run_command_parameters and needs role_arn.")
    if after == current:
        return False, after
    if not module.check_mode:
        _events.put_target(client, params["rule"], params["event_bus_name"], _request(after))
    return True, after


def ensure_absent(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Remove the target."""
    params = module.params
    if current and not module.check_mode:
        _events.remove_target(client, params["rule"], params["event_bus_name"], params["target_id"])
    return bool(current), {}


def find_target(client: Any, module: AnsibleAWSModule) -> dict[str, Any]:
    """Return the target in the form that is compared, or an empty dictionary."""
    params = module.params
    targets = _events.list_targets(client, params["rule"], params["event_bus_name"])
    # In check mode an earlier task may only have said that it would make the rule.
    if targets is None and params["state"] == "present" and not module.check_mode:
        raise NodecacheError(
            f"target '{params['target_id']}': rule '{params['rule']}' is not on bus '{params['event_bus_name']}'."
        )
    return _parsed(next((target for target in targets or [] if target["Id"] == params["target_id"]), None))


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    node_options = {"key": {"required": True, "no_log": False}, "values": {"type": "list", "elements": "str"}}
    node_options["values"]["required"] = True
    targets = {"type": "list", "elements": "dict", "required": True, "options": node_options}
    transformer = {"input_paths_map": {"type": "dict"}, "input_template": {"required": True}}
    retry = {option: {"type": "int"} for option in RETRY_RANGES}
    return {
        "rule": {"required": True},
        "event_bus_name": {"default": "default"},
        "target_id": {"required": True},
        "arn": {},
        "role_arn": {},
        "input": {"type": "raw"},
        "input_path": {},
        "input_transformer": {"type": "dict", "options": transformer},
        "run_command_parameters": {"type": "dict", "options": {"run_command_targets": targets}},
        "retry_policy": {"type": "dict", "options": retry},
        "dead_letter_config": {"type": "dict", "options": {"arn": {"required": True}}},
        "state": {"choices": ["present", "absent"], "default": "present"},
    }


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("input", "input_path", "input_transformer")],
        supports_check_mode=True,
    )
    try:
        check_params(module.params)
        client = make_client(module, "events")
        current = find_target(client, module)
        ensure = ensure_present if module.params["state"] == "present" else ensure_absent
        changed, after = ensure(client, module, current)
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    before, after = _result(current, module.params), _result(after, module.params)
    module.exit_json(changed=changed, target=after, diff=diff_dict(before, after))


if __name__ == "__main__":
    main()
