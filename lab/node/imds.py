"""The instance metadata service, version 2 only, one for each node."""

from __future__ import annotations

import datetime
import json
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lab import settings
from lab.node.machine import Machine, Tell
from lab.node.role import Role

TOKEN_PATH = "/latest/api/token"  # noqa: S105
LONGEST = 21600
PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head><title>{0}</title></head>
 <body><h1>{0}</h1></body>
</html>
"""


@dataclass(frozen=True)
class Identity:
    """What a node's metadata says about it."""

    instance_id: str
    private_ip: str
    role: Role | None = None
    machine: Tell = Machine


def _stamp(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def document(identity: Identity) -> dict[str, Any]:
    """Return the instance identity document."""
    machine = identity.machine()
    return {
        "accountId": settings.ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": machine.zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": machine.image,
        "instanceId": identity.instance_id,
        "instanceType": machine.instance_type,
        "kernelId": None,
        "privateIp": identity.private_ip,
        "ramdiskId": None,
        "region": settings.REGION,
        "version": "2017-09-30",
    }


def credentials(role: Role) -> dict[str, str]:
    """Return the role's credentials as the service words them."""
    keys = role.keys()
    return {
        "Code": "Success",
        "LastUpdated": _stamp(keys.issued),
        "Type": "AWS-HMAC",
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "Token": keys.token,
        "Expiration": _stamp(keys.expires),
    }


def of_role(role: Role, profile: str) -> dict[str, str]:
    """Return the paths that only an instance with an instance profile has."""
    profile = profile or role.arn.replace(":role/", ":instance-profile/")
    info = {"Code": "Success", "LastUpdated": _stamp(role.keys().issued), "InstanceProfileArn": profile}
    path = "/latest/meta-data/iam/security-credentials"
    return {
        "/latest/meta-data/iam/info": json.dumps(info, indent=2),
        f"{path}/{role.name}": json.dumps(credentials(role), indent=2),
    }


def answers(identity: Identity) -> dict[str, str]:
    """Return every path and its text."""
    machine = identity.machine()
    host = f"ip-{identity.private_ip.replace('.', '-')}.ec2.internal"
    paths = {
        "/latest/meta-data/ami-id": machine.image,
        "/latest/meta-data/ami-launch-index": "0",
        "/latest/meta-data/instance-id": identity.instance_id,
        "/latest/meta-data/instance-life-cycle": machine.life_cycle,
        "/latest/meta-data/instance-type": machine.instance_type,
        "/latest/meta-data/local-ipv4": identity.private_ip,
        "/latest/meta-data/local-hostname": host,
        "/latest/meta-data/hostname": host,
        "/latest/meta-data/profile": "default-hvm",
        "/latest/meta-data/system": "nitro",
        "/latest/meta-data/placement/region": settings.REGION,
        "/latest/meta-data/placement/availability-zone": machine.zone,
        "/latest/meta-data/placement/availability-zone-id": machine.zone_id,
        "/latest/meta-data/services/domain": "amazonaws.com",
        "/latest/meta-data/services/partition": "aws",
        "/latest/dynamic/instance-identity/document": json.dumps(document(identity), indent=1),
    }
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html: no key there has a slash.
    tags = {key: value for key, value in (machine.tags or {}).items() if "/" not in key}
    paths |= {f"/latest/meta-data/tags/instance/{key}": value for key, value in tags.items()}
    return paths if identity.role is None else paths | of_role(identity.role, machine.profile)


def look_up(identity: Identity, path: str) -> str | None:
    """Return what a path holds, or what lies below it, a line each and folders with a slash."""
    paths = answers(identity)
    folder = path.rstrip("/") + "/"
    if folder[:-1] in paths:
        return paths[folder[:-1]]
    below = {name.removeprefix(folder) for name in paths if name.startswith(folder)}
    listed = {name.split("/")[0] + "/" if "/" in name else name for name in below}
    return "\n".join(sorted(listed)) or None


class Handler(BaseHTTPRequestHandler):
    """Answers one node."""

    server: MetadataServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay quiet: the paths are polled."""

    def _answer(self, status: int, text: str = "", **headers: str) -> None:
        # What is refused comes with a page, which a script that forgot its token takes for an answer.
        body = (text if status == HTTPStatus.OK else PAGE.format(f"{status} - {HTTPStatus(status).phrase}")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if status == HTTPStatus.OK else "text/html")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        """Hand out a token for the seconds asked."""
        wanted = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if "X-Forwarded-For" in self.headers:
            # A token asked for through a proxy would be the proxy's.
            self._answer(403)
        elif self.path != TOKEN_PATH:
            self._answer(404)
        elif not wanted.isdigit() or not 1 <= int(wanted) <= LONGEST:
            self._answer(400)
        else:
            token = secrets.token_urlsafe(40)
            self.server.tokens[token] = time.monotonic() + int(wanted)
            self._answer(200, token, X_aws_ec2_metadata_token_ttl_seconds=wanted)

    def do_GET(self) -> None:
        """Answer a path, to whoever shows a token."""
        token = self.headers.get("X-aws-ec2-metadata-token", "")
        if self.server.tokens.get(token, 0.0) < time.monotonic():
            self._answer(401)
            return
        text = look_up(self.server.identity, self.path)
        if text is None:
            self._answer(404)
        else:
            self._answer(200, text)


class MetadataServer(ThreadingHTTPServer):
    """Serves one node on a socket that was made in its network namespace."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, identity: Identity) -> None:
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.identity = identity
        self.tokens: dict[str, float] = {}
        name = f"imds-{identity.instance_id}"
        threading.Thread(target=self.serve_forever, args=(0.05,), name=name, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()
