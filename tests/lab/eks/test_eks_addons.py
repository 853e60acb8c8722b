"""Add-ons, pod identity associations and tags: API_CreateAddon, API_CreatePodIdentityAssociation, API_TagResource."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def test_an_addon_is_installed_updated_and_removed(account):
    eks = account.eks
    assert eks.create_addon(clusterName="c", addonName="vpc-cni")["addon"]["status"] == "CREATING"
    account.until(lambda: eks.describe_addon(clusterName="c", addonName="vpc-cni")["addon"]["status"] == "ACTIVE")
    assert eks.list_addons(clusterName="c")["addons"] == ["vpc-cni"]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        eks.create_addon(clusterName="c", addonName="vpc-cni")
    update = eks.update_addon(clusterName="c", addonName="vpc-cni", configurationValues='{"env": {}}')["update"]
    assert update["type"] == "AddonUpdate"
    answer = eks.describe_update(name="c", addonName="vpc-cni", updateId=update["id"])["update"]
    assert answer["status"] == "Successful"
    assert eks.list_updates(name="c", addonName="vpc-cni")["updateIds"] == [update["id"]]
    assert eks.delete_addon(clusterName="c", addonName="vpc-cni")["addon"]["status"] == "DELETING"
    with pytest.raises(ClientError, match="ResourceNotFoundException.*No addon: vpc-cni"):
        eks.describe_addon(clusterName="c", addonName="vpc-cni")


def test_the_addons_there_are(account):
    rows = account.eks.describe_addon_versions(kubernetesVersion="1.34", addonName="coredns")["addons"]
    assert [row["addonName"] for row in rows] == ["coredns"]
    wanted = rows[0]["addonVersions"][0]["addonVersion"]
    made = account.eks.create_addon(clusterName="c", addonName="coredns", addonVersion=wanted)["addon"]
    assert made["addonVersion"] == wanted


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"addonName": "nobody"}, "Addon nobody specified is not supported"),
        ({"addonName": "coredns", "addonVersion": "v0.0.1"}, "Addon version specified is not supported"),
        ({"addonName": "coredns", "configurationValues": "{"}, "ConfigurationValue"),
        ({"addonName": "coredns", "resolveConflicts": "ASK"}, "OVERWRITE"),
    ],
)
def test_an_addon_that_aws_would_not_install(account, request_, message):
    with pytest.raises(ClientError, match="InvalidParameterException") as caught:
        account.eks.create_addon(clusterName="c", **request_)
    assert message in caught.value.response["Error"]["Message"]


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


def test_everything_with_an_arn_has_tags(account):
    eks = account.eks
    who = {"clusterName": "c", "namespace": "default", "serviceAccount": "app", "roleArn": account.role}
    profile = {"clusterName": "c", "fargateProfileName": "f", "podExecutionRoleArn": account.role}
    arns = [
        eks.describe_cluster(name="c")["cluster"]["arn"],
        account.group(desired=0, tags={"k": "v"})["nodegroupArn"],
        eks.create_addon(clusterName="c", addonName="coredns", tags={"k": "v"})["addon"]["addonArn"],
        eks.create_pod_identity_association(**who)["association"]["associationArn"],
        eks.create_fargate_profile(**profile, selectors=[{"namespace": "n"}])["fargateProfile"]["fargateProfileArn"],
    ]
    for arn in arns:
        eks.tag_resource(resourceArn=arn, tags={"k": "v", "l": "w"})
        eks.untag_resource(resourceArn=arn, tagKeys=["k"])
        assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"l": "w"}
    assert account.describe()["tags"] == {"l": "w"}


def test_tags_that_aws_would_not_set(account):
    arn = account.eks.describe_cluster(name="c")["cluster"]["arn"]
    for tags in ({"aws:x": "y"}, {f"k{number}": "v" for number in range(51)}):
        with pytest.raises(ClientError, match="BadRequestException"):
            account.eks.tag_resource(resourceArn=arn, tags=tags)
    for wrong, code in ((arn + "d", "NotFoundException"), ("nobody", "BadRequestException")):
        with pytest.raises(ClientError, match=code):
            account.eks.list_tags_for_resource(resourceArn=wrong)
