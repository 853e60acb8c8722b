"""Images of other registries: another account's, one behind a cache, and a public one with tokens of its own."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from lab import settings
from lab.registry import store

OTHER = f"{settings.OTHER_ACCOUNT}.dkr.ecr.{settings.REGION}.amazonaws.com"
# Not by a name: containerd would look into /etc/hosts only some seconds after it changed.
PUBLIC, TOKEN = f"{settings.GATEWAY}:5443", "for-anybody"  # noqa: S105


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


@pytest.fixture
def theirs(world: Any) -> Iterator[Any]:
    """Return what pushes to a repository of another account, which lets this account pull."""
    ecr, account = world.ecr, {"registryId": settings.OTHER_ACCOUNT}
    ecr.create_repository(repositoryName="base/cuda", **account)
    read = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages"]
    statement = {"Effect": "Allow", "Principal": {"AWS": settings.ACCOUNT}, "Action": read}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ecr.set_repository_policy(repositoryName="base/cuda", policyText=policy, **account)

    def push(tag: str) -> str:
        manifest, blobs = world.image(world.layer(tag.encode()))
        for data in blobs.values():
            store.add(settings.OTHER_ACCOUNT, settings.REGION, "base/cuda", data)
        asked = {"repositoryName": "base/cuda", "imageTag": tag, "imageManifest": json.dumps(manifest)}
        answer = ecr.put_image(**asked, imageManifestMediaType=manifest["mediaType"], **account)
        return str(answer["image"]["imageId"]["imageDigest"])

    yield push
    ecr.delete_repository(repositoryName="base/cuda", force=True, **account)


def held(world: Any, node: str, name: str) -> set[str]:
    return {one.removeprefix(name) for one in world.names(node) if one.startswith(name)}


def test_another_accounts_newest_image_and_how_many_are_kept(world: Any, node: str, theirs: Any) -> None:
    mine, name = world.repository("mine"), f"{OTHER}/base/cuda"
    wanted = {f"{name}:12.*": 1, f"{world.host}/{mine}": 2}
    digests = []
    for number in range(3):
        digests.append(theirs(f"12.{number}"))
        theirs(f"11.{number}")
        world.push(mine, f"v{number}")
        report = world.run(node, list(wanted), source="association", prefetch_wanted=wanted)
        assert report["ok"] and report["images"][0]["digest"] == digests[-1], report
    # Each as many as it was told.
    assert held(world, node, name) == {":12.2", f"@{digests[2]}"}
    assert {one for one in held(world, node, f"{world.host}/{mine}") if one[0] == ":"} == {":v1", ":v2"}
    assert world.run(node, [f"{name}:12.2@{digests[2]}"], "report")["ok"]


def test_the_cache_of_another_registry(world: Any, node: str, theirs: Any) -> None:
    digest = theirs("9.1")
    world.ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="there", upstreamRegistryUrl=OTHER)
    name = f"{world.host}/there/base/cuda"
    report = world.run(node, [f"{name}:9.1"], source="association", prefetch_wanted={f"{name}:9.1": 1})
    # The node's role may not fill the cache, and the report says what it lacks.
    assert not report["ok"] and "BatchImportUpstreamImage" in report["images"][0]["error"], report
    iam, role = settings.client("iam"), world.role.rpartition("/")[2]
    may = {"Effect": "Allow", "Action": ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam.put_role_policy(RoleName=role, PolicyName="cache", PolicyDocument=policy)
    try:
        report = world.run(node, [f"{name}:9.1"], source="association", prefetch_wanted={f"{name}:9.1": 1})
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="cache")
    assert report["ok"] and report["images"][0]["digest"] == digest, str(report)
    assert held(world, node, name) == {":9.1", f"@{digest}"}
    # Now that it is there, its newest can be asked for as well.
    assert world.run(node, [name], source="association")["images"][0]["digest"] == digest


class Public:
    """A registry that gives everybody a token, and nothing without one."""

    def __init__(self, world: Any) -> None:
        self.world, self.asked = world, list[str]()
        self.tags: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}

    def push(self, tag: str) -> str:
        manifest, blobs = self.world.image(self.world.layer(tag.encode() * 1000))
        self.tags[tag] = body = json.dumps(manifest).encode()
        digest: str = self.world.digest_of(body)
        self.blobs |= blobs | {digest: body}
        return digest

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        self.asked.append(f"{request.command} {path}")
        if path == "/token":
            return self._say(request, 200, json.dumps({"token": TOKEN}).encode())
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = f'Bearer realm="https://{PUBLIC}/token",service="{PUBLIC}"'
            return self._say(request, 401, b"{}", **{"WWW-Authenticate": challenge})
        kind, _slash, what = path.rpartition("/")
        body = self.tags.get(what) or self.blobs.get(what)
        if body is None:
            return self._say(request, 404, b"{}")
        media = json.loads(body)["mediaType"] if kind.endswith("/manifests") else "application/octet-stream"
        more = {"Content-Type": media, "Docker-Content-Digest": self.world.digest_of(body)}
        return self._say(request, 200, body, **more)

    @staticmethod
    def _say(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


@pytest.fixture
def public(world: Any, node: str, tmp_path: Path) -> Iterator[Public]:
    registry, authority = Public(world), trustme.CA()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            registry.answer(self)

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    host, port = PUBLIC.split(":")
    authority.issue_cert(host).configure_cert(context)
    with ThreadingHTTPServer((settings.GATEWAY, int(port)), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        trusted = f"/etc/containerd/certs.d/{PUBLIC}"
        world.shell(
            node,
            f"mkdir -p {trusted}\n"
            f"cat >{trusted}/ca.crt <<'END'\n{authority.cert_pem.bytes().decode()}END\n"
            f"cat {trusted}/ca.crt >>/etc/ssl/certs/ca-certificates.crt\n"
            f'cat >{trusted}/hosts.toml <<\'END\'\nserver = "https://{PUBLIC}"\nca = "{trusted}/ca.crt"\nEND\n',
        )
        yield registry
        server.shutdown()


def test_a_public_registry_with_tokens_of_its_own(world: Any, node: str, public: Public) -> None:
    name = f"{PUBLIC}/tools/probe"
    digest, wanted = public.push("2.1"), {f"{PUBLIC}/tools/probe:2.1": 1}
    run = {"source": "association", "prefetch_wanted": wanted}
    report = world.run(node, [f"{name}:2.1"], **run)
    assert report["ok"] and report["images"][0]["digest"] == digest, str(report)
    assert held(world, node, name) == {":2.1", f"@{digest}"}
    # Again it only looks where the tag stands now.
    public.asked.clear()
    assert world.run(node, [f"{name}:2.1"], **run)["ok"]
    assert [line for line in public.asked if "/token" not in line] == ["HEAD /v2/tools/probe/manifests/2.1"] * 2
    # The tag moves, and the next run of the association follows it.
    moved = public.push("2.1.1")
    public.tags["2.1"] = public.tags.pop("2.1.1")
    assert world.run(node, [f"{name}:2.1"], **run)["images"][0]["digest"] == moved
    assert held(world, node, name) == {":2.1", f"@{moved}"}
    # A tag that is not there is told.
    report = world.run(node, [f"{name}:3"], source="association", prefetch_wanted={f"{name}:3": 1})
    assert not report["ok"] and re.search("not found|404", report["images"][0]["error"]), report
