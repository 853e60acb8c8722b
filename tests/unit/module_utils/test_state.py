from __future__ import annotations

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils._state import (
    canonical_targets,
    changed_keys,
    diff_dict,
    merge,
    normalise_json,
    scrub,
)


def test_none_leaves_alone():
    assert scrub({"a": None, "b": [{"c": None}]}) == {"b": [{}]}
    assert merge({"a": 1, "b": 2}, {"a": None, "b": 3}) == {"a": 1, "b": 3}
    assert changed_keys({"a": 1, "b": 2}, {"a": None, "b": 3}) == {"b"}


def test_targets_compare_without_order():
    one = [{"Key": "b", "Values": ["2", "1"]}, {"Key": "a", "Values": []}]
    assert canonical_targets(one) == canonical_targets([{"Key": "a"}, {"Key": "b", "Values": ["1", "2"]}])
    assert changed_keys({"Targets": one}, {"Targets": one[::-1]}) == set()


def test_texts_are_read():
    assert normalise_json('{"a": 1}') == normalise_json("a: 1") == normalise_json({"a": 1})
    with pytest.raises(ValueError, match="neither JSON nor YAML"):
        normalise_json("{a: [")


def test_diff_has_no_none():
    assert diff_dict(None, {"a": 1}) == {"before": {}, "after": {"a": 1}}
