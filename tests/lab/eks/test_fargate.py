"""What EKS refuses of a Fargate profile.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html
"""

from __future__ import annotations

import json

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
        {"selectors": [{"namespace": "n", "labels": {f"l{number}": "x" for number in range(6)}}]},
        {"tags": {"aws:x": "y"}},
    ],
)
def test_a_fargate_profile_that_aws_would_not_make(account, profile):
    request = {**PROFILE, **profile}
    assert refused(account.eks, "create_fargate_profile", **request)["Code"] == "InvalidParameterException"


def test_too_many_labels_are_told_in_eks_own_words(account):
    """https://github.com/getmoto/moto/blob/master/tests/test_eks/test_eks.py verified them "against the AWS API"."""
    labels = {f"l{number}": "x" for number in range(6)}
    error = refused(
        account.eks, "create_fargate_profile", **PROFILE | {"selectors": [{"namespace": "n", "labels": labels}]}
    )
    assert error["Message"] == "Request contains Selector with more than 5 Label pairs"


def test_a_profile_is_made_described_and_removed(account):
    made = account.eks.create_fargate_profile(**PROFILE)["fargateProfile"]
    assert (made["status"], made["health"]) == ("CREATING", {"issues": []})
    named = {"clusterName": "c", "fargateProfileName": "f"}
    account.eks.get_waiter("fargate_profile_active").wait(**named, WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    found = account.eks.describe_fargate_profile(**named)["fargateProfile"]
    assert (found["podExecutionRoleArn"], found["selectors"]) == (ROLE, [{"namespace": "n"}])
    assert account.eks.list_fargate_profiles(clusterName="c")["fargateProfileNames"] == ["f"]
    assert account.eks.delete_fargate_profile(**named)["fargateProfile"]["status"] == "DELETING"
    assert refused(account.eks, "delete_fargate_profile", **named)["Code"] == "ResourceNotFoundException"
    assert account.eks.list_fargate_profiles(clusterName="c")["fargateProfileNames"] == []


def test_its_pods_run_as_a_role_that_trusts_fargate_in_the_clusters_vpc(account):
    """https://docs.aws.amazon.com/eks/latest/userguide/pod-execution-role.html."""
    allow = {"Effect": "Allow", "Principal": {"Service": "eks-fargate-pods.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    role = account.iam.create_role(RoleName="pods", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    request = {**PROFILE, "podExecutionRoleArn": role, "subnets": account.subnets[:1]}
    for wrong in (ROLE, ROLE.replace("node", "nobody"), role.replace("123456789012", "111122223333")):
        error = refused(account.eks, "create_fargate_profile", **request | {"podExecutionRoleArn": wrong})
        assert error["Code"] == "InvalidParameterException"
        assert error["Message"].startswith("Misconfigured PodExecutionRole Trust Policy")
    other = account.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    strange = [account.subnet("10.8.1.0/24", "a", other)]
    error = refused(account.eks, "create_fargate_profile", **request | {"subnets": strange})
    assert "not in the VPC of the cluster" in error["Message"]
    assert account.eks.create_fargate_profile(**request)["fargateProfile"]["subnets"] == request["subnets"]


@pytest.mark.parametrize("whose", ["own", "main"])
def test_its_subnets_are_private(account, whose):
    """https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html, and
    https://github.com/awslabs/eks-perf-tests/issues/195 for EKS's words.
    """
    allow = {"Effect": "Allow", "Principal": {"Service": "eks-fargate-pods.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    role = account.iam.create_role(RoleName="pods", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    gateway = account.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    account.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=account.vpc)
    where = [{"Name": "vpc-id", "Values": [account.vpc]}]
    (main,) = (row["RouteTableId"] for row in account.ec2.describe_route_tables(Filters=where)["RouteTables"])
    open_, closed = account.subnets
    table = main
    if whose == "own":
        table = account.ec2.create_route_table(VpcId=account.vpc)["RouteTable"]["RouteTableId"]
        account.ec2.associate_route_table(RouteTableId=table, SubnetId=open_)
    else:
        other = account.ec2.create_route_table(VpcId=account.vpc)["RouteTable"]["RouteTableId"]
        account.ec2.associate_route_table(RouteTableId=other, SubnetId=closed)
    account.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    request = {**PROFILE, "podExecutionRoleArn": role}
    error = refused(account.eks, "create_fargate_profile", **request, subnets=[closed, open_])
    assert error["Code"] == "InvalidParameterException"
    assert error["Message"] == f"Subnet {open_} provided in Fargate Profile is not a private subnet"
    assert account.eks.create_fargate_profile(**request, subnets=[closed])["fargateProfile"]["subnets"] == [closed]
