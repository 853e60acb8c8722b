"""The versions that EKS runs, and those it does not.

https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
"""

from __future__ import annotations

import pytest

from tests.lab.eks.calls import refused


def test_versions_are_described(account):
    versions = account.eks.describe_cluster_versions()["clusterVersions"]
    assert {row["clusterVersion"] for row in versions} == {f"1.{number}" for number in range(30, 37)}
    assert [row["clusterVersion"] for row in versions if row["defaultVersion"]] == ["1.35"]
    standard = account.eks.describe_cluster_versions(versionStatus="STANDARD_SUPPORT")["clusterVersions"]
    assert {row["clusterVersion"] for row in standard} == {"1.34", "1.35", "1.36"}
    (one,) = account.eks.describe_cluster_versions(clusterVersions=["1.33"])["clusterVersions"]
    assert (one["status"], one["kubernetesPatchVersion"].startswith("1.33.")) == ("extended-support", True)
    assert len(account.eks.describe_cluster_versions(defaultOnly=True)["clusterVersions"]) == 1


@pytest.mark.parametrize("version", ["1.29", "2.0", "1.34.1", "latest", "x"])
def test_a_version_that_eks_does_not_run(account, version):
    for request in (
        {"operation": "update_cluster_version", "name": "c", "version": version},
        {"operation": "describe_cluster_versions", "clusterVersions": [version]},
        {"operation": "describe_addon_versions", "kubernetesVersion": version},
        {"operation": "create_nodegroup", **account.request(version=version)},
    ):
        assert refused(account.eks, **request)["Code"] == "InvalidParameterException"
