# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""image_cache_info whole, on strict clients."""

from __future__ import annotations

import json

import pytest

DIGEST = "sha256:" + "a" * 64
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app"


class Cluster:
    """EC2 and Systems Manager of a cluster: nodes that answer, one that is offline and one that says nothing."""

    def __init__(self, answering=2, offline=1, silent=1, omitted=0):
        self.ids = [f"i-{number:017x}" for number in range(answering + offline + silent)]
        self.answering, self.offline = self.ids[:answering], self.ids[answering : answering + offline]
        self.omitted, self.sent = omitted, []

    def DescribeInstances(self, Filters, MaxResults, NextToken=None):
        assert {"Name": "tag:kubernetes.io/cluster/demo", "Values": ["owned"]} in Filters
        return {"Reservations": [{"Instances": [{"InstanceId": each}]} for each in self.ids]}

    def DescribeInstanceInformation(self, Filters, MaxResults):
        wanted = Filters[0]["Values"]
        status = {each: "ConnectionLost" if each in self.offline else "Online" for each in wanted}
        return {"InstanceInformationList": [{"InstanceId": each, "PingStatus": status[each]} for each in wanted]}

    def SendCommand(self, **request):
        self.sent.append(request)
        return {"Command": {"CommandId": f"{len(self.sent) - 1:036d}"}}

    def ListCommands(self, CommandId):
        return {"Commands": [{"CommandId": CommandId, "Status": "Success", "CompletedCount": len(self.ids)}]}

    def ListCommandInvocations(self, CommandId, Details, MaxResults, NextToken="0"):
        images = self.sent[int(CommandId)]["Parameters"].get("images", [])
        entries = [{"ref": f"{image}:v1@{DIGEST}", "digest": DIGEST, "cached": True} for image in images]
        said = json.dumps({"v": 1, "images": entries, **({"omitted": self.omitted} if self.omitted else {})})
        online = [each for each in self.ids if each not in self.offline]
        start, end = int(NextToken), int(NextToken) + MaxResults
        rows = [
            {
                "InstanceId": each,
                "Status": "Success",
                "CommandPlugins": [{"Name": "report", "Output": said if each in self.answering else "nothing to say"}],
            }
            for each in online[start:end]
        ]
        return {"CommandInvocations": rows, **({"NextToken": str(end)} if end < len(online) else {})}


@pytest.fixture(name="ask")
def ask_fixture(strict_client, run_module):
    """Return what makes a cluster, runs the whole module on it, and gives the result, the cluster and all calls."""

    def ask(check=False, images=(IMAGE,), place=None, **cluster):
        aws = Cluster(**cluster)
        clients = [strict_client(service, aws) for service in ("ec2", "ssm")]
        options = {"document_name": "nodecache-demo", "images": list(images), **(place or {"cluster_name": "demo"})}
        result = run_module("image_cache_info", check=check, **options)
        # The newest version's model takes longer to read than all else.
        assert clients[0].client.meta.service_model.api_version < "2016-11-15"
        return result, aws, [name for client in clients for name in client.names()]

    return ask


@pytest.mark.parametrize("check", [False, True])
def test_the_whole_module_tells_nodes_apart(ask, check):
    result, aws, calls = ask(check=check)
    assert [node["state"] for node in result["nodes"]] == ["online", "online", "offline", "silent"]
    assert result["summary"] == {"nodes": 4, "online": 3, "cached": 2, "missing": 2} and not result["changed"]
    assert result["nodes"][0]["images"][0]["cached_digest"] == DIGEST
    assert calls == [
        "DescribeInstances",
        "DescribeInstanceInformation",
        "SendCommand",
        "ListCommands",
        "ListCommandInvocations",
    ]
    assert aws.sent[0]["Parameters"]["images"] == [IMAGE] and aws.sent[0]["MaxErrors"] == "100%"


@pytest.mark.parametrize("nodes", [50, 51, 120])
def test_the_whole_module_asks_in_fifties(ask, nodes):
    result, _aws, calls = ask(answering=nodes, offline=0, silent=0)
    assert result["summary"]["cached"] == nodes
    # One call for the instances, one to send, one to see the end; then one for each fifty agents and answers.
    assert len(calls) == 3 + 2 * -(-nodes // 50)


def test_many_images_are_asked_for_in_parts(ask):
    images = [f"{IMAGE}{number}" for number in range(7)]
    result, aws, _calls = ask(images=[*images, images[0]], offline=0, silent=0)
    assert [len(sent["Parameters"]["images"]) for sent in aws.sent] == [5, 2]
    assert result["summary"] == {"nodes": 2, "online": 2, "cached": 14, "missing": 0}


def test_no_node_is_an_error_that_names_the_cluster_or_the_targets(ask):
    message = "cluster 'demo': no running instance matches tag:kubernetes.io/cluster/demo=owned; Fargate has "
    message += "none, and loads images by SOCI indexes"
    assert ask(answering=0, offline=0, silent=0)[0]["msg"] == message
    targets = [{"key": "tag:kubernetes.io/cluster/demo", "values": ["owned"]}]
    result = ask(answering=0, offline=0, silent=0, place={"targets": targets})[0]
    assert result["msg"].startswith("targets: no running instance matches tag:")


def test_what_did_not_fit_into_the_reports_is_a_warning(ask):
    result, _aws, _calls = ask(images=(), omitted=2)
    assert "4 images did not fit into the nodes' reports: name the images to look for" in str(result["warnings"])


def test_nobody_is_asked_when_every_node_is_offline(ask):
    result, aws, calls = ask(answering=0, offline=3, silent=0)
    assert not aws.sent and calls == ["DescribeInstances", "DescribeInstanceInformation"]
    assert result["summary"] == {"nodes": 3, "online": 0, "cached": 0, "missing": 3}
