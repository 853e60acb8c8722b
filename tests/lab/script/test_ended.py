"""An install that ends while a node still pulls for it."""

from __future__ import annotations

import threading
from typing import Any


def test_a_release_during_a_pull_lets_go_of_that_image_too(world: Any, slow: Any, until: Any) -> None:
    node, repository = world.node(), world.repository("ended")
    name = f"{world.host}/{repository}"
    ref = f"{name}:v1@{world.push(repository, 'v1', megabytes=2, layers=2)}"
    slow(node, "6mbit")
    reports: list[Any] = []
    run = {"prefetch_wanted": {name: 2}}
    pulling = threading.Thread(target=lambda: reports.append(world.run(node, [ref], source="event", **run)))
    pulling.start()
    until(lambda: world.run(node, [ref], "report")["images"][0].get("fetched", 0) > 300_000)
    released: list[Any] = []
    letting_go = threading.Thread(target=lambda: released.append(world.run(node, [], "release", **run)))
    letting_go.start()
    letting_go.join(3)
    slow(node, "400mbit")
    pulling.join()
    letting_go.join()
    assert released[0]["ok"]
    # Nobody comes again to unpin it.
    assert not [labels for one, labels in world.names(node).items() if one.startswith(name) and "pinned" in labels]
