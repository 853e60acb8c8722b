"""Every list is read to its last page, each page by the token of the one before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry, RetryingBotoClientWrapper
from ansible_collections.nodecache.eks.plugins.module_utils import _ec2, _ecr, _events, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils._install import Install

ID = "8dfe3659-4309-493a-8755-0123456789ab"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
NODES = [f"i-{number:017x}" for number in range(3)]


def install():
    return Install("main", "prod", "eu-central-1")


# A list's service, operation and member, its three entries, one a page, and what reads it and returns three.
LISTS = {
    "documents": (
        ("ssm", "ListDocuments", "DocumentIdentifiers"),
        [{"Name": f"document-{number}"} for number in range(3)],
        lambda client: _ssm.list_documents(client, []),
    ),
    "versions": (
        ("ssm", "ListDocumentVersions", "DocumentVersions"),
        [{"DocumentVersion": str(number)} for number in (1, 2, 3)],
        lambda client: _ssm.document_versions(client, "document"),
    ),
    "accounts": (
        ("ssm", "DescribeDocumentPermission", "AccountSharingInfoList"),
        [{"AccountId": f"{number:012d}"} for number in range(3)],
        lambda client: _ssm.shared_accounts(client, "document"),
    ),
    "answers": (
        ("ssm", "ListCommandInvocations", "CommandInvocations"),
        [{"InstanceId": node} for node in NODES],
        lambda client: _ssm.invocations(client, ID),
    ),
    "associations": (
        ("ssm", "ListAssociations", "Associations"),
        [{"AssociationId": ID}] * 3,
        lambda client: _ssm.list_associations(client, {"AssociationName": "one"}),
    ),
    "runs": (
        ("ssm", "DescribeAssociationExecutions", "AssociationExecutions"),
        [{"ExecutionId": ID, "CreatedTime": NOW}] * 3,
        lambda client: _ssm.executions(client, ID, NOW),
    ),
    "nodes of a run": (
        ("ssm", "DescribeAssociationExecutionTargets", "AssociationExecutionTargets"),
        [{"ResourceId": node} for node in NODES],
        lambda client: _ssm.execution_targets(client, ID, ID),
    ),
    "agents": (
        ("ssm", "DescribeInstanceInformation", "InstanceInformationList"),
        [{"InstanceId": node, "PingStatus": "Online"} for node in NODES],
        lambda client: _ssm.online_instances(client, NODES),
    ),
    "instances": (
        ("ec2", "DescribeInstances", "Reservations"),
        [{"Instances": [{"InstanceId": node}]} for node in NODES],
        lambda client: _ec2.running_instances(client, [{"key": "tag:a", "values": ["b"]}]),
    ),
    "targets": (
        ("events", "ListTargetsByRule", "Targets"),
        [{"Id": str(number), "Arn": "a"} for number in range(3)],
        lambda client: _events.list_targets(client, "rule", "default"),
    ),
    "images": (
        ("ecr", "DescribeImages", "imageDetails"),
        [{"imageDigest": str(number)} for number in range(3)],
        lambda client: _ecr.describe_images(client, {"repositoryName": "team/app"}),
    ),
    "rules of an install": (
        ("events", "ListRules", "Rules"),
        [{"Name": f"nodecache-main.{number}", "Arn": "arn:a"} for number in range(3)],
        lambda client: install()._rules(client),
    ),
    "alarms of an install": (
        ("cloudwatch", "DescribeAlarms", "MetricAlarms"),
        [{"AlarmName": f"nodecache-main.{number}.failures"} for number in range(3)],
        lambda client: install()._alarms(client),
    ),
}


class Pages:
    """One entry a page, and no tags on anything."""

    def __init__(self, operation, member, entries):
        self.operation, self.member, self.entries = operation, member, entries
        self.asked = []

    def ListTagsForResource(self, **_request):
        return {"Tags": []}

    def __getattr__(self, name):
        assert name == self.operation
        # Some services write their tokens small.
        token = "nextToken" if self.member[0].islower() else "NextToken"

        def answer(**request):
            at = int(request.get(token, 0))
            self.asked.append(at)
            more = {token: str(at + 1)} if at + 1 < len(self.entries) else {}
            return {self.member: [self.entries[at]], **more}

        return answer


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_to_its_end(strict_client, name):
    (service, operation, member), entries, read = LISTS[name]
    pages = Pages(operation, member, entries)
    client = RetryingBotoClientWrapper(strict_client(service, pages).client, AWSRetry.jittered_backoff())
    assert len(read(client)) == 3
    assert pages.asked == [0, 1, 2]
