from __future__ import annotations

import copy
import datetime

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:eks:eu-central-1:123456789012:nodegroup/demo/workers/1"
NEW = {
    "node_role": "arn:aws:iam::123456789012:role/node",
    "subnets": ["subnet-2", "subnet-1"],
    "instance_types": ["m7i.large", "m6i.large"],
    "ami_type": "AL2023_x86_64_STANDARD",
    "capacity_type": "ON_DEMAND",
    "disk_size": 100,
    "scaling_config": {"min_size": 1, "max_size": 4, "desired_size": 2},
    "update_config": {"max_unavailable": 1},
    "labels": {"example.com/nodeRole": "Worker", "Spot": False},
    "taints": [{"key": "startUp", "value": "yes", "effect": "NO_SCHEDULE"}],
    "tags": {"costCentre": "A"},
    "version": "1.34",
}
TEMPLATE = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "nodes"}
WRITES = {"CreateNodegroup", "UpdateNodegroupConfig", "UpdateNodegroupVersion", "DeleteNodegroup"}
WRITES |= {"TagResource", "UntagResource"}


def missing(operation):
    return ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, operation)


class Eks:
    """One node group that takes a look or two to come to rest."""

    def __init__(self):
        self.group, self.after, self.refusal, self.update_ends = None, [], {}, "Successful"
        self.update_leaves, self.ailments, self.tokens = "ACTIVE", [], []

    def __getattribute__(self, name):
        if name[0].isupper() and name in self.refusal:
            raise ClientError({"Error": {"Code": self.refusal[name], "Message": "refused"}}, name)
        return super().__getattribute__(name)

    def _begin(self, *statuses):
        self.after = list(statuses)
        self.group["status"] = self.after.pop(0)

    def DescribeNodegroup(self, clusterName, nodegroupName):
        if self.group is None:
            raise missing("DescribeNodegroup")
        answer = copy.deepcopy(self.group)
        if self.after:
            self.group["status"] = self.after.pop(0)
            if self.group["status"] == "GONE":
                self.group = None
        return {"nodegroup": answer}

    def CreateNodegroup(self, clientRequestToken, **request):
        self.tokens.append(clientRequestToken)
        if "launchTemplate" in request:
            template = request["launchTemplate"]
            assert len({"id", "name"} & set(template)) == 1
            request["launchTemplate"] = {"id": "lt-1", "name": "nodes", "version": template.get("version", "2")}
        created = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        self.group = {**request, "nodegroupArn": ARN, "createdAt": created, "health": {"issues": []}}
        self._begin("CREATING", "CREATING", "ACTIVE")
        return {"nodegroup": copy.deepcopy(self.group)}

    def _update(self):
        assert self.group["status"] in ("ACTIVE", "DEGRADED")
        self._begin("UPDATING", self.update_leaves)
        self.group["health"]["issues"] = self.ailments
        return {"update": {"id": "u-1", "status": "InProgress"}}

    def UpdateNodegroupConfig(self, clusterName, nodegroupName, clientRequestToken, labels=None, taints=None, **blocks):
        self.tokens.append(clientRequestToken)
        self.group.update(blocks)
        if labels:
            kept = {
                key: value for key, value in self.group["labels"].items() if key not in labels.get("removeLabels", [])
            }
            self.group["labels"] = {**kept, **labels.get("addOrUpdateLabels", {})}
        if taints:
            changed, removed = taints.get("addOrUpdateTaints", []), taints.get("removeTaints", [])
            touched = [(taint["key"], taint["effect"]) for taint in changed + removed]
            kept = [taint for taint in self.group["taints"] if (taint["key"], taint["effect"]) not in touched]
            self.group["taints"] = kept + changed
        return self._update()

    def UpdateNodegroupVersion(self, clientRequestToken, clusterName, nodegroupName, launchTemplate=None, **versions):
        self.tokens.append(clientRequestToken)
        versions.pop("force", None)
        self.group.update(versions)
        if launchTemplate:
            assert {"id", "name"} & set(launchTemplate) == {"id"}
            self.group["launchTemplate"] |= launchTemplate
        return self._update()

    def DescribeUpdate(self, name, nodegroupName, updateId):
        errors = [{"errorCode": "AccessDenied", "errorMessage": "no", "resourceIds": []}]
        return {"update": {"id": updateId, "status": self.update_ends, "errors": errors}}

    def DeleteNodegroup(self, clusterName, nodegroupName):
        assert self.group["status"] not in ("CREATING", "UPDATING")
        self._begin("DELETING", "DELETING", "GONE")
        return {"nodegroup": self.group}

    def TagResource(self, resourceArn, tags):
        self.group["tags"] = {**self.group.get("tags", {}), **tags}

    def UntagResource(self, resourceArn, tagKeys):
        self.group["tags"] = {key: value for key, value in self.group["tags"].items() if key not in tagKeys}


