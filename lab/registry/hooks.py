"""The registry's routes in the lab's one server: nginx asks here whether a request may pass, and for all but layers."""

from __future__ import annotations

import http
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from lab.aws.ecr import layers
from lab.registry import v2

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PREFIX = "/_lab/registry"
_AUTH = f"{PREFIX}/auth"
_CHUNK = 1 << 20


def wrap(app: App) -> App:
    """Answer the registry's routes in front of AWS's."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return app(environ, start_response)
        if path.startswith(layers.PREFIX):
            return _layer(environ, start_response)
        reply = _judge(environ) if path == _AUTH else v2.answer(_request(environ, path.removeprefix(PREFIX)))
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        start_response(_status(reply.status), list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply.body]

    return answer


def _status(number: int) -> str:
    return f"{number} {http.HTTPStatus(number).phrase}"


def _judge(environ: dict[str, Any]) -> v2.Reply:
    """Tell nginx whether a request for a layer may pass; it understands no more than yes and no."""
    uri = urllib.parse.urlsplit(environ.get("HTTP_X_URI", ""))
    try:
        v2.judge(_request(environ, urllib.parse.unquote(uri.path)))
    except v2.Refusal:
        return v2.Reply(403)
    return v2.Reply(200)


def _request(environ: dict[str, Any], path: str) -> v2.Request:
    method = environ.get("HTTP_X_METHOD") or environ["REQUEST_METHOD"]
    length = int(environ.get("CONTENT_LENGTH") or 0) if method == "PUT" else 0
    return v2.Request(
        host=environ.get("HTTP_HOST", ""),
        method=method,
        path=path,
        query=dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""))),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        media_type=environ.get("CONTENT_TYPE", "").partition(";")[0].strip(),
        body=environ["wsgi.input"].read(length) if length else b"",
    )


def _layer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Send a layer to whoever has its signed address, as S3 does."""
    path = layers.opened(environ["PATH_INFO"], urllib.parse.parse_qs(environ.get("QUERY_STRING", "")))
    if path is None:
        start_response("403 Forbidden", [("Content-Length", "0")])
        return [b""]
    size = str(path.stat().st_size)
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", size)])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else _chunks(path)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
