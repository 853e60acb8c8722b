"""Replication: what its configuration may say, and where an image is on its way to.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab import settings
from tests.lab.calls import refused


def place(region: str = "eu-west-1", account: str = settings.ACCOUNT) -> dict[str, str]:
    return {"region": region, "registryId": account}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{"destinations": [place(settings.REGION)]}], "cannot be the same as the source"),
        ([{"destinations": [place("eu-west-9")]}], "eu-west-9"),
        ([{"destinations": [place(), place()]}], "unique"),
        ([{"destinations": [place(account=f"1{number:011}") for number in range(26)]}], "at most 25"),
        ([{"destinations": []}], None),
        ([{"destinations": [place()]}] * 26, "less than or equal to 25"),
        ([{"destinations": [place(account="1")]}], "[0-9]{12}"),
    ],
)
def test_a_replication_that_cannot_be(unchecked: Any, rules: list[Any], said: str | None) -> None:
    config = {"rules": rules}
    if said is None:
        assert unchecked.put_replication_configuration(replicationConfiguration=config)
        return
    error = refused(unchecked, "put_replication_configuration", replicationConfiguration=config)
    assert error["Code"] == "InvalidParameterException"
    assert said in error["Message"]
    assert unchecked.describe_registry()["replicationConfiguration"] == {"rules": []}


def test_replication_is_on_its_way_to_where_its_rules_send_an_image(unchecked: Any) -> None:
    place = {"region": "eu-west-1", "registryId": settings.ACCOUNT}
    mine = [{"filter": "mine/", "filterType": "PREFIX_MATCH"}]
    rules = [{"destinations": [place], "repositoryFilters": mine}]
    unchecked.put_replication_configuration(replicationConfiguration={"rules": rules})
    text = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"})
    for name, expected in (("mine/app", [{**place, "status": "IN_PROGRESS"}]), ("other", [])):
        unchecked.create_repository(repositoryName=name)
        unchecked.put_image(repositoryName=name, imageManifest=text, imageTag="v1")
        status = unchecked.describe_image_replication_status(repositoryName=name, imageId={"imageTag": "v1"})
        assert status["replicationStatuses"] == expected
        signing = unchecked.describe_image_signing_status(repositoryName=name, imageId={"imageTag": "v1"})
        assert signing["signingStatuses"] == []
