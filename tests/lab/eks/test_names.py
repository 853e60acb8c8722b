"""Names in a request's path that no cluster can have.

https://github.com/surajincloud/kubectl-eks/issues/72 has EKS's code and words.
"""

from __future__ import annotations

import pytest

from tests.lab.eks.calls import refused


@pytest.mark.parametrize(
    ("operation", "member", "more"),
    [
        ("describe_cluster", "name", {}),
        ("delete_cluster", "name", {}),
        ("update_cluster_config", "name", {"deletionProtection": True}),
        ("list_nodegroups", "clusterName", {}),
        ("list_access_entries", "clusterName", {}),
        ("describe_nodegroup", "clusterName", {"nodegroupName": "g"}),
    ],
)
@pytest.mark.parametrize("name", ["-c", "a b", "c!", "https:"])
def test_a_name_that_no_cluster_can_have(account, operation, member, more, name):
    error = refused(account.eks, operation, **{member: name}, **more)
    assert error["Code"] == "InvalidParameterException"
    assert error["Message"].startswith("The ")
    assert f"{member} " in error["Message"]
    assert 'It should conform to the regular expression "^[0-9A-Za-z][A-Za-z0-9-_]*"' in error["Message"]


def test_a_name_that_one_could_have(account):
    assert refused(account.eks, "describe_cluster", name="A-c_9")["Code"] == "ResourceNotFoundException"
