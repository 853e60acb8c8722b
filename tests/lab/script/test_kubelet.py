"""What is prefetched is what the kubelet would have pulled: Pods ask no registry, and mirrors are the node's."""

from __future__ import annotations

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
