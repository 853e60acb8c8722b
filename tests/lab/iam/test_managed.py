"""AWS's own managed policies are in every account alike, and each account attaches them for itself.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from moto.iam import models
from moto.iam.models import AWSManagedPolicy, IAMBackend, Policy, PolicyVersion

from lab import settings
from lab.aws.iam import managed

OTHER = "111122223333"


@pytest.fixture(autouse=True)
def _loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    monkeypatch.setattr(IAMBackend, "_init_aws_policies", None)
    managed.install()
    yield
    managed._read.cache_clear()


def facts(one: Policy | PolicyVersion) -> dict[str, object]:
    """Return all that is known of a policy but its id, which moto makes up."""
    return {key: value for key, value in vars(one).items() if key not in ("id", "versions")}


@pytest.mark.parametrize("region", ["aws", "aws-us-gov"])
def test_the_policies_are_those_that_moto_reads(region: str) -> None:
    backend, data = IAMBackend(region, OTHER), json.loads(models.aws_managed_policies_data)
    read = [AWSManagedPolicy.from_data(name, OTHER, region, one) for name, one in data.items()]
    for ours, motos in zip(backend.aws_managed_policies, read, strict=True):
        assert facts(ours) == facts(motos)
        assert [*map(facts, ours.versions)] == [*map(facts, motos.versions)]
    assert f"arn:{region}:iam::aws:policy/AmazonSSMManagedInstanceCore" in backend.managed_policies


def test_what_one_account_does_with_a_policy_is_not_seen_in_another() -> None:
    here, there = IAMBackend("aws", settings.ACCOUNT), IAMBackend("aws", OTHER)
    mine, theirs = here.aws_managed_policies[0], there.aws_managed_policies[0]
    mine.attachment_count += 1
    mine.tags["owner"] = {"Key": "owner", "Value": "me"}
    mine.versions[0].is_default = False
    mine.versions.append(mine.versions[0])
    assert (theirs.attachment_count, theirs.tags) == (0, {})
    assert [version.is_default for version in theirs.versions] == [True]


def test_they_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    IAMBackend("aws", settings.ACCOUNT)
    monkeypatch.setattr("moto.iam.models.aws_managed_policies_data", "not to be read again")
    assert IAMBackend("aws-cn", OTHER).aws_managed_policies


def test_an_account_has_none_of_them_unless_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
    assert IAMBackend("aws", settings.ACCOUNT).aws_managed_policies == []
