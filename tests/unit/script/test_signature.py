# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl signs as AWS wants it: held against botocore, which AWS's own tools use."""

from __future__ import annotations

import datetime
import http.server
import json
import re
import threading

import pytest
from script_support import nodecache

KEY = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "se/cr+et=", "Token": "FwoGZXIvYXdz//EXAMPLE+/="}


class _Ecr(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((dict(self.headers.items()), body))  # type: ignore[attr-defined]
        more = {"nextToken": "2"} if len(self.server.seen) == 1 else {}  # type: ignore[attr-defined]
        image = {"imageTags": ["v1"], "imagePushedAt": len(self.server.seen), "imageDigest": "sha256:a"}  # type: ignore[attr-defined]
        answer = json.dumps({"imageDetails": [image], **more}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        pass


def test_the_signature_is_aws_own(monkeypatch: pytest.MonkeyPatch) -> None:
    auth = pytest.importorskip("botocore.auth")
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Ecr)
    server.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    host, real = f"127.0.0.1:{server.server_port}", nodecache.curl
    monkeypatch.setattr(nodecache, "imds", lambda path: json.dumps(KEY) if path.endswith("node") else "node")
    here = f"http://{host}/"
    monkeypatch.setattr(nodecache, "curl", lambda url, *arguments, **more: real(here, *arguments, **more))
    ecr = nodecache.ECR.fullmatch("123456789012.dkr.ecr.eu-central-1.amazonaws.com")
    try:
        assert nodecache.newest(ecr, "team/app", "v*") == (2, ["v1"], "sha256:a"), "the second page counts too"
    finally:
        server.shutdown()
        server.server_close()

    assert [json.loads(body).get("nextToken") for _headers, body in server.seen] == [None, "2"]  # type: ignore[attr-defined]
    for headers, body in server.seen:  # type: ignore[attr-defined]
        given = {name.lower(): value for name, value in headers.items()}
        signed = re.search(r"SignedHeaders=([a-z0-9;-]+)", given["authorization"])[1].split(";")
        assert {"host", "x-amz-date", "x-amz-security-token", "x-amz-target", "content-type"} <= set(signed)
        now = datetime.datetime.strptime(given["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        assert abs((datetime.datetime.now(datetime.UTC) - now).total_seconds()) < 60
        request = AWSRequest("POST", here, data=body, headers={name: given[name] for name in signed})
        request.context["timestamp"] = given["x-amz-date"]
        signer = auth.SigV4Auth(Credentials(*KEY.values()), "ecr", "eu-central-1")
        text = signer.string_to_sign(request, signer.canonical_request(request))
        assert given["authorization"].endswith("Signature=" + signer.signature(text, request))
