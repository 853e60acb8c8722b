"""Pods get a role by their service account.

https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def test_a_service_accounts_pods_get_a_role(account):
    eks = account.eks
    who = {"clusterName": "c", "namespace": "default", "serviceAccount": "app"}
    made = eks.create_pod_identity_association(**who, roleArn=account.role)["association"]
    with pytest.raises(ClientError, match="ResourceInUseException.*Association already exists"):
        eks.create_pod_identity_association(**who, roleArn=account.role)
    where = {"clusterName": "c", "associationId": made["associationId"]}
    with pytest.raises(ClientError, match="Role provided in the request does not exist"):
        eks.update_pod_identity_association(**where, roleArn=account.role + "2")
    account.iam.create_role(RoleName="node2", AssumeRolePolicyDocument=json.dumps(TRUST))
    eks.update_pod_identity_association(**where, roleArn=account.role + "2")
    assert eks.describe_pod_identity_association(**where)["association"]["roleArn"] == account.role + "2"
    listed = eks.list_pod_identity_associations(clusterName="c", namespace="default")["associations"]
    assert [row["associationId"] for row in listed] == [made["associationId"]]
    assert eks.list_pod_identity_associations(clusterName="c", namespace="other")["associations"] == []
    eks.delete_pod_identity_association(**where)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.describe_pod_identity_association(**where)
