# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is under the names of an install of the prefetch role, and whether it is that install's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.nodecache.eks.plugins.module_utils import _eks, _events, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils._aws import call, paged

# The document remembers the nodes' roles, one in each tag: their policies cannot be found from the other side.
NODE_ROLE = "nodecache.eks/node-role/"
# And what there was at the end of the last whole run.
STATE = "nodecache.eks/state"
# The policy within each of the install's own roles.
_PURPOSES = {"events": "deliver", "automation": "run-command"}
_OF_DOCUMENT = ("Hash", "DefaultVersion", "LatestVersion", "DocumentType", "TargetType")
_OF_RUNS = ("Overview", "Status", "Date", "LastExecutionDate", "LastSuccessfulExecutionDate")
_NO_ROLE, _NO_TOPIC = "NoSuchEntity", "NotFound"
# A topic of another account may well let this one publish and not look.
_NOT_SHOWN = ["AuthorizationError", "AccessDenied"]
_NO_QUEUE = ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"]

Thing = dict[str, Any]
# Asks a service in the background what a function asks of its client.
Ask = Callable[[str, Callable[[Any], Any]], Future[Any]]


def account(sts: Any) -> dict[str, str]:
    """Return the caller's account and its partition."""
    with call("account", "tell", "caller"):
        caller = sts.get_caller_identity(aws_retry=True)
    return {"account": caller["Account"], "partition": caller["Arn"].split(":")[1]}


def no_role(iam: Any, name: str) -> bool:
    with call("role", "look up", name):
        try:
            iam.get_role(RoleName=name, aws_retry=True)
        except is_boto3_error_code(_NO_ROLE):
            return True
    return False


def no_topic(sns: Any, arn: str) -> bool:
    with call("topic", "look up", arn):
        try:
            sns.get_topic_attributes(TopicArn=arn, aws_retry=True)
        except is_boto3_error_code(_NO_TOPIC):
            return True
        except is_boto3_error_code(_NOT_SHOWN):
            return False
    return False


def fingerprint(*what: Any) -> str:
    """Return a text that is another one when anything in what AWS answered is."""
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:16]


