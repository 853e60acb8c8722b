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
  - Its targets are another module's, M(nodecache.eks.eventbridge_target); this one never touches them, but for
    O(remove_targets).
author:
  - nodecache.eks contributors (@nodecache)
options:
  name:
    description: The rule's name, 1 to 64 letters, digits, dots, hyphens and underscores.
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
      - A rule needs O(event_pattern) or O(schedule_expression), and can have both.
      - An empty string takes the pattern away.
    type: raw
  schedule_expression:
    description:
      - When the rule runs, as V(rate(5 minutes\)) or V(cron(0 20 * * ? *\)), in UTC.
      - Only rules on the default event bus have schedules.
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
    choices: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]
  role_arn:
    description:
      - The ARN of the role that the rule uses to reach an event bus of another account.
      - The roles that targets need belong to M(nodecache.eks.eventbridge_target).
      - An empty string takes the role away.
    type: str
  remove_targets:
    description:
      - Whether O(state=absent) removes all the rule's targets, whoever made them, before it deletes the rule.
      - By default a rule that still has targets is not deleted; the module fails and names them.
    type: bool
    default: false
  force:
    description:
      - Whether O(state=absent) deletes a rule that an AWS service manages.
      - Such a rule is never changed.
    type: bool
    default: false
  state:
    description: Whether the rule is there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is left out is left alone.
  - Needs C(events:DescribeRule) and C(events:ListTagsForResource); to change the rule C(events:PutRule),
    C(events:TagResource) and C(events:UntagResource), with O(role_arn) C(iam:PassRole) on that role; to delete it
    C(events:ListTargetsByRule) and C(events:DeleteRule), with O(remove_targets) C(events:RemoveTargets).
seealso:
  - module: nodecache.eks.eventbridge_target
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

- name: Run once an hour
  nodecache.eks.eventbridge_rule:
    name: nodecache-hourly
    schedule_expression: rate(1 hour)
    tags:
      team: platform

- name: Stop the rule and keep all else
  nodecache.eks.eventbridge_rule:
    name: nodecache-push
    rule_state: DISABLED

- name: Delete the rule, once its targets are gone
  nodecache.eks.eventbridge_rule:
    name: nodecache-push
    state: absent

- name: Delete the rule and whatever targets it has
  nodecache.eks.eventbridge_rule:
    name: nodecache-hourly
    state: absent
    remove_targets: true
