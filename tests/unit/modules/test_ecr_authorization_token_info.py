from __future__ import annotations

import base64
import datetime

import pytest
from botocore.exceptions import ClientError

END = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))


class Registry:
    def __init__(self, text: str) -> None:
        self.text = text

    def GetAuthorizationToken(self, registryIds=None):
        self.ids = registryIds
        token = self.text if self.text.startswith("!") else base64.b64encode(self.text.encode()).decode()
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


def test_another_registry_is_asked_for_by_its_account(strict_client, run_module):
    client = strict_client("ecr", Registry("AWS:a"))
    run_module("ecr_authorization_token_info", registry_id="210987654321")
    assert client.requests("GetAuthorizationToken") == [{"registryIds": ["210987654321"]}]


def test_wrong_account_is_refused_before_any_call(strict_client, run_module):
    client = strict_client("ecr", Registry("AWS:a"))
    failed = run_module("ecr_authorization_token_info", registry_id="x")
    assert failed["msg"] == "registry_id is 'x' but must match [0-9]{12}."
    assert client.calls == []


@pytest.mark.parametrize("text", ["!", "nothing"])
def test_token_of_another_form_is_told_without_showing_it(strict_client, run_module, text):
    strict_client("ecr", Registry(text))
    failed = run_module("ecr_authorization_token_info")
    assert failed["msg"] == "the registry's token is not in the form USER:PASSWORD in base 64."


def test_refusal_is_one_sentence(strict_client, run_module):
    class Refusing:
        def GetAuthorizationToken(self):
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "refused"}}, "any")

    strict_client("ecr", Refusing())
    failed = run_module("ecr_authorization_token_info")
    assert failed["msg"] == "registry 'eu-central-1': could not get a login (AccessDeniedException): refused"
