"""What a prefetch leaves on a node, and what it asks of the registry."""

from __future__ import annotations

import re
from typing import Any


def test_a_pull_then_nothing_more(world: Any) -> None:
    node, repository = world.node(), world.repository("pull")
    digest = world.push(repository, "v1")
    tag, exact = f"{world.host}/{repository}:v1", f"{world.host}/{repository}@{digest}"
    report = world.run(node, [f"{tag}@{digest}"], source="event")
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", report["containerd"])
    entry = report["images"][0]
    assert entry["cached"] and entry["pinned"] and entry["digest"] == digest and entry["source"] == "event"
    assert entry["seconds"] > 0 and entry["size"] > 100_000
    names = world.names(node)
    for name in (tag, exact):
        assert "io.cri-containerd.pinned=pinned" in names[name] and "nodecache.eks/main=event:" in names[name]

    before = len(world.pulls(repository))
    assert world.run(node, [f"{tag}@{digest}"], source="association")["images"][0]["source"] == "event"
    for asked in (f"{world.host}/{repository}", f"{world.host}/{repository}:v*"):
        assert world.cpu_seconds(node, [asked], source="association") < 1
    assert len(world.pulls(repository)) == before
    assert world.run(node, [tag], source="association")["ok"]
    assert world.pulls(repository)[before:] == [f"HEAD /v2/{repository}/manifests/v1"]
    assert world.names(node) == names

    assert world.run(node, [], "report")["images"][0]["ref"] == f"{tag}@{digest}"
    assert world.run(node, [], "release")["ok"]
    assert not any(name.startswith(world.host) for name in world.names(node))
