"""What ECR keeps for a whole registry: account settings, signing and exclusions.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings.html
"""

from __future__ import annotations

from typing import Any

import pytest

from lab import settings
from lab.aws import ecr

READER = f"arn:aws:iam::{settings.ACCOUNT}:role/reader"
PROFILE = f"arn:aws:signer:{settings.REGION}:{settings.ACCOUNT}:/signing-profiles/mine"


@pytest.fixture
def client(lab: Any) -> Any:
    ecr.install()
    return lab.client("ecr")


def test_an_account_begins_with_settings_and_changes_them(client: Any) -> None:
    assert client.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "AWS_NATIVE"
    client.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")
    assert client.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "CLAIR"


def test_signing_is_kept_until_it_is_deleted(client: Any) -> None:
    config = {"rules": [{"signingProfileArn": PROFILE}]}
    assert client.put_signing_configuration(signingConfiguration=config)["signingConfiguration"] == config
    assert client.get_signing_configuration()["signingConfiguration"] == config
    client.delete_signing_configuration()
    with pytest.raises(client.exceptions.SigningConfigurationNotFoundException):
        client.get_signing_configuration()


def test_exclusions_are_listed_until_they_are_taken_back(client: Any) -> None:
    client.register_pull_time_update_exclusion(principalArn=READER)
    assert client.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [READER]
    client.deregister_pull_time_update_exclusion(principalArn=READER)
    assert client.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == []
