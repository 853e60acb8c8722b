"""Updates of a node group: in place, or by new nodes.

https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.lab.eks.calls import refused

GROUP = {"clusterName": "c", "nodegroupName": "g"}


def test_a_version_update_replaces_every_node(account):
    account.group(updateConfig={"maxUnavailable": 2})
    before = set(account.fleet.nodes)
    with pytest.raises(ClientError, match="InvalidParameterException.*greater than the cluster's version"):
        account.eks.update_nodegroup_version(**GROUP, version="1.35")
    account.eks.update_cluster_version(name="c", version="1.35")
    account.until(lambda: account.eks.describe_cluster(name="c")["cluster"]["status"] == "ACTIVE")
    account.eks.update_nodegroup_version(**GROUP)
    group = account.reach("g", "ACTIVE")
    assert group["version"] == "1.35"
    assert group["releaseVersion"].startswith("1.35.")
    assert len(account.fleet.nodes) == 2
    assert not before & set(account.fleet.nodes)
    with pytest.raises(ClientError, match="InvalidParameterException.*rolled back"):
        account.eks.update_nodegroup_version(**GROUP, version="1.34")


def test_taints_are_known_by_key_and_effect(account):
    taint = {"key": "k", "value": "v", "effect": "NO_SCHEDULE"}
    other = {**taint, "effect": "NO_EXECUTE"}
    account.group(desired=0, taints=[taint, other])
    update = account.eks.update_nodegroup_config(**GROUP, taints={"addOrUpdateTaints": [{**taint, "value": "w"}]})
    # As AWS's example has it: https://docs.aws.amazon.com/cli/latest/reference/eks/update-nodegroup-config.html
    value = '[{"key":"k","value":"w","effect":"NO_SCHEDULE"}]'
    assert update["update"]["params"] == [{"type": "TaintsToAdd", "value": value}]
    assert account.reach("g", "ACTIVE")["taints"] == [other, {**taint, "value": "w"}]
    account.eks.update_nodegroup_config(**GROUP, taints={"removeTaints": [other]})
    assert account.reach("g", "ACTIVE")["taints"] == [{**taint, "value": "w"}]


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ({"version": "1.36"}, "can't be greater"),
        ({"version": "1.33"}, "can't be rolled back"),
        ({"version": "1.19"}, "unsupported Kubernetes version"),
        ({"version": "newest"}, "unsupported Kubernetes version"),
        ({"version": "1"}, "unsupported Kubernetes version"),
        ({"releaseVersion": "1.33.1-20260715"}, "not valid for kubernetes version"),
        ({"launchTemplate": {"name": "nobody"}}, "Launch template was not specified"),
    ],
)
def test_a_version_a_node_group_cannot_have(account, versions, message):
    account.group(desired=0)
    error = refused(account.eks, "update_nodegroup_version", clusterName="c", nodegroupName="g", **versions)
    assert error["Code"] == "InvalidParameterException"
    assert message in error["Message"]


def taint(effect="NO_SCHEDULE", key="k"):
    return {"key": key, "value": "v", "effect": effect}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "No updates"),
        ({"scalingConfig": {}}, "Either all or at least one of minSize, maxSize, desiredSize must be provided"),
        ({"labels": {}}, "Both or either addOrUpdateLabels or removeLabels must not be empty"),
        ({"taints": {"removeTaints": []}}, "Both or either addOrUpdateTaints or removeTaints must not be empty"),
        ({"updateConfig": {}}, "updateConfig must not be empty"),
        ({"nodeRepairConfig": {}}, "nodeRepairConfig must not be empty"),
        ({"warmPoolConfig": {}}, "warmPoolConfig must not be empty"),
        ({"labels": {"addOrUpdateLabels": {"team": "blue!"}}}, "Invalid value: blue! :"),
        ({"scalingConfig": {"minSize": 3}}, "Minimum capacity 3 can't be greater than desired size 1"),
        ({"scalingConfig": {"desiredSize": 5}}, "Desired capacity 5 can't be greater than max size 4"),
        ({"scalingConfig": {"maxSize": 0}}, "greater than or equal to 1"),
        ({"labels": {"addOrUpdateLabels": {"eks.amazonaws.com/x": "y"}}}, "reserved prefixes"),
        ({"taints": {"addOrUpdateTaints": [taint("Never")]}}, "NO_SCHEDULE"),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 5}}, "at the same time"),
        ({"warmPoolConfig": {"poolState": "Running"}}, "RUNNING"),
        ({"updateConfig": {"maxUnavailable": 5}}, "max-unavailable must be within the range 1 and max size"),
    ],
)
def test_a_change_that_aws_would_not_make(account, change, message):
    before = account.group(desired=1)
    with pytest.raises(ClientError) as caught:
        account.eks.update_nodegroup_config(clusterName="c", nodegroupName="g", **change)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert message in caught.value.response["Error"]["Message"]
    assert account.describe() == before


def test_a_group_made_without_a_launch_template_never_gets_one(account):
    account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData={"EbsOptimized": True})
    account.group(desired=0)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        account.eks.update_nodegroup_version(clusterName="c", nodegroupName="g", launchTemplate={"name": "mine"})


def test_a_group_keeps_to_its_launch_template(account):
    for name in ("mine", "other"):
        account.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"EbsOptimized": True})
    account.group(desired=0, launchTemplate={"name": "mine"})
    with pytest.raises(ClientError, match="different launch template"):
        account.eks.update_nodegroup_version(clusterName="c", nodegroupName="g", launchTemplate={"name": "other"})


def test_a_busy_group_takes_no_update(account):
    account.group(desired=1)
    account.fleet.slow.clear()
    account.eks.update_nodegroup_config(clusterName="c", nodegroupName="g", scalingConfig={"desiredSize": 2})
    try:
        with pytest.raises(ClientError, match="ResourceInUseException.*not in Active State"):
            account.eks.update_nodegroup_config(clusterName="c", nodegroupName="g", scalingConfig={"desiredSize": 1})
    finally:
        account.fleet.slow.set()
    account.reach("g", "ACTIVE")