class Ec2:
    def __init__(self):
        self.templates = [{**TEMPLATE, "LatestVersionNumber": 3, "DefaultVersionNumber": 2}]

    def DescribeLaunchTemplates(self, LaunchTemplateIds=None, LaunchTemplateNames=None):
        assert LaunchTemplateIds == ["lt-1"] or LaunchTemplateNames == ["nodes"]
        if not self.templates:
            code = f"InvalidLaunchTemplate{'Id.NotFound' if LaunchTemplateIds else 'Name.NotFoundException'}"
            raise ClientError({"Error": {"Code": code, "Message": "none"}}, "DescribeLaunchTemplates")
        return {"LaunchTemplates": self.templates}


@pytest.fixture(name="ec2", autouse=True)
def ec2_fixture(strict_client):
    return strict_client("ec2", Ec2())


@pytest.fixture(name="eks")
def eks_fixture(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return Eks()


@pytest.fixture(name="client")
def client_fixture(strict_client, eks):
    return strict_client("eks", eks)


@pytest.fixture(name="group")
def group_fixture(run_module, client):
    def run(check=False, **options):
        return run_module("eks_nodegroup", check=check, cluster_name="demo", nodegroup_name="workers", **options)

    return run


def four_times(run, client, **options):
    """Check, do, do again and check again; return the results of the first two, and leave the second one's calls."""
    client.calls.clear()
    predicted = run(check=True, **options)
    assert not set(client.names()) & WRITES
    client.calls.clear()
    done = run(**options)
    assert predicted["changed"] and done["changed"], (predicted, done)
    assert predicted["diff"] == done["diff"]
    assert {key: value for key, value in done["nodegroup"].items() if key in predicted["nodegroup"]} == {
        **predicted["nodegroup"],
        **({"status": done["nodegroup"]["status"]} if "status" in predicted["nodegroup"] else {}),
    }
    requests = list(client.calls)
    for check in (False, True):
        client.calls.clear()
        again = run(check=check, **options)
        assert not again["changed"], again
        assert again["diff"]["before"] == again["diff"]["after"]
        assert again["nodegroup"] == done["nodegroup"]
        assert not set(client.names()) & WRITES
        assert len(client.names()) <= 2
        assert not again.get("warnings")
    client.calls[:] = requests
    return predicted["nodegroup"], done["nodegroup"]


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


def test_deleted_once_and_waited_for(group, client, eks):
    group(**NEW)
    _predicted, done = four_times(group, client, state="absent")
    assert done == {} and eks.group is None


def test_deleted_without_waiting(group, client, eks):
    group(**NEW)
    client.calls.clear()
    assert group(state="absent", wait=False)["changed"]
    assert client.names() == ["DescribeNodegroup", "DeleteNodegroup"]
    assert not group(state="absent", wait=False)["changed"], "it is on its way"


def test_busy_group_is_deleted_when_it_has_come_to_rest(group, client, eks):
    group(**NEW)
    eks._begin("UPDATING", "UPDATING", "ACTIVE")
    assert group(state="absent")["changed"]
    assert eks.group is None


def test_deletion_that_fails_is_told(group, eks, monkeypatch):
    group(**NEW)

    def fail(*_statuses):
        eks.group["status"] = "DELETE_FAILED"
        eks.group["health"]["issues"] = [AILMENT]

    monkeypatch.setattr(eks, "_begin", fail)
    assert group(state="absent")["msg"] == (
        "node group 'workers': could not be deleted: it was last seen DELETE_FAILED; "
        "NodeCreationFailure: no nodes (i-1, i-2)."
    )


def test_busy_group_comes_to_rest_before_its_update(group, eks):
    group(**NEW)
    eks._begin("UPDATING", "UPDATING", "ACTIVE")
    assert group(scaling_config={"desired_size": 3})["nodegroup"]["status"] == "ACTIVE"


def test_busy_group_is_waited_for_though_nothing_changes(group, eks):
    group(**NEW)
    eks._begin("UPDATING", "UPDATING", "ACTIVE")
    result = group()
    assert not result["changed"] and result["nodegroup"]["status"] == "ACTIVE"
    eks._begin("UPDATING", "ACTIVE")
    assert group(wait=False)["nodegroup"]["status"] == "UPDATING"


def test_change_without_waiting_tells_what_it_will_be(group, client, eks):
    group(**NEW)
    client.calls.clear()
    done = group(scaling_config={"desired_size": 3}, labels={}, wait=False)
    assert done["nodegroup"]["scaling_config"]["desired_size"] == 3 and done["nodegroup"]["labels"] == {}
    assert "DescribeUpdate" not in client.names()


def test_group_on_its_way_out_is_made_again(group, eks):
    group(**NEW)
    eks._begin("DELETING", "DELETING", "GONE")
    assert group(**NEW, check=True)["changed"]
    assert group(**NEW)["nodegroup"]["status"] == "ACTIVE"
    eks._begin("DELETING", "DELETING", "GONE")
    assert "is DELETING and has to be gone" in group(**NEW, wait=False)["msg"]


AILMENT = {"code": "NodeCreationFailure", "message": "no nodes", "resourceIds": ["i-1", "i-2"]}


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DEGRADED"])
def test_failed_creation_is_told_with_its_reasons(group, eks, monkeypatch, status):
    def fail(*_statuses):
        eks.group["status"] = status
        eks.group["health"]["issues"] = [AILMENT]

    monkeypatch.setattr(eks, "_begin", fail)
    assert group(**NEW)["msg"] == (
        f"node group 'workers': could not become ACTIVE: it was last seen {status}; "
        "NodeCreationFailure: no nodes (i-1, i-2)."
    )


@pytest.mark.parametrize("check", [False, True])
def test_failed_group_has_to_go_first(group, eks, check):
    group(**NEW)
    eks.group.update(status="CREATE_FAILED", health={"issues": [{**AILMENT, "resourceIds": []}]})
    assert group(**NEW, check=check)["msg"] == (
        "node group 'workers' is CREATE_FAILED and has to be gone before it can be created; "
        "NodeCreationFailure: no nodes."
    )


@pytest.mark.parametrize("check", [False, True])
def test_what_ails_a_group_is_a_warning_when_there_is_nothing_to_do(group, eks, check):
    group(**NEW)
    eks.group.update(status="DEGRADED", health={"issues": [AILMENT]})
    done = group(**NEW, check=check)
    assert not done["changed"]
    assert "node group 'workers' is DEGRADED; NodeCreationFailure: no nodes (i-1, i-2)." in str(done["warnings"])


def test_failed_update_is_told_although_the_group_is_active(group, eks):
    group(**NEW)
    eks.update_ends = "Failed"
    assert group(scaling_config={"desired_size": 3})["msg"] == (
        "node group 'workers': could not finish its update: the update was last seen Failed; AccessDenied: no."
    )


def test_update_that_leaves_the_group_degraded_is_told(group, eks):
    group(**NEW)
    eks.update_leaves, eks.ailments = "DEGRADED", [AILMENT]
    message = group(scaling_config={"desired_size": 3})["msg"]
    assert "could not become ACTIVE: it was last seen DEGRADED; NodeCreationFailure: no nodes" in message


def test_time_runs_out(group, eks, monkeypatch):
    monkeypatch.setattr(eks, "_begin", lambda *_statuses: eks.group.update(status="CREATING"))
    message = group(**NEW, wait_timeout=10)["msg"]
    assert message == "node group 'workers': could not become ACTIVE in 10 seconds: it was last seen CREATING."


def test_waiting_that_is_refused_is_told(group, eks, monkeypatch):
    begin = eks._begin
    monkeypatch.setattr(eks, "_begin", lambda *args: (begin(*args), eks.refusal.update(DescribeNodegroup="Denied")))
    message = group(**NEW)["msg"]
    assert message == "node group 'workers': could not become ACTIVE: (Denied): refused."


@pytest.mark.parametrize("code", ["ThrottlingException", "ServerException", "ServiceUnavailableException"])
@pytest.mark.parametrize("operation", ["CreateNodegroup", "DescribeNodegroup"])
def test_what_may_pass_is_tried_again(group, eks, monkeypatch, code, operation):
    monkeypatch.setattr("time.sleep", lambda _seconds: eks.refusal.clear())
    eks.refusal[operation] = code
    assert group(**NEW)["changed"]


@pytest.mark.parametrize("options", [NEW, {"labels": {"a": "b"}}, {"release_version": "1.34.9-20261101"}], ids=str)
def test_what_is_asked_for_again_has_the_same_token(group, client, eks, monkeypatch, options):
    if options is not NEW:
        group(**NEW)
    write = {"labels": "UpdateNodegroupConfig", "release_version": "UpdateNodegroupVersion"}.get(
        next(iter(options)), "CreateNodegroup"
    )
    done = getattr(eks, write)

    def done_but_lost(**request):
        monkeypatch.setattr(eks, write, lambda **again: answer)
        answer = done(**request)
        raise ClientError({"Error": {"Code": "ServerException", "Message": "lost"}}, write)

    monkeypatch.setattr(eks, write, done_but_lost)
    assert group(**options)["changed"]
    first, second = [request["clientRequestToken"] for request in client.requests(write)][-2:]
    assert first == second and len(eks.tokens) == len(set(eks.tokens))


def test_group_that_goes_by_itself_is_gone(group, client, eks):
    group(**NEW)
    eks.refusal["DeleteNodegroup"] = "ResourceNotFoundException"
    assert group(state="absent", wait=False)["changed"]


def test_waiting_outlasts_throttling(group, eks, monkeypatch):
    begin = eks._begin

    def throttle(*statuses):
        begin(*statuses)
        eks.refusal["DescribeNodegroup"] = "ThrottlingException"

    monkeypatch.setattr(eks, "_begin", throttle)
    monkeypatch.setattr("time.sleep", lambda _seconds: eks.refusal.clear())
    assert group(**NEW)["nodegroup"]["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("operation", "action", "options"),
    [
        ("DescribeNodegroup", "describe", {}),
        ("UpdateNodegroupConfig", "update its configuration", {"labels": {}}),
        ("UpdateNodegroupVersion", "update its version", {"version": "1.35"}),
        ("TagResource", "tag", {"tags": {"new": "1"}, "purge_tags": False}),
        ("DeleteNodegroup", "delete", {"state": "absent"}),
    ],
)
def test_refusal_is_one_sentence(group, eks, operation, action, options):
    group(**NEW)
    eks.refusal[operation] = "InvalidParameterException"
    message = group(**options)["msg"]
    assert message == f"node group 'workers': could not {action} (InvalidParameterException): refused"


TAINT = {"key": "a", "effect": "NO_SCHEDULE"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cluster_name": "a b"}, "cluster_name is 'a b' but must be 1 to 100 letters"),
        ({"nodegroup_name": "-a"}, "nodegroup_name is '-a' but must be 1 to 63 letters"),
        ({"nodegroup_name": "a" * 64}, "1 to 63 letters"),
        ({"nodegroup_name": ""}, "nodegroup_name is ''"),
        ({"node_role": "node"}, "node_role is 'node'"),
        ({"subnets": []}, "subnets is [] but must have an entry"),
        ({"instance_types": []}, "instance_types is [] but must have an entry"),
        ({"version": 1.30}, "version is '1.3' but must be like '1.34', in quotes"),
        ({"version": "v1.34"}, "version is 'v1.34' but must be like"),
        ({"disk_size": 0}, "disk_size is 0 but must be at least 1"),
        ({"ami_type": "AL2024"}, "ami_type is 'AL2024' but must be one of AL2_x86_64, "),
        ({"scaling_config": {"min_size": 3, "max_size": 2}}, "scaling_config.min_size is 3"),
        ({"scaling_config": {"min_size": 3, "desired_size": 2}}, "must be at least min_size, 3"),
        ({"scaling_config": {"max_size": 1, "desired_size": 2}}, "must be at most max_size, 1"),
        ({"scaling_config": {"max_size": 0}}, "scaling_config.max_size is 0 but must be at least 1"),
        ({"scaling_config": {"min_size": -1}}, "scaling_config.min_size is -1 but must be at least 0"),
        ({"update_config": {"max_unavailable_percentage": 101}}, "is 101 but must be 1 to 100"),
        ({"update_config": {"max_unavailable": 1, "max_unavailable_percentage": 1}}, "mutually exclusive"),
        ({"update_config": {"max_unavailable": 0}}, "update_config.max_unavailable is 0 but must be at least 1"),
        (
            {"node_repair_config": {"node_repair_config_overrides": [{"repair_action": "Reboot"}]}},
            "missing required arguments",
        ),
        ({"warm_pool_config": {"min_size": -1}}, "warm_pool_config.min_size is -1"),
        ({"labels": {"a" * 64: "b"}}, "a key of labels is 'aaa"),
        ({"labels": {"a": "b" * 64}}, "labels.a is 'bbb"),
        ({"labels": {"a": None}}, "labels.a has no value but must be text"),
        ({"taints": [{**TAINT, "effect": "NoSchedule"}]}, "value of effect must be one of"),
        ({"taints": [{**TAINT, "key": "a" * 64}]}, "taints[0].key is 'aaa"),
        ({"taints": [{**TAINT, "value": "a" * 64}]}, "taints[0].value is 'aaa"),
        ({"taints": [TAINT, {**TAINT, "value": "x"}]}, "taints has 'a' with NO_SCHEDULE twice"),
        ({"launch_template": {"version": "1"}}, "one of the following is required: id, name"),
        ({"launch_template": {"id": "lt-1", "name": "nodes"}}, "mutually exclusive: id|name"),
        ({"launch_template": {"id": "1"}}, "launch_template.id is '1' but must be lt- and"),
        ({"launch_template": {"name": "a b"}}, "launch_template.name is 'a b' but must be 3 to 128"),
        ({"launch_template": {"name": "nodes", "version": "last"}}, "version is 'last' but must be a number"),
        ({"launch_template": {"id": "lt-1"}, "disk_size": 20}, "disk_size must be left out beside launch_template"),
        ({"launch_template": {"id": "lt-1"}, "remote_access": {"ec2_ssh_key": "me"}}, "remote_access must be left out"),
        ({"ami_type": "CUSTOM", "version": "1.34"}, "version must be left out where ami_type is 'CUSTOM'"),
        ({"ami_type": "CUSTOM", "warm_pool_config": {"enabled": True}}, "warm_pool_config must be left out"),
        ({"tags": {"aws:a": "b"}}, "aws:a"),
        ({"tags": {f"t{number}": "" for number in range(51)}}, "tags has 51 entries"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_wrong_options_are_refused_before_any_call(run_module, client, options, words, state):
    named = {"cluster_name": "demo", "nodegroup_name": "workers", "state": state}
    assert words in run_module("eks_nodegroup", **{**named, **options})["msg"]
    assert client.calls == []


@pytest.mark.parametrize("check", [False, True])
def test_new_group_needs_role_and_subnets(group, check):
    assert group(check=check)["msg"] == "node group 'workers' is new and needs node_role and subnets."
