"""Clusters and their updates: API_CreateCluster, API_UpdateClusterConfig, API_UpdateClusterVersion."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

NOBODY = "arn:aws:iam::123456789012:role/nobody"


def settled(account, name="c"):
    return account.until(
        lambda: (one := account.eks.describe_cluster(name=name)["cluster"])["status"] == "ACTIVE" and one
    )


def change(account, **changes):
    update = account.eks.update_cluster_config(name="c", **changes)["update"]
    assert update["status"] == "InProgress"
    settled(account)
    answer = account.eks.describe_update(name="c", updateId=update["id"])["update"]
    assert answer["status"] == "Successful"
    return answer


def test_a_cluster_keeps_what_it_is_given(account):
    kept = {
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "upgradePolicy": {"supportType": "STANDARD"},
        "deletionProtection": True,
        "computeConfig": {"enabled": True, "nodePools": ["system"]},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
        "zonalShiftConfig": {"enabled": True},
        "tags": {"k": "v"},
    }
    assert account.cluster("d", "1.36", **kept)["status"] == "CREATING"
    found = settled(account, "d")
    assert {key: found[key] for key in kept} == kept
    assert found["version"] == "1.36"
    assert account.eks.list_clusters()["clusters"] == ["c", "d"]


def test_a_cluster_has_awss_defaults(account):
    found = account.cluster("d", None)
    assert found["version"] == "1.35"
    assert found["accessConfig"] == {
        "authenticationMode": "CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": True,
    }
    assert found["upgradePolicy"] == {"supportType": "EXTENDED"}
    network = found["resourcesVpcConfig"]
    assert network["vpcId"] == account.vpc
    assert (network["endpointPublicAccess"], network["endpointPrivateAccess"]) == (True, False)
    group = account.ec2.describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])["SecurityGroups"][0]
    assert group["GroupName"].startswith("eks-cluster-sg-d-")


def test_a_cluster_goes_with_its_security_group(account):
    group = account.cluster("d")["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert account.eks.delete_cluster(name="d")["cluster"]["status"] == "DELETING"
    with pytest.raises(ClientError, match="ResourceNotFoundException.*No cluster found for name: d"):
        account.eks.describe_cluster(name="d")
    with pytest.raises(ClientError, match="InvalidGroup.NotFound"):
        account.ec2.describe_security_groups(GroupIds=[group])


def test_a_protected_cluster_stays_until_it_is_protected_no_more(account):
    change(account, deletionProtection=True)
    with pytest.raises(ClientError, match="InvalidRequestException.*deletion protection"):
        account.eks.delete_cluster(name="c")
    change(account, deletionProtection=False)
    account.eks.delete_cluster(name="c")
    account.cluster()


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"name": "c"}, "ResourceInUseException", "Cluster already exists with name: c"),
        ({"name": "-d"}, "InvalidParameterException", "pattern"),
        ({"name": "d" * 101}, "InvalidParameterException", "100"),
        ({"version": "1.19"}, "InvalidParameterException", "unsupported Kubernetes version"),
        ({"roleArn": "node"}, "InvalidParameterException", "Invalid Role Arn"),
        ({"roleArn": NOBODY}, "InvalidParameterException", "could not be assumed because it does not exist"),
        ({"resourcesVpcConfig": {}}, "InvalidParameterException", "Subnets are required"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-x"]}}, "InvalidParameterException", "subnet-x"),
        ({"tags": {"aws:x": "y"}}, "InvalidParameterException", "reserved"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "8.8.0.0/16"}}, "InvalidParameterException", "8.8.0.0/16"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.1.0.0/25"}}, "InvalidParameterException", "netmask"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "ten"}}, "InvalidParameterException", "ten"),
        ({"encryptionConfig": [{"resources": ["pods"]}]}, "InvalidParameterException", "secrets"),
        ({"logging": {"clusterLogging": [{"types": ["kubelet"]}]}}, "InvalidParameterException", "controllerManager"),
        (
            {"resourcesVpcConfig": {"subnetIds": ["subnet-0123456789abcdef0"]}},
            "InvalidParameterException",
            "subnet-0123456789abcdef0",
        ),
        (
            {"resourcesVpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": False}},
            "InvalidParameterException",
            "disabled",
        ),
        ({"resourcesVpcConfig": {"publicAccessCidrs": ["here"]}}, "InvalidParameterException", "CIDRs are invalid"),
        (
            {"resourcesVpcConfig": {"publicAccessCidrs": ["1.2.3.0/24", "10.1.0.0/16"]}},
            "InvalidParameterException",
            "not allowed in publicAccessCidrs: [10.1.0.0/16]",
        ),
        ({"computeConfig": {"enabled": True}}, "InvalidParameterException", "EKS Auto Mode"),
        ({"accessConfig": {"authenticationMode": "IAM"}}, "InvalidParameterException", "CONFIG_MAP"),
        ({"upgradePolicy": {"supportType": "LONG"}}, "InvalidParameterException", "EXTENDED"),
    ],
)
def test_a_cluster_that_aws_would_not_make(account, more, code, message):
    with pytest.raises(ClientError) as caught:
        account.cluster(**{"name": "d", **more})
    assert caught.value.response["Error"]["Code"] == code
    assert message in caught.value.response["Error"]["Message"]


def test_a_role_that_eks_may_not_assume_is_refused(account):
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}}
    trust["Statement"]["Action"] = "sts:AssumeRole"
    role = account.iam.create_role(RoleName="ec2", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    with pytest.raises(ClientError, match="the trusted entity is not correct"):
        account.cluster("d", roleArn=role)


def test_a_security_group_that_is_not_there_is_refused(account):
    with pytest.raises(ClientError, match="InvalidParameterException.*sg-0123456789abcdef0"):
        config = {"subnetIds": account.subnets, "securityGroupIds": ["sg-0123456789abcdef0"]}
        account.cluster("d", resourcesVpcConfig=config)


def test_a_cluster_needs_two_availability_zones(account):
    with pytest.raises(ClientError, match="at least two different AZs"):
        account.cluster("d", resourcesVpcConfig={"subnetIds": account.subnets[:1]})


def test_logs_are_switched_on_and_off_by_name(account):
    answer = change(account, logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]})
    assert answer["type"] == "LoggingUpdate"
    change(account, logging={"clusterLogging": [{"types": ["audit"], "enabled": False}]})
    with pytest.raises(ClientError, match="InvalidParameterException.*No changes needed for the logging config"):
        account.eks.update_cluster_config(name="c", logging={"clusterLogging": [{"types": ["api"], "enabled": True}]})
    rows = settled(account)["logging"]["clusterLogging"]
    assert {row["enabled"]: row["types"] for row in rows} == {
        True: ["api"],
        False: ["audit", "authenticator", "controllerManager", "scheduler"],
    }


def test_the_authentication_mode_goes_one_way(account):
    assert change(account, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})["type"] == "AccessConfigUpdate"
    change(account, accessConfig={"authenticationMode": "API"})
    with pytest.raises(ClientError, match="Unsupported authentication mode update from API to CONFIG_MAP"):
        account.eks.update_cluster_config(name="c", accessConfig={"authenticationMode": "CONFIG_MAP"})
    assert settled(account)["accessConfig"]["authenticationMode"] == "API"


def test_a_change_of_the_endpoint_keeps_the_rest_of_the_network(account):
    before = settled(account)["resourcesVpcConfig"]
    answer = change(account, resourcesVpcConfig={"endpointPrivateAccess": True})
    assert answer["type"] == "EndpointAccessUpdate"
    assert settled(account)["resourcesVpcConfig"] == {**before, "endpointPrivateAccess": True}
    with pytest.raises(ClientError, match="already at the desired configuration"):
        account.eks.update_cluster_config(name="c", resourcesVpcConfig={"endpointPrivateAccess": True})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "The type for cluster update was not provided."),
        (
            {"deletionProtection": True, "upgradePolicy": {"supportType": "STANDARD"}},
            "Only one type of update can be allowed.",
        ),
        ({"computeConfig": {"enabled": True}}, "EKS Auto Mode"),
    ],
)
def test_an_update_that_aws_would_not_make(account, changes, message):
    with pytest.raises(ClientError) as caught:
        account.eks.update_cluster_config(name="c", **changes)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert message in caught.value.response["Error"]["Message"]


def test_a_cluster_goes_up_one_minor_version_at_a_time(account):
    with pytest.raises(ClientError, match="Unsupported Kubernetes minor version update from 1.34 to 1.36"):
        account.eks.update_cluster_version(name="c", version="1.36")
    update = account.eks.update_cluster_version(name="c", version="1.35")["update"]
    assert update["type"] == "VersionUpdate"
    assert settled(account)["version"] == "1.35"
    with pytest.raises(ClientError, match="Unsupported Kubernetes minor version update from 1.35 to 1.34"):
        account.eks.update_cluster_version(name="c", version="1.34")


def test_node_groups_that_lag_hold_the_cluster_back(account):
    account.group(desired=0)
    account.eks.update_cluster_version(name="c", version="1.35")
    settled(account)
    with pytest.raises(ClientError, match="InvalidRequestException.*must be updated to match cluster version 1.35"):
        account.eks.update_cluster_version(name="c", version="1.36")


def test_updates_are_listed_and_found(account):
    first = change(account, deletionProtection=True)["id"]
    second = change(account, deletionProtection=False)["id"]
    assert account.eks.list_updates(name="c")["updateIds"] == [first, second]
    page = account.eks.list_updates(name="c", maxResults=1)
    assert account.eks.list_updates(name="c", nextToken=page["nextToken"])["updateIds"] == [second]


@pytest.mark.parametrize(
    "call",
    [
        lambda eks: eks.describe_cluster(name="nobody"),
        lambda eks: eks.delete_cluster(name="nobody"),
        lambda eks: eks.update_cluster_config(name="nobody"),
        lambda eks: eks.update_cluster_version(name="nobody", version="1.35"),
        lambda eks: eks.list_updates(name="nobody"),
        lambda eks: eks.list_fargate_profiles(clusterName="nobody"),
    ],
)
def test_a_cluster_that_is_not_there_is_not_found(account, call):
    with pytest.raises(ClientError, match="ResourceNotFoundException.*No cluster found for name: nobody"):
        call(account.eks)


def test_versions_are_described(account):
    versions = account.eks.describe_cluster_versions()["clusterVersions"]
    assert {row["clusterVersion"] for row in versions} == {f"1.{number}" for number in range(30, 37)}
    assert [row["clusterVersion"] for row in versions if row["defaultVersion"]] == ["1.35"]
    standard = account.eks.describe_cluster_versions(versionStatus="STANDARD_SUPPORT")["clusterVersions"]
    assert {row["clusterVersion"] for row in standard} == {"1.34", "1.35", "1.36"}
    (one,) = account.eks.describe_cluster_versions(clusterVersions=["1.33"])["clusterVersions"]
    assert (one["status"], one["kubernetesPatchVersion"].startswith("1.33.")) == ("extended-support", True)
    assert len(account.eks.describe_cluster_versions(defaultOnly=True)["clusterVersions"]) == 1
