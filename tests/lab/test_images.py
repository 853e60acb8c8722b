"""The lab's own small images, byte by byte what a registry and containerd take.

https://github.com/opencontainers/image-spec: manifest.md, image-index.md, image-layout.md, config.md; and
https://docs.docker.com/build/metadata/attestations/attestation-storage/ for what buildx puts beside an image.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest

from lab import images, packages, settings
from lab.aws.ecr.manifest import OCI, OCI_INDEX, digest_of


@pytest.fixture(name="busybox", autouse=True)
def busybox_fixture(tmp_path, monkeypatch):
    """Return a program that stands in for busybox."""
    program = tmp_path / "busybox"
    program.write_bytes(b"\x7fELF")
    monkeypatch.setattr(packages, "binary", lambda _name: program)
    monkeypatch.setattr(settings, "CACHE", tmp_path / "cache")
    return program


def test_an_image_is_whole(busybox):
    content = images.image(["/bin/sh"], "arm64")
    manifest = json.loads(content.manifest)
    parts = [manifest["config"], *manifest["layers"]]
    assert (manifest["schemaVersion"], manifest["mediaType"]) == (2, OCI)
    assert {part["digest"]: part["size"] for part in parts} == {key: len(data) for key, data in content.blobs.items()}
    assert all(digest_of(data) == digest for digest, data in content.blobs.items())
    config = json.loads(content.blobs[manifest["config"]["digest"]])
    layer = gzip.decompress(content.blobs[manifest["layers"][0]["digest"]])
    # config.md: a diff id is the digest of the layer before it was packed.
    assert config["rootfs"] == {"type": "layers", "diff_ids": [digest_of(layer)]}
    assert len(config["history"]) == len(config["rootfs"]["diff_ids"])
    assert (config["architecture"], config["os"], config["config"]["Cmd"]) == ("arm64", "linux", ["/bin/sh"])
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert tar.extractfile("bin/sh").read() == busybox.read_bytes()
        assert tar.getmember("tmp").mode == 0o1777


def test_an_image_is_the_same_each_time_and_another_for_another_command():
    assert images.image(["/bin/sh"]) == images.image(["/bin/sh"])
    assert images.image(["/bin/sh"]).manifest != images.image(["/bin/ls"]).manifest


def test_an_index_names_its_images_and_the_attestation_of_the_first():
    several = images.multi_architecture(["/bin/sh"])
    index = json.loads(several.manifest)
    assert index["mediaType"] == OCI_INDEX
    assert [row["digest"] for row in index["manifests"]] == [digest_of(one.manifest) for one in several.images]
    assert [row["size"] for row in index["manifests"]] == [len(one.manifest) for one in several.images]
    assert [row["platform"]["architecture"] for row in index["manifests"]] == ["amd64", "arm64", "unknown"]
    note = index["manifests"][2]["annotations"]
    assert note["vnd.docker.reference.type"] == "attestation-manifest"
    assert note["vnd.docker.reference.digest"] == index["manifests"][0]["digest"]


def members(path):
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


@pytest.mark.parametrize(("make", "name"), [(images.base_archive, images.BASE), (images.pause_archive, images.PAUSE)])
def test_an_archive_is_an_image_layout_with_a_name(make, name):
    files = members(make())
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (top,) = json.loads(files["index.json"])["manifests"]
    assert top["annotations"]["io.containerd.image.name"] == name
    assert digest_of(files[f"blobs/sha256/{top['digest'][7:]}"]) == top["digest"]
    written = make().stat().st_mtime_ns
    assert make().stat().st_mtime_ns == written, "it is made once"


def test_an_archive_of_several_architectures_has_each(tmp_path):
    files = members(images.multi_architecture_archive(tmp_path / "multi.tar", ["/bin/sh"]))
    (top,) = json.loads(files["index.json"])["manifests"]
    index = json.loads(files[f"blobs/sha256/{top['digest'][7:]}"])
    for row in index["manifests"]:
        manifest = json.loads(files[f"blobs/sha256/{row['digest'][7:]}"])
        for part in (manifest["config"], *manifest["layers"]):
            assert f"blobs/sha256/{part['digest'][7:]}" in files
