"""What pulls is killed in mid-pull, each of it in turn, and nobody has to clean up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


@pytest.fixture(name="pulling")
def pulling_fixture(world: Any, node: str, slow: Any, until: Any) -> Callable[..., Any]:
    """Return what starts a pull and waits until it is in the midst of it, and lets it end in the end."""

    @contextmanager
    def pull(ref: str, **given: Any) -> Iterator[list[Any]]:
        slow(node, "4mbit")
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(world.start(node, [ref], **given)))
        thread.start()
        until(lambda: world.run(node, [ref], "report")["images"][0].get("fetched", 0) > 500_000, 60)
        yield results
        slow(node, "400mbit")
        thread.join()

    return pull


def fetched(world: Any, repository: str) -> list[str]:
    return [line for line in world.pulls(repository) if line.startswith("GET") and "/blobs/" in line]


def test_a_killed_script_leaves_no_lock_and_no_promise(world: Any, node: str, pulling: Any) -> None:
    repository = world.repository("script")
    ref = f"{world.host}/{repository}:v1@{world.push(repository, 'v1', megabytes=8, layers=2)}"
    with pulling(ref) as results:
        # As the agent does when a command is cancelled or its time is over.
        world.shell(node, "kill -9 $(pgrep -f '^python3 -$')")
    assert results[0].error == "signal: killed" and results[0].stdout == b""
    assert world.run(node, [ref])["ok"]
    # No run holds a lock, so that nothing is promised to any.
    world.shell(node, "for lock in /run/nodecache/*.lock; do flock -n $lock true || exit 1; done")


def test_a_killed_containerd_is_asked_again_when_it_is_back(world: Any, node: str, pulling: Any) -> None:
    repository = world.repository("containerd")
    ref = f"{world.host}/{repository}:v1@{world.push(repository, 'v1', megabytes=8, layers=2)}"
    with pulling(ref) as results:
        world.shell(node, "kill -9 $(pidof containerd)")
    assert results[0].exit_code == 0, results[0]
    assert world.run(node, [ref], "report")["ok"]


def test_a_pull_that_was_taken_off_the_list_meanwhile_is_let_go_of(world: Any, node: str, pulling: Any) -> None:
    repository, other = world.repository("unlisted"), world.repository("listed")
    ref = f"{world.host}/{repository}:v1@{world.push(repository, 'v1', megabytes=8, layers=2)}"
    world.push(other, "v1")
    wanted = {f"{world.host}/{other}": 2}
    with pulling(ref, source="event", prefetch_wanted={f"{world.host}/{repository}": 2}) as results:
        assert world.run(node, list(wanted), source="association", prefetch_wanted=wanted)["ok"]
    assert results[0].exit_code == 0
    assert world.run(node, list(wanted), source="association", prefetch_wanted=wanted)["ok"]
    assert not [name for name in world.names(node) if name.startswith(f"{world.host}/{repository}")]