"""

RETURN = r"""
rule:
  description: The rule, V({}) when it is gone.
  returned: always
  type: dict
  contains:
    name:
      description: The rule's name.
      returned: when there is a rule
      type: str
      sample: nodecache-push
    arn:
      description: The rule's ARN.
      returned: when there is a rule, but not in check mode when it is new
      type: str
      sample: arn:aws:events:eu-central-1:123456789012:rule/nodecache-push
    event_bus_name:
      description: The event bus, as it was given.
      returned: when there is a rule
      type: str
      sample: default
    event_pattern:
      description: The events that match, its keys as they were given.
      returned: when the rule has one
      type: dict
      sample: {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]}
    schedule_expression:
      description: When the rule runs.
      returned: when the rule has one
      type: str
      sample: rate(1 hour)
    description:
      description: What the rule is for.
      returned: when the rule has one
      type: str
      sample: Cache what is pushed
    state:
      description: Whether the rule acts.
      returned: when there is a rule
      type: str
      sample: ENABLED
    role_arn:
      description: The role with which the rule reaches an event bus of another account.
      returned: when the rule has one
      type: str
      sample: arn:aws:iam::123456789012:role/events
    managed_by:
      description: The AWS service that manages the rule.
      returned: when a service does
      type: str
      sample: batch.amazonaws.com
    created_by:
      description: The account that made the rule.
      returned: when EventBridge tells
      type: str
      sample: "123456789012"
    tags:
      description: The rule's tags.
      returned: when there is a rule
      type: dict
      sample: {"team": "platform"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _events, _model
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._events_rule import check_schedule, read_pattern
from ansible_collections.nodecache.eks.plugins.module_utils._state import (
    check_tags,
    diff_dict,
    resulting_tags,
    tag_plan,
)

# No option takes these away.
REQUIRED = ("Name", "EventBusName")
STATES = ["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"]


def build_desired(params: dict[str, Any], shape: Any) -> dict[str, Any]:
    """Return what the options ask for in the API's shape, empty where something shall go; refuse what is wrong."""
    check_tags(params["tags"])
    pattern, schedule = params["event_pattern"], params["schedule_expression"]
    if schedule:
        check_schedule(schedule, params["event_bus_name"])
    options = {
        "name": params["name"],
        "event_bus_name": params["event_bus_name"],
        "event_pattern": None if pattern is None else read_pattern(pattern),
        "schedule_expression": schedule,
        "description": params["description"],
        "state": params["rule_state"],
        "role_arn": params["role_arn"],
    }
    desired: dict[str, Any] = _model.to_request(shape, options)
    _model.check(shape, {key: value for key, value in desired.items() if value or key in REQUIRED})
    return desired


def plan(current: dict[str, Any], desired: dict[str, Any], shape: Any) -> tuple[bool, dict[str, Any]]:
    """Return whether the rule has to be written, and the whole rule as it shall be; PutRule forgets the rest."""
    writable = {key: value for key, value in current.items() if key in shape.members and key != "Tags"}
    after = _model.overlay(shape, {"State": "ENABLED", **writable}, desired)
    return not _model.same(_comparable(after), _comparable(writable)), after


def _comparable(rule: dict[str, Any]) -> dict[str, Any]:
    if "EventPattern" not in rule:
        return rule
    return {**rule, "EventPattern": _model.read_json("event_pattern", rule["EventPattern"])}


class Rule:
    """One run on one rule."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module, self.params = module, module.params
        self.client = make_client(module, "events")
        self.shape = _model.input_shape(self.client, "PutRule")
        self.name, self.bus = self.params["name"], self.params["event_bus_name"]

    def run(self) -> dict[str, Any]:
        """Bring the rule to its state and return the module's result."""
        desired = build_desired(self.params, self.shape)
        found = _events.find_rule(self.client, self.name, self.bus)
        # The bus may have been named by its ARN, which DescribeRule answers with its name.
        current = {**found, "EventBusName": self.bus} if found else {}
        tags = _events.rule_tags(self.client, self.name, current["Arn"]) if current else {}
        before = self._result(current, tags)
        if self.params["state"] == "absent":
            changed = self.ensure_absent(current, before)
            return {"changed": changed, "rule": {}, "diff": diff_dict(before, {})}
        changed, arn, after = self.ensure_present(current, tags, desired)
        rule = {**after, "arn": arn} if arn else after
        hidden = {"arn"} if not current else set()
        shown = {key: value for key, value in rule.items() if key not in hidden}
        return {"changed": changed, "rule": rule, "diff": diff_dict(before, shown)}

    def _result(self, rule: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
        if not rule:
            return {}
        result: dict[str, Any] = _model.to_result(_model.output_shape(self.client, "DescribeRule"), _comparable(rule))
        return {**result, "tags": tags}

    def ensure_present(
        self, current: dict[str, Any], tags: dict[str, str], desired: dict[str, Any]
    ) -> tuple[bool, str | None, dict[str, Any]]:
        """Create or change the rule; return whether that was needed, its ARN and how it is."""
        differs, after = plan(current, desired, self.shape)
        if "EventPattern" not in after and "ScheduleExpression" not in after:
            raise NodecacheError(f"rule '{self.name}' needs event_pattern or schedule_expression.")
        to_set, to_unset = tag_plan(tags, self.params["tags"], self.params["purge_tags"])
        changed = differs or bool(to_set or to_unset)
        if changed:
            _events.refuse_managed(current, f"rule '{self.name}'", "change it")
        arn = current.get("Arn")
        if not self.module.check_mode:
            if differs:
                arn = _events.put_rule(self.client, after, {} if current else to_set)
                if not current:
                    _events.wait_for_rule(self.client, self.name, self.bus)
            if current and (to_set or to_unset):
                _events.tag_rule(self.client, self.name, current["Arn"], to_set, to_unset)
        gone = {key: value for key, value in current.items() if key not in self.shape.members}
        return changed, arn, self._result({**gone, **after}, resulting_tags(tags, to_set, to_unset))

    def ensure_absent(self, current: dict[str, Any], before: dict[str, Any]) -> bool:
        """Delete the rule, unless targets would go with it that nobody said should go."""
        if not current:
            return False
        force = self.params["force"]
        if not force:
            _events.refuse_managed(current, f"rule '{self.name}'", "delete it")
        targets = _events.list_targets(self.client, self.name, self.bus) or []
        ids = sorted(target["Id"] for target in targets)
        if ids and not self.params["remove_targets"]:
            raise NodecacheError(f"rule '{self.name}': could not delete it while it has targets: {', '.join(ids)}.")
        if ids:
            before["targets"] = ids
        if not self.module.check_mode:
            _events.remove_targets(self.client, self.name, self.bus, ids, force)
            _events.delete_rule(self.client, self.name, self.bus, force)
        return True


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"required": True},
            "event_bus_name": {"default": "default"},
            "event_pattern": {"type": "raw"},
            "schedule_expression": {},
            "description": {},
            "rule_state": {"choices": STATES},
            "role_arn": {},
            "remove_targets": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "state": {"choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    try:
        result = Rule(module).run()
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
