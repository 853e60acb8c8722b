"""The whole way on real nodes: the role as it is installed, pushes, the schedule, and nodes that were away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.node.fleet import FLEET
from tests.lab.script.cluster import Cluster, come_due

GPU = {"eks:nodegroup-name": "gpu"}


class Whole(Cluster):
    """A cluster with images for every node and for some."""

    def __init__(self, world: Any, python: Path) -> None:
        self.web, self.trainer = world.repository("web"), world.repository("trainer")
        nodes = {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]}
        images = [{"repository": self.web, "keep": 1}, {"repository": self.trainer, "tags": "v*", "nodes": "gpu"}]
        super().__init__(world, python, "whole", prefetch_nodes=nodes, prefetch_images=images)


@pytest.fixture(name="cluster", scope="module")
def cluster_fixture(world: Any, python: Path) -> Whole:
    return Whole(world, python)


def test_the_whole_way(world: Any, cluster: Whole, until: Any) -> None:
    world.push(cluster.web, "v1")
    world.push(cluster.trainer, "v1")
    world.push(cluster.trainer, "latest")
    gpu, plain = cluster.node(**GPU), cluster.node()
    cluster.play()
    # What was pushed before comes by the association, and images for some nodes come to no others.
    until(lambda: cluster.held(gpu, cluster.trainer) == {"v1"} and cluster.held(plain, cluster.web) == {"v1"})
    assert cluster.held(gpu, cluster.web) == {"v1"} and cluster.held(plain, cluster.trainer) == set()

    # Quick pushes reach the nodes that want them, and leave as many as are kept.
    for number in (2, 3, 4):
        world.push(cluster.web, f"v{number}")
    world.push(cluster.trainer, "v2")
    world.push(cluster.trainer, "nightly")
    until(lambda: all(cluster.held(node, cluster.web) == {"v4"} for node in (gpu, plain)), 60)
    until(lambda: cluster.held(gpu, cluster.trainer) == {"v1", "v2"})
    assert cluster.held(plain, cluster.trainer) == set()

    # A node that is away when it is pushed has it, at the latest, when the schedule comes; so does one that lost it.
    FLEET.stop(plain, keep_disk=True)
    world.push(cluster.web, "v5")
    until(lambda: cluster.held(gpu, cluster.web) == {"v5"})
    names = [name for name in world.names(gpu) if name.startswith(f"{world.host}/{cluster.web}")]
    world.shell(gpu, f"ctr -n k8s.io images rm --sync {' '.join(names)}")
    cluster.start(plain)
    come_due()
    until(lambda: all(cluster.held(node, cluster.web) == {"v5"} for node in (gpu, plain)), 60)

    # A node that joins.
    joined = cluster.node(**GPU)
    until(lambda: cluster.held(joined, cluster.trainer) == {"v2"} and cluster.held(joined, cluster.web) == {"v5"}, 60)


def test_what_is_taken_off_the_list_goes_and_the_end_takes_the_rest(world: Any, cluster: Whole, until: Any) -> None:
    nodes, stranger = list(cluster.addresses), world.repository("stranger")
    world.push(stranger, "v1")
    for node in nodes:
        world.run(node, [f"{world.host}/{stranger}"], prefetch_name="another")
    cluster.play(prefetch_images=[{"repository": cluster.web, "keep": 1}], prefetch_nodes={})
    until(lambda: not any(cluster.held(node, cluster.trainer) for node in nodes), 60)
    assert all(cluster.held(node, cluster.web) == {"v5"} for node in nodes)
    cluster.play(prefetch_state="absent", prefetch_release=True)
    for node in nodes:
        assert cluster.held(node, cluster.web) == set() and cluster.held(node, stranger) == {"v1"}
        assert "localhost/kubernetes/pause:latest" in world.names(node)
        assert not [labels for labels in world.names(node).values() if "nodecache.eks/whole" in labels]
