from __future__ import annotations

import datetime

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from botocore.model import ServiceModel

TEXT = {"type": "string"}
MODEL = {
    "metadata": {"protocol": "json", "apiVersion": "2026-01-01", "endpointPrefix": "x"},
    "operations": {},
    "shapes": {
        "Text": TEXT,
        "Number": {"type": "integer", "min": 1, "max": 9},
        "Least": {"type": "integer", "min": 1},
        "Most": {"type": "string", "max": 3},
        "Kind": {"type": "string", "enum": ["A", "B"]},
        "Java": {"type": "string", "pattern": "^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*$"},
        "Strange": {"type": "string", "pattern": "\\p{Alpha}+"},
        "Flag": {"type": "boolean"},
        "Time": {"type": "timestamp"},
        "Texts": {"type": "list", "member": {"shape": "Text"}, "min": 1, "max": 2},
        "Map": {"type": "map", "key": {"shape": "Most"}, "value": {"shape": "Most"}},
        "Tag": {"type": "structure", "members": {"Key": {"shape": "Text"}, "Value": {"shape": "Text"}}},
        "Tags": {"type": "list", "member": {"shape": "Tag"}},
        "Inner": {
            "type": "structure",
            "required": ["TheName"],
            "members": {"TheName": {"shape": "Text"}, "ANumber": {"shape": "Number"}},
        },
        "Request": {
            "type": "structure",
            "members": {
                name: {"shape": shape}
                for name, shape in {
                    "UserMap": "Map",
                    "TagList": "Tags",
                    "InnerOne": "Inner",
                    "Texts": "Texts",
                    "lowerCase": "Text",
                    "Number": "Number",
                    "Least": "Least",
                    "Kind": "Kind",
                    "Java": "Java",
                    "Strange": "Strange",
                    "Flag": "Flag",
                    "Time": "Time",
                }.items()
            },
        },
    },
}
SHAPE = ServiceModel(MODEL).shape_for("Request")


def test_options_become_a_request_and_come_back():
    options = {
        "user_map": {"camelCase": "a", "snake_case": "b"},
        "tag_list": {"costCentre": "7"},
        "inner_one": {"the_name": "n", "a_number": 0},
        "texts": ["b", "a"],
        "lower_case": "x",
        "flag": False,
    }
    request = _model.to_request(SHAPE, {**options, "number": None})
    assert request == {
        "UserMap": {"camelCase": "a", "snake_case": "b"},
        "TagList": [{"Key": "costCentre", "Value": "7"}],
        "InnerOne": {"TheName": "n", "ANumber": 0},
        "Texts": ["b", "a"],
        "lowerCase": "x",
        "Flag": False,
    }
    assert _model.to_result(SHAPE, request) == options


def test_what_yaml_read_as_numbers_and_truth_is_text_again():
    assert _model.to_request(SHAPE, {"user_map": {1: True, "b": 2}})["UserMap"] == {"1": "true", "b": "2"}


def test_times_are_told_in_utc_and_what_the_model_does_not_know_is_left_out():
    noon = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    answer = {"Time": noon, "ResponseMetadata": {}}
    assert _model.to_result(SHAPE, answer) == {"time": "2026-01-01T11:00:00+00:00"}


@pytest.mark.parametrize(
    ("current", "desired", "after"),
    [
        ({"Kind": "A", "Number": 1}, {"Kind": "B"}, {"Kind": "B", "Number": 1}),
        ({"Kind": "A", "Number": 1}, {"Kind": ""}, {"Number": 1}),
        (
            {"InnerOne": {"TheName": "n", "ANumber": 1}},
            {"InnerOne": {"ANumber": 2}},
            {"InnerOne": {"TheName": "n", "ANumber": 2}},
        ),
        ({"InnerOne": {"TheName": "n"}}, {"InnerOne": {"TheName": ""}}, {}),
        ({"InnerOne": {"TheName": "n"}}, {"InnerOne": {}}, {}),
        ({"UserMap": {"a": "1", "b": "2"}}, {"UserMap": {"a": "3"}}, {"UserMap": {"a": "3"}}),
        ({"Texts": ["a"]}, {"Texts": []}, {}),
        ({}, {"Flag": False, "Number": 0}, {"Flag": False, "Number": 0}),
    ],
)
def test_desired_lies_on_top_at_every_depth(current, desired, after):
    assert _model.overlay(SHAPE, current, desired) == after


def test_same_is_as_json_says():
    assert _model.same({"a": [1, 2], "b": 1}, {"b": 1, "a": [1, 2]})
    assert not _model.same({"a": [1, 2]}, {"a": [2, 1]})
    assert _model.same({"a": [{"k": [1, 2]}, 2]}, {"a": [2, {"k": [1, 2]}]}, ("a",))
    assert not _model.same(1, True)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"Number": 10}, "number is 10 but must be 1 to 9."),
        ({"Least": 0}, "least is 0 but must be at least 1."),
        ({"Texts": []}, "texts is [] but must have 1 to 2 entries."),
        ({"UserMap": {"a": "four"}}, "user_map.a is 'four' but must have at most 3 characters."),
        ({"UserMap": {"four": "a"}}, "a key of user_map is 'four' but must have at most 3 characters."),
        ({"Java": "a;b"}, "java is 'a;b' but must match "),
        ({"InnerOne": {"ANumber": 1}}, 'inner_one is {"ANumber": 1} but must have the_name.'),
        ({"Kind": "C" * 200}, "..."),
    ],
)
def test_what_the_model_forbids_is_told(request_, words):
    with pytest.raises(NodecacheError) as told:
        _model.check(SHAPE, request_)
    assert words in str(told.value)


def test_kind_is_told_with_all_that_botocore_knows():
    with pytest.raises(NodecacheError, match=r"kind is 'C' but must be one of A, B \(all that botocore 1\..* knows\)"):
        _model.check(SHAPE, {"Kind": "C"})


def test_what_the_model_allows_passes():
    _model.check(
        SHAPE, {"Number": 9, "Flag": True, "Java": "Größe 1_.:/=+-@", "Strange": "AWS has to judge", "Time": 1}
    )
    _model.check(SHAPE, {"InnerOne": {"ANumber": 1}}, whole=False)


def test_an_option_that_botocore_does_not_know_asks_for_a_newer_one():
    with pytest.raises(NodecacheError, match="inner_one.later needs a newer botocore than 1"):
        _model.to_request(SHAPE, {"inner_one": {"later": 1}})


def test_an_entry_without_a_value_is_told():
    with pytest.raises(NodecacheError, match="^tag_list.a has no value but must be text.$"):
        _model.to_request(SHAPE, {"tag_list": {"a": None}})


@pytest.mark.parametrize("value", [["a"], {"a": "b"}])
def test_an_entry_that_is_no_text_is_told(value):
    with pytest.raises(NodecacheError, match="^user_map.a is .* but must be text.$"):
        _model.to_request(SHAPE, {"user_map": {"a": value}})


@pytest.mark.parametrize("value", ["{", "NaN", "[1,]", "a: b", "[" * 100_000, '"\\ud800"', "\ud800"])
def test_what_is_no_json_is_told(value):
    with pytest.raises(NodecacheError, match="^input is .* but must be JSON: "):
        _model.read_json("input", value)


def test_data_is_data():
    assert _model.read_json("input", {"a": [None]}) == {"a": [None]}
    assert _model.read_json("input", '" a"') == " a"
