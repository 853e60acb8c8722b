"""What Systems Manager and EC2 know of the managed nodes, in one row a node.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceProperties.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_InstancePropertyStringFilter.html
"""

from __future__ import annotations

from typing import Any

import pytest


def test_a_row_has_what_ec2_and_what_the_agent_know(lab: Any) -> None:
    node = lab.node(Name="worker")
    (row,) = lab.ssm.describe_instance_properties()["InstanceProperties"]
    (instance,) = lab.ec2.describe_instances(InstanceIds=[node])["Reservations"][0]["Instances"]
    assert (row["InstanceId"], row["Name"], row["PingStatus"]) == (node, "worker", "Online")
    assert (row["InstanceType"], row["InstanceState"]) == (instance["InstanceType"], "running")
    assert row["AvailabilityZone"] == instance["Placement"]["AvailabilityZone"]
    assert (row["PlatformType"], row["ResourceType"]) == ("Linux", "EC2Instance")


@pytest.mark.parametrize(
    ("key", "how", "value", "found"),
    [
        ("PingStatus", "Equal", "Online", ["up"]),
        ("PingStatus", "NotEqual", "Online", ["down"]),
        ("AgentVersion", "BeginWith", "3.", ["up", "down"]),
        ("AgentVersion", "LessThan", "3.0.0.0", []),
        ("AgentVersion", "GreaterThan", "3.0.0.0", ["up", "down"]),
        ("InstanceIds", "Equal", "up", ["up"]),
        ("DocumentName", "Equal", "nodecache-test", ["up"]),
        ("DocumentName", "Equal", "AWS-RunShellScript", []),
    ],
)
def test_nodes_are_found_by_filters_with_operators(lab: Any, key: str, how: str, value: str, found: list[str]) -> None:
    nodes = {"up": lab.node(role="node"), "down": lab.node(online=False, role="other")}
    lab.ssm.create_association(Name=lab.document("true"), Targets=[{"Key": "tag:role", "Values": ["node"]}])
    wanted = {"Key": key, "Operator": how, "Values": [nodes.get(value, value)]}
    rows = lab.ssm.describe_instance_properties(FiltersWithOperator=[wanted])["InstanceProperties"]
    assert {row["InstanceId"] for row in rows} == {nodes[name] for name in found}


def test_the_plain_filters_take_values_that_there_are(lab: Any, refuses: Any) -> None:
    up = lab.node()
    filters = [{"key": "PingStatus", "valueSet": ["Online"]}]
    rows = lab.ssm.describe_instance_properties(InstancePropertyFilterList=filters)["InstanceProperties"]
    assert [row["InstanceId"] for row in rows] == [up]
    wrong = [
        ("InvalidInstancePropertyFilterValue", "PingStatus", "Sleeping"),
        ("InvalidInstanceId", "InstanceIds", "i-0123456789abcdef0"),
        ("ValidationException", "Color", "red"),
    ]
    name = "describe_instance_properties"
    listed = [(code, name, {"InstancePropertyFilterList": [{"key": k, "valueSet": [v]}]}) for code, k, v in wrong]
    odd = ("InvalidFilterKey", name, {"FiltersWithOperator": [{"Key": "Color", "Values": ["red"]}]})
    refuses.calls("ssm", [*listed, odd, ("InvalidNextToken", name, {"NextToken": "x"})])
