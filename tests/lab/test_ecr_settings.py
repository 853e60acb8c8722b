"""What ECR keeps for a whole registry: account settings, signing, exclusions, templates, policies and replication.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings.html
"""

from __future__ import annotations

import json
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


def test_a_template_is_made_changed_listed_and_deleted(client: Any) -> None:
    made = client.create_repository_creation_template(prefix="mine", appliedFor=["PULL_THROUGH_CACHE"])
    assert made["repositoryCreationTemplate"]["imageTagMutability"] == "MUTABLE"
    changed = client.update_repository_creation_template(prefix="mine", description="Mine")
    kept = changed["repositoryCreationTemplate"]
    assert (kept["description"], kept["appliedFor"]) == ("Mine", ["PULL_THROUGH_CACHE"])
    client.create_repository_creation_template(prefix="ROOT", appliedFor=["REPLICATION"])
    for wanted, prefixes in ((["ROOT", "other"], ["ROOT"]), ([], ["mine", "ROOT"])):
        found = client.describe_repository_creation_templates(**({"prefixes": wanted} if wanted else {}))
        assert [row["prefix"] for row in found["repositoryCreationTemplates"]] == prefixes
    client.delete_repository_creation_template(prefix="mine")
    assert len(client.describe_repository_creation_templates()["repositoryCreationTemplates"]) == 1


def test_replication_is_on_its_way_to_where_its_rules_send_an_image(client: Any) -> None:
    place = {"region": "eu-west-1", "registryId": settings.ACCOUNT}
    mine = [{"filter": "mine/", "filterType": "PREFIX_MATCH"}]
    rules = [{"destinations": [place], "repositoryFilters": mine}]
    client.put_replication_configuration(replicationConfiguration={"rules": rules})
    text = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"})
    for name, expected in (("mine/app", [{**place, "status": "IN_PROGRESS"}]), ("app", [])):
        client.create_repository(repositoryName=name)
        client.put_image(repositoryName=name, imageManifest=text, imageTag="v1")
        status = client.describe_image_replication_status(repositoryName=name, imageId={"imageTag": "v1"})
        assert status["replicationStatuses"] == expected
        signing = client.describe_image_signing_status(repositoryName=name, imageId={"imageTag": "v1"})
        assert signing["signingStatuses"] == []


def test_policies_are_kept_as_they_were_sent(client: Any) -> None:
    client.create_repository(repositoryName="app")
    statement = {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": READER}, "Action": ["ecr:BatchGetImage"]}
    text = json.dumps({"Version": "2008-10-17", "Statement": [statement]})
    client.set_repository_policy(repositoryName="app", policyText=text)
    assert client.get_repository_policy(repositoryName="app")["policyText"] == text
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": "*"}]})
    client.put_registry_policy(policyText=text)
    assert client.get_registry_policy()["policyText"] == text
    assert client.delete_registry_policy()["policyText"] == text
