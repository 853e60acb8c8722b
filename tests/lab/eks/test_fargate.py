"""What EKS refuses of a Fargate profile.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html
"""

from __future__ import annotations

import pytest

from tests.lab.eks.calls import refused

ROLE = "arn:aws:iam::123456789012:role/node"
PROFILE = {
    "clusterName": "c",
    "fargateProfileName": "f",
    "podExecutionRoleArn": ROLE,
    "selectors": [{"namespace": "n"}],
}


@pytest.mark.parametrize(
    "profile",
    [
        {"selectors": []},
        {"selectors": [{"labels": {"a": "b"}}]},
        {"selectors": [{"namespace": f"n{number}"} for number in range(6)]},
        {"fargateProfileName": "eks-f"},
        {"podExecutionRoleArn": "role"},
        {"subnets": ["subnet-x"]},
        {"tags": {"aws:x": "y"}},
    ],
)
def test_a_fargate_profile_that_aws_would_not_make(account, profile):
    request = {**PROFILE, **profile}
    assert refused(account.eks, "create_fargate_profile", **request)["Code"] == "InvalidParameterException"


def test_a_profile_is_made_described_and_removed(account):
    account.eks.create_fargate_profile(**PROFILE)
    named = {"clusterName": "c", "fargateProfileName": "f"}
    found = account.eks.describe_fargate_profile(**named)["fargateProfile"]
    assert (found["podExecutionRoleArn"], found["selectors"]) == (ROLE, [{"namespace": "n"}])
    assert account.eks.list_fargate_profiles(clusterName="c")["fargateProfileNames"] == ["f"]
    account.eks.delete_fargate_profile(**named)
    assert account.eks.list_fargate_profiles(clusterName="c")["fargateProfileNames"] == []
