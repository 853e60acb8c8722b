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
WRITES = {"CreateNodegroup", "UpdateNodegroupConfig", "UpdateNodegroupVersion", "DeleteNodegroup"}
WRITES |= {"TagResource", "UntagResource"}


def missing(operation):
    return ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, operation)


class Eks:
    """One node group that takes a look or two to come to rest."""

    def __init__(self):
        self.group, self.after, self.refusal, self.update_ends = None, [], None, "Successful"

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

    def CreateNodegroup(self, **request):
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "refused"}}, "CreateNodegroup")
        created = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        self.group = {**request, "nodegroupArn": ARN, "createdAt": created, "health": {"issues": []}}
        self._begin("CREATING", "CREATING", "ACTIVE")
        return {"nodegroup": copy.deepcopy(self.group)}

    def _update(self):
        assert self.group["status"] == "ACTIVE"
        self._begin("UPDATING", "ACTIVE")
        return {"update": {"id": "u-1", "status": "InProgress"}}

    def UpdateNodegroupConfig(self, clusterName, nodegroupName, labels=None, taints=None, **blocks):
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

    def UpdateNodegroupVersion(self, clusterName, nodegroupName, launchTemplate=None, **versions):
        self.group.update(versions)
        if launchTemplate:
            self.group["launchTemplate"] |= launchTemplate
        return self._update()

    def DescribeUpdate(self, name, nodegroupName, updateId):
        errors = [{"errorCode": "AccessDenied", "errorMessage": "no", "resourceIds": []}]
        return {"update": {"id": updateId, "status": self.update_ends, "errors": errors}}

    def DeleteNodegroup(self, clusterName, nodegroupName):
        self._begin("DELETING", "DELETING", "GONE")
        return {"nodegroup": self.group}

    def TagResource(self, resourceArn, tags):
        self.group["tags"] = {**self.group.get("tags", {}), **tags}

    def UntagResource(self, resourceArn, tagKeys):
        self.group["tags"] = {key: value for key, value in self.group["tags"].items() if key not in tagKeys}


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
    """Check, do, do again and check again; return the first two results."""
    client.calls.clear()
    predicted = run(check=True, **options)
    assert not set(client.names()) & WRITES
    done = run(**options)
    assert predicted["changed"] and done["changed"]
    requests = list(client.calls)
    for check in (False, True):
        client.calls.clear()
        again = run(check=check, **options)
        assert not again["changed"], again
        assert again["diff"]["before"] == again["diff"]["after"]
        assert not set(client.names()) & WRITES
    client.calls[:] = requests
    return predicted["nodegroup"], done["nodegroup"]


def test_created_once_and_waited_for(group, client):
    predicted, done = four_times(group, client, **NEW)
    assert done["status"] == "ACTIVE"
    assert done["labels"] == {"example.com/nodeRole": "Worker", "Spot": "false"}
    assert done["tags"] == {"costCentre": "A"}
    assert done["created_at"] == "2026-01-01T00:00:00+00:00"
    assert predicted == {key: value for key, value in done.items() if key in predicted}
    request = client.requests("CreateNodegroup")[0]
    assert request["scalingConfig"] == {"minSize": 1, "maxSize": 4, "desiredSize": 2}
    assert "launchTemplate" not in request


def test_created_without_waiting(group, client):
    assert group(**NEW, wait=False)["nodegroup"]["status"] == "CREATING"
    assert client.names() == ["DescribeNodegroup", "CreateNodegroup"]


def test_what_is_left_out_is_left_alone(group, client):
    group(**NEW)
    assert not group()["changed"]
    _predicted, _done = four_times(group, client, scaling_config={"desired_size": 3})
    request = client.requests("UpdateNodegroupConfig")[0]
    assert request["scalingConfig"] == {"minSize": 1, "maxSize": 4, "desiredSize": 3}
    assert not {"labels", "taints", "updateConfig"} & set(request)
    assert "DescribeUpdate" in client.names()


def test_desired_size_follows_its_bounds(group, client):
    group(**NEW)
    predicted, done = four_times(group, client, scaling_config={"min_size": 3})
    assert predicted["scaling_config"] == done["scaling_config"] == {"min_size": 3, "max_size": 4, "desired_size": 3}


def test_labels_and_taints_are_added_changed_and_removed(group, client, eks):
    group(**NEW)
    taints = [{"key": "dedicated", "effect": "NO_EXECUTE"}, {"key": "more", "value": "", "effect": "NO_SCHEDULE"}]
    predicted, done = four_times(group, client, labels={"example.com/nodeRole": "other", "New": 1}, taints=taints)
    request = client.requests("UpdateNodegroupConfig")[0]
    assert request["labels"] == {
        "addOrUpdateLabels": {"example.com/nodeRole": "other", "New": "1"},
        "removeLabels": ["Spot"],
    }
    assert request["taints"]["removeTaints"] == [{"key": "startUp", "value": "yes", "effect": "NO_SCHEDULE"}]
    assert [taint["key"] for taint in request["taints"]["addOrUpdateTaints"]] == ["dedicated", "more"]
    assert predicted["labels"] == done["labels"] == eks.group["labels"]
    assert predicted["taints"] == done["taints"]
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


