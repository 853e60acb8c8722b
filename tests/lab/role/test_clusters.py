"""Two clusters whose node groups have the same name, and things under an install's names that are not its."""

from __future__ import annotations

import json
from typing import Any

import pytest

GPU = {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]}
DIGEST = "sha256:" + "a" * 64


@pytest.fixture(name="nodes")
def nodes_fixture(lab: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the nodes of two clusters; what they are told to run is noted and not run."""
    from lab.node.agent import Result

    def run(instance_id: str, script: str, *_more: Any) -> Any:
        lab.fleet.calls.append((instance_id, script))
        return Result(0, b"{}", b"")

    monkeypatch.setattr(lab.fleet, "run", run)
    return {
        f"{cluster}-{group}": lab.node(**{f"kubernetes.io/cluster/{cluster}": "owned", "eks:nodegroup-name": group})
        for cluster in ("blue", "green")
        for group in ("gpu", "rest")
    }


def invocations(lab: Any, document: str) -> dict[str, set[str]]:
    """Return on which nodes a document was run, by what started it."""
    found: dict[str, set[str]] = {}
    for command in lab.ssm.list_commands()["Commands"]:
        if command["DocumentName"] == document:
            source = command["Parameters"]["source"][0] + " " + command["Parameters"]["images"][0].rpartition("/")[2]
            rows = lab.ssm.list_command_invocations(CommandId=command["CommandId"])["CommandInvocations"]
            assert all(row["StatusDetails"] in ("Success", "InProgress", "Pending") for row in rows), rows
            found.setdefault(source, set()).update(row["InstanceId"] for row in rows)
    return found


def test_clusters_with_node_groups_of_one_name(world: Any, lab: Any, bus: Any, nodes: dict[str, str]) -> None:
    images = [{"repository": "team/web"}, {"repository": "team/trainer", "nodes": "gpu"}]
    options = {"prefetch_nodes": GPU, "prefetch_images": images}
    world.done({name: options | {"prefetch_cluster": name} for name in ("blue", "green")})
    for repository in ("web", "trainer"):
        detail = {"repository-name": f"team/{repository}", "image-digest": DIGEST}
        bus.push(**detail, **{"action-type": "PUSH", "result": "SUCCESS"})
    for name in ("blue", "green"):
        own = {nodes[f"{name}-gpu"], nodes[f"{name}-rest"]}
        wanted = {f"event web:v1@{DIGEST}": own, f"event trainer:v1@{DIGEST}": {nodes[f"{name}-gpu"]}}
        lab.until(lambda name=name, wanted=wanted: wanted.items() <= invocations(lab, f"nodecache-{name}").items())
        everything = invocations(lab, f"nodecache-{name}")
        assert set().union(*everything.values()) == own, everything
        for rule in (f"nodecache-{name}", f"nodecache-{name}.gpu"):
            assert bus.metric("FailedInvocations", RuleName=rule) == 0


def test_an_install_of_another_cluster_is_neither_changed_nor_removed(world: Any) -> None:
    world.done({"main": {}})
    before = world.state("main")
    taken = world.play({"main": {"prefetch_cluster": "another"}})
    for part in ("document nodecache-main", "rule nodecache-main", "queue nodecache-main-dead-letter"):
        assert part in taken.failed["main"]
    assert "prefetch_name: 'main' is taken" in taken.failed["main"]
    stays = world.done({"main": {"prefetch_cluster": "another", "prefetch_state": "absent"}}, "-v")
    assert stays.changes["main"] == []
    assert world.state("main") == before


def test_what_others_made_under_an_installs_names_stays(world: Any, lab: Any) -> None:
    world.done({"main": {"prefetch_alarm_topic_arn": world.topic}})
    events, sqs, ssm = (lab.client(service) for service in ("events", "sqs", "ssm"))
    nodes = {"Name": "AWS-RunShellScript", "Targets": [{"Key": "InstanceIds", "Values": ["*"]}]}
    # The same name as the install's own, which is allowed, and names behind its.
    for name in ("nodecache-main", "nodecache-main.theirs"):
        ssm.create_association(AssociationName=name, Parameters={"commands": ["true"]}, **nodes)
    events.put_rule(Name="nodecache-main.theirs", EventPattern=json.dumps({"source": ["theirs"]}))
    sqs.create_queue(QueueName="nodecache-main-theirs", tags={"team": "theirs"})
    taken = world.play({"main": {}})
    assert "association nodecache-main is there" in taken.failed["main"]
    gone = world.done({"main": {"prefetch_state": "absent"}})
    assert "These stay" in json.dumps(gone.messages["main"])
    assert "rule nodecache-main.theirs" in json.dumps(gone.messages["main"])
    left = world.state("main")
    assert sorted(left["associations"]) == ["nodecache-INSTALL", "nodecache-INSTALL.theirs"]
    assert list(left["rules"]) == ["nodecache-INSTALL.theirs"]
    assert list(left["queues"]) == ["nodecache-INSTALL-theirs"]
    assert not any(left[kind] for kind in ("documents", "alarms", "roles", "node policies"))
    again = world.done({"main": {"prefetch_state": "absent"}})
    assert again.changes["main"] == []
