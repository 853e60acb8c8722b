"""Manifests: https://github.com/opencontainers/image-spec, manifest.md and image-index.md, and the digests of
https://github.com/opencontainers/distribution-spec
"""

from __future__ import annotations

import hashlib
import json

import pytest

from lab.aws.ecr import manifest
from lab.aws.ecr.manifest import DOCKER, OCI, OCI_INDEX
from tests.lab.ecr.pushes import CONFIG

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ONE = {"mediaType": CONFIG, "digest": "sha256:1", "size": 7}
TWO = {"mediaType": LAYER, "digest": "sha256:2", "size": 1000}
CHILD = {"mediaType": OCI, "digest": "sha256:3", "size": 400}


def parse(**content):
    return manifest.parse(json.dumps({"schemaVersion": 2, **content}))


def test_a_digest_is_that_of_the_bytes_as_they_are():
    spaced = json.dumps({"schemaVersion": 2}, indent=3)
    assert manifest.parse(spaced).digest == f"sha256:{hashlib.sha256(spaced.encode()).hexdigest()}"
    assert manifest.parse(spaced).digest != parse().digest


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"mediaType": OCI, "config": ONE, "layers": [TWO]}, {"media_type": OCI, "size": 1007}),
        # The config is stored too, and is the first of what has to be there.
        ({"config": ONE, "layers": [TWO]}, {"blobs": (("sha256:1", 7, CONFIG), ("sha256:2", 1000, LAYER))}),
        ({"config": ONE, "layers": [TWO, TWO]}, {"size": 2007}),
        ({"mediaType": OCI_INDEX, "manifests": [CHILD]}, {"children": ("sha256:3",), "size": None, "blobs": ()}),
        ({"mediaType": DOCKER}, {"media_type": DOCKER, "size": 0}),
        ({}, {"media_type": None, "subject": None, "artifact_type": None, "annotations": ()}),
        # What an image is, is what it says, else what its config is.
        ({"config": ONE}, {"artifact_type": CONFIG}),
        ({"config": ONE, "artifactType": "application/x.sig"}, {"artifact_type": "application/x.sig"}),
        ({"manifests": [CHILD], "artifactType": "application/x.soci"}, {"artifact_type": "application/x.soci"}),
        ({"subject": CHILD}, {"subject": "sha256:3"}),
        ({"annotations": {"a": "b"}}, {"annotations": (("a", "b"),)}),
        ({"config": None, "subject": None, "annotations": None}, {"subject": None, "blobs": ()}),
    ],
)
def test_what_a_manifest_says(content, told):
    found = parse(**content)
    assert {name: getattr(found, name) for name in told} == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        '{"schemaVersion": "2"}',
        '{"layers": [{}]}',
        '{"layers": "none"}',
        '{"layers": 7}',
        '{"layers": [{"digest": "sha256:1", "size": "large"}]}',
        '{"manifests": [{"mediaType": "x"}]}',
        '{"config": "sha256:1"}',
        '{"subject": ["sha256:1"]}',
        '{"annotations": ["a"]}',
    ],
)
def test_what_is_no_manifest(text):
    with pytest.raises(ValueError):
        manifest.parse(text)
