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
A, B, C = (f"sha256:{digit * 64}" for digit in "123")
ONE = {"mediaType": CONFIG, "digest": A, "size": 7}
TWO = {"mediaType": LAYER, "digest": B, "size": 1000}
CHILD = {"mediaType": OCI, "digest": C, "size": 400}


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
        ({"config": ONE, "layers": [TWO]}, {"blobs": ((A, 7, CONFIG), (B, 1000, LAYER))}),
        ({"config": ONE, "layers": [TWO, TWO]}, {"size": 2007}),
        ({"mediaType": OCI_INDEX, "manifests": [CHILD]}, {"children": (C,), "size": None, "blobs": ()}),
        ({"mediaType": DOCKER}, {"media_type": DOCKER, "size": 0}),
        ({}, {"media_type": None, "subject": None, "artifact_type": None, "annotations": ()}),
        # What an image is, is what it says, else what its config is.
        ({"config": ONE}, {"artifact_type": CONFIG}),
        ({"config": ONE, "artifactType": "application/x.sig"}, {"artifact_type": "application/x.sig"}),
        ({"manifests": [CHILD], "artifactType": "application/x.soci"}, {"artifact_type": "application/x.soci"}),
        ({"subject": CHILD}, {"subject": C}),
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
        json.dumps({"layers": [TWO | {"size": "large"}]}),
        json.dumps({"layers": [TWO | {"size": -1}]}),
        json.dumps({"layers": [TWO | {"digest": "sha256:short"}]}),
        json.dumps({"layers": [TWO | {"digest": "none"}]}),
        json.dumps({"manifests": [CHILD | {"digest": "x"}]}),
        json.dumps({"schemaVersion": 1, "mediaType": OCI, "config": ONE, "layers": [TWO]}),
        '{"manifests": [{"mediaType": "x"}]}',
        '{"config": "sha256:1"}',
        '{"subject": ["sha256:1"]}',
        '{"annotations": ["a"]}',
    ],
)
def test_what_is_no_manifest(text):
    with pytest.raises(ValueError):
        manifest.parse(text)
