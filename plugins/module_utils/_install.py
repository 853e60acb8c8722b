# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is under the names of an install of the prefetch role, and whether it is that install's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.nodecache.eks.plugins.module_utils import _events, _ssm, _ssm_associations
from ansible_collections.nodecache.eks.plugins.module_utils._aws import call, paged

# The document remembers the nodes' roles, one in each tag: their policies cannot be found from the other side.
NODE_ROLE = "nodecache.eks/node-role/"
_NO_QUEUE = ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"]

Thing = dict[str, Any]


def account(sts: Any) -> dict[str, str]:
    """Return the caller's account and its partition."""
    with call("account", "tell", "caller"):
        caller = sts.get_caller_identity(aws_retry=True)
    return {"account": caller["Account"], "partition": caller["Arn"].split(":")[1]}


class Install:
    """One install, by its name and cluster, in one region of one account."""

    def __init__(self, client_of: Callable[[str], Any], name: str, cluster: str, region: str) -> None:
        self.client_of, self.identity, self.region = client_of, f"nodecache-{name}", region
        self.owner = {"nodecache.eks/install": name, "nodecache.eks/cluster": cluster}
        self.recorded_roles: list[str] = []

    def things(self, node_roles: Iterable[str]) -> list[Thing]:
        """Return all there is, each with its kind, its name, and whether it is this install's."""
        documents = self._documents()
        whose = next((thing["ours"] for thing in documents if thing["name"] == self.identity), None)
        found = [*documents, *self._associations(), *self._rules(), *self._queue(bool(whose)), *self._alarms()]
        # What is in a role has no tags of its own.
        policies = self._node_policies(sorted({*node_roles, *self.recorded_roles}), whose is not False)
        return found + self._roles() + policies

    def _named(self, name: str) -> bool:
        return name == self.identity or name.startswith(f"{self.identity}.")

    def _thing(self, kind: str, name: str, tags: Mapping[str, str], **more: Any) -> Thing:
        return {"kind": kind, "name": name, "ours": self.owner.items() <= tags.items(), **more}

    def _documents(self) -> list[Thing]:
        filters = [{"Key": "Name", "Values": [self.identity]}, {"Key": "Owner", "Values": ["Self"]}]
        found = []
        for row in _ssm.list_documents(self.client_of("ssm"), filters):
            if not self._named(row["Name"]):
                continue
            found.append(self._thing("document", row["Name"], row["Tags"]))
            if row["Name"] == self.identity and found[-1]["ours"]:
                self.recorded_roles = [
                    key.removeprefix(NODE_ROLE) for key in sorted(row["Tags"]) if key.startswith(NODE_ROLE)
                ]
        return found

    def _associations(self) -> list[Thing]:
        ssm, found = self.client_of("ssm"), []
        for row in _ssm_associations.list_associations(ssm, {}):
            name, identifier = row.get("AssociationName", ""), row["AssociationId"]
            if self._named(name):
                current = _ssm_associations.describe_association(ssm, identifier)
                if current:
                    found.append(self._thing("association", name, current["Tags"], association_id=identifier))
        return found

    def _rules(self) -> list[Thing]:
        events = self.client_of("events")
        return [
            self._thing("rule", row["Name"], _events.rule_tags(events, row["Name"], row["Arn"]))
            for row in _events.list_rules(events, self.identity)
            if self._named(row["Name"])
        ]

    def _queue(self, begun: bool) -> list[Thing]:
        sqs, name = self.client_of("sqs"), f"{self.identity}-dead-letter"
        with call("queue", "look up", name):
            try:
                url = sqs.get_queue_url(QueueName=name, aws_retry=True)["QueueUrl"]
            except is_boto3_error_code(_NO_QUEUE):
                return []
            tags = sqs.list_queue_tags(QueueUrl=url, aws_retry=True).get("Tags", {})
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"], aws_retry=True)
        policy = attributes.get("Attributes", {}).get("Policy", "")
        thing = self._thing("queue", name, tags)
        # A queue gets its policy and its tags after it is made, and the document comes first and goes last: while
        # that is ours, an interrupted run may have left the queue without.
        unfinished = begun and not tags and (not policy or f":rule/{self.identity}" in policy)
        return [{**thing, "ours": thing["ours"] or unfinished}]

    def _alarms(self) -> list[Thing]:
        cloudwatch = self.client_of("cloudwatch")
        with call("alarms", "list", self.identity):
            rows = paged(cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix=self.identity)
        # The module that makes alarms knows no tags; the description stands for them.
        owner = f"({' '.join(f'{key}={value}' for key, value in self.owner.items())})"
        return [
            {"kind": "alarm", "name": row["AlarmName"], "ours": row.get("AlarmDescription", "").endswith(owner)}
            for row in rows
            if self._named(row["AlarmName"])
        ]

    def _roles(self) -> list[Thing]:
        iam, found = self.client_of("iam"), []
        for purpose in ("events", "automation"):
            name = f"{self.identity}-{self.region}-{purpose}"
            with call("role", "look up", name):
                try:
                    role = iam.get_role(RoleName=name, aws_retry=True)["Role"]
                except is_boto3_error_code("NoSuchEntity"):
                    continue
            found.append(self._thing("role", name, boto3_tag_list_to_ansible_dict(role.get("Tags") or [])))
        return found

    def _node_policies(self, roles: list[str], ours: bool) -> list[Thing]:
        iam, policy, found = self.client_of("iam"), f"{self.identity}-{self.region}", []
        for role in roles:
            with call("role", f"look up policy '{policy}' of", role):
                try:
                    iam.get_role_policy(RoleName=role, PolicyName=policy, aws_retry=True)
                except is_boto3_error_code("NoSuchEntity"):
                    continue
            found.append({"kind": "node_policy", "name": role, "ours": ours})
        return found
