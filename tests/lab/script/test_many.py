"""Forty images on one node: pulled side by side, reported in one line, and cheap when there is nothing to do."""

from __future__ import annotations

from typing import Any


def test_forty_images(world: Any) -> None:
    node = world.node()
    repositories = [world.repository("many-images") for _ in range(40)]
    for repository in repositories:
        world.push(repository, "v1", megabytes=0.01)
    refs = [f"{world.host}/{repository}" for repository in repositories]
    report = world.run(node, refs, source="association", seconds=300)
    assert report["ok"], report
    assert len(report["images"]) + report.get("omitted", 0) == 40 and report.get("missing", 0) == 0
    missing = f"{world.host}/{repositories[0]}:none"
    report = world.run(node, [missing, *refs], "report", seconds=300)
    assert not report["ok"] and report["missing"] == 1 and report["images"][0]["ref"] == missing
    before = sum(len(world.pulls(repository)) for repository in repositories)
    assert world.cpu_seconds(node, refs, source="association") < 4
    assert sum(len(world.pulls(repository)) for repository in repositories) == before
