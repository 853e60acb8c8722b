"""What is prefetched is what the kubelet would have pulled: Pods ask no registry, and mirrors are the node's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lab import settings

MIRROR = """server = "https://registry.example"
[host."https://{host}"]
capabilities = ["pull", "resolve"]
[host."https://{host}".header]
authorization = ["Basic {login}"]
"""


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


@contextmanager
def configured(world: Any, node: str, **config: Any) -> Iterator[None]:
    """Give the kubelet of a node a drop-in."""
    drop_in = "/etc/kubernetes/kubelet/config.json.d/99-test.conf"
    world.shell(node, f"echo '{json.dumps(config)}' >{drop_in}")
    try:
        yield
    finally:
        world.shell(node, f"rm {drop_in}")


def test_a_pull_goes_to_the_kubelets_image_service(world: Any, node: str) -> None:
    repository = world.repository("service")
    ref = f"{world.host}/{repository}:v1@{world.push(repository, 'v1')}"
    with configured(world, node, imageServiceEndpoint="unix:///run/images.sock"):
        # Nothing listens there, and nothing else is asked in its place.
        report = world.run(node, [ref])
        assert not report["ok"] and report["error"].startswith("http://localhost/runtime.v1.ImageService/"), report
        assert not world.pulls(repository)
        world.shell(node, "ln -s /run/containerd/containerd.sock /run/images.sock")
        assert world.run(node, [ref])["ok"]


@pytest.mark.parametrize(("config", "most"), [({"maxParallelImagePulls": 2}, 2), ({"serializeImagePulls": True}, 1)])
def test_as_many_pulls_at_once_as_the_kubelet_allows(
    world: Any, node: str, slow: Any, config: dict[str, Any], most: int
) -> None:
    repositories = [world.repository("parallel") for _ in range(4)]
    refs = [f"{world.host}/{one}:v1@{world.push(one, 'v1', megabytes=1.5)}" for one in repositories]
    reports: list[Any] = []
    with configured(world, node, **config):
        slow(node, "6mbit")
        pulling = threading.Thread(target=lambda: reports.append(world.run(node, refs)))
        pulling.start()
        seen = 0
        while pulling.is_alive():
            images = world.run(node, refs, "report").get("images", [])
            seen = max(seen, sum("total" in image for image in images))
        pulling.join()
        slow(node, "400mbit")
    assert reports[0]["ok"] and seen == most


def test_a_pod_by_tag_or_by_digest_asks_no_registry(world: Any, node: str) -> None:
    repository = world.repository("pod")
    digest, name = world.push(repository, "v1"), f"{world.host}/{repository}"
    assert world.run(node, [name], source="association")["ok"]
    before = world.pulls(repository)
    for image in (f"{name}:v1", f"{name}@{digest}"):
        # With IfNotPresent the kubelet asks the runtime for the image's status, and pulls when there is none.
        world.container(node, image)()
    assert world.pulls(repository) == before


def test_a_nodes_mirror_serves_the_pull(world: Any, node: str) -> None:
    repository = world.repository("mirrored")
    digest = world.push(repository, "v1")
    token = settings.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    folder = "/etc/containerd/certs.d/registry.example"
    hosts = MIRROR.format(host=world.host, login=token)
    world.shell(node, f"mkdir -p {folder}; cat >{folder}/hosts.toml <<'END'\n{hosts}END\n")
    report = world.run(node, [f"registry.example/{repository}:v1"], source="association", seconds=240)
    assert report["ok"] and report["images"][0]["digest"] == digest, report
    assert any("/blobs/" in line for line in world.pulls(repository))
    names = world.names(node)
    assert {f"registry.example/{repository}:v1", f"registry.example/{repository}@{digest}"} <= set(names)


def test_the_nodes_own_snapshotter_unpacks(world: Any, until: Any) -> None:
    node, repository = world.node(), world.repository("snapshotter")
    ref = f"{world.host}/{repository}:v1@{world.push(repository, 'v1')}"
    table = r'\[plugins."io.containerd.grpc.v1.cri".containerd\]'
    script = f"""sed -i 's/^{table}$/&\\nsnapshotter = "native"/' /etc/containerd/config.toml"""
    stop = "old=$(pidof containerd); kill $old; while kill -0 $old 2>/dev/null; do sleep 0.1; done"
    world.shell(node, f"{script}; grep native /etc/containerd/config.toml; {stop}")
    until(lambda: world.shell(node, "ctr version >/dev/null 2>&1 && echo up; true"))

    def unpacked(snapshotter: str) -> list[str]:
        folder = f"/var/lib/containerd/io.containerd.snapshotter.v1.{snapshotter}/snapshots"
        listed: str = world.shell(node, f"mkdir -p {folder}; ls {folder}")
        return listed.split()

    before = unpacked("overlayfs")
    assert world.run(node, [ref])["ok"]
    assert unpacked("native") and unpacked("overlayfs") == before
