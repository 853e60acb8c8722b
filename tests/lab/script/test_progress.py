"""How far a pull is, while it runs."""

from __future__ import annotations

import threading
from typing import Any


def test_a_report_during_a_pull_says_how_far_it_is(world: Any, slow: Any, until: Any) -> None:
    node, repository = world.node(), world.repository("progress")
    slow(node, "40mbit")
    digest = world.push(repository, "v1", megabytes=4, layers=4)
    ref = f"{world.host}/{repository}:v1@{digest}"
    assert "total" not in world.run(node, [ref], "report")["images"][0]

    reports: list[Any] = []
    pulling = threading.Thread(target=lambda: reports.append(world.run(node, [ref])))
    pulling.start()
    seen = []

    def enough() -> bool:
        entry = world.run(node, [ref], "report")["images"][0]
        if "total" in entry:
            assert not entry["cached"]
            assert entry["total"] > 16_000_000
            seen.append(entry["fetched"])
        return entry["cached"]

    until(enough)
    pulling.join()
    assert reports[0]["ok"]
    # Not sorted: a layer whose connection broke begins again.
    assert len(set(seen)) > 2 and seen[0] < max(seen) <= 17_500_000
