"""The events ECR sends to EventBridge.

Shapes: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from moto.ecr.models import Repository
from moto.events.models import events_backends

LOG = logging.getLogger("lab.ecr")


def emit(repository: Repository, kind: str, detail: dict[str, Any], resources: list[str] | None = None) -> None:
    """Send one event; as with AWS, what becomes of it is no matter of the push."""
    entry = {
        "Source": "aws.ecr",
        "DetailType": kind,
        "Detail": json.dumps(detail),
        "Resources": resources or [],
        "Time": time.time(),
    }
    try:
        events_backends[repository.account_id][repository.region_name].put_events([entry])
    except Exception:
        LOG.exception("%s of %s was not delivered", kind, repository.name)


def image_action(
    repository: Repository, action: str, digest: str, tag: str | None, media_type: str | None, artifact: str | None
) -> None:
    """Tell of a pushed or deleted image; one without a tag has an empty one, not none."""
    detail = {
        "result": "SUCCESS",
        "repository-name": repository.name,
        "image-digest": digest,
        "action-type": action,
        "image-tag": tag or "",
        "manifest-media-type": media_type,
        "artifact-media-type": artifact,
    }
    emit(repository, "ECR Image Action", {key: value for key, value in detail.items() if value is not None})
