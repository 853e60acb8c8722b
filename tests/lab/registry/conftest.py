"""docker-registry and nginx for real, on loopback addresses of the test's own."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import images, packages, settings, tls
from lab.aws import ecr, events
from lab.registry import config, daemons, hooks, store


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Client:
    """Speaks HTTPS to the ECR host as podman and containerd do."""

    def __init__(self) -> None:
        self.token: str | None = None

    def send(self, method: str, path: str, body: bytes = b"", host: str = settings.ECR_HOST, **headers: str) -> Any:
        context = ssl.create_default_context(cafile=str(tls.CA))
        raw = socket.create_connection((settings.GATEWAY, 443), timeout=20)
        connection = http.client.HTTPSConnection(host, context=context)
        connection.sock = context.wrap_socket(raw, server_hostname=host)
        if self.token:
            headers["Authorization"] = f"Basic {self.token}"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def push(self, repository: str, tag: str, command: str = "/bin/sh") -> int:
        """Push a small image and return the status of the step that ended it."""
        return self.push_content(repository, tag, images.image([command]))

    def push_content(self, repository: str, tag: str, content: images.Content) -> int:
        """Push an image and return the status of the step that ended it."""
        for digest, data in content.blobs.items():
            answer, _ = self.send("POST", f"/v2/{repository}/blobs/uploads/")
            if answer.status != 202:
                return int(answer.status)
            location = answer.headers["Location"]
            assert location.startswith(f"https://{settings.ECR_HOST}/"), location
            path = location.removeprefix(f"https://{settings.ECR_HOST}")
            answer, _ = self.send("PUT", f"{path}&digest={digest}", data)
            assert answer.status == 201
        return int(self.manifest(repository, tag, content.manifest)[0].status)

    def manifest(self, repository: str, reference: str, manifest: bytes) -> Any:
        """Push a manifest whose layers are there."""
        media_type = json.loads(manifest)["mediaType"]
        return self.send("PUT", f"/v2/{repository}/manifests/{reference}", manifest, **{"Content-Type": media_type})


@pytest.fixture
def registry(lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    if os.geteuid() != 0:
        pytest.skip("listens on port 443")
    if not (packages.TREE / ".complete").exists():
        pytest.skip("needs the lab's packages: make lab")
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    ecr.install()
    events.install()
    server = make_server("127.0.0.1", 0, hooks.wrap(DomainDispatcherApplication(create_backend_app)), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    # Ours alone, so that a lab that runs is left in peace.
    monkeypatch.setattr(settings, "GATEWAY", "127.0.0.42")
    monkeypatch.setattr(settings, "API_PORT", server.server_port)
    monkeypatch.setattr(settings, "REGISTRY_PORT", free_port())
    monkeypatch.setattr(settings, "LOG", tmp_path / "log")
    monkeypatch.setattr(config, "API", f"127.0.0.1:{server.server_port}")
    monkeypatch.setattr(store, "STORE", tmp_path / "store")
    monkeypatch.setattr(daemons, "FOLDER", tmp_path / "registry")
    monkeypatch.setattr(tls, "FOLDER", tmp_path / "tls")
    for name in ("CA", "CERTIFICATE", "KEY", "BUNDLE"):
        monkeypatch.setattr(tls, name, tmp_path / "tls" / getattr(tls, name).name)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    try:
        daemons.start()
        client = Client()
        client.token = settings.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
        yield client
    finally:
        daemons.stop()
        server.shutdown()
        server.server_close()
