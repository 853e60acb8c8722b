# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""image_cache_info against clients of its own making."""

from __future__ import annotations

import json

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils import _cache, _ec2, _report, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import TimedOut

DIGEST = "sha256:" + "a" * 64
REF = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:v1@" + DIGEST


def line(ref=REF, cached=True, **fields):
    image = {"ref": ref, "digest": DIGEST if cached else None, "cached": cached, "pinned": cached, "size": 1}
    return json.dumps({"v": 1, "action": "report", "node": "i-1", "ok": cached, "images": [{**image, **fields}]})


class Ec2:
    def __init__(self, ids):
        self.ids, self.filters, self.tags = ids, None, {}

    def describe_instances(self, Filters, MaxResults, aws_retry, NextToken="0"):
        self.filters = Filters
        at = int(NextToken)
        more = {"NextToken": str(at + 1)} if at + 1 < len(self.ids) else {}
        found = [{"InstanceId": each, "Tags": self.tags.get(each, [])} for each in self.ids[at : at + 1]]
        return {"Reservations": [{"Instances": found}], **more}


class Ssm:
    """Answers with one line a node; a node in pending never finishes."""

    def __init__(self, outputs, online=(), pending=(), targeted=None):
        self.outputs, self.online, self.pending = outputs, online, pending
        self.targeted = online if targeted is None else targeted
        self.sent, self.calls = [], 0

    def describe_instance_information(self, Filters, MaxResults, aws_retry):
        self.calls += 1
        ids = Filters[0]["Values"]
        assert len(ids) <= 50
        states = {each: "Online" if each in self.online else "ConnectionLost" for each in ids}
        return {"InstanceInformationList": [{"InstanceId": each, "PingStatus": states[each]} for each in ids]}

    def send_command(self, **arguments):
        self.calls += 1
        self.sent.append(arguments)
        return {"Command": {"CommandId": str(len(self.sent) - 1)}}

    def list_command_invocations(self, CommandId, Details, MaxResults, aws_retry, NextToken="0"):
        self.calls += 1
        assert Details
        at = int(NextToken)
        more = {"NextToken": str(at + MaxResults)} if at + MaxResults < len(self.targeted) else {}
        items = [
            {
                "InstanceId": each,
                "Status": "InProgress" if each in self.pending else "Failed",
                "CommandPlugins": [{"Output": self.outputs.get(each, "")}],
            }
            for each in self.targeted[at : at + MaxResults]
        ]
        return {"CommandInvocations": items, **more}


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Return how many answers were waited for, each time; what never comes ends the patience."""
    asked = []

    def wait_for_answers(client, command_id, answers, timeout):
        client.calls += 1
        asked.append(answers)
        if answers > len([each for each in client.targeted if each not in client.pending]):
            raise TimedOut("command: was not ready")

    monkeypatch.setattr(_ssm, "wait_for_answers", wait_for_answers)
    return asked


TARGETS = _cache.cluster_targets("prod")


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
    assert _ec2.running_instances(ec2, _cache.cluster_targets("prod")) == {"i-1": False, "i-2": False}
    assert {"Name": "tag:kubernetes.io/cluster/prod", "Values": ["owned"]} in ec2.filters
    assert {"Name": "instance-state-name", "Values": ["running"]} in ec2.filters


def test_instance_ids_become_the_filter_of_ec2():
    ec2 = Ec2([])
    _ec2.running_instances(ec2, [{"key": "InstanceIds", "values": ["i-1"]}])
    assert {"Name": "instance-id", "Values": ["i-1"]} in ec2.filters


def test_a_node_of_auto_mode_says_what_serves_it_instead():
    # Managed instances of EKS Auto Mode are tagged with their node class (EKS guide, "Tag EKS auto resources").
    ec2 = Ec2(["i-1", "i-2"])
    ec2.tags["i-2"] = [{"Key": "eks:kubernetes-node-class-name", "Value": "default"}]
    instances = _ec2.running_instances(ec2, _cache.cluster_targets("prod"))
    assert instances == {"i-1": False, "i-2": True}
    first, second = _cache.nodes(instances, set(), {}, 1)
    assert first["error"] is None and second["state"] == "offline"
    assert "EKS Auto Mode" in second["error"] and "SOCI" in second["error"]


def test_online_offline_and_silent_are_told_apart():
    second = line(cached=False, error="no", fetched=5, total=9)
    ssm = Ssm({"i-1": line(), "i-2": second, "i-3": "killed"}, ["i-1", "i-2", "i-3"])
    ids = ["i-1", "i-2", "i-3", "i-4"]
    online = _ssm.online_instances(ssm, ids)
    reports = _cache.ask(ssm, "nodecache-main", TARGETS, online, [REF], 5)
    found = _cache.nodes(dict.fromkeys(ids, False), online, reports, 1)
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
        "skipped": None,
        "error": "no",
    }
    assert _cache.summarise(found, [REF]) == {"nodes": 4, "online": 3, "cached": 1, "missing": 3}


def test_one_command_serves_every_node_and_five_images(waits):
    ids = [f"i-{number:03}" for number in range(51)]
    ssm = Ssm({}, ids)
    _cache.ask(ssm, "nodecache-main", TARGETS, set(ids), [REF] * 6, 5)
    assert [sent["Targets"] for sent in ssm.sent] == [
        [{"Key": "tag:kubernetes.io/cluster/prod", "Values": ["owned"]}]
    ] * 2
    assert [len(sent["Parameters"]["images"]) for sent in ssm.sent] == [5, 1]
    assert {sent["MaxErrors"] for sent in ssm.sent} == {"100%"}
    assert waits == [51, 51]


@pytest.mark.parametrize("count", [1, 50, 51, 200])
def test_calls_grow_with_every_fifty_nodes_alone(count):
    ids = [f"i-{number:03}" for number in range(count)]
    ssm = Ssm({each: line() for each in ids}, ids)
    online = _ssm.online_instances(ssm, ids)
    reports = _cache.ask(ssm, "nodecache-main", TARGETS, online, [REF], 5)
    assert len(reports) == count
    # Looking up, sending, waiting once, and reading; the nodes themselves are one more call, of EC2.
    assert ssm.calls <= 2 + 2 * -(-count // 50)


def test_no_images_asks_for_all_that_is_marked():
    ssm = Ssm({"i-1": line()}, ["i-1"])
    reports = _cache.ask(ssm, "nodecache-main", TARGETS, {"i-1"}, [], 5)
    assert "images" not in ssm.sent[0]["Parameters"]
    found = _cache.nodes({"i-1": False}, {"i-1"}, reports, 1)
    assert _cache.summarise(found, []) == {"nodes": 1, "online": 1, "cached": 1, "missing": 0}


def test_a_node_that_does_not_finish_is_silent_and_the_others_count():
    ssm = Ssm({"i-1": line(), "i-2": line()}, ["i-1", "i-2"], pending=["i-1"])
    reports = _cache.ask(ssm, "nodecache-main", TARGETS, {"i-1", "i-2"}, [REF], 1)
    found = _cache.nodes({"i-1": False, "i-2": False}, {"i-1", "i-2"}, reports, 1)
    assert [node["state"] for node in found] == ["silent", "online"]


def test_a_node_that_expired_is_not_taken_for_an_answer(waits):
    # An offline node's invocation is over first; the one that is online has to be waited for still.
    ssm = Ssm({"i-1": line()}, ["i-1"], pending=["i-1"], targeted=["i-0", "i-1"])
    reports = _cache.ask(ssm, "nodecache-main", TARGETS, {"i-1"}, [REF], 1)
    assert (waits, reports) == ([1, 2], {})


def test_a_node_that_joined_meanwhile_is_not_waited_for(waits):
    ssm = Ssm({"i-1": line()}, ["i-1", "i-2"], targeted=["i-1"])
    reports = _cache.ask(ssm, "nodecache-main", TARGETS, {"i-1", "i-2"}, [REF], 1)
    assert set(reports) == {"i-1"}


def test_nobody_online_is_not_asked():
    ssm = Ssm({}, [])
    assert _cache.ask(ssm, "nodecache-main", TARGETS, set(), [REF], 5) == {}
    assert ssm.sent == []


@pytest.mark.parametrize("image", ["app", "a/b:$(id)", "", "a/b@sha256:12"])
def test_bad_references_are_refused(image):
    with pytest.raises(NodecacheError, match="images has "):
        _cache.validate([], [image])


@pytest.mark.parametrize(
    "target", [{"key": "Name", "values": ["x"]}, {"key": "tag:a", "values": []}, {"key": "tag:a", "values": ["x"] * 51}]
)
def test_bad_targets_are_refused(target):
    with pytest.raises(NodecacheError, match="^targets.* but must "):
        _cache.validate([target], [])
