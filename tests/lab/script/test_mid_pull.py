"""An install that changes or ends while nodes are in the midst of a pull for it: what it no longer wants goes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lab import settings
from tests.lab.script.cluster import Cluster, come_due


class Pulling(Cluster):
    """A cluster whose nodes pull so slowly that a pull outlasts whatever is played meanwhile."""

    slow: Callable[[str, str], None]
    until: Callable[..., Any]

    def node(self, **tags: str) -> str:
        node = super().node(**tags)
        self.slow(node, "4mbit")
        return node

    def push(self, repository: str, tag: str, megabytes: int = 8) -> str:
        """Push an image that takes minutes, and return its reference."""
        return f"{self.world.host}/{repository}:{tag}@{self.world.push(repository, tag, megabytes=megabytes, layers=2)}"

    def entry(self, node: str, ref: str) -> dict[str, Any]:
        entry: dict[str, Any] = self.world.run(node, [ref], "report")["images"][0]
        return entry

    def in_midst(self, node: str, ref: str) -> None:
        """Wait until the node is in the midst of a pull, which then goes on just enough not to be given up."""
        self.until(lambda: self.entry(node, ref).get("fetched", 0) > 300_000, 120)
        self.slow(node, "400kbit")

    def quicken(self, node: str, ref: str) -> None:
        """Let a pull end that is still under way."""
        assert not self.entry(node, ref)["cached"]
        self.slow(node, "400mbit")

    def at_rest(self, node: str) -> None:
        """Wait until nothing that was begun on a node is still under way."""
        self.until(lambda: not self.world.shell(node, "pgrep -f '^python3 -$' || true"), 60)

    def left(self, node: str) -> dict[str, str]:
        """Return the names, with their labels, of what came to a node by any install."""
        names = self.world.names(node)
        return {name: names[name] for name in names if name.startswith(self.world.host) or "nodecache" in names[name]}


@pytest.fixture(name="cluster")
def cluster_fixture(world: Any, slow: Any, until: Any, python: Any, request: pytest.FixtureRequest) -> Pulling:
    cluster = Pulling(world, python, request.node.name.removeprefix("test_")[:20].replace("_", "-"))
    cluster.slow, cluster.until = slow, until
    return cluster


def test_keep_is_lowered(world: Any, cluster: Pulling, until: Any) -> None:
    web, node = world.repository("web"), cluster.node()
    cluster.play(prefetch_images=[{"repository": web, "keep": 2}])
    world.push(web, "v1")
    until(lambda: cluster.held(node, web) == {"v1"})
    ref = cluster.push(web, "v2")
    cluster.in_midst(node, ref)
    cluster.play(prefetch_images=[{"repository": web, "keep": 1}])
    assert cluster.held(node, web) == {"v1"}
    cluster.quicken(node, ref)
    until(lambda: cluster.held(node, web) == {"v2"})


def test_images_are_wanted_no_more(world: Any, cluster: Pulling, until: Any) -> None:
    web, trainer, model = (world.repository(name) for name in ("web", "trainer", "model"))
    nodes = {kind: [{"key": "tag:kind", "values": [kind]}] for kind in ("plain", "gpu")}
    plain, gpu = cluster.node(kind="plain"), cluster.node(kind="gpu")
    images = [{"repository": web, "nodes": "plain"}, {"repository": trainer, "nodes": "plain"}]
    cluster.play(prefetch_nodes=nodes, prefetch_images=[*images, {"repository": model, "nodes": "gpu"}])
    refs = {}
    for node, repository in ((plain, trainer), (gpu, model)):
        refs[node] = cluster.push(repository, "v1")
        cluster.in_midst(node, refs[node])
    cluster.play(prefetch_nodes=nodes, prefetch_images=images[:1])
    for node, ref in refs.items():
        cluster.quicken(node, ref)
        cluster.at_rest(node)
    # No association serves this node any more, so that nothing is repaired there later on.
    assert not cluster.left(gpu)
    come_due()
    until(lambda: not cluster.left(plain))


def test_the_install_ends(world: Any, cluster: Pulling, until: Any) -> None:
    repositories, node = [world.repository(name) for name in ("first", "second")], cluster.node()
    # The first pull begins well before the role is done, and must not end before it.
    ref = cluster.push(repositories[0], "v1", megabytes=40)
    cluster.push(repositories[1], "v1")
    images = {"prefetch_images": [{"repository": repository} for repository in repositories]}
    cluster.play(**images)
    cluster.in_midst(node, ref)
    release = [{"key": "DocumentName", "value": f"nodecache-{cluster.name}"}, {"key": "Status", "value": "InProgress"}]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(cluster.play, **images, prefetch_state="absent", prefetch_release=True)
        until(lambda: settings.client("ssm").list_commands(Filters=release)["Commands"], 60)
        # The kubelet of this node pulls one image after the other, so that the second is still to come.
        cluster.quicken(node, ref)
        done.result()
    cluster.at_rest(node)
    assert not cluster.left(node)
