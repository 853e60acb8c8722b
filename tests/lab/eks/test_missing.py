"""Names that nothing has, pages that nobody was given, and states that forbid a request, over every operation.

https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import pytest

from tests.lab.eks.calls import refused

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
ROLE = "arn:aws:iam::123456789012:role/node"
GROUP = {"nodegroupName": "g"}
ENTRY = {"principalArn": ROLE}
PODS = {"namespace": "n", "serviceAccount": "s", "roleArn": ROLE}
PROFILE = {"fargateProfileName": "f"}
KEY = [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:us-east-1:123456789012:key/k"}}]
# Every operation on a cluster, with the rest of what it needs.
ON_CLUSTERS = {
    "associate_access_policy": {**ENTRY, "policyArn": VIEW, "accessScope": {"type": "cluster"}},
    "associate_encryption_config": {"encryptionConfig": KEY},
    "create_access_entry": ENTRY,
    "create_addon": {"addonName": "coredns"},
    "create_fargate_profile": {**PROFILE, "podExecutionRoleArn": ROLE, "selectors": [{"namespace": "n"}]},
    "create_nodegroup": {**GROUP, "nodeRole": ROLE, "subnets": ["subnet-1"]},
    "create_pod_identity_association": PODS,
    "delete_access_entry": ENTRY,
    "delete_addon": {"addonName": "coredns"},
    "delete_cluster": {},
    "delete_fargate_profile": PROFILE,
    "delete_nodegroup": GROUP,
    "delete_pod_identity_association": {"associationId": "a-1"},
    "describe_access_entry": ENTRY,
    "describe_addon": {"addonName": "coredns"},
    "describe_cluster": {},
    "describe_fargate_profile": PROFILE,
    "describe_nodegroup": GROUP,
    "describe_pod_identity_association": {"associationId": "a-1"},
    "describe_update": {"updateId": "u"},
    "disassociate_access_policy": {**ENTRY, "policyArn": VIEW},
    "list_access_entries": {},
    "list_addons": {},
    "list_associated_access_policies": ENTRY,
    "list_fargate_profiles": {},
    "list_nodegroups": {},
    "list_pod_identity_associations": {},
    "list_updates": {},
    "update_access_entry": ENTRY,
    "update_addon": {"addonName": "coredns"},
    "update_cluster_config": {"deletionProtection": True},
    "update_cluster_version": {"version": "1.35"},
    "update_nodegroup_config": GROUP,
    "update_nodegroup_version": GROUP,
    "update_pod_identity_association": {"associationId": "a-1", "roleArn": ROLE},
}
# Those about something in a cluster: the same request, to a cluster that has no such thing.
IN_CLUSTERS = [
    name
    for name, request in ON_CLUSTERS.items()
    if request and not name.startswith(("create_", "update_cluster", "associate_encryption"))
]
LISTS = {
    "describe_addon_versions": {},
    "describe_cluster_versions": {},
    "list_access_entries": {"clusterName": "c"},
    "list_access_policies": {},
    "list_addons": {"clusterName": "c"},
    "list_capabilities": {"clusterName": "c"},
    "list_clusters": {},
    "list_fargate_profiles": {"clusterName": "c"},
    "list_insights": {"clusterName": "c"},
    "list_nodegroups": {"clusterName": "c"},
    "list_pod_identity_associations": {"clusterName": "c"},
    "list_updates": {"name": "c"},
}


def where(name, cluster):
    member = "name" if "cluster" in name or "update" in name.split("_")[1] or name == "list_updates" else "clusterName"
    return {member: cluster}


@pytest.fixture(name="with_entries")
def with_entries_fixture(account):
    account.eks.update_cluster_config(name="c", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    account.until(lambda: account.eks.describe_cluster(name="c")["cluster"]["status"] == "ACTIVE")
    return account


@pytest.mark.parametrize("operation", ON_CLUSTERS)
def test_a_cluster_that_is_not_there(account, operation):
    error = refused(account.eks, operation, **where(operation, "nobody"), **ON_CLUSTERS[operation])
    assert error["Code"] == "ResourceNotFoundException"
    assert "nobody" in error["Message"]


@pytest.mark.parametrize("operation", IN_CLUSTERS)
def test_what_a_cluster_does_not_have(with_entries, operation):
    error = refused(with_entries.eks, operation, **where(operation, "c"), **ON_CLUSTERS[operation])
    assert error["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize("operation", LISTS)
@pytest.mark.parametrize("token", ["bogus", "LTE=", "OTk5OQ=="], ids=["no token", "before all", "behind all"])
def test_a_page_that_nobody_was_given(with_entries, operation, token):
    assert refused(with_entries.eks, operation, **LISTS[operation], nextToken=token)["Code"] in (
        "InvalidParameterException",
        "InvalidRequestException",
    )


def test_a_cluster_that_holds_something_stays(account):
    account.group(desired=0)
    error = refused(account.eks, "delete_cluster", name="c")
    assert (error["Code"], "nodegroups attached" in error["Message"]) == ("ResourceInUseException", True)
    account.eks.delete_nodegroup(clusterName="c", nodegroupName="g")
    account.gone()
    account.eks.create_fargate_profile(clusterName="c", **ON_CLUSTERS["create_fargate_profile"])
    assert refused(account.eks, "delete_cluster", name="c")["Code"] == "ResourceInUseException"
    account.eks.delete_fargate_profile(clusterName="c", **PROFILE)


def test_what_is_there_already(with_entries):
    account = with_entries
    account.group(desired=0)
    # The node group has let its nodes in.
    twice = {
        "create_nodegroup": account.request(),
        "create_access_entry": {"clusterName": "c", **ENTRY},
        "create_addon": {"clusterName": "c", "addonName": "coredns"},
        "create_pod_identity_association": {"clusterName": "c", **PODS},
    }
    for operation in ("create_addon", "create_pod_identity_association"):
        getattr(account.eks, operation)(**twice[operation])
    for operation, request in twice.items():
        assert refused(account.eks, operation, **request)["Code"] == "ResourceInUseException"
