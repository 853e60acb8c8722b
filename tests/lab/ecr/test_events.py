"""The events of pushes and deletions: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html"""

from __future__ import annotations

from typing import Any

import pytest

from lab import images, settings
from lab.aws.ecr import events as ecr_events
from lab.aws.ecr.manifest import OCI, OCI_INDEX, digest_of
from tests.lab.ecr.pushes import CONFIG, digest, manifest, put, tags


def test_a_multi_architecture_push_is_one_event_a_manifest(client: Any, events: Any) -> None:
    several = images.multi_architecture(["/bin/sh"])
    for child in several.images:
        put(client, child.manifest.decode())
    put(client, several.manifest.decode(), "v1")
    seen = events()
    assert [one["detail"]["image-tag"] for one in seen] == ["", "", "", "v1"]
    assert [one["detail"].get("artifact-media-type") for one in seen] == [CONFIG, CONFIG, CONFIG, None]
    assert [one["detail"]["manifest-media-type"] for one in seen] == [OCI, OCI, OCI, OCI_INDEX]
    last = seen[-1]
    assert {key: value for key, value in last.items() if key not in ("id", "time", "ingestion-time", "account")} == {
        "version": "0",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "region": settings.REGION,
        "resources": [],
        "detail": {
            "result": "SUCCESS",
            "repository-name": "app",
            "image-digest": digest_of(several.manifest),
            "action-type": "PUSH",
            "image-tag": "v1",
            "manifest-media-type": OCI_INDEX,
        },
    }
    assert len({one["id"] for one in seen}) == 4 and all(one["time"] for one in seen)
    assert list(tags(client).values()) == [None, None, None, ["v1"]]


def test_events_come_in_the_order_of_the_pushes_and_a_repeated_push_makes_none(client: Any, events: Any) -> None:
    for number in range(8):
        put(client, manifest(str(number)), "latest")
    with pytest.raises(client.exceptions.ImageAlreadyExistsException):
        put(client, manifest("7"), "latest")
    put(client, manifest("7"))
    put(client, manifest("7"), "other")
    seen = [(one["detail"]["image-digest"], one["detail"]["image-tag"]) for one in events()]
    assert seen == [*((digest(manifest(str(n))), "latest") for n in range(8)), (digest(manifest("7")), "other")]


@pytest.mark.parametrize(
    ("tag", "artifact", "told"),
    [
        ("v1", None, {"image-tag": "v1"}),
        # An image without a tag has an empty one, and one without a type none at all.
        (None, CONFIG, {"image-tag": "", "artifact-media-type": CONFIG}),
        ("", "", {"image-tag": "", "artifact-media-type": ""}),
    ],
)
def test_the_detail_of_an_image_action(client, monkeypatch, tag, artifact, told):
    sent = []
    monkeypatch.setattr(ecr_events, "emit", lambda _repository, kind, detail: sent.append((kind, detail)))
    repository = next(iter(_registry().repositories.values()))
    ecr_events.image_action(repository, "DELETE", "sha256:0", tag, OCI, artifact)
    always = {
        "result": "SUCCESS",
        "repository-name": "app",
        "image-digest": "sha256:0",
        "action-type": "DELETE",
        "manifest-media-type": OCI,
    }
    assert sent == [("ECR Image Action", always | told)]


def test_an_event_that_nobody_takes_does_not_fail_the_push(client, monkeypatch, caplog):
    """The page calls them best effort."""

    def refuse(_entries: Any) -> None:
        raise RuntimeError("no bus")

    from moto.events.models import events_backends

    monkeypatch.setattr(events_backends[settings.ACCOUNT][settings.REGION], "put_events", refuse, raising=False)
    put(client, manifest("a"), "v1")
    assert tags(client) == {digest(manifest("a")): ["v1"]}
    assert "ECR Image Action of app was not delivered" in caplog.text


def _registry() -> Any:
    from moto.ecr.models import ecr_backends

    return ecr_backends[settings.ACCOUNT][settings.REGION]
