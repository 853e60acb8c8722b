"""Access entries and policies: https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
LINKED = "arn:aws:iam::123456789012:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
PERSON = "arn:aws:iam::123456789012:user/team/me"


@pytest.fixture(name="open_account")
def open_account_fixture(account):
    account.eks.update_cluster_config(name="c", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    account.iam.create_user(UserName="me", Path="/team/")
    account.until(lambda: account.eks.describe_cluster(name="c")["cluster"]["status"] == "ACTIVE")
    return account


def test_an_entry_is_made_changed_and_removed(open_account):
    eks, role = open_account.eks, open_account.role
    entry = eks.create_access_entry(clusterName="c", principalArn=role, kubernetesGroups=["dev"])["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("STANDARD", ["dev"])
    assert entry["username"] == "arn:aws:sts::123456789012:assumed-role/node/{{SessionName}}"
    assert entry["accessEntryArn"].startswith(
        "arn:aws:eks:us-east-1:123456789012:access-entry/c/role/123456789012/node/"
    )
    eks.create_access_entry(clusterName="c", principalArn=PERSON, username="me")
    assert eks.list_access_entries(clusterName="c")["accessEntries"] == [role, PERSON]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        eks.create_access_entry(clusterName="c", principalArn=role)
    eks.update_access_entry(clusterName="c", principalArn=role, kubernetesGroups=[])
    found = eks.describe_access_entry(clusterName="c", principalArn=role)["accessEntry"]
    assert found["kubernetesGroups"] == []
    eks.tag_resource(resourceArn=entry["accessEntryArn"], tags={"k": "v"})
    assert eks.describe_access_entry(clusterName="c", principalArn=role)["accessEntry"]["tags"] == {"k": "v"}
    eks.delete_access_entry(clusterName="c", principalArn=role)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.describe_access_entry(clusterName="c", principalArn=role)


def test_policies_are_associated_with_a_scope(open_account):
    eks, role = open_account.eks, open_account.role
    where = {"clusterName": "c", "principalArn": role}
    eks.create_access_entry(**where)
    scope = {"type": "namespace", "namespaces": ["default"]}
    made = eks.associate_access_policy(**where, policyArn=ADMIN, accessScope=scope)["associatedAccessPolicy"]
    assert made["accessScope"] == scope
    eks.associate_access_policy(**where, policyArn=ADMIN, accessScope={"type": "cluster"})
    (row,) = eks.list_associated_access_policies(**where)["associatedAccessPolicies"]
    assert (row["policyArn"], row["accessScope"]["type"]) == (ADMIN, "cluster")
    assert eks.list_access_entries(clusterName="c", associatedPolicyArn=ADMIN)["accessEntries"] == [role]
    assert ADMIN in {row["arn"] for row in eks.list_access_policies()["accessPolicies"]}
    eks.disassociate_access_policy(**where, policyArn=ADMIN)
    assert eks.list_associated_access_policies(**where)["associatedAccessPolicies"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.disassociate_access_policy(**where, policyArn=ADMIN)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"principalArn": "me"}, "principalArn"),
        ({"principalArn": "arn:aws:iam::123456789012:role/nobody"}, "invalid principal"),
        ({"principalArn": "arn:aws:iam::123456789012:user/nobody"}, "invalid principal"),
        ({"tags": {"aws:x": "y"}}, "reserved"),
        ({"principalArn": "arn:aws:sts::123456789012:assumed-role/node/session"}, "principalArn"),
        ({"type": "LINUX"}, "EC2_LINUX"),
        ({"type": "EC2_LINUX", "principalArn": PERSON}, "IAM role"),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["dev"]}, "kubernetesGroups"),
        # https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2969
        ({"principalArn": "arn:aws:iam::123456789012:role/team/node"}, "invalid principal"),
        ({"principalArn": PERSON.replace("team/", "")}, "invalid principal"),
        # https://github.com/hashicorp/terraform-provider-aws/issues/36447
        (
            {"principalArn": LINKED},
            "not allowed to modify access entries with a principalArn value of a Service Linked Role",
        ),
        # https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html has the account and the colon.
        ({"type": "EC2_LINUX", "principalArn": "arn:aws:iam::111122223333:role/node"}, "cluster's account"),
        ({"username": "john{{SessionName}}"}, "colon before {{SessionName}}"),
        # https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2915
        (
            {"kubernetesGroups": ["dev", "system:masters"]},
            "The kubernetes group name system:masters is invalid, it cannot start with system:",
        ),
        # https://github.com/aws-ia/terraform-aws-eks-blueprints/pull/1920
        ({"username": "system:admin"}, "The username must not begin with system:"),
        ({"username": "iam:admin"}, "The username must not begin with iam:"),
    ],
)
def test_an_entry_that_aws_would_not_make(open_account, more, message):
    with pytest.raises(ClientError, match="InvalidParameterException") as caught:
        open_account.eks.create_access_entry(**{"clusterName": "c", "principalArn": open_account.role, **more})
    assert message in caught.value.response["Error"]["Message"]


def test_an_entry_is_for_a_role_with_a_path_or_of_another_account_too(open_account):
    """https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html."""
    theirs = "arn:aws:iam::111122223333:role/theirs"
    for name, arn in (("jo:hn{{SessionName}}", open_account.role), ("me", PERSON), ("you", theirs)):
        made = open_account.eks.create_access_entry(clusterName="c", principalArn=arn, username=name)["accessEntry"]
        assert (made["principalArn"], made["username"]) == (arn, name)


@pytest.mark.parametrize(
    ("policy", "scope"),
    [
        ("arn:aws:iam::aws:policy/AdministratorAccess", {"type": "cluster"}),
        (ADMIN, {"type": "namespace"}),
        (ADMIN, {"type": "cluster", "namespaces": ["default"]}),
        (ADMIN, {"type": "everything"}),
        (ADMIN, {}),
    ],
)
def test_an_association_that_aws_would_not_make(open_account, policy, scope):
    where = {"clusterName": "c", "principalArn": open_account.role}
    open_account.eks.create_access_entry(**where)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        open_account.eks.associate_access_policy(**where, policyArn=policy, accessScope=scope)


def test_a_cluster_of_the_config_map_has_no_entries(account):
    for call in (account.eks.create_access_entry, account.eks.describe_access_entry):
        with pytest.raises(ClientError, match="InvalidRequestException.*authentication mode"):
            call(clusterName="c", principalArn=account.role)


def test_a_managed_node_group_lets_its_nodes_in(open_account):
    open_account.group(desired=0)
    found = open_account.eks.describe_access_entry(clusterName="c", principalArn=open_account.role)["accessEntry"]
    assert (found["type"], found["kubernetesGroups"]) == ("EC2_LINUX", ["system:nodes"])
    assert found["username"] == "system:node:{{EC2PrivateDNSName}}"


def test_a_cluster_that_is_not_there_is_not_found(account):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        account.eks.list_access_entries(clusterName="nobody")
