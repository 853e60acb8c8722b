"""What the registry asks of AWS: may this request pass, and here is what was pushed."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import queue
import re
import threading
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

from lab import settings

LOG = logging.getLogger("lab.registry")
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_AUTH = "/_lab/registry/auth"
_EVENTS = "/_lab/registry/events"
_REPOSITORY = re.compile(r"/v2/(?P<name>.+)/(?:manifests|blobs|tags)/")
_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
_pushed: queue.Queue[dict[str, Any]] = queue.Queue()


def wrap(app: App) -> App:
    """Answer the registry's two routes in front of AWS's."""
    threading.Thread(target=_work, name="registry-events", daemon=True).start()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == _AUTH:
            status = _judge(environ)
        elif path == _EVENTS:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            for event in json.loads(environ["wsgi.input"].read(length))["events"]:
                _pushed.put(event)
            status = "200 OK"
        else:
            return app(environ, start_response)
        start_response(status, [("Content-Length", "0")])
        return [b""]

    return answer


def _judge(environ: dict[str, Any]) -> str:
    """Return the status for one request: a live token, and a repository that ECR knows."""
    from lab.aws import ecr

    scheme, _, encoded = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        user, _, token = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "401 Unauthorized"
    if scheme.lower() != "basic" or user != "AWS" or not ecr.token_is_valid(token):
        return "401 Unauthorized"
    match = _REPOSITORY.match(environ.get("HTTP_X_URI", ""))
    if match and not ecr.repository_exists(match["name"]):
        # nginx's auth_request lets only 401 and 403 through to the client.
        return "403 Forbidden"
    return "200 OK"


def _work() -> None:
    while True:
        event = _pushed.get()
        try:
            _register(event)
        except Exception:
            LOG.exception("a push was not registered: %s", event.get("target"))


def _register(event: dict[str, Any]) -> None:
    """Make one pushed manifest an image of ECR, and tell EventBridge as ECR does."""
    target = event["target"]
    if event["action"] != "push" or target.get("mediaType") not in _MANIFESTS:
        return
    repository, digest, tag = target["repository"], target["digest"], target.get("tag", "")
    manifest, media_type = _manifest(repository, digest)
    client = settings.client("ecr")
    try:
        client.put_image(
            repositoryName=repository,
            imageManifest=manifest,
            imageManifestMediaType=media_type,
            imageDigest=digest,
            **({"imageTag": tag} if tag else {}),
        )
    except client.exceptions.ImageAlreadyExistsException:
        # The same manifest under the same tag: nothing new, and no event.
        return
    detail = {
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": digest,
        "action-type": "PUSH",
        "image-tag": tag,
        "manifest-media-type": media_type,
    }
    settings.client("events").put_events(
        Entries=[{"Source": "aws.ecr", "DetailType": "ECR Image Action", "Detail": json.dumps(detail)}]
    )


def _manifest(repository: str, digest: str) -> tuple[str, str]:
    request = urllib.request.Request(
        f"http://{settings.API_HOST}:{settings.REGISTRY_PORT}/v2/{repository}/manifests/{digest}",
        headers={"Accept": ", ".join(_MANIFESTS)},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]
