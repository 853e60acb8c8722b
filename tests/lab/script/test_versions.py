"""Every containerd that EKS has shipped pulls, keeps and pins as its CRI does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.node import runtime


@pytest.fixture(params=["1.6", "1.7", "2.1"])
def node(request: pytest.FixtureRequest, world: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Start a node with this containerd."""
    monkeypatch.setenv(runtime.CHOICE, request.param)
    try:
        runtime.ensure()
    except RuntimeError as error:
        pytest.skip(f"its package cannot be had: {error}")
    started = world.node()
    assert world.shell(started, "cat /etc/eks/containerd-version.txt").split()[2].startswith(f"{request.param}.")
    return started


def test_the_script_pulls_as_the_kubelet_would(world: Any, node: str, until: Callable[..., Any]) -> None:
    repository = world.repository("versions")
    digest = world.push(repository, "v1", megabytes=4)
    name = f"{world.host}/{repository}"
    report = world.run(node, [f"{name}:v1@{digest}"])
    assert report["ok"]
    assert report["containerd"] == runtime.version()
    assert {f"{name}:v1", f"{name}@{digest}"} <= set(world.names(node))

    # What tells the kubelet that its garbage collection leaves an image alone; 1.6.20 does not know of it yet.
    said = world.python(
        node,
        "images = map(decode, runtime.call('ImageService/ListImages')[1])\n"
        f"print([image.get(8) for image in images if {name + ':v1'!r}.encode() in image.get(2, [])])",
    )
    assert said.strip() == ("[None]" if runtime.version().startswith("1.6.") else "[[1]]")

    # discard_unpacked_layers: what is unpacked is not kept a second time.
    blobs = "/var/lib/containerd/io.containerd.content.v1.content/blobs"
    until(lambda: world.shell(node, f"find {blobs} -type f -size +3M") == "")
    again = world.run(node, [f"{name}:v1@{digest}"])
    assert again["images"][0]["cached"]


def test_ctr_pulls_as_the_article_does(world: Any, node: str) -> None:
    repository = world.repository("article")
    world.push(repository, "v1", megabytes=1)
    name = f"{world.host}/{repository}:v1"
    world.shell(node, f"sudo ctr -n k8s.io images pull -u AWS:$(aws ecr get-login-password) {name} >/dev/null")
    # The CRI takes an image that ctr pulled for its own.
    assert "io.cri-containerd.image=managed" in world.shell(
        node, f"for _ in $(seq 50); do ctr -n k8s.io images ls | grep '{name}.*managed' && break; sleep 0.1; done"
    )
    world.shell(node, f"ctr -n k8s.io run --rm {name} article /bin/true")
