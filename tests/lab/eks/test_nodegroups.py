"""Managed node groups: aws-facts of https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

NOT_THERE = {"clusterName": "c", "nodegroupName": "g"}


def test_a_group_goes_up_and_down_and_away(account):
    eks, fleet = account.eks, account.fleet
    assert eks.create_nodegroup(**account.request(labels={"a": "b"}))["nodegroup"]["status"] == "CREATING"
    group = account.reach("g", "ACTIVE")
    assert (group["version"], group["amiType"], group["diskSize"]) == ("1.34", "AL2023_x86_64_STANDARD", 20)
    assert group["releaseVersion"].startswith("1.34.")
    assert "remoteAccess" not in group
    assert "launchTemplate" not in group
    assert len(fleet.nodes) == 2
    assert {role for _ip, role in fleet.nodes.values()} == {account.role}

    update = eks.update_nodegroup_config(
        **NOT_THERE, scalingConfig={"desiredSize": 3}, labels={"addOrUpdateLabels": {"x": "y"}, "removeLabels": ["a"]}
    )["update"]
    assert (update["status"], update["type"]) == ("InProgress", "ConfigUpdate")
    assert {"type": "DesiredSize", "value": "3"} in update["params"]
    assert account.reach("g", "ACTIVE")["labels"] == {"x": "y"}
    assert len(fleet.nodes) == 3
    answer = eks.describe_update(name="c", nodegroupName="g", updateId=update["id"])["update"]
    assert answer["status"] == "Successful"
    assert eks.list_updates(name="c", nodegroupName="g")["updateIds"] == [update["id"]]

    eks.update_nodegroup_config(**NOT_THERE, scalingConfig={"desiredSize": 1})
    account.reach("g", "ACTIVE")
    assert len(fleet.nodes) == 1
    with pytest.raises(ClientError, match="ResourceInUseException.*nodegroups attached"):
        eks.delete_cluster(name="c")
    assert eks.delete_nodegroup(**NOT_THERE)["nodegroup"]["status"] == "DELETING"
    account.gone()
    assert not fleet.nodes
    assert not fleet.disks


def test_what_is_asked_is_kept(account):
    pool = {"enabled": False, "minSize": 1}
    kept = {
        "updateConfig": {"maxUnavailablePercentage": 50, "updateStrategy": "MINIMAL"},
        "nodeRepairConfig": {"enabled": True, "maxParallelNodesRepairedCount": 1},
        "warmPoolConfig": pool,
        "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
        "tags": {"k": "v"},
        "capacityType": "SPOT",
        "instanceTypes": ["t3.large", "t3a.large"],
        "diskSize": 50,
    }
    group = account.group(desired=0, **kept)
    assert {key: group[key] for key in kept} == kept
    # Omitted members of the warm pool's settings keep their values.
    account.eks.update_nodegroup_config(**NOT_THERE, warmPoolConfig={"minSize": 2})
    assert account.reach("g", "ACTIVE")["warmPoolConfig"] == {"enabled": False, "minSize": 2}


def test_a_request_that_comes_twice_with_its_token_is_done_once(account):
    request = account.request(desired=0, clientRequestToken="once")
    first = account.eks.create_nodegroup(**request)["nodegroup"]
    assert account.eks.create_nodegroup(**request)["nodegroup"]["nodegroupArn"] == first["nodegroupArn"]
    with pytest.raises(ClientError, match="ResourceInUseException.*already exists"):
        account.eks.create_nodegroup(**account.request(desired=0))
    account.reach("g", "ACTIVE")
    account.eks.delete_nodegroup(**NOT_THERE)
    account.gone()
    assert account.eks.create_nodegroup(**request)["nodegroup"]["nodegroupArn"] != first["nodegroupArn"]
    account.reach("g", "ACTIVE")


def test_groups_are_listed_in_pages(account):
    for name in ("b", "a", "d"):
        account.group(name, 0)
    first = account.eks.list_nodegroups(clusterName="c", maxResults=2)
    assert first["nodegroups"] == ["a", "b"]
    rest = account.eks.list_nodegroups(clusterName="c", maxResults=2, nextToken=first["nextToken"])
    assert rest["nodegroups"] == ["d"]
    assert "nextToken" not in rest
    with pytest.raises(ClientError, match="InvalidParameterException.*nextToken"):
        account.eks.list_nodegroups(clusterName="c", nextToken="none of ours")


@pytest.mark.parametrize(
    "call",
    [
        lambda eks: eks.list_nodegroups(clusterName="nobody"),
        lambda eks: eks.describe_nodegroup(clusterName="nobody", nodegroupName="g"),
        lambda eks: eks.describe_nodegroup(clusterName="c", nodegroupName="nobody"),
        lambda eks: eks.delete_nodegroup(clusterName="c", nodegroupName="nobody"),
        lambda eks: eks.update_nodegroup_config(clusterName="c", nodegroupName="nobody"),
        lambda eks: eks.update_nodegroup_version(clusterName="c", nodegroupName="nobody"),
        lambda eks: eks.create_nodegroup(clusterName="nobody", nodegroupName="g", nodeRole="x", subnets=["y"]),
        lambda eks: eks.list_updates(name="c", nodegroupName="nobody"),
        lambda eks: eks.describe_update(name="c", updateId="nobody"),
    ],
)
def test_what_is_not_there_is_not_found(account, call):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        call(account.eks)
