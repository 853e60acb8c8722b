#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eventbridge_rule
version_added: 1.0.0
short_description: Manage an Amazon EventBridge rule
description:
  - Creates, changes and deletes one rule on one event bus.
  - Targets are never touched, see M(nodecache.eks.eventbridge_target).
author:
  - nodecache.eks contributors (@nodecache)
options:
  name:
    description: The rule's name.
    type: str
    required: true
  event_bus_name:
    description: The name or ARN of the rule's event bus.
    type: str
    default: default
  event_pattern:
    description:
      - The events that match, as a dictionary or as JSON text.
      - It is compared with the present pattern as JSON, so spacing and the order of keys do not matter.
      - A new rule needs O(event_pattern) or O(schedule_expression).
    type: raw
  schedule_expression:
    description:
      - When the rule runs, as V(rate(...\)) or V(cron(...\)); only the default event bus has schedules.
      - An empty string takes the schedule away.
    type: str
  description:
    description:
      - What the rule is for.
      - An empty string takes the description away.
    type: str
  rule_state:
    description:
      - Whether the rule acts.
      - A new rule is V(ENABLED) unless this option says otherwise.
    type: str
    choices: [ENABLED, DISABLED]
  state:
    description:
      - Whether the rule is there.
      - A rule that still has targets is not deleted, the module fails and names them.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is left out is left alone.
  - In check mode O(state=absent) only warns of targets, because earlier tasks may be about to remove them.
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Match every tagged push to one repository
  nodecache.eks.eventbridge_rule:
    name: nodecache-push
    description: Cache what is pushed
    event_pattern:
      source: [aws.ecr]
      detail-type: [ECR Image Action]
      detail:
        action-type: [PUSH]
        result: [SUCCESS]
        repository-name: [team/app]
        image-tag: [{anything-but: [""]}]

- name: Stop the rule and keep all else
  nodecache.eks.eventbridge_rule:
    name: nodecache-push
    rule_state: DISABLED

- name: Delete the rule, once its targets are gone
  nodecache.eks.eventbridge_rule:
    name: nodecache-push
    state: absent
"""

RETURN = r"""
rule:
  description: The rule, V({}) when it is gone.
  returned: always
  type: dict
  contains:
    name:
      description: The rule's name.
      type: str
    arn:
      description: The rule's ARN; not there in check mode when the rule is new.
      type: str
    event_bus_name:
      description: The event bus.
      type: str
    event_pattern:
      description: The events that match, its keys as they were given.
      type: dict
    schedule_expression:
      description: When the rule runs.
      type: str
    description:
      description: What the rule is for.
      type: str
    state:
      description: Whether the rule acts.
      type: str
      sample: ENABLED
    tags:
      description: The rule's tags.
      type: dict
"""

import json
import re
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags
from ansible_collections.nodecache.eks.plugins.module_utils import _events
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._state import diff_dict, normalise_json

NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
SCHEDULE = re.compile(r"(rate|cron)\(.+\)")
PATTERN_LENGTH = 4096
# What PutRule takes back; it forgets whatever is left out.
WRITABLE = ("Name", "EventBusName", "EventPattern", "ScheduleExpression", "Description", "State", "RoleArn")


def check_params(params: dict[str, Any]) -> None:
    """Refuse what EventBridge would refuse."""
    if not NAME.fullmatch(params["name"]):
        raise NodecacheError(
            f"name is '{params['name']}' but must be 1 to 64 letters, digits, dots, hyphens or underscores."
        )
    schedule = params["schedule_expression"]
    if schedule and not SCHEDULE.fullmatch(schedule):
        raise NodecacheError(f"schedule_expression is '{schedule}' but must be rate(...) or cron(...).")
    if params["event_pattern"] is None:
        return
    try:
        pattern = normalise_json(params["event_pattern"])
    except ValueError as error:
        raise NodecacheError(f"event_pattern is '{params['event_pattern']}' but must be a JSON object.") from error
    if not isinstance(pattern, dict) or not pattern:
        raise NodecacheError(f"event_pattern is '{params['event_pattern']}' but must be a JSON object with keys.")
    if len(json.dumps(pattern)) > PATTERN_LENGTH:
        raise NodecacheError(
            f"event_pattern is {len(json.dumps(pattern))} characters long but must be at most {PATTERN_LENGTH}."
        )


def build_desired(params: dict[str, Any]) -> dict[str, Any]:
    """Return what the options ask for in the API's shape, the pattern parsed."""
    desired = {
        "Name": params["name"],
        "EventBusName": params["event_bus_name"],
        "EventPattern": None if params["event_pattern"] is None else normalise_json(params["event_pattern"]),
        "ScheduleExpression": params["schedule_expression"],
        "Description": params["description"],
        "State": params["rule_state"],
    }
    return {key: value for key, value in desired.items() if value is not None}


