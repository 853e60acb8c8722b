"""How eks_nodegroup deletes, waits, fails and refuses."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from nodegroup_backend import NEW, four_times


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


def test_what_a_new_groups_cluster_would_bring_is_not_asked_for_in_check_mode(group, eks):
    eks.has_cluster = False
    assert group(check=True)["changed"]
    assert group()["msg"] == "node group 'workers' is new and needs node_role and subnets."
