"""What Systems Manager tells of its nodes, and of what the lab keeps only as far as moto does.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceProperties.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetPatchBaselineForPatchGroup.html
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
        ("DocumentName", "Equal", "other", []),
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


def test_a_patch_group_has_windows_baseline_unless_told_otherwise(lab: Any) -> None:
    told = lab.ssm.get_patch_baseline_for_patch_group(PatchGroup="nodes")
    assert told["OperatingSystem"] == "WINDOWS" and told["BaselineId"]
    linux = lab.ssm.get_patch_baseline_for_patch_group(PatchGroup="nodes", OperatingSystem="AMAZON_LINUX_2")
    assert linux["BaselineId"] != told["BaselineId"]


def test_a_baseline_in_use_is_not_deleted(lab: Any, refuses: Any) -> None:
    made = lab.ssm.create_patch_baseline(Name="mine", OperatingSystem="AMAZON_LINUX_2")["BaselineId"]
    lab.ssm.register_patch_baseline_for_patch_group(BaselineId=made, PatchGroup="nodes")
    refuses.calls("ssm", [("ResourceInUseException", "delete_patch_baseline", {"BaselineId": made})])
    other = lab.ssm.create_patch_baseline(Name="other", OperatingSystem="UBUNTU")["BaselineId"]
    for _ in range(2):
        assert lab.ssm.delete_patch_baseline(BaselineId=other)["BaselineId"] == other
    assert [row["BaselineId"] for row in lab.ssm.describe_patch_baselines()["BaselineIdentities"]] == [made]


def test_a_window_has_no_target_or_task_that_is_not_there(lab: Any, refuses: Any) -> None:
    given = {"Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": False}
    window = lab.ssm.create_maintenance_window(Name="nightly", **given)["WindowId"]
    some = "01234567-89ab-cdef-0123-456789abcdef"
    target = {"WindowId": window, "WindowTargetId": some}
    task = {"WindowId": window, "WindowTaskId": some}
    calls = [
        ("DoesNotExistException", "deregister_target_from_maintenance_window", target),
        ("DoesNotExistException", "deregister_task_from_maintenance_window", task),
    ]
    refuses.calls("ssm", calls)
