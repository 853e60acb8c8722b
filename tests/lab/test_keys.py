"""Which keys there are: https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id."""

from __future__ import annotations

from typing import Any

import pytest

from lab import settings
from lab.aws import keys

NONE = "12345678-1234-1234-1234-123456789012"
ARN = f"arn:aws:kms:{settings.REGION}:{settings.ACCOUNT}"


def known(key: str) -> bool:
    return keys.is_there(settings.ACCOUNT, settings.REGION, key)


@pytest.mark.parametrize("key", ["alias/none", NONE, f"{ARN}:key/{NONE}", f"{ARN}:alias/none", "none"])
def test_a_key_that_nobody_made_is_not_there(lab: Any, key: str) -> None:
    assert not known(key)


def test_a_key_is_known_by_its_id_its_arn_and_its_aliases(lab: Any) -> None:
    made = lab.client("kms").create_key()["KeyMetadata"]
    lab.client("kms").create_alias(AliasName="alias/mine", TargetKeyId=made["KeyId"])
    assert all(known(key) for key in (made["KeyId"], made["Arn"], "alias/mine", f"{ARN}:alias/mine"))
    assert not keys.is_there(settings.ACCOUNT, "eu-west-1", "alias/mine")


@pytest.mark.parametrize("key", ["alias/aws/ssm", f"{ARN}:alias/aws/ecr"])
def test_awss_own_keys_are_always_there(lab: Any, key: str) -> None:
    assert known(key)
