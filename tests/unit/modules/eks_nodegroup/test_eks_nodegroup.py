"""What eks_nodegroup makes of a node group."""

from __future__ import annotations

import copy

import pytest
from nodegroup_backend import NEW, WRITES, four_times


def test_created_once_and_waited_for(group, client):
    _predicted, done = four_times(group, client, **NEW)
    assert done["status"] == "ACTIVE"
    assert done["labels"] == {"example.com/nodeRole": "Worker", "Spot": "false"}
    assert done["tags"] == {"costCentre": "A"}
    assert done["created_at"] == "2026-01-01T00:00:00+00:00"
    request = client.requests("CreateNodegroup")[0]
    assert request["scalingConfig"] == {"minSize": 1, "maxSize": 4, "desiredSize": 2}
    assert "launchTemplate" not in request


OTHERS = {
    "node_role": NEW["node_role"],
    "subnets": ["subnet-1"],
    "ami_type": "BOTTLEROCKET_x86_64_NVIDIA_FIPS",
    "capacity_type": "SPOT",
    "remote_access": {"ec2_ssh_key": "me", "source_security_groups": ["sg-2", "sg-1"]},
    "release_version": "1.34.0-20260715",
    "update_config": {"max_unavailable_percentage": 10, "update_strategy": "MINIMAL"},
    "node_repair_config": {
        "enabled": True,
        "max_unhealthy_node_threshold_percentage": 20,
        "max_parallel_nodes_repaired_count": 1,
        "node_repair_config_overrides": [
            {
                "node_monitoring_condition": "AcceleratedHardwareReady",
                "node_unhealthy_reason": "NvidiaXID13Error",
                "min_repair_wait_time_mins": 10,
                "repair_action": "Reboot",
            },
            {
                "node_monitoring_condition": "NetworkingReady",
                "node_unhealthy_reason": "InterfaceNotUp",
                "min_repair_wait_time_mins": 5,
                "repair_action": "NoAction",
            },
        ],
    },
    "warm_pool_config": {
        "enabled": True,
        "min_size": 0,
        "max_group_prepared_capacity": 4,
        "pool_state": "RUNNING",
        "reuse_on_scale_in": True,
    },
}


def test_every_other_option_comes_back_as_it_went_in(group, client):
    _predicted, done = four_times(group, client, **OTHERS)
    assert {option: done[option] for option in OTHERS} == OTHERS
    request = client.requests("CreateNodegroup")[0]
    assert request["remoteAccess"] == {"ec2SshKey": "me", "sourceSecurityGroups": ["sg-2", "sg-1"]}
    assert request["nodeRepairConfig"]["nodeRepairConfigOverrides"][0]["minRepairWaitTimeMins"] == 10
    again = copy.deepcopy(OTHERS)
    again["node_repair_config"]["node_repair_config_overrides"].reverse()
    again["remote_access"]["source_security_groups"].reverse()
    assert not group(**again)["changed"]


def test_created_without_waiting(group, client):
    assert group(**NEW, wait=False)["nodegroup"]["status"] == "CREATING"
    assert client.names() == ["DescribeNodegroup", "CreateNodegroup"]


def test_nothing_to_do_is_one_call(group, client):
    group(**NEW)
    client.calls.clear()
    assert not group(**NEW)["changed"]
    assert client.names() == ["DescribeNodegroup"]


def test_what_is_left_out_is_left_alone(group, client):
    group(**NEW)
    assert not group()["changed"]
    four_times(group, client, scaling_config={"desired_size": 3})
    request = client.requests("UpdateNodegroupConfig")[0]
    assert request["scalingConfig"] == {"minSize": 1, "maxSize": 4, "desiredSize": 3}
    assert not {"labels", "taints", "updateConfig"} & set(request)
    assert "DescribeUpdate" in client.names()


def test_desired_size_follows_its_bounds(group, client):
    group(**NEW)
    predicted, _done = four_times(group, client, scaling_config={"min_size": 3})
    assert predicted["scaling_config"] == {"min_size": 3, "max_size": 4, "desired_size": 3}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"min_size": 5}, "scaling_config.min_size is 5 but must be at most max_size, 4."),
        ({"desired_size": 5}, "scaling_config.desired_size is 5 but must be at most max_size, 4."),
        ({"desired_size": 0}, "scaling_config.desired_size is 0 but must be at least min_size, 1."),
    ],
)
def test_sizes_have_to_suit_those_that_stay(group, client, sizes, words, check):
    group(**NEW)
    client.calls.clear()
    assert group(check=check, scaling_config=sizes)["msg"] == words
    assert not set(client.names()) & WRITES


