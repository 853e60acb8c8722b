"""Blocks of options that are none: one sentence with the name, where Ansible falls over or tells none."""

from __future__ import annotations

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils._blocks import check_blocks
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError

INNER = {"size": {"type": "int"}, "more": {"type": "dict", "options": {"a": {"type": "str"}}}}
SPEC = {
    "one": {"type": "dict", "options": INNER},
    "many": {"type": "list", "elements": "dict", "options": INNER, "aliases": ["several"]},
    "free": {"type": "dict"},
}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"one": -1}, "one is -1 but must be a mapping."),
        ({"one": "{"}, "one is '{' but must be a mapping."),
        ({"one": ["a"]}, 'one is ["a"] but must be a mapping.'),
        ({"one": {"more": True}}, "one.more is true but must be a mapping."),
        ({"many": 5}, "many is 5 but must be a list of mappings."),
        ({"many": {"size": 1}}, 'many is {"size": 1} but must be a list of mappings.'),
        ({"several": [{"size": 1}, None]}, "many has null but must have mappings alone."),
        ({"many": ["größe"]}, "many has 'größe' but must have mappings alone."),
        ({"many": [{"more": {"a": "b"}}, {"more": 1.5}]}, "many.more is 1.5 but must be a mapping."),
        ({"many": "x" * 10240}, f"many has '{'x' * 99}... but must have mappings alone."),
    ],
)
def test_what_is_no_block_is_refused(given, sentence):
    with pytest.raises(NodecacheError) as caught:
        check_blocks(SPEC, given)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"one": None, "many": None},
        {"one": {}, "many": []},
        {"one": '{"size": 1}', "many": ['{"size": 1}', "size=1"], "free": 5},
        {"one": {"size": 1, "more": {"a": 5}}, "several": [{"more": None}]},
    ],
)
def test_what_ansible_makes_a_block_of_passes(given):
    check_blocks(SPEC, given)
