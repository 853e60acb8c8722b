"""Roles that a cluster or its nodes cannot have.

https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html and
https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def test_a_role_that_eks_may_not_assume_is_refused(account):
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}}
    trust["Statement"]["Action"] = "sts:AssumeRole"
    role = account.iam.create_role(RoleName="ec2", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    with pytest.raises(ClientError, match="the trusted entity is not correct"):
        account.cluster("d", roleArn=role)


def test_a_role_that_ec2_may_not_assume_is_refused(account):
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": ["eks.amazonaws.com"]}}}
    trust["Statement"]["Action"] = "sts:AssumeRole"
    role = account.iam.create_role(RoleName="plane", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    with pytest.raises(ClientError, match=r"service principals \[ec2.amazonaws.com\] were not found"):
        account.eks.create_nodegroup(**account.request(nodeRole=role))


def test_a_trust_policy_that_denies_does_not_trust(account):
    """https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html has the statement that is needed."""
    services = {"Service": ["ec2.amazonaws.com", "eks.amazonaws.com"]}
    for effect, action in (("Deny", "sts:AssumeRole"), ("Allow", "sts:TagSession")):
        statement = {"Effect": effect, "Principal": services, "Action": action}
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        role = account.iam.create_role(RoleName=effect, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        with pytest.raises(ClientError, match="the trusted entity is not correct"):
            account.cluster("d", roleArn=role)
        with pytest.raises(ClientError, match="were not found in the trust relationships"):
            account.eks.create_nodegroup(**account.request(nodeRole=role))


@pytest.mark.parametrize("part", [("123456789012", "111122223333"), ("arn:aws:", "arn:aws-cn:"), ("role/", "role/x/")])
def test_a_role_is_the_one_that_its_whole_arn_names(account, part):
    strange = account.role.replace(*part)
    with pytest.raises(ClientError, match="InvalidParameterException.*does not exist or the trusted entity"):
        account.cluster("d", roleArn=strange)
    with pytest.raises(ClientError, match="InvalidParameterException.*cannot be found"):
        account.eks.create_nodegroup(**account.request(nodeRole=strange))
