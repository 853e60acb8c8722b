"""What the tests of ECR push: small manifests, and what becomes of them."""

from __future__ import annotations

import json
from typing import Any

from lab.aws.ecr.manifest import OCI, OCI_INDEX, digest_of

CONFIG = "application/vnd.oci.image.config.v1+json"


def manifest(seed: str, **more: Any) -> str:
    config = {"digest": digest_of(f"config {seed}".encode()), "size": 7, "mediaType": CONFIG}
    layer = {"digest": digest_of(seed.encode()), "size": 1000, "mediaType": "layer"}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [layer], **more})


def index(*children: str) -> str:
    entries = [{"mediaType": OCI, "digest": digest(child), "size": len(child)} for child in children]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def digest(text: str) -> str:
    return digest_of(text.encode())


def put(client: Any, text: str, tag: str | None = None) -> Any:
    return client.put_image(repositoryName="app", imageManifest=text, **({"imageTag": tag} if tag else {}))


def tags(client: Any) -> dict[str, list[str] | None]:
    details = client.describe_images(repositoryName="app")["imageDetails"]
    return {one["imageDigest"]: one.get("imageTags") for one in details}
