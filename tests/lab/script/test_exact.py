"""The right digest, whatever else is pushed; and what is kept and let go of, with real containers."""

from __future__ import annotations

from typing import Any

import pytest

OTHER = "s390x"


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


def test_quick_pushes_of_one_tag_end_with_each_digest_and_the_newest_tag(world: Any, node: str) -> None:
    repository = world.repository("moved")
    first, second = world.push(repository, "v1"), world.push(repository, "v1")
    tag = f"{world.host}/{repository}:v1"
    for digest, at in ((second, "2"), (first, "1"), (second, "2")):
        pushed = f"2026-01-01T00:00:0{at}Z"
        report = world.run(node, [f"{tag}@{digest}"], source="event", pushed=pushed)
        assert report["ok"] and report["images"][0]["digest"] == digest
    rows = world.shell(node, f"ctr -n k8s.io images ls name=={tag}")
    assert second in rows
    # Only the digest was pulled: the tag's new layers were there, and its old ones are nobody's under that name.
    assert world.run(node, [f"{tag}@{second}"], "report")["ok"]
    assert world.run(node, [f"{world.host}/{repository}@{first}"], "report")["ok"]
    report = world.run(node, [f"{tag}@{first}"], "report")
    assert not report["ok"] and report["images"][0]["digest"] == first


def test_a_late_event_does_not_push_out_the_newest(world: Any, node: str) -> None:
    repository = world.repository("late")
    old, new = world.push(repository, "v1"), world.push(repository, "v2")
    name = f"{world.host}/{repository}"
    assert world.run(node, [f"{name}:v2@{new}"], source="event", pushed="2026-01-01T00:00:02Z", prefetch_keep=1)["ok"]
    before = world.pulls(repository)
    report = world.run(node, [f"{name}:v1@{old}"], source="event", pushed="2026-01-01T00:00:01Z", prefetch_keep=1)
    assert report["ok"] and "newer" in report["images"][0]["skipped"]
    assert world.pulls(repository) == before
    assert f"{name}:v2" in world.names(node)


def test_an_image_for_many_machines_is_known_by_its_indexs_digest(world: Any, node: str) -> None:
    repository = world.repository("many")
    children, blobs = [], {}
    for architecture in (OTHER, world.machine):
        manifest, parts = world.image(world.layer(architecture.encode()), architecture=architecture)
        digest = world.push_manifest(repository, "", manifest, parts)
        platform = {"architecture": architecture, "os": "linux"}
        entry = {"mediaType": manifest["mediaType"], "digest": digest, "size": world.size(manifest)}
        children.append({**entry, "platform": platform})
        blobs[architecture] = manifest["layers"][-1]["digest"]
    unknown = {**children[0], "platform": {"architecture": "unknown", "os": "unknown"}}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}
    digest = world.push_manifest(repository, "v1", {**index, "manifests": [unknown, *children]}, {})
    report = world.run(node, [f"{world.host}/{repository}"], source="association")
    assert report["ok"] and report["images"][0]["digest"] == digest
    fetched = "\n".join(world.pulls(repository))
    assert blobs[world.machine] in fetched and blobs[OTHER] not in fetched
    assert world.run(node, [f"{world.host}/{repository}:v1@{digest}"], "report")["ok"]

    foreign = world.push_manifest(repository, "w1", {**index, "manifests": children[:1]}, {})
    report = world.run(node, [f"{world.host}/{repository}:w1@{foreign}"], source="event")
    assert report["ok"] and report["images"][0]["skipped"] == f"it has no image for {world.machine}"


def test_what_is_no_image_is_left_out(world: Any, node: str) -> None:
    repository = world.repository("signed")
    digest = world.push(repository, "v1")
    manifest, blobs = world.image()
    manifest["config"] = {**manifest["config"], "mediaType": "application/vnd.cncf.helm.config.v1+json"}
    chart = world.push_manifest(repository, "chart", manifest, blobs)
    manifest, blobs = world.image(world.layer(b"signature"))
    signature = "sha256-" + digest[7:] + ".sig"
    world.push_manifest(repository, signature, manifest, blobs)
    name = f"{world.host}/{repository}"
    report = world.run(node, [name], source="association")
    assert report["ok"] and report["images"][0]["digest"] == digest
    for tag, wanted in (("chart", chart), (signature, digest)):
        report = world.run(node, [f"{name}:{tag}@{wanted}"], source="event")
        assert report["ok"] and "not an image" in report["images"][0]["skipped"]
    assert not [one for one in world.names(node) if one.startswith(name) and "v1" not in one and digest not in one]


def test_a_container_keeps_its_image_and_a_strangers_stays(world: Any, node: str) -> None:
    repository = world.repository("keep")
    name = f"{world.host}/{repository}"
    digests = [world.push(repository, f"v{number}") for number in (1, 2, 3)]
    assert world.run(node, [f"{name}:v1@{digests[0]}"], prefetch_keep=1)["ok"]
    stop = world.container(node, f"{name}:v1")
    for number, digest in enumerate(digests[1:], 2):
        assert world.run(node, [f"{name}:v{number}@{digest}"], prefetch_keep=1)["ok"]
    names = world.names(node)
    assert {f"{name}:v1", f"{name}:v3"} <= set(names) and f"{name}:v2" not in names
    stop()
    assert world.run(node, [f"{name}:v3@{digests[2]}"], prefetch_keep=1)["ok"]
    assert f"{name}:v1" not in world.names(node)

    # Another brought it, and we only pinned it: then it is unpinned, and the kubelet's again.
    world.shell(node, f"ctr -n k8s.io images label {name}:v3 nodecache.eks/main= io.cri-containerd.pinned=")
    world.shell(node, f"ctr -n k8s.io images label {name}@{digests[2]} nodecache.eks/main= io.cri-containerd.pinned=")
    assert world.run(node, [f"{name}:v3@{digests[2]}"])["ok"]
    assert world.run(node, [f"{name}:v3"], "release")["ok"]
    left = world.names(node)
    assert f"{name}:v3" in left and "pinned" not in left[f"{name}:v3"] and "nodecache" not in left[f"{name}:v3"]


def test_an_association_lets_go_of_what_the_install_wants_no_more(world: Any, node: str) -> None:
    kept, gone = world.repository("kept"), world.repository("gone")
    for repository in (kept, gone):
        world.push(repository, "v1")
        assert world.run(node, [f"{world.host}/{repository}"], source="association")["ok"]
    wanted = {f"{world.host}/{kept}:v*": 2}
    assert world.run(node, [f"{world.host}/{kept}:v*"], source="association", prefetch_wanted=wanted)["ok"]
    names = world.names(node)
    assert f"{world.host}/{kept}:v1" in names and f"{world.host}/{gone}:v1" not in names
    report = world.run(node, [f"{world.host}/{kept}:w1@sha256:{'a' * 64}"], source="event", prefetch_wanted=wanted)
    assert report["ok"] and "does not want this tag" in report["images"][0]["skipped"]
