"""Which nodes a command or an association is for.

https://docs.aws.amazon.com/systems-manager/latest/userguide/send-commands-multiple.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-state-manager-targets-and-rate-controls.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from moto.ssm.exceptions import SSMException

from lab.aws.ssm import targets
from tests.lab.ssm.with_commands import ended, finished, rows, send


def test_targets_are_running_nodes_with_the_tag(lab: Any) -> None:
    lab.document("echo $0")
    mine, other, stopped = lab.node(team="a"), lab.node(team="b"), lab.node(team="a")
    lab.ec2.terminate_instances(InstanceIds=[stopped])
    command = send(lab, Targets=[{"Key": "tag:team", "Values": ["a", "z"]}])
    ended(lab, command)
    assert set(rows(lab, command)) == {mine}
    both = send(lab, Targets=[{"Key": "tag:team", "Values": ["a", "b"]}])
    ended(lab, both)
    assert set(rows(lab, both)) == {mine, other}


def test_no_node_has_the_tag(lab: Any) -> None:
    lab.document("true")
    done = ended(lab, send(lab, Targets=[{"Key": "tag:team", "Values": ["nobody"]}]))
    assert (done["StatusDetails"], done["TargetCount"]) == ("NoInstancesInTag", 0)


def test_a_resource_group_is_a_target(lab: Any) -> None:
    lab.document("true")
    mine = lab.node(team="a", stage="x")
    lab.node(team="a")
    filters = [{"Key": "team", "Values": ["a", "b"]}, {"Key": "stage", "Values": []}]
    query = json.dumps({"ResourceTypeFilters": ["AWS::EC2::Instance"], "TagFilters": filters})
    lab.client("resource-groups").create_group(Name="nodes", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": query})
    sent = send(lab, Targets=[{"Key": "resource-groups:Name", "Values": ["nodes"]}])
    finished(lab, sent)
    assert set(rows(lab, sent)) == {mine}
    nowhere = send(lab, Targets=[{"Key": "resource-groups:Name", "Values": ["nowhere"]}])
    assert finished(lab, nowhere) == ("Success", "NoInstancesInTag")


NODE = "i-0123456789abcdef0"


def key(name: str, *values: str) -> dict[str, Any]:
    return {"Key": name, "Values": list(values)}


@pytest.mark.parametrize(
    "given",
    [
        [key("InstanceIds", NODE)],
        [key("instanceids", NODE, "mi-0123456789abcdef0")],
        [key("tag:team", "a", "b"), key("tag-key", "stage")],
        [key("resource-groups:Name", "nodes"), key("resource-groups:ResourceTypeFilters", "AWS::EC2::Instance")],
    ],
)
def test_these_are_targets(given: list[Any]) -> None:
    targets.check(given, "InvalidTarget")


@pytest.mark.parametrize(
    "given",
    [
        [key("Name", "x")],
        [key("tag:", "x")],
        [key("tag:team")],
        [key("InstanceIds", "nonsense")],
        [key("InstanceIds", "*")],
        [key("resource-groups:Name", "a", "b")],
        [key("resource-groups:Name", "a"), key("resource-groups:Name", "b")],
        [key("resource-groups:ResourceTypeFilters", "AWS::EC2::Instance")],
    ],
)
def test_these_are_none(given: list[Any]) -> None:
    with pytest.raises(SSMException) as refused:
        targets.check(given, "InvalidTarget")
    assert refused.value.code == "InvalidTarget"


def test_only_state_manager_takes_every_managed_node() -> None:
    targets.check([key("InstanceIds", "*")], "InvalidTarget", everything=True)
    with pytest.raises(SSMException):
        targets.check([key("InstanceIds", "*", NODE)], "InvalidTarget", everything=True)


@pytest.mark.parametrize(
    ("given", "hit"),
    [
        ([key("tag:team", "a")], True),
        ([key("tag:team", "b", "a")], True),
        ([key("tag:team", "A")], False),
        ([key("tag:team", "a*")], False),
        ([key("tag:team", "a"), key("tag:stage", "live")], False),
        ([key("tag:team", "a"), key("tag:stage", "test")], True),
        ([key("tag-key", "stage")], True),
        ([key("tag-key", "gone")], False),
        ([key("InstanceIds", NODE)], True),
        ([key("InstanceIds", "*")], True),
        ([key("tag:eks:cluster-name", "c")], True),
    ],
)
def test_all_targets_have_to_hold_and_one_value_of_each(given: list[Any], hit: bool) -> None:
    tags = {"team": "a", "stage": "test", "eks:cluster-name": "c"}
    rows = [{"key": name, "value": value} for name, value in tags.items()]
    instance = SimpleNamespace(id=NODE, get_tags=lambda: rows)
    assert targets.match(None, instance, given) is hit  # type: ignore[arg-type]
