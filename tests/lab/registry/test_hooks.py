"""The registry's routes in front of AWS's: what nginx asks, and layers for who has their address.

https://nginx.org/en/docs/http/ngx_http_auth_request_module.html: 2xx lets pass, 401 and 403 do not.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html for the addresses of layers.
"""

from __future__ import annotations

import io

import pytest

from lab.registry import hooks, v2


def ask(path, method="GET", body=b"", query="", **headers):
    """Return status, headers and body of what the routes answer, and whether AWS's were asked."""
    passed = []

    def aws(environ, start_response):
        passed.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b"aws"]

    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    seen = {}
    content = b"".join(hooks.wrap(aws)(environ, lambda status, pairs: seen.update(status=status, headers=dict(pairs))))
    return seen["status"], seen["headers"], content, bool(passed)


@pytest.mark.parametrize("path", ["/", "/v2/", "/clusters/c", "/_lab/health", "/moto-api/reset"])
def test_all_other_routes_are_awss(path):
    assert ask(path)[2:] == (b"aws", True)


@pytest.fixture(name="asked")
def asked_fixture(monkeypatch):
    """Return the requests that the protocol was asked about; the next is refused where a refusal is set."""
    seen = {"refuse": None, "requests": []}

    def judge(request):
        seen["requests"].append(request)
        if seen["refuse"]:
            raise seen["refuse"]

    def answer(request):
        judge(request)
        return v2.Reply(201, b"body", {"X": "y"})

    monkeypatch.setattr(v2, "judge", judge)
    monkeypatch.setattr(v2, "answer", answer)
    return seen


@pytest.mark.parametrize("refusal", [None, v2.Refusal(401, "U", "m"), v2.Refusal(404, "N", "m")])
def test_nginx_is_told_yes_or_no(asked, refusal):
    asked["refuse"] = refusal
    told = ask("/_lab/registry/auth", x_uri="/v2/team%2Fapp/blobs/x?a=b", x_method="HEAD", host="h", authorization="a")
    assert told[0] == ("403 Forbidden" if refusal else "200 OK")
    (request,) = asked["requests"]
    assert (request.method, request.path, request.host) == ("HEAD", "/v2/team/app/blobs/x", "h")
    assert request.authorization == "a"


def test_a_manifest_reaches_the_protocol_whole(asked):
    status, headers, body, _aws = ask("/_lab/registry/v2/app/manifests/v1", "PUT", b"{}", query="a=b", host="h")
    assert (status, headers, body) == ("201 Created", {"Content-Length": "4", "X": "y"}, b"body")
    (request,) = asked["requests"]
    assert (request.path, request.query, request.body) == ("/v2/app/manifests/v1", {"a": "b"}, b"{}")


def test_who_asks_for_the_head_gets_no_body(asked):
    status, headers, body, _aws = ask("/_lab/registry/v2/app/manifests/v1", "HEAD")
    assert (status, headers["Content-Length"], body) == ("201 Created", "4", b"")


def test_a_layer_is_sent_to_whoever_has_its_address(tmp_path, monkeypatch):
    file = tmp_path / "data"
    file.write_bytes(b"x" * 3)
    path = "/_lab/registry/layer/123456789012/us-east-1/app/sha256:1"
    monkeypatch.setattr(hooks.layers, "opened", lambda _path, query: file if query.get("s") == ["right"] else None)
    assert ask(path, query="s=right")[:3] == (
        "200 OK",
        {"Content-Type": "application/octet-stream", "Content-Length": "3"},
        b"xxx",
    )
    assert ask(path, "HEAD", query="s=right")[2] == b""
    assert ask(path, query="s=wrong")[:3] == ("403 Forbidden", {"Content-Length": "0"}, b"")
