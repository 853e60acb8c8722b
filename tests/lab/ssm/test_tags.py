"""Tags of documents, associations and automations.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html and, for the rules of keys,
https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
"""

from __future__ import annotations

from typing import Any

import pytest
from moto.ssm.exceptions import SSMException

from lab.aws.ssm import tags
from tests.lab.calls import code


def rows(*keys: str) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": "v"} for key in keys]}


@pytest.mark.parametrize("keys", [[], ["a", "b"], ["A", "a"], ["awsome"], [f"k{number}" for number in range(50)]])
def test_these_keys_are_taken(keys: list[str]) -> None:
    assert tags.given(rows(*keys), "InvalidTag") == dict.fromkeys(keys, "v")


@pytest.mark.parametrize("keys", [["a", "a"], ["aws:a"], ["AWS:a"], [f"k{number}" for number in range(51)]])
@pytest.mark.parametrize("code", ["InvalidTag", "ValidationException"])
def test_these_are_refused_with_the_operations_own_code(keys: list[str], code: str) -> None:
    with pytest.raises(SSMException) as refused:
        tags.given(rows(*keys), code)
    assert refused.value.code == code


def test_fifty_tags_is_all_a_resource_has_however_they_came(lab: Any) -> None:
    lab.document("true")
    at = {"ResourceType": "Document", "ResourceId": "nodecache-test"}
    lab.ssm.add_tags_to_resource(**at, **rows(*(f"k{number}" for number in range(30))))
    more = rows(*(f"l{number}" for number in range(21)))
    assert code(lab.ssm.add_tags_to_resource, **at, **more) == "TooManyTagsError"
    assert len(lab.ssm.list_tags_for_resource(**at)["TagList"]) == 30
    # A key that is there is changed, and is no new one.
    lab.ssm.add_tags_to_resource(**at, **rows(*(f"k{number}" for number in range(30)), *(f"l{n}" for n in range(20))))
    assert len(lab.ssm.list_tags_for_resource(**at)["TagList"]) == 50


@pytest.mark.parametrize("kind", ["Association", "Automation", "Document"])
def test_only_what_is_there_has_tags(lab: Any, kind: str) -> None:
    at = {"ResourceType": kind, "ResourceId": "00000000-0000-0000-0000-000000000000"}
    assert code(lab.ssm.list_tags_for_resource, **at) == "InvalidResourceId"
    assert code(lab.ssm.add_tags_to_resource, **at, **rows("a")) == "InvalidResourceId"
