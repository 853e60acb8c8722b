"""What an association takes for the newest image, with everything else that build tools push around one."""

from __future__ import annotations

from typing import Any

import pytest

OCI = "application/vnd.oci.image."
INDEX = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json"}


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


class Build:
    """Pushes a multi-architecture image as buildx does, and what belongs to it."""

    def __init__(self, world: Any, name: str) -> None:
        self.world, self.repository = world, world.repository(name)
        self.name = f"{world.host}/{self.repository}"

    def child(self, content: str, architecture: str = "", tag: str = "") -> dict[str, Any]:
        """Push an image of one architecture, without a tag as buildx does; return its entry in an index."""
        architecture = architecture or self.world.machine
        manifest, blobs = self.world.image(self.world.layer(content.encode()), architecture=architecture)
        digest = self.world.push_manifest(self.repository, tag, manifest, blobs)
        entry = {"mediaType": manifest["mediaType"], "digest": digest, "size": self.world.size(manifest)}
        return {**entry, "platform": {"architecture": architecture, "os": "linux"}}

    def artefact(self, tag: str, config: str, subject: str = "", **more: Any) -> dict[str, Any]:
        """Push a manifest that is no image; return its entry in an index."""
        manifest, blobs = self.world.image(self.world.layer(f"{tag}{config}".encode()))
        manifest["config"] = {**manifest["config"], "mediaType": config}
        manifest |= more
        if subject:
            manifest["subject"] = {"mediaType": INDEX["mediaType"], "digest": subject, "size": 1}
        digest = self.world.push_manifest(self.repository, tag, manifest, blobs)
        entry = {"mediaType": manifest["mediaType"], "digest": digest, "size": self.world.size(manifest)}
        return {**entry, "platform": {"architecture": "unknown", "os": "unknown"}}

    def index(self, tag: str, *children: dict[str, Any], **more: Any) -> str:
        digest: str = self.world.push_manifest(self.repository, tag, {**INDEX, "manifests": [*children], **more}, {})
        return digest

    def image(self, tag: str) -> str:
        """Push an image for two machines and its attestation, tag it, and return its digest."""
        children = [self.child(tag, "s390x"), self.child(tag)]
        attestation = self.artefact("", OCI + "config.v1+json", "")
        note = {"vnd.docker.reference.type": "attestation-manifest"}
        return self.index(tag, *children, {**attestation, "annotations": note})

    def newest(self, node: str, pattern: str = "") -> Any:
        """Run the association and return what the report says of the image, and of it by its digest."""
        report = self.world.run(node, [self.name + pattern], source="association")
        assert report["ok"], report
        return report["images"][0]


def test_a_child_that_is_pushed_last_is_not_taken_for_the_image(world: Any, node: str) -> None:
    build = Build(world, "child")
    wanted = build.image("v1")
    # The next build has pushed its children, and nothing else so far.
    late = [build.child("v2", architecture)["digest"] for architecture in ("s390x", world.machine)]
    assert build.newest(node)["digest"] == wanted
    names = world.names(node)
    assert {f"{build.name}:v1", f"{build.name}@{wanted}"} <= set(names)
    assert not [one for one in names if any(digest in one for digest in late)]
    # A Pod by tag or by the index's digest finds this machine's image, and no registry is asked.
    before = world.pulls(build.repository)
    for image in (f"{build.name}:v1", f"{build.name}@{wanted}"):
        world.container(node, image)()
    assert world.pulls(build.repository) == before
    # What ECR was told of them at a push, an event's empty tag, no rule lets through; the index's is exact.
    second = build.image("v2")
    report = world.run(node, [f"{build.name}:v2@{second}"], source="event", pushed="2026-01-01T00:00:02Z")
    assert report["ok"] and report["images"][0]["digest"] == second


