from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._state import (
    check_tags,
    diff_dict,
    is_empty,
    normalise_json,
    resulting_tags,
    tag_plan,
    without_empty,
)


@pytest.mark.parametrize("empty", ["", [], {}, {"a": {"b": ""}}, None])
def test_empty_takes_away(empty):
    assert is_empty(empty)
    assert without_empty({"a": 1, "b": {"c": 2, "d": empty}}) == {"a": 1, "b": {"c": 2}}


@pytest.mark.parametrize("value", [False, 0, "x", {"a": {"b": False}}])
def test_no_and_nothing_are_values(value):
    assert without_empty({"a": value}) == {"a": value}


def test_texts_are_read():
    assert normalise_json('{"a": 1}') == normalise_json("a: 1") == normalise_json({"a": 1})
    with pytest.raises(ValueError, match="^while parsing a flow node expected the node content, but found .* line 1"):
        normalise_json("{a: [")


def test_yaml_is_what_it_is_as_json():
    assert normalise_json("{2: 2026-11-24, on: '2.2'}") == {"2": "2026-11-24", "true": "2.2"}
    with pytest.raises(ValueError, match="not JSON serializable"):
        normalise_json("!!set {a}")


def test_diff_has_no_none():
    assert diff_dict(None, {"a": 1}) == {"before": {}, "after": {"a": 1}}


def test_yaml_is_only_loaded_for_yaml():
    code = (
        "import sys; from ansible_collections.nodecache.eks.plugins.module_utils import _state; "
        "_state.normalise_json('{}'); assert 'yaml' not in sys.modules; "
        "_state.normalise_json('a: 1'); assert 'yaml' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": os.pathsep.join(sys.path)})


def test_yaml_without_its_library_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ValueError, match="needs PyYAML"):
        normalise_json("a: 1")


@pytest.mark.parametrize(
    ("current", "desired", "purge", "plan"),
    [
        pytest.param({"a": "1"}, None, True, ({}, []), id="none leaves alone"),
        pytest.param({"a": "1"}, {}, True, ({}, ["a"]), id="empty removes all"),
        pytest.param({"a": "1", "b": "2"}, {"b": "3"}, True, ({"b": "3"}, ["a"]), id="purge removes the rest"),
        pytest.param({"a": "1"}, {"b": "3"}, False, ({"b": "3"}, []), id="no purge keeps the rest"),
        pytest.param({"aws:x": "1"}, {"b": "3"}, True, ({"b": "3"}, []), id="aws tags stay"),
        pytest.param({"n": "5", "t": "True", "e": ""}, {"n": 5, "t": True, "e": None}, True, ({}, []), id="as text"),
    ],
)
def test_tag_plans(current, desired, purge, plan):
    assert tag_plan(current, desired, purge) == plan


def test_resulting_tags():
    assert resulting_tags({"a": "1", "b": "2"}, {"c": "3", "b": "4"}, ["a"]) == {"b": "4", "c": "3"}


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"aws:mine": "x"}, "'aws:mine'.*must not start with aws:"),
        ({"AWS:mine": "x"}, "must not start with aws:"),
        ({"": "x"}, "key '' .*1 to 128"),
        ({"a" * 129: "x"}, "1 to 128"),
        ({"a*": "x"}, "'a\\*'"),
        ({"a": "x" * 257}, "0 to 256"),
        ({"a": "x;y"}, "'x;y'"),
        ({str(i): "x" for i in range(51)}, "51 entries .* at most 50"),
    ],
)
def test_tags_that_aws_refuses(tags, words):
    with pytest.raises(NodecacheError, match=words):
        check_tags(tags)


def test_tags_that_aws_takes():
    check_tags(None)
    check_tags({"kubernetes.io/cluster/ml": "owned", "Größe": 5, "x": None})
