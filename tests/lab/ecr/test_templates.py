"""Repository creation templates.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.aws import ecr


@pytest.fixture
def client(lab: Any) -> Any:
    ecr.install()
    return lab.client("ecr")


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
