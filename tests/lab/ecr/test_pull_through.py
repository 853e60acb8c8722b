"""Rules of the pull-through cache; the pulls themselves are in test_registry and test_ecr_access.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import settings
from lab.aws import ecr
from lab.aws.ecr import pull_through, support


@pytest.fixture
def client(lab: Any) -> Any:
    ecr.install()
    return lab.client("ecr")


@pytest.fixture
def secrets(lab: Any) -> list[str]:
    """Return the ARNs of two secrets for upstreams."""
    made = lab.client("secretsmanager")
    words = json.dumps({"username": "me", "accessToken": "token"})
    return [
        made.create_secret(Name=f"ecr-pullthroughcache/{name}", SecretString=words)["ARN"] for name in ("hub", "other")
    ]


def test_rules_are_made_listed_changed_and_deleted(client: Any, secrets: list[str]) -> None:
    client.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    hub = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    made = client.create_pull_through_cache_rule(**hub, credentialArn=secrets[0])
    assert (made["upstreamRegistry"], made["upstreamRepositoryPrefix"]) == ("docker-hub", "ROOT")
    rules = client.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert [rule["ecrRepositoryPrefix"] for rule in rules] == ["quay", "hub"]
    client.update_pull_through_cache_rule(ecrRepositoryPrefix="hub", credentialArn=secrets[1])
    (rule,) = client.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["hub"])["pullThroughCacheRules"]
    assert rule["credentialArn"] == secrets[1]
    client.delete_pull_through_cache_rule(ecrRepositoryPrefix="hub")
    for call in (client.delete_pull_through_cache_rule, client.update_pull_through_cache_rule):
        with pytest.raises(client.exceptions.PullThroughCacheRuleNotFoundException):
            call(ecrRepositoryPrefix="hub")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"upstreamRegistryUrl": "example.com"}, "UnsupportedUpstreamRegistryException"),
        ({"upstreamRegistry": "k8s"}, "UnsupportedUpstreamRegistryException"),
        ({"upstreamRegistryUrl": "ghcr.io"}, "InvalidParameterException"),
        ({"ecrRepositoryPrefix": "there"}, "PullThroughCacheRuleAlreadyExistsException"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(client: Any, given: dict[str, str], code: str) -> None:
    good = {"ecrRepositoryPrefix": "there", "upstreamRegistryUrl": "quay.io"}
    client.create_pull_through_cache_rule(**good)
    with pytest.raises(ClientError) as refused:
        client.create_pull_through_cache_rule(**{**good, "ecrRepositoryPrefix": "new", **given})
    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("name", "found"),
    [("quay/a/b", "a/b"), ("quay/deep/b", "far/b"), ("quayside/a", None), ("quay", None), ("a", None)],
)
def test_the_longest_prefix_says_where_images_come_from(client: Any, name: str, found: str | None) -> None:
    client.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    deep = {"ecrRepositoryPrefix": "quay/deep", "upstreamRepositoryPrefix": "far"}
    client.create_pull_through_cache_rule(**deep, upstreamRegistryUrl="quay.io")
    owner = support.backend(settings.ACCOUNT, settings.REGION)
    assert owner is not None
    upstream = pull_through.upstream(owner, name)
    assert (upstream.name if upstream else None) == found