def test_labels_and_taints_are_added_changed_and_removed(group, client, eks):
    group(**NEW)
    taints = [{"key": "dedicated", "effect": "NO_EXECUTE"}, {"key": "more", "value": "", "effect": "NO_SCHEDULE"}]
    _predicted, done = four_times(group, client, labels={"example.com/nodeRole": "other", "New": 1}, taints=taints)
    request = client.requests("UpdateNodegroupConfig")[0]
    assert request["labels"] == {
        "addOrUpdateLabels": {"example.com/nodeRole": "other", "New": "1"},
        "removeLabels": ["Spot"],
    }
    assert request["taints"]["removeTaints"] == [{"key": "startUp", "value": "yes", "effect": "NO_SCHEDULE"}]
    assert [taint["key"] for taint in request["taints"]["addOrUpdateTaints"]] == ["dedicated", "more"]
    assert done["labels"] == eks.group["labels"]
    four_times(group, client, labels={}, taints=[])
    assert eks.group["labels"] == {} and eks.group["taints"] == []


def test_taint_value_changes_in_place(group, client):
    group(**NEW)
    four_times(group, client, taints=[{"key": "startUp", "value": "no", "effect": "NO_SCHEDULE"}])
    assert "removeTaints" not in client.requests("UpdateNodegroupConfig")[0]["taints"]


def test_percentage_takes_the_place_of_the_number(group, client, eks):
    group(**NEW)
    four_times(group, client, update_config={"max_unavailable_percentage": 50})
    assert eks.group["updateConfig"] == {"maxUnavailablePercentage": 50}
    four_times(group, client, update_config={"update_strategy": "MINIMAL"})
    assert eks.group["updateConfig"] == {"maxUnavailablePercentage": 50, "updateStrategy": "MINIMAL"}


def test_repair_changes_in_part(group, client, eks):
    group(**OTHERS)
    before = copy.deepcopy(eks.group["nodeRepairConfig"])
    four_times(group, client, node_repair_config={"max_unhealthy_node_threshold_count": 3})
    del before["maxUnhealthyNodeThresholdPercentage"]
    assert eks.group["nodeRepairConfig"] == {**before, "maxUnhealthyNodeThresholdCount": 3}
    four_times(group, client, node_repair_config={"node_repair_config_overrides": []})
    assert eks.group["nodeRepairConfig"]["nodeRepairConfigOverrides"] == []


def test_what_was_never_on_is_off(group):
    group(**NEW)
    assert not group(node_repair_config={"enabled": False}, warm_pool_config={"enabled": False})["changed"]


def test_warm_pool_that_is_off_keeps_nothing(group, client, eks):
    group(**OTHERS)
    four_times(group, client, warm_pool_config={"enabled": False, "min_size": 2})
    del eks.group["warmPoolConfig"]
    assert not group(warm_pool_config={"enabled": False, "min_size": 2})["changed"]
    four_times(group, client, warm_pool_config={"enabled": True})


def test_version_is_its_own_update_after_the_configuration(group, client, eks):
    group(**NEW)
    eks.group["releaseVersion"] = "1.34.0-20260101"
    client.calls.clear()
    done = group(version="1.35", scaling_config={"max_size": 5}, check=True)
    assert "release_version" not in done["nodegroup"], "only EKS knows it"
    group(version="1.35", scaling_config={"max_size": 5})
    updates = [name for name in client.names() if name.startswith("UpdateNodegroup")]
    assert updates == ["UpdateNodegroupConfig", "UpdateNodegroupVersion"]
    [request] = client.requests("UpdateNodegroupVersion")
    del request["clientRequestToken"]
    assert request == {"clusterName": "demo", "nodegroupName": "workers", "version": "1.35"}
    assert not group(version="1.35")["changed"]


def test_version_is_forced_only_when_it_changes(group, client, eks):
    group(**NEW)
    four_times(group, client, version="1.35", release_version="1.35.1-20260801", force=True)
    assert client.requests("UpdateNodegroupVersion")[0]["force"] is True
    assert eks.group["releaseVersion"] == "1.35.1-20260801"


@pytest.mark.parametrize(
    ("release", "version"), [("1.34.0-20260801", "1.34"), ("1.35.0-20260801", None), ("1.20.3-5d9ac849", None)]
)
def test_release_alone_keeps_the_version_it_belongs_to(group, client, eks, release, version):
    group(**NEW)
    eks.group["releaseVersion"] = "1.34.0-20260101"
    four_times(group, client, release_version=release)
    request = client.requests("UpdateNodegroupVersion")[0]
    assert request["releaseVersion"] == release and request.get("version") == version


