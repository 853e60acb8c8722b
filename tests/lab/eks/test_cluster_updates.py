"""Updates of a cluster, one kind at a time and only ahead.

https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html and
https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.lab.eks.calls import change, settled


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
    """Step by step, too: https://github.com/pulumi/pulumi-eks/issues/1493."""
    with pytest.raises(ClientError, match="Unsupported authentication mode update from CONFIG_MAP to API"):
        account.eks.update_cluster_config(name="c", accessConfig={"authenticationMode": "API"})
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
        # https://github.com/aws-controllers-k8s/eks-controller/pull/119
        (
            {"resourcesVpcConfig": {"securityGroupIds": [], "endpointPrivateAccess": True}},
            "Only one type of update can be allowed.",
        ),
        *(
            ({name: {}}, "The type for cluster update was not provided.")
            for name in ("accessConfig", "upgradePolicy", "zonalShiftConfig", "resourcesVpcConfig", "computeConfig")
        ),
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


def test_egress_of_ones_own_stays_so(account):
    """The model of controlPlaneEgressMode: once CUSTOMER_ROUTED, it cannot be AWS_MANAGED again."""
    answer = change(account, resourcesVpcConfig={"controlPlaneEgressMode": "CUSTOMER_ROUTED"})
    assert answer["type"] == "ControlPlaneEgressUpdate"
    with pytest.raises(ClientError, match="InvalidParameterException.*from CUSTOMER_ROUTED to AWS_MANAGED"):
        account.eks.update_cluster_config(name="c", resourcesVpcConfig={"controlPlaneEgressMode": "AWS_MANAGED"})
