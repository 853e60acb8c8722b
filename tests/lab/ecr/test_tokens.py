"""The registry's passwords.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import base64
import datetime
from typing import Any

import pytest

from lab import settings
from lab.aws.ecr import tokens as ecr_tokens


def test_token_is_random_and_ends_after_twelve_hours(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = [client.get_authorization_token()["authorizationData"][0] for _ in range(2)]
    users, tokens = zip(*(base64.b64decode(one["authorizationToken"]).decode().split(":") for one in data), strict=True)
    assert users == ("AWS", "AWS")
    assert tokens[0] != tokens[1]
    assert data[0]["proxyEndpoint"] == f"https://{settings.ECR_HOST}"
    left = data[0]["expiresAt"] - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(hours=11, minutes=59) < left <= datetime.timedelta(hours=12)
    header = f"Basic {data[0]['authorizationToken']}"
    known = ecr_tokens.find(header)
    assert known is not None and not known.expired
    assert ecr_tokens.find(f"Basic {base64.b64encode(b'AWS:made up').decode()}") is None
    assert ecr_tokens.find(header.replace("Basic", "Bearer")) is None
    monkeypatch.setitem(ecr_tokens._tokens, tokens[0], ecr_tokens.Token("root", datetime.datetime.now(datetime.UTC)))
    ended = ecr_tokens.find(header)
    assert ended is not None and ended.expired