def plan(current: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    """Return the whole rule as it shall be."""
    merged = {"State": "ENABLED", **current, **desired}
    return {key: value for key, value in merged.items() if value != ""}


def _parsed(rule: dict[str, Any] | None, bus: str) -> dict[str, Any]:
    if rule is None:
        return {}
    parsed = {key: value for key, value in rule.items() if value not in (None, "")}
    if "EventPattern" in parsed:
        parsed["EventPattern"] = normalise_json(parsed["EventPattern"])
    # The bus may have been named by its ARN, which DescribeRule answers with its name.
    parsed["EventBusName"] = bus
    return parsed


def _result(rule: dict[str, Any]) -> dict[str, Any]:
    names = {
        "Name": "name",
        "Arn": "arn",
        "EventBusName": "event_bus_name",
        "EventPattern": "event_pattern",
        "ScheduleExpression": "schedule_expression",
        "Description": "description",
        "State": "state",
        "RoleArn": "role_arn",
        "ManagedBy": "managed_by",
        "Tags": "tags",
    }
    return {name: rule[key] for key, name in names.items() if key in rule}


def _request(rule: dict[str, Any]) -> dict[str, Any]:
    request = {key: rule[key] for key in WRITABLE if key in rule}
    if "EventPattern" in request:
        request["EventPattern"] = json.dumps(request["EventPattern"])
    return request


def ensure_present(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Create or change the rule."""
    after = plan(current, build_desired(module.params))
    name = module.params["name"]
    if "EventPattern" not in after and "ScheduleExpression" not in after:
        raise NodecacheError(f"rule '{name}' needs event_pattern or schedule_expression.")
    to_set, to_unset = {}, []
    if module.params["tags"] is not None:
        tags = current.get("Tags", {})
        to_set, to_unset = compare_aws_tags(tags, module.params["tags"], module.params["purge_tags"])
        after["Tags"] = {key: value for key, value in {**tags, **to_set}.items() if key not in to_unset}
    after.setdefault("Tags", {})

    differs = any(after.get(key) != current.get(key) for key in WRITABLE)
    if not module.check_mode:
        if differs:
            after["Arn"] = _events.put_rule(client, _request(after), {} if current else to_set)
        if current and (to_set or to_unset):
            _events.tag_rule(client, name, after["Arn"], to_set, to_unset)
    return differs or bool(to_set or to_unset), after


def ensure_absent(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Delete the rule unless it has targets."""
    if not current:
        return False, {}
    name, bus = module.params["name"], module.params["event_bus_name"]
    targets = [target["Id"] for target in _events.list_targets(client, name, bus) or []]
    if targets:
        sentence = f"rule '{name}': could not delete it while it has targets: {', '.join(sorted(targets))}."
        if not module.check_mode:
            raise NodecacheError(sentence)
        module.warn(sentence)
    if not module.check_mode:
        _events.delete_rule(client, name, bus)
    return True, {}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"required": True},
            "event_bus_name": {"default": "default"},
            "event_pattern": {"type": "raw"},
            "schedule_expression": {},
            "description": {},
            "rule_state": {"choices": ["ENABLED", "DISABLED"]},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "state": {"choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    try:
        check_params(module.params)
        client = make_client(module, "events")
        bus = module.params["event_bus_name"]
        current = _parsed(_events.find_rule(client, module.params["name"], bus), bus)
        ensure = ensure_present if module.params["state"] == "present" else ensure_absent
        changed, after = ensure(client, module, current)
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    before, after = _result(current), _result(after)
    module.exit_json(changed=changed, rule=after, diff=diff_dict(before, after))


if __name__ == "__main__":
    main()