def test_launch_template_version_rolls_and_nothing_else_moves(group, client, eks):
    group(**NEW)
    eks.group["launchTemplate"] = {"id": "lt-1", "name": "nodes", "version": "1"}
    eks.group["releaseVersion"] = "1.34.0-20260101"
    four_times(group, client, launch_template={"name": "nodes", "version": "2"})
    request = client.requests("UpdateNodegroupVersion")[0]
    assert request["launchTemplate"] == {"id": "lt-1", "version": "2"}
    assert (request["version"], request["releaseVersion"]) == ("1.34", "1.34.0-20260101")
    assert "launch_template.id is 'lt-1' and cannot become 'lt-2'" in group(launch_template={"id": "lt-2"})["msg"]
    assert not group(launch_template={"id": "lt-1"})["changed"]


@pytest.mark.parametrize(("version", "number"), [("$Latest", "3"), ("$Default", "2"), ("1", "1"), (None, "2")])
@pytest.mark.parametrize("template", [{"id": "lt-1"}, {"name": "nodes"}])
def test_check_mode_tells_of_a_template_as_eks_does(group, client, eks, ec2, version, number, template):
    options = {"node_role": NEW["node_role"], "subnets": ["subnet-1"]}
    asked = {**template, **({"version": version} if version else {})}
    predicted, done = four_times(group, client, **options, launch_template=asked)
    whole = {"id": "lt-1", "name": "nodes", "version": number}
    assert predicted["launch_template"] == done["launch_template"] == whole
    # What is a number already needs no asking where nothing is new.
    assert ec2.names() == ["DescribeLaunchTemplates"] * (4 if asked.get("version", "").startswith("$") else 2)


@pytest.mark.parametrize("template", [{"id": "lt-1"}, {"name": "nodes"}])
def test_template_that_is_not_there_yet_is_a_matter_of_the_real_run(group, eks, ec2, template):
    options = {"node_role": NEW["node_role"], "subnets": ["subnet-1"], "launch_template": template}
    ec2.backend.templates = []
    assert group(check=True, **options)["nodegroup"]["launch_template"] == template
    told = f"launch template '{next(iter(template.values()))}' is not there."
    assert group(**options)["msg"] == told and eks.group is None


def test_custom_ami_takes_its_version_from_the_template(group, client, eks):
    group(**{key: NEW[key] for key in ("node_role", "subnets")}, launch_template={"id": "lt-1", "version": "1"})
    eks.group.update(amiType="CUSTOM", version="1.34", releaseVersion="ami-1")
    four_times(group, client, launch_template={"id": "lt-1", "version": "2"})
    assert not {"version", "releaseVersion"} & set(client.requests("UpdateNodegroupVersion")[0])
    for option in ("version", "release_version"):
        assert f"{option} cannot change, because its AMI is its launch template's" in group(**{option: "1.40"})["msg"]


def test_group_without_a_template_never_gets_one(group):
    group(**NEW)
    assert "launch_template.id is not set and cannot become 'lt-1'" in group(launch_template={"id": "lt-1"})["msg"]


def test_tags_change_alone(group, client, eks):
    group(**NEW)
    eks.group["tags"]["aws:x"] = "y"
    _predicted, done = four_times(group, client, tags={"New": 1})
    assert done["tags"] == eks.group["tags"] == {"New": "1", "aws:x": "y"}
    assert not {"UpdateNodegroupConfig", "UpdateNodegroupVersion"} & set(client.names())
    four_times(group, client, tags={"More": ""}, purge_tags=False)
    assert eks.group["tags"] == {"New": "1", "aws:x": "y", "More": ""}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("subnets", ["subnet-1"]),
        ("instance_types", ["m6i.large", "m7i.large"]),
        ("ami_type", "AL2023_ARM_64_STANDARD"),
        ("disk_size", 20),
        ("node_role", "arn:aws:iam::123456789012:role/other"),
        ("capacity_type", "SPOT"),
        ("remote_access", {"ec2_ssh_key": "me"}),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_what_cannot_change_fails_and_nothing_is_done(group, client, option, value, check):
    group(**NEW)
    client.calls.clear()
    failed = group(check=check, scaling_config={"desired_size": 3}, **{option: value})
    assert failed["msg"].startswith(f"node group 'workers': {option} is ")
    assert failed["msg"].endswith("; only a new node group can have that.")
    assert not set(client.names()) & WRITES


def test_order_of_subnets_means_nothing(group):
    group(**NEW)
    assert not group(subnets=["subnet-1", "subnet-2"])["changed"]
