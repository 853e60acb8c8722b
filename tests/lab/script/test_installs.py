"""Two installs that want the same repository, side by side and at once, and an install that ends while it pulls."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


def held(world: Any, node: str, name: str) -> dict[str, str]:
    return {one.removeprefix(name): labels for one, labels in world.names(node).items() if one.startswith(name)}


def test_two_installs_at_once_pull_once_and_neither_takes_the_others(world: Any, node: str) -> None:
    repository = world.repository("shared")
    name = f"{world.host}/{repository}"
    ref = f"{name}:v1@{world.push(repository, 'v1', megabytes=2, layers=2)}"
    with ThreadPoolExecutor(4) as pool:
        # Each by its event and by its association.
        runs = [
            pool.submit(world.run, node, [asked], source=source, prefetch_name=install, prefetch_wanted={name: 1})
            for install in ("one", "two")
            for asked, source in ((ref, "event"), (name, "association"))
        ]
        reports = [run.result() for run in runs]
    assert all(report["ok"] for report in reports), reports
    blobs = [line for line in world.pulls(repository) if line.startswith("GET") and "/blobs/" in line]
    assert blobs and len(blobs) == len(set(blobs))
    labels = held(world, node, name)
    assert len(labels) == 2
    assert all("nodecache.eks/one=" in each and "nodecache.eks/two=" in each for each in labels.values())
    # One goes; the other's stays pinned, and goes with it.
    assert world.run(node, [], "release", prefetch_name="one")["ok"]
    labels = held(world, node, name)
    assert all("pinned" in each and "/one=" not in each and "/two=" in each for each in labels.values())
    assert world.run(node, [ref], "report", prefetch_name="two")["ok"]
    assert world.run(node, [], "release", prefetch_name="two")["ok"]
    left = held(world, node, name)
    assert not left or not any("pinned" in each or "nodecache.eks" in each for each in left.values())


def test_an_event_while_the_association_runs(world: Any, node: str, slow: Any, until: Any) -> None:
    repository = world.repository("meanwhile")
    name = f"{world.host}/{repository}"
    run = {"prefetch_wanted": {name: 1}}
    old = world.push(repository, "v1", megabytes=2, layers=2)
    slow(node, "6mbit")
    reports: list[Any] = []
    pulling = threading.Thread(target=lambda: reports.append(world.run(node, [name], source="association", **run)))
    pulling.start()
    until(lambda: world.run(node, [f"{name}:v1@{old}"], "report")["images"][0].get("fetched", 0) > 300_000)
    new = world.push(repository, "v1", megabytes=0.2)
    slow(node, "400mbit")
    report = world.run(node, [f"{name}:v1@{new}"], source="event", pushed="2030-01-01T00:00:00Z", **run)
    pulling.join()
    assert report["ok"] and report["images"][0]["digest"] == new, report
    # Whichever of the two ended last, the next run finds the newest alone.
    assert world.run(node, [name], source="association", **run)["images"][0]["digest"] == new
    assert set(held(world, node, name)) == {":v1", f"@{new}"}
