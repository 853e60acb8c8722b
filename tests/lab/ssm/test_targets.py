"""Which nodes a command or an association is for.

https://docs.aws.amazon.com/systems-manager/latest/userguide/send-commands-multiple.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-state-manager-targets-and-rate-controls.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
"""

from __future__ import annotations

import json
from typing import Any

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