def test_repair_and_warm_pool(group, client, eks):
    group(**NEW)
    four_times(group, client, node_repair_config={"enabled": True}, warm_pool_config={"enabled": True, "min_size": 0})
    assert eks.group["warmPoolConfig"] == {"enabled": True, "minSize": 0}


def test_version_is_its_own_update_after_the_configuration(group, client, eks):
    group(**NEW)
    four_times(group, client, version="1.35", scaling_config={"max_size": 5})
    updates = [name for name in client.names() if name.startswith("UpdateNodegroup")]
    assert updates == ["UpdateNodegroupConfig", "UpdateNodegroupVersion"]
    assert eks.group["version"] == "1.35"


def test_launch_template_version_rolls_and_the_template_stays(group, client, eks):
    group(**NEW)
    eks.group["launchTemplate"] = {"id": "lt-1", "name": "nodes", "version": "1"}
    four_times(group, client, launch_template={"name": "nodes", "version": "2"})
    assert client.requests("UpdateNodegroupVersion")[0]["launchTemplate"] == {"id": "lt-1", "version": "2"}
    assert "launch_template.id is 'lt-1' and cannot become 'lt-2'" in group(launch_template={"id": "lt-2"})["msg"]


def test_tags_change_alone(group, client, eks):
    group(**NEW)
    predicted, done = four_times(group, client, tags={"New": "1"})
    assert predicted["tags"] == done["tags"] == eks.group["tags"] == {"New": "1"}
    assert not {"UpdateNodegroupConfig", "UpdateNodegroupVersion"} & set(client.names())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("subnets", ["subnet-1"]),
        ("instance_types", ["m6i.large", "m7i.large"]),
        ("ami_type", "AL2023_ARM_64_STANDARD"),
        ("disk_size", 20),
        ("node_role", "arn:aws:iam::123456789012:role/other"),
        ("capacity_type", "SPOT"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_what_cannot_change_fails_and_nothing_is_done(group, client, option, value, check):
    group(**NEW)
    client.calls.clear()
    failed = group(check=check, scaling_config={"desired_size": 3}, **{option: value})
    assert failed["msg"].startswith(f"node group 'workers': {option} is ")
    assert not set(client.names()) & WRITES


def test_order_of_subnets_means_nothing(group):
    group(**NEW)
    assert not group(subnets=["subnet-1", "subnet-2"])["changed"]


def test_deleted_once_and_waited_for(group, client, eks):
    group(**NEW)
    _predicted, done = four_times(group, client, state="absent")
    assert done == {} and eks.group is None


def test_busy_group_comes_to_rest_before_its_update(group, eks):
    group(**NEW)
    eks._begin("UPDATING", "UPDATING", "ACTIVE")
    assert group(scaling_config={"desired_size": 3})["nodegroup"]["status"] == "ACTIVE"


def test_group_on_its_way_out_is_made_again(group, eks):
    group(**NEW)
    eks._begin("DELETING", "DELETING", "GONE")
    assert group(**NEW)["nodegroup"]["status"] == "ACTIVE"


def test_failed_creation_is_told_with_its_reasons(group, eks, monkeypatch):
    def fail(*_statuses):
        eks.group["status"] = "CREATE_FAILED"
        eks.group["health"]["issues"] = [{"code": "NodeCreationFailure", "message": "no nodes", "resourceIds": []}]

    monkeypatch.setattr(eks, "_begin", fail)
    message = group(**NEW)["msg"]
    assert message.startswith("node group 'workers': could not become ACTIVE")
    assert "CREATE_FAILED" in message and "NodeCreationFailure: no nodes" in message
    assert "is CREATE_FAILED" in group(**NEW)["msg"]


def test_failed_update_is_told_although_the_group_is_active(group, eks):
    group(**NEW)
    eks.update_ends = "Failed"
    message = group(scaling_config={"desired_size": 3})["msg"]
    assert "could not finish its update" in message and "AccessDenied: no" in message


def test_time_runs_out(group, eks, monkeypatch):
    monkeypatch.setattr(eks, "_begin", lambda *_statuses: eks.group.update(status="CREATING"))
    message = group(**NEW, wait_timeout=10)["msg"]
    assert "Max attempts exceeded" in message and "its status is CREATING" in message


def test_refusal_is_one_sentence(group, eks):
    eks.refusal = "InvalidParameterException"
    assert group(**NEW)["msg"] == "node group 'workers': could not create (InvalidParameterException): refused"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"node_role": "node"}, "node_role is 'node'"),
        ({"scaling_config": {"min_size": 3, "max_size": 2}}, "scaling_config.min_size is 3"),
        ({"scaling_config": {"min_size": 3, "desired_size": 2}}, "must be at least min_size, 3"),
        ({"scaling_config": {"max_size": 1, "desired_size": 2}}, "must be at most max_size, 1"),
        ({"scaling_config": {"max_size": 0}}, "scaling_config.max_size is 0"),
        ({"update_config": {"max_unavailable_percentage": 101}}, "must be at most 100"),
        ({"launch_template": {"version": "1"}}, "neither id nor name"),
    ],
)
def test_wrong_options_are_refused_before_any_call(group, client, options, words):
    assert words in group(**options)["msg"]
    assert client.calls == []


def test_new_group_needs_role_and_subnets(group):
    assert group()["msg"] == "node group 'workers' is new and needs node_role and subnets."
