from __future__ import annotations

import base64
import datetime

END = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))


class Registry:
    def __init__(self, text: str) -> None:
        self.text = text

    def GetAuthorizationToken(self):  # noqa: N802
        token = base64.b64encode(self.text.encode()).decode()
        return {
            "authorizationData": [
                {
                    "authorizationToken": token,
                    "expiresAt": END,
                    "proxyEndpoint": "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com",
                }
            ]
        }


def test_the_token_is_taken_apart_and_nothing_changes(strict_client, run_module):
    client = strict_client("ecr", Registry("AWS:pass:with:colons"))
    for check in (False, True):
        result = run_module("ecr_authorization_token_info", check=check)
        assert not result["changed"]
        assert result["registry"] == "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
    assert client.names() == ["GetAuthorizationToken"] * 2


def test_the_password_is_all_behind_the_first_colon(strict_client, run_module):
    strict_client("ecr", Registry("AWS:pass:with:colons"))
    result = run_module("ecr_authorization_token_info")
    assert result["password"] == "pass:with:colons"
    assert result["expires_at"] == "2026-01-31T11:00:00+00:00"
