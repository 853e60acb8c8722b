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


@pytest.mark.parametrize(
    ("ami_type", "right", "wrong"),
    [
        ("AL2023_x86_64_STANDARD", "1.34.1-20251001", ["1.34.1", "latest", "1.33.1-20251001"]),
        ("WINDOWS_CORE_2022_x86_64", "1.34-2025.11.11", ["1.34.1-20251001", "1.33-2025.11.11"]),
        # https://github.com/cloudposse/terraform-aws-eks-node-group/issues/209 has this one, and EKS's words.
        ("BOTTLEROCKET_x86_64", "1.34.0-18d04e52", ["1.34.0", "1.34-2025.11.11", "1.34.0-latest00"]),
    ],
)
def test_each_kind_of_image_has_releases_of_its_own(account, ami_type, right, wrong):
    """https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-versions-windows.html and its neighbours."""
    for release in wrong:
        error = refused(account.eks, "create_nodegroup", **account.request(amiType=ami_type, releaseVersion=release))
        assert error["Code"] == "InvalidParameterException"
        assert error["Message"] == f"Requested release version {release} is not valid for kubernetes version 1.34."
    assert account.group(desired=0, amiType=ami_type, releaseVersion=right)["releaseVersion"] == right
    newest = account.group("newest", desired=0, amiType=ami_type)["releaseVersion"]
    account.group("again", desired=0, amiType=ami_type, releaseVersion=newest)
