"""Pods get a role by their service account.

https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.lab.eks.calls import refused

PODS = {"Service": "pods.eks.amazonaws.com"}
BOTH = ["sts:AssumeRole", "sts:TagSession"]
WHO = {"clusterName": "c", "namespace": "default", "serviceAccount": "app"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


def trust(effect="Allow", actions=BOTH, principal=PODS):
    statement = {"Effect": effect, "Principal": principal, "Action": actions}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_service_accounts_pods_get_a_role(account):
    eks = account.eks
    made = eks.create_pod_identity_association(**WHO, roleArn=account.role)["association"]
    with pytest.raises(ClientError, match="ResourceInUseException.*Association already exists"):
        eks.create_pod_identity_association(**WHO, roleArn=account.role)
    where = {"clusterName": "c", "associationId": made["associationId"]}
    with pytest.raises(ClientError, match="Role provided in the request does not exist"):
        eks.update_pod_identity_association(**where, roleArn=account.role + "2")
    account.iam.create_role(RoleName="node2", AssumeRolePolicyDocument=trust())
    eks.update_pod_identity_association(**where, roleArn=account.role + "2")
    assert eks.describe_pod_identity_association(**where)["association"]["roleArn"] == account.role + "2"
    listed = eks.list_pod_identity_associations(clusterName="c", namespace="default")["associations"]
    assert [row["associationId"] for row in listed] == [made["associationId"]]
    assert eks.list_pod_identity_associations(clusterName="c", namespace="other")["associations"] == []
    eks.delete_pod_identity_association(**where)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.describe_pod_identity_association(**where)


@pytest.mark.parametrize(
    "document",
    [
        trust(actions="sts:AssumeRole"),
        trust(actions="sts:TagSession"),
        trust(effect="Deny"),
        trust(principal={"Service": "ec2.amazonaws.com"}),
        trust(principal={"AWS": "arn:aws:iam::123456789012:root"}),
    ],
)
def test_a_role_for_pods_lets_pod_identity_assume_and_tag_it(account, document):
    """https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html, and
    https://github.com/hashicorp/terraform-provider-aws/issues/41483 for EKS's words.
    """
    role = account.iam.create_role(RoleName="other", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    right = account.eks.create_pod_identity_association(**WHO, roleArn=account.role)["association"]
    where = {"clusterName": "c", "associationId": right["associationId"]}
    for operation, request in (
        ("create_pod_identity_association", {**WHO, "serviceAccount": "b"}),
        ("update_pod_identity_association", where),
    ):
        error = refused(account.eks, operation, **request, roleArn=role)
        assert error["Code"] == "InvalidParameterException"
        assert error["Message"].startswith("Trust policy of the role provided is invalid")
    found = account.eks.describe_pod_identity_association(**where)["association"]
    assert found["roleArn"] == account.role


@pytest.mark.parametrize(
    "more",
    [
        {"targetRoleArn": "role"},
        {"policy": POLICY},
        {"policy": "{", "disableSessionTags": True},
        {"policy": "[]", "disableSessionTags": True},
        {"tags": {"aws:x": "y"}},
    ],
)
def test_an_association_that_aws_would_not_make(account, more):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html (policy)."""
    error = refused(account.eks, "create_pod_identity_association", **WHO, roleArn=account.role, **more)
    assert error["Code"] == "InvalidParameterException"
    assert account.eks.list_pod_identity_associations(clusterName="c")["associations"] == []


def test_a_target_role_knows_the_association_by_an_id(account):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html (externalId)."""
    theirs = "arn:aws:iam::111122223333:role/theirs"
    made = account.eks.create_pod_identity_association(**WHO, roleArn=account.role)["association"]
    assert "externalId" not in made
    where = {"clusterName": "c", "associationId": made["associationId"]}
    change = {"targetRoleArn": theirs, "policy": POLICY, "disableSessionTags": True}
    found = account.eks.update_pod_identity_association(**where, **change)["association"]
    assert found["externalId"] == "us-east-1/123456789012/c/default/app"
    assert {key: found[key] for key in change} == change
