"""Pushes that come quickly, late, twice and side by side end with the same images on every node."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest


class Pushes:
    """Pushes of one repository, each with the events that tell of it."""

    def __init__(self, world: Any, name: str) -> None:
        self.world, self.repository = world, world.repository(name)
        self.name = f"{world.host}/{self.repository}"
        self.events: list[tuple[str, str]] = []
        self.digests: list[str] = []

    def push(self, second: int, *tags: str) -> None:
        """Push one image under these tags."""
        manifest, blobs = self.world.image(self.world.layer(f"{tags} {len(self.digests)}".encode()))
        for tag in tags:
            digest: str = self.world.push_manifest(self.repository, tag, manifest, blobs)
            self.events.append((f"{self.name}:{tag}@{digest}", f"2026-01-01T00:00:{second:02}Z"))
        self.digests.append(digest)

    def hear(self, node: str, *events: tuple[str, str], keep: int, at_a_time: int = 1) -> list[dict[str, Any]]:
        """Run the document for each event."""

        def run(event: tuple[str, str]) -> dict[str, Any]:
            given = {"prefetch_keep": keep, "prefetch_wanted": {self.name: keep}, "pushed": event[1]}
            found: dict[str, Any] = self.world.run(node, [event[0]], source="event", **given)
            return found

        with ThreadPoolExecutor(at_a_time) as pool:
            return list(pool.map(run, events))

    def held(self, node: str) -> dict[str, str]:
        """Return the digest of each of the repository's names on a node."""
        rows = [line.split() for line in self.world.shell(node, "ctr -n k8s.io images ls").splitlines()[1:]]
        return {row[0].removeprefix(self.name): row[2] for row in rows if row[0].startswith(self.name)}


@pytest.fixture(scope="module")
def nodes(world: Any) -> list[str]:
    return [world.node(), world.node()]


def test_every_order_ends_with_the_newest_images(world: Any, nodes: list[str]) -> None:
    pushes = Pushes(world, "race")
    for number in range(1, 5):
        pushes.push(number, f"v{number}", "latest")
    third, fourth = pushes.digests[2:]
    wanted = {":v3": third, f"@{third}": third, ":v4": fourth, ":latest": fourth, f"@{fourth}": fourth}
    for number, node in enumerate(nodes):
        # Every event comes, and some come twice.
        events = pushes.events + pushes.events[number::2]
        random.Random(number).shuffle(events)
        # A node's agent works on as many at a time.
        reports = pushes.hear(node, *events, keep=2, at_a_time=5)
        assert all(report["ok"] for report in reports), reports
        assert pushes.held(node) == wanted
    before = world.pulls(pushes.repository)
    assert world.run(nodes[0], [pushes.name], source="association", prefetch_wanted={pushes.name: 2})["ok"]
    assert world.pulls(pushes.repository) == before and pushes.held(nodes[0]) == wanted


def test_an_event_that_comes_again_pushes_nothing_newer_out(world: Any, nodes: list[str]) -> None:
    pushes = Pushes(world, "again")
    for number in (1, 2):
        pushes.push(number, f"v{number}")
    old, new = pushes.events
    pushes.hear(nodes[0], old, new, keep=2)
    # Meanwhile fewer are kept, or another run is about to let go of it.
    (report,) = pushes.hear(nodes[0], old, keep=1)
    assert report["ok"] and "newer" in report["images"][0]["skipped"]
    assert set(pushes.held(nodes[0])) == {":v2", f"@{pushes.digests[1]}"}


def test_a_tag_pushed_twice_in_one_second_ends_with_its_newest(world: Any, nodes: list[str]) -> None:
    pushes = Pushes(world, "second")
    for _ in range(2):
        pushes.push(7, "v1")
    newest = pushes.digests[1]
    for node, events in zip(nodes, (pushes.events, pushes.events[::-1]), strict=True):
        assert all(report["ok"] for report in pushes.hear(node, *events, keep=1))
        assert pushes.held(node) == {":v1": newest, f"@{newest}": newest}