CONFIG = OCI + "config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SOCI = "application/vnd.amazon.soci.index.v1+json"
LAST: dict[str, tuple[str, str, dict[str, Any]]] = {
    "cosign signature": ("sha256-{}.sig", CONFIG, {}),
    "cosign attestation": ("sha256-{}.att", CONFIG, {}),
    "bill of materials": ("sha256-{}.sbom", CONFIG, {}),
    "referrers by tag": ("sha256-{}", CONFIG, {}),
    "notation signature": ("", EMPTY, {"artifactType": "application/vnd.cncf.notary.signature"}),
    "SOCI index": ("", SOCI, {}),
    "SOCI index with a tag": ("v1-soci", SOCI, {}),
    "chart": ("chart-1.0", "application/vnd.cncf.helm.config.v1+json", {}),
    "artefact with a tag": ("policy", EMPTY, {"artifactType": "application/vnd.example.policy"}),
}


@pytest.mark.parametrize(("tag", "config", "more"), LAST.values(), ids=LAST)
def test_what_is_no_image_and_is_pushed_last(
    world: Any, node: str, tag: str, config: str, more: dict[str, Any]
) -> None:
    build = Build(world, "last")
    wanted = build.image("v1")
    last = build.artefact(tag.format(wanted[7:]), config, wanted, **more)["digest"]
    assert build.newest(node)["digest"] == wanted
    assert not [one for one in world.names(node) if last in one]
    if tag:
        ref = f"{build.name}:{tag.format(wanted[7:])}@{last}"
        report = world.run(node, [ref], source="event", pushed="2026-01-01T00:00:02Z")
        assert report["ok"] and "not an image" in report["images"][0]["skipped"], report
        assert not [one for one in world.names(node) if last in one]


def test_an_index_of_referrers_that_is_pushed_last(world: Any, node: str) -> None:
    build = Build(world, "referrers")
    wanted = build.image("v1")
    signature = build.artefact("", EMPTY, wanted, artifactType="application/vnd.cncf.notary.signature")
    # As a client writes it where a registry has no API for referrers.
    build.index(f"sha256-{wanted[7:]}", {**signature, "artifactType": "application/vnd.cncf.notary.signature"})
    assert build.newest(node)["digest"] == wanted


def test_an_index_with_a_soci_index_in_it(world: Any, node: str) -> None:
    build = Build(world, "soci")
    plain = build.image("v1")
    soci = build.artefact("", SOCI, artifactType=SOCI)
    converted = build.index("v1-soci", build.child("v1"), {**soci, "artifactType": SOCI})
    # The image that was converted is the image; whoever wants the other says so.
    assert build.newest(node)["digest"] == plain
    assert build.newest(node, ":*-soci")["digest"] == converted
    assert {f"{build.name}:v1", f"{build.name}:v1-soci"} <= set(world.names(node))


def test_children_with_tags_of_their_own(world: Any, node: str) -> None:
    build = Build(world, "tagged")
    children = [build.child("v1", each, f"v1-{each}") for each in ("s390x", world.machine)]
    wanted = build.index("v1", *children)
    assert build.newest(node)["digest"] == wanted
    # Pushed again after it, they are the newest; a pattern tells them from the index.
    for each in ("s390x", world.machine):
        build.child("v1 again", each, f"v1-{each}")
    assert build.newest(node, ":v?")["digest"] == wanted


def test_an_image_with_several_tags_is_here_under_each_that_matches(world: Any, node: str) -> None:
    repository = world.repository("tagged")
    name = f"{world.host}/{repository}"
    world.push(repository, "latest")
    assert world.run(node, [name], source="association", prefetch_wanted={name: 1})["ok"]
    manifest, blobs = world.image(world.layer(b"the same under each"))
    for tag in ("1.4.2", "latest"):
        digest = world.push_manifest(repository, tag, manifest, blobs)
    assert world.run(node, [name], source="association", prefetch_wanted={name: 1})["ok"]
    names = {one for one in world.names(node) if one.startswith(name)}
    assert names == {f"{name}:1.4.2", f"{name}:latest", f"{name}@{digest}"}
    before = world.pulls(repository)
    assert world.run(node, [name], source="association", prefetch_wanted={name: 1})["ok"]
    assert world.pulls(repository) == before
