"""Add-ons: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

NOBODY = "arn:aws:iam::123456789012:role/nobody"
POD = {"serviceAccount": "s", "roleArn": "arn:aws:iam::123456789012:role/node"}


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
        ({"addonName": "coredns", "namespaceConfig": {"namespace": "Not_One"}}, "RFC 1123"),
        ({"addonName": "coredns", "podIdentityAssociations": [POD, {**POD, "roleArn": NOBODY}]}, "does not exist"),
    ],
)
def test_an_addon_that_aws_would_not_install(account, request_, message):
    with pytest.raises(ClientError, match="InvalidParameterException") as caught:
        account.eks.create_addon(clusterName="c", **request_)
    assert message in caught.value.response["Error"]["Message"]
    assert account.eks.list_pod_identity_associations(clusterName="c")["associations"] == []


def test_an_addon_owns_its_associations(account):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateAddon.html (podIdentityAssociations)."""
    eks, where = account.eks, {"clusterName": "c", "addonName": "coredns"}

    def owned():
        rows = eks.list_pod_identity_associations(clusterName="c")["associations"]
        return {row["serviceAccount"]: (row["namespace"], row["ownerArn"]) for row in rows}

    made = eks.create_addon(**where, namespaceConfig={"namespace": "dns"}, podIdentityAssociations=[POD])["addon"]
    assert made["namespaceConfig"] == {"namespace": "dns"}
    assert owned() == {"s": ("dns", made["addonArn"])}
    eks.update_addon(**where, configurationValues="{}")
    assert eks.describe_addon(**where)["addon"]["podIdentityAssociations"] == made["podIdentityAssociations"]
    eks.update_addon(**where, podIdentityAssociations=[{**POD, "serviceAccount": "t"}])
    assert owned() == {"t": ("dns", made["addonArn"])}
    eks.update_addon(**where, podIdentityAssociations=[])
    assert (owned(), eks.describe_addon(**where)["addon"]["podIdentityAssociations"]) == ({}, [])
    eks.update_addon(**where, podIdentityAssociations=[POD])
    eks.delete_addon(**where)
    assert owned() == {}
