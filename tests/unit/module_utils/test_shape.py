from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils._shape import camel, from_api, snake, to_api

SPEC = {
    "output_s3_key_prefix": {},
    "parameters": {"type": "dict"},
    "targets": {"options": {"key": {}, "values": {}}},
    "output_location": {"options": {"s3_location": {"options": {"output_s3_region": {}}}}},
}
OPTIONS = {
    "output_s3_key_prefix": "logs",
    "parameters": {"costCentre": ["A"], "snake_case": ["b"]},
    "targets": [{"key": "tag:a_b", "values": ["x_y"]}],
    "output_location": {"s3_location": {"output_s3_region": "eu-central-1"}},
}
API = {
    "OutputS3KeyPrefix": "logs",
    "Parameters": {"costCentre": ["A"], "snake_case": ["b"]},
    "Targets": [{"Key": "tag:a_b", "Values": ["x_y"]}],
    "OutputLocation": {"S3Location": {"OutputS3Region": "eu-central-1"}},
}


def test_only_what_the_spec_describes_is_renamed():
    assert to_api(SPEC, {**OPTIONS, "wait": True}) == API
    assert from_api(SPEC, {**API, "Unknown": 1}) == OPTIONS


def test_nothing_is_left_out():
    assert to_api(SPEC, {"parameters": None}) == {}
    assert from_api(SPEC, {"Parameters": None, "OutputS3KeyPrefix": ""}) == {}


def test_times_are_text():
    assert from_api({"date": {}}, {"Date": datetime(2026, 11, 24, tzinfo=UTC)}) == {
        "date": "2026-11-24T00:00:00+00:00"
    }


@pytest.mark.parametrize(
    ("option", "key"),
    [
        ("output_s3_bucket_name", "OutputS3BucketName"),
        ("cloud_watch_output_config", "CloudWatchOutputConfig"),
        ("association_dispatch_assume_role", "AssociationDispatchAssumeRole"),
        ("instance_ids", "InstanceIds"),
    ],
)
def test_names_go_both_ways(option, key):
    assert camel(option) == key
    assert snake(key) == option