class Install:
    """One install, by its name and cluster, in one region of one account; whole, each thing gets its fingerprint."""

    def __init__(self, name: str, cluster: str, region: str, whole: bool = False) -> None:
        self.identity, self.region, self.whole, self.state = f"nodecache-{name}", region, whole, ""
        self.owner = {"nodecache.eks/install": name, "nodecache.eks/cluster": cluster}
        self.recorded_roles: list[str] = []

    def things(self, ask: Ask, node_roles: Iterable[str]) -> list[Thing]:
        """Return all there is, each with its kind, its name, and whether it is this install's."""
        documents = ask("ssm", self._documents)
        rest = [ask("ssm", self._associations), ask("events", self._rules), ask("sqs", self._queue)]
        rest += [ask("cloudwatch", self._alarms), ask("iam", self._roles)]
        found: list[Thing] = documents.result()
        whose = next((thing["ours"] for thing in found if thing["name"] == self.identity), None)
        # What is in a role has no tags of its own.
        policies = ask("iam", lambda iam: self._node_policies(iam, {*node_roles, *self.recorded_roles}))
        for part in rest:
            found += part.result()
        for thing in found:
            # A queue gets its policy and its tags after it is made, and the document comes first and goes last: while
            # that is ours, an interrupted run may have left the queue without.
            unfinished = thing.pop("unfinished", False)
            thing["ours"] = thing["ours"] or (unfinished and bool(whose))
        return found + [{**policy, "ours": whose is not False} for policy in policies.result()]

    def missing(
        self, ask: Ask, things: Iterable[Thing], node_roles: Iterable[str], topic: str | None
    ) -> dict[str, list[str]]:
        """Return what the install needs and is not there, by kind; what it has used before was there."""
        used = {thing["name"] for thing in things if thing["kind"] == "node_policy"}
        roles = {name: ask("iam", partial(no_role, name=name)) for name in node_roles if name not in used}
        topics = {topic: ask("sns", lambda sns: no_topic(sns, topic))} if topic else {}
        cluster, clusters = self.owner["nodecache.eks/cluster"], {}
        if not any(thing["kind"] == "document" and thing["name"] == self.identity for thing in things):
            clusters[cluster] = ask("eks", lambda eks: _eks.no_cluster(eks, cluster))
        kinds = {"cluster": clusters, "node_role": roles, "topic": topics}
        return {kind: [name for name, answer in asked.items() if answer.result()] for kind, asked in kinds.items()}

    def _named(self, name: str) -> bool:
        return name == self.identity or name.startswith(f"{self.identity}.")

    def _thing(self, kind: str, name: str, tags: Mapping[str, str], **more: Any) -> Thing:
        return {"kind": kind, "name": name, "ours": self.owner.items() <= tags.items(), **more}

    def _whole(self, tags: Mapping[str, str], read: Callable[..., Any], *given: Any) -> Thing:
        if not self.whole:
            return {}
        return {"fingerprint": fingerprint({key: value for key, value in tags.items() if key != STATE}, read(*given))}

    def _documents(self, ssm: Any) -> list[Thing]:
        filters = [{"Key": "Name", "Values": [self.identity]}, {"Key": "Owner", "Values": ["Self"]}]
        found = []
        for row in _ssm.list_documents(ssm, filters):
            if not self._named(row["Name"]):
                continue
            whole = self._whole(row["Tags"], _of_document, ssm, row["Name"])
            found.append(self._thing("document", row["Name"], row["Tags"], **whole))
            if row["Name"] == self.identity and found[-1]["ours"]:
                self.state = row["Tags"].get(STATE, "")
                self.recorded_roles = [
                    key.removeprefix(NODE_ROLE) for key in sorted(row["Tags"]) if key.startswith(NODE_ROLE)
                ]
        return found

    def _associations(self, ssm: Any) -> list[Thing]:
        found = []
        for row in _ssm.list_associations(ssm, {}):
            name, identifier = row.get("AssociationName", ""), row["AssociationId"]
            if self._named(name):
                tags = _ssm.association_tags(ssm, identifier)
                if tags is not None:
                    whole = self._whole(tags, _of_association, ssm, identifier)
                    found.append(self._thing("association", name, tags, association_id=identifier, **whole))
        return found

    def _rules(self, events: Any) -> list[Thing]:
        found = []
        for row in _events.list_rules(events, self.identity):
            if self._named(row["Name"]):
                tags = _events.rule_tags(events, row["Name"], row["Arn"])
                whole = self._whole(tags, _of_rule, events, row)
                found.append(self._thing("rule", row["Name"], tags, **whole))
        return found

    def _queue(self, sqs: Any) -> list[Thing]:
        name = f"{self.identity}-dead-letter"
        with call("queue", "look up", name):
            try:
                url = sqs.get_queue_url(QueueName=name, aws_retry=True)["QueueUrl"]
            except is_boto3_error_code(_NO_QUEUE):
                return []
            tags = sqs.list_queue_tags(QueueUrl=url, aws_retry=True).get("Tags", {})
            if tags and not self.whole:
                return [self._thing("queue", name, tags)]
            names = ["Policy", "MessageRetentionPeriod"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names, aws_retry=True)
        found = attributes.get("Attributes", {})
        policy = found.get("Policy", "")
        unfinished = not tags and (not policy or f":rule/{self.identity}" in policy)
        return [self._thing("queue", name, tags, unfinished=unfinished, **self._whole(tags, _as_it_is, found))]

    def _alarms(self, cloudwatch: Any) -> list[Thing]:
        with call("alarms", "list", self.identity):
            rows = paged(cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix=self.identity)
        # The module that makes alarms knows no tags; the description stands for them.
        owner = f"({' '.join(f'{key}={value}' for key, value in self.owner.items())})"
        return [
            {
                "kind": "alarm",
                "name": row["AlarmName"],
                "ours": row.get("AlarmDescription", "").endswith(owner),
                **self._whole({}, _of_alarm, row),
            }
            for row in rows
            if self._named(row["AlarmName"])
        ]

    def _roles(self, iam: Any) -> list[Thing]:
        found = []
        for purpose, policy in _PURPOSES.items():
            name = f"{self.identity}-{self.region}-{purpose}"
            with call("role", "look up", name):
                try:
                    role = iam.get_role(RoleName=name, aws_retry=True)["Role"]
                except is_boto3_error_code(_NO_ROLE):
                    continue
            tags = boto3_tag_list_to_ansible_dict(role.get("Tags") or [])
            whole = self._whole(tags, _of_role, iam, role, policy)
            found.append(self._thing("role", name, tags, **whole))
        return found

    def _node_policies(self, iam: Any, roles: Iterable[str]) -> list[Thing]:
        policy, found = f"{self.identity}-{self.region}", []
        for role in sorted(roles):
            document = _inline(iam, role, policy)
            if document is not None:
                whole = self._whole({}, _as_it_is, document)
                found.append({"kind": "node_policy", "name": role, **whole})
        return found


def _of_document(ssm: Any, name: str) -> Any:
    found = _ssm.find_document(ssm, name) or {}
    return {key: found.get(key) for key in _OF_DOCUMENT}


def _of_association(ssm: Any, identifier: str) -> Any:
    """Return what somebody decided, without what runs and their times leave behind."""
    found = _ssm.describe_association(ssm, identifier) or {}
    return {key: value for key, value in found.items() if key not in _OF_RUNS}


def _of_rule(events: Any, row: Mapping[str, Any]) -> Any:
    return [row, _events.list_targets(events, row["Name"], "default")]


def _of_role(iam: Any, role: Mapping[str, Any], policy: str) -> Any:
    return [role["AssumeRolePolicyDocument"], _inline(iam, role["RoleName"], policy)]


def _as_it_is(found: Any) -> Any:
    return found


def _of_alarm(row: Mapping[str, Any]) -> Any:
    return {key: value for key, value in row.items() if not key.startswith("State") and not key.endswith("Timestamp")}


def _inline(iam: Any, role: str, policy: str) -> Any:
    """Return a policy within a role, or None."""
    with call("role", f"look up policy '{policy}' of", role):
        try:
            return iam.get_role_policy(RoleName=role, PolicyName=policy, aws_retry=True)["PolicyDocument"]
        except is_boto3_error_code(_NO_ROLE):
            return None
