"""The registry's passwords: random, ending after twelve hours, each of the principal who asked for it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import base64
import binascii
import datetime
import secrets
import threading
from dataclasses import dataclass

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from lab.aws.ecr import access

LIFETIME = datetime.timedelta(hours=12)
# An ended one is remembered for a day, so that it can be told from one that never was.
MEMORY = datetime.timedelta(hours=24)


@dataclass(frozen=True)
class Token:
    """Whose password it is, and until when."""

    principal: str
    end: datetime.datetime

    @property
    def expired(self) -> bool:
        """Tell whether it has ended."""
        return self.end <= datetime.datetime.now(datetime.UTC)


_tokens: dict[str, Token] = {}
_lock = threading.Lock()


def issue(principal: str) -> tuple[str, datetime.datetime]:
    """Return a new registry password and when it ends."""
    now = datetime.datetime.now(datetime.UTC)
    token, password = Token(principal, now + LIFETIME), secrets.token_urlsafe(48)
    with _lock:
        for old in [old for old, known in _tokens.items() if known.end + MEMORY <= now]:
            del _tokens[old]
        _tokens[password] = token
    return password, token.end


def find(authorization: str) -> Token | None:
    """Return the token in an Authorization header, ended or not."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if scheme.lower() != "basic" or user != "AWS":
        return None
    with _lock:
        return _tokens.get(password)


def get_authorization_token(self: ECRResponse) -> ActionResult:
    """Answer GetAuthorizationToken; one token opens every registry its principal may read."""
    principal = access.caller(self)
    data = []
    for registry in self._get_param("registryIds") or [self.current_account]:
        password, end = issue(principal)
        data.append(
            {
                "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
                "expiresAt": end,
                "proxyEndpoint": f"https://{registry}.dkr.ecr.{self.region}.amazonaws.com",
            }
        )
    return ActionResult({"authorizationData": data})


METHODS = {"get_authorization_token": get_authorization_token}
