"""Settings of a cluster that do not go together.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html; where EKS's own words are known, the rule
beside the test says from where.
"""

from __future__ import annotations

import pytest

from tests.lab.eks.calls import change, refused, settled

INVALID = "InvalidParameterException"


def auto(account, **changes):
    """Return what makes a cluster one of EKS Auto Mode."""
    right = {
        "computeConfig": {"enabled": True, "nodePools": ["system"], "nodeRoleArn": account.role},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
        "accessConfig": {"authenticationMode": "API"},
    }
    return {key: value for key, value in {**right, **changes}.items() if value is not None}


def told(account, **settings):
    """Return how a new cluster with these settings is refused."""
    network = {"subnetIds": account.subnets}
    request = {"name": "d", "version": "1.34", "roleArn": account.role, "resourcesVpcConfig": network, **settings}
    error = refused(account.eks, "create_cluster", **request)
    assert account.eks.list_clusters()["clusters"] == ["c"]
    return error


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html
        ({"computeConfig": {"enabled": True, "nodePools": ["gpu"]}}, "[general-purpose, system]"),
        # https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3366
        (
            {"computeConfig": {"enabled": True, "nodePools": ["system"]}},
            "When Compute Config nodeRoleArn is null or empty, nodePool list cannot be populated.",
        ),
        # https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3238
        (
            {"computeConfig": {"enabled": True, "nodeRoleArn": "arn:aws:iam::123456789012:role/node"}},
            "When Compute Config nodeRoleArn is not null or empty, nodePool value(s) must be provided.",
        ),
        # https://github.com/hashicorp/terraform-provider-aws/pull/40483
        (
            {"bootstrapSelfManagedAddons": True},
            "When EKS Auto Mode is enabled, bootstrapSelfManagedAddons must be set to false.",
        ),
        ({"storageConfig": None}, "all either fully enabled or fully disabled"),
        # "Requires EKS access entries": https://docs.aws.amazon.com/eks/latest/userguide/automode-get-started-cli.html
        ({"accessConfig": None}, "[API, API_AND_CONFIG_MAP]"),
    ],
)
def test_auto_mode_that_is_not_whole(account, changes, message):
    error = told(account, **auto(account, **changes))
    assert error["Code"] == INVALID
    assert message in error["Message"]


@pytest.mark.parametrize("changes", [{}, {"computeConfig": {"enabled": True}}, {"bootstrapSelfManagedAddons": False}])
def test_auto_mode_that_is(account, changes):
    assert account.cluster("d", **auto(account, **changes))["computeConfig"]["enabled"] is True


def test_auto_mode_comes_later_with_access_entries_and_what_is_fixed_stays(account):
    parts = auto(account, accessConfig=None)
    assert "access" not in refused(account.eks, "update_cluster_config", name="c", **parts)["Code"]
    change(account, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    for fixed in ({"serviceIpv4Cidr": "10.200.0.0/16"}, {"ipFamily": "ipv6"}):
        network = {"kubernetesNetworkConfig": {**parts["kubernetesNetworkConfig"], **fixed}}
        error = refused(account.eks, "update_cluster_config", name="c", **{**parts, **network})
        assert error["Code"] == INVALID
    assert change(account, **parts)["type"] == "AutoModeUpdate"
    assert settled(account)["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.20.0.0/16"


def test_the_config_map_needs_its_cluster_creator(account):
    """https://github.com/crossplane-contrib/provider-upjet-aws/issues/1345 has EKS's words."""
    error = told(account, accessConfig={"bootstrapClusterCreatorAdminPermissions": False})
    assert error["Code"] == INVALID
    assert error["Message"].startswith("bootstrapClusterCreatorAdminPermissions must be true if cluster authentication")


def test_there_is_no_outpost(account):
    arn = "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
    error = told(account, outpostConfig={"outpostArns": [arn], "controlPlaneInstanceType": "m5.large"})
    assert (error["Code"], arn in error["Message"]) == (INVALID, True)


@pytest.mark.parametrize(
    "settings",
    [
        {"kubeApiServerConfig": {"eventTtl": "soon"}},
        {"kubeApiServerConfig": {"eventTtl": "1h30m"}},
        {"kubeApiServerConfig": {"serviceNodePortRange": {"minPort": 31000, "maxPort": 30000}}},
        {"kubeApiServerConfig": {"serviceNodePortRange": {"maxPort": 65536}}},
        {
            "kubeControllerManagerConfig": {
                "horizontalPodAutoscalerControllerConfig": {"horizontalPodAutoscalerSyncPeriod": "0s"}
            }
        },
    ],
)
def test_a_control_plane_that_could_not_run(account, settings):
    """The model: "single-unit durations such as 30m or 1h", and a port range's minimum and maximum."""
    assert told(account, **settings)["Code"] == INVALID
    assert refused(account.eks, "update_cluster_config", name="c", **settings)["Code"] == INVALID


def test_a_control_plane_that_can(account):
    config = {"eventTtl": "30m", "serviceNodePortRange": {"minPort": 30000, "maxPort": 31000}}
    assert change(account, kubeApiServerConfig=config)["type"] == "ControlPlaneComponentConfigUpdate"


def test_extended_support_is_not_left(account):
    """The model of upgradePolicy: "You cannot disable extended support once it starts."."""
    account.cluster("d", "1.33")
    policy = {"supportType": "STANDARD"}
    assert refused(account.eks, "update_cluster_config", name="d", upgradePolicy=policy)["Code"] == INVALID
    assert change(account, upgradePolicy=policy)["type"] == "UpgradePolicyUpdate"


@pytest.mark.parametrize(
    "key", ["arn:aws:kms:eu-west-1:123456789012:key/k", "arn:aws:kms:us-east-1:123456789012:grant/k", ""]
)
def test_secrets_are_encrypted_with_a_key_of_the_clusters_region(account, key):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_Provider.html."""
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    assert told(account, encryptionConfig=config)["Code"] == INVALID
    error = refused(account.eks, "associate_encryption_config", clusterName="c", encryptionConfig=config)
    assert error["Code"] == INVALID


def test_secrets_are_encrypted_with_a_key(account):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_AssociateEncryptionConfig.html."""
    error = refused(account.eks, "associate_encryption_config", clusterName="c", encryptionConfig=[])
    assert error["Code"] == INVALID
