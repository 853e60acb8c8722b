# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""image_cache_info against clients of its own making."""

from __future__ import annotations

import json

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils import _cache, _report
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError

DIGEST = "sha256:" + "a" * 64
REF = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:v1@" + DIGEST


def line(ref=REF, cached=True, **fields):
    image = {"ref": ref, "digest": DIGEST if cached else None, "cached": cached, "pinned": cached, "size": 1}
    return json.dumps({"v": 1, "action": "report", "node": "i-1", "ok": cached, "images": [{**image, **fields}]})


class Pages:
    def __init__(self, answer):
        self.answer = answer

    def paginate(self, **arguments):
        return self.answer(**arguments)


class Ec2:
    def __init__(self, ids):
        self.ids, self.filters = ids, None

    def get_paginator(self, name):
        assert name == "describe_instances"
        return Pages(self.describe)

    def describe(self, Filters):
        self.filters = Filters
        return [{"Reservations": [{"Instances": [{"InstanceId": each}]}]} for each in self.ids]


class Ssm:
    """Answers with one line a node; a node in pending never finishes."""

    def __init__(self, outputs, online=(), pending=()):
        self.outputs, self.online, self.pending = outputs, online, pending
        self.sent = []

    def get_paginator(self, name):
        return Pages(getattr(self, name))

    def describe_instance_information(self, Filters, PaginationConfig):
        ids = Filters[0]["Values"]
        assert len(ids) <= 50
        found = [{"InstanceId": each, "PingStatus": "Online"} for each in ids if each in self.online]
        lost = [{"InstanceId": each, "PingStatus": "ConnectionLost"} for each in ids if each not in self.online]
        return [{"InstanceInformationList": found}, {"InstanceInformationList": lost}]

    def send_command(self, **arguments):
        assert len(arguments["InstanceIds"]) <= 50
        self.sent.append(arguments)
        return {"Command": {"CommandId": str(len(self.sent) - 1)}}

    def list_command_invocations(self, CommandId, Details, PaginationConfig):
        assert Details
        return [
            {
                "CommandInvocations": [
                    {
                        "InstanceId": each,
                        "Status": "InProgress" if each in self.pending else "Failed",
                        "CommandPlugins": [{"Output": self.outputs.get(each, "")}],
                    }
                ]
            }
            for each in self.sent[int(CommandId)]["InstanceIds"]
        ]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(_cache, "POLL_SECONDS", 0)


def test_parse_fills_in_what_a_long_report_leaves_out():
    output = f'{{"v":1,"ok":true,"images":[{{"ref":"{REF}","cached":true,"pinned":true}}]}}\n----------ERROR-------\nx'
    image = _report.parse(output)["images"][0]
    assert image["digest"] == DIGEST
    assert image["source"] is None and image["error"] is None


@pytest.mark.parametrize("output", ["", "failed", "{", "[]", '{"v":2,"images":[]}', '{"v":1}', line()[:-3]])
def test_parse_finds_no_report(output):
    assert _report.parse(output) is None


def test_nodes_of_a_cluster_are_found_by_its_tag():
    ec2 = Ec2(["i-2", "i-1"])
    assert _cache.running_instances(ec2, _cache.cluster_targets("prod")) == ["i-1", "i-2"]
    assert {"Name": "tag:kubernetes.io/cluster/prod", "Values": ["owned"]} in ec2.filters
    assert {"Name": "instance-state-name", "Values": ["running"]} in ec2.filters


def test_instance_ids_become_the_filter_of_ec2():
    ec2 = Ec2([])
    _cache.running_instances(ec2, [{"key": "InstanceIds", "values": ["i-1"]}])
    assert {"Name": "instance-id", "Values": ["i-1"]} in ec2.filters


def test_online_offline_and_silent_are_told_apart():
    second = line(cached=False, error="no", fetched=5, total=9)
    ssm = Ssm({"i-1": line(), "i-2": second, "i-3": "killed"}, ["i-1", "i-2", "i-3"])
    ids = ["i-1", "i-2", "i-3", "i-4"]
    online = _cache.online_instances(ssm, ids)
    reports = _cache.ask(ssm, "nodecache-main", sorted(online), [REF], 5)
    found = _cache.nodes(ids, online, reports, 1)
    assert [node["state"] for node in found] == ["online", "online", "silent", "offline"]
    assert found[0]["images"][0]["cached_digest"] == DIGEST
    assert found[1]["images"][0] == {
        "reference": REF,
        "digest": DIGEST,
        "cached_digest": None,
        "cached": False,
        "pinned": False,
        "size_bytes": 1,
        "source": None,
        "pull_seconds": None,
        "fetched_bytes": 5,
        "total_bytes": 9,
        "error": "no",
    }
    assert _cache.summarise(found, [REF]) == {"nodes": 4, "online": 3, "cached": 1, "missing": 3}


def test_one_command_serves_fifty_nodes_and_five_images():
    ids = [f"i-{number:03}" for number in range(51)]
    ssm = Ssm({}, ids)
    _cache.ask(ssm, "nodecache-main", ids, [REF] * 6, 5)
    assert [len(sent["InstanceIds"]) for sent in ssm.sent] == [50, 50, 1, 1]
    assert [len(sent["Parameters"]["images"]) for sent in ssm.sent] == [5, 1, 5, 1]
    assert {sent["MaxErrors"] for sent in ssm.sent} == {"100%"}


def test_no_images_asks_for_all_that_is_marked():
    ssm = Ssm({"i-1": line()}, ["i-1"])
    reports = _cache.ask(ssm, "nodecache-main", ["i-1"], [], 5)
    assert "images" not in ssm.sent[0]["Parameters"]
    found = _cache.nodes(["i-1"], {"i-1"}, reports, 1)
    assert _cache.summarise(found, []) == {"nodes": 1, "online": 1, "cached": 1, "missing": 0}


def test_a_node_that_does_not_finish_is_silent():
    ssm = Ssm({"i-1": line()}, ["i-1"], pending=["i-1"])
    reports = _cache.ask(ssm, "nodecache-main", ["i-1"], [REF], 0)
    assert _cache.nodes(["i-1"], {"i-1"}, reports, 1)[0]["state"] == "silent"


@pytest.mark.parametrize("image", ["app", "a/b:$(id)", "", "a/b@sha256:12"])
def test_bad_references_are_refused(image):
    with pytest.raises(NodecacheError, match="images: "):
        _cache.validate([], [image])


@pytest.mark.parametrize("target", [{"key": "Name", "values": ["x"]}, {"key": "tag:a", "values": []}])
def test_bad_targets_are_refused(target):
    with pytest.raises(NodecacheError, match="targets: key"):
        _cache.validate([target], [])
