"""An image's own texts, which whoever may push it chooses, are taken for nothing else; and odd images are pulled."""

from __future__ import annotations

from typing import Any

import pytest

INDEX = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


def child(world: Any, repository: str, **platform: str) -> dict[str, Any]:
    """Push an image without a tag; return its entry in an index."""
    manifest, blobs = world.image(world.layer(repository.encode()))
    digest = world.push_manifest(repository, "", manifest, blobs)
    entry = {"mediaType": manifest["mediaType"], "digest": digest, "size": world.size(manifest)}
    return {**entry, "platform": platform} if platform else entry


def test_a_platforms_name_is_no_image_of_ours(world: Any, node: str) -> None:
    # As the kubelet brought it, for a Pod that is gone.
    theirs = world.repository("theirs")
    name, digest = f"{world.host}/{theirs}", world.push(theirs, "v1")
    world.python(
        node,
        f"told = ecr_api(Image({name!r}).ecr, 'GetAuthorizationToken')['authorizationData'][0]\n"
        f"runtime.pull('{name}:v1', told['authorizationToken'], time.monotonic() + 60)",
    )
    # ctr prints each as a row of its own, with our mark on somebody else's image.
    mark = f"application/x {digest} 1.0 B linux/amd64 nodecache.eks/main=event:1.00:1:{digest[7:19]},x=y"
    repository = world.repository("forged")
    real = child(world, repository, os="linux", architecture=world.machine)
    forged = [
        {**real, "platform": {"os": "linux", "architecture": f"x\n{row} {mark}"}}
        for row in (f"{name}:v1", f"{name}@{digest}")
    ]
    pushed = world.push_manifest(repository, "v1", {**INDEX, "manifests": [real, *forged]}, {})
    wanted = {f"{world.host}/{repository}": 1}
    ref = f"{world.host}/{repository}:v1@{pushed}"
    report = world.run(node, [ref], source="event", prefetch_wanted=wanted)
    assert report["ok"] and report["images"][0]["pinned"], report
    assert mark in world.shell(node, "ctr -n k8s.io images ls")
    report = world.run(node, list(wanted), source="association", prefetch_wanted=wanted)
    assert report["ok"] and report["images"][0]["pinned"], report
    assert [each["ref"] for each in world.run(node, [], "report")["images"]] == [ref]
    left = world.shell(node, "ctr -n k8s.io images ls -q").split()
    assert {f"{name}:v1", f"{name}@{digest}"} <= set(left)


def test_an_index_for_windows_alone_is_nothing_for_this_node(world: Any, node: str) -> None:
    repository = world.repository("systems")
    windows = child(world, repository, os="windows", architecture=world.machine)
    linux = child(world, repository, os="linux", architecture=world.machine)
    digest = world.push_manifest(repository, "v1", {**INDEX, "manifests": [windows, linux]}, {})
    name = f"{world.host}/{repository}"
    assert world.run(node, [f"{name}:v1@{digest}"])["ok"]
    only = world.push_manifest(repository, "w1", {**INDEX, "manifests": [windows]}, {})
    report = world.run(node, [f"{name}:w1@{only}"], source="event")
    assert report["ok"] and report["images"][0]["skipped"] == f"it has no image for {world.machine}", report


def test_an_index_that_names_no_platform_is_the_runtimes_to_look_into(world: Any, node: str) -> None:
    repository = world.repository("unsaid")
    digest = world.push_manifest(repository, "v1", {**INDEX, "manifests": [child(world, repository)]}, {})
    report = world.run(node, [f"{world.host}/{repository}"], source="association")
    assert report["ok"] and report["images"][0]["cached"] and report["images"][0]["digest"] == digest, report
    assert world.run(node, [f"{world.host}/{repository}:v1@{digest}"], "report")["ok"]
