"""What an install, its cluster and the nodes' roles may be called: what AWS itself allows, and for an install less."""

from __future__ import annotations

import re

import boto3
import pytest
from ansible_collections.nodecache.eks.plugins.module_utils import _names

AT_ALL_ENDS = {
    "INSTALL": (["a", "9", "A_b-9", "n" * 24], ["", "-a", "_a", "a.b", "ä", "a\n", "n" * 25]),
    "CLUSTER": (["a", "9", "A_b-9", "c" * 100], ["", "-a", "_a", "a.b", "ä", "a\n", "c" * 101]),
    "ROLE": (["a", "-", "a_b+c=d,e.f@g-h", "r" * 64], ["", "a/b", "a b", "a:b", "ä", "a\n", "r" * 65]),
}


@pytest.mark.parametrize("kind", AT_ALL_ENDS)
def test_each_pattern_at_its_ends(kind):
    pattern = getattr(_names, kind)[0]
    good, bad = AT_ALL_ENDS[kind]
    assert [name for name in good if not re.fullmatch(pattern, name)] == []
    assert [name for name in bad if re.fullmatch(pattern, name)] == []


@pytest.mark.parametrize(
    ("kind", "service", "operation", "member"),
    [("CLUSTER", "eks", "CreateCluster", "name"), ("ROLE", "iam", "CreateRole", "RoleName")],
)
def test_nothing_is_allowed_that_aws_would_refuse(kind, service, operation, member):
    client = boto3.client(service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    shape = client.meta.service_model.operation_model(operation).input_shape.members[member].metadata
    for name in AT_ALL_ENDS[kind][0]:
        assert shape["min"] <= len(name) <= shape["max"] and re.fullmatch(shape["pattern"], name)


def test_the_longest_name_of_an_install_leaves_room_in_a_roles_name():
    longest = f"nodecache-{'n' * 24}-ap-southeast-2-automation"
    assert re.fullmatch(_names.ROLE[0], longest)
