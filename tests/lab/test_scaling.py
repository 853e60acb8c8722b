"""Auto Scaling's wrong calls, and the code each is refused with.

Limits and patterns are botocore's model; the rest is the page of each operation beside
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

V = "ValidationError"
NOWHERE, NO_NODE = "subnet-0123456789abcdef0", "i-0123456789abcdef0"
Changes = list[tuple[str, dict[str, Any]]]
SETTINGS: Changes = [
    (V, {"MinSize": 4}),
    (V, {"MaxSize": 0}),
    (V, {"MinSize": -1}),
    *((V, {"DesiredCapacity": size}) for size in (0, 4, -1)),
    (V, {"LaunchTemplate": {"LaunchTemplateId": "lt-0123456789abcdef0"}}),
    (V, {"LaunchTemplate": {"LaunchTemplateName": "none"}}),
    (V, {"LaunchTemplate": {"LaunchTemplateName": "template", "Version": "9"}}),
    (V, {"VPCZoneIdentifier": NOWHERE}),
    (V, {"HealthCheckType": "PING"}),
    (V, {"MaxInstanceLifetime": 3600}),
    (V, {"DefaultCooldown": -1}),
    (V, {"HealthCheckGracePeriod": -1}),
]
NEW: Changes = [
    ("AlreadyExists", {"AutoScalingGroupName": "group"}),
    *((V, {"AutoScalingGroupName": name}) for name in (None, "", "a:b", "x" * 256)),
    *((V, {name: None}) for name in ("MinSize", "MaxSize", "LaunchTemplate", "VPCZoneIdentifier")),
    (V, {"Tags": [{"Key": "aws:a", "Value": "b", "PropagateAtLaunch": True}]}),
    (V, {"Tags": [{"Key": "k" * 129, "Value": "b"}]}),
]
HOOK = {"AutoScalingGroupName": "group", "LifecycleHookName": "new"}
LAUNCH = {**HOOK, "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}
POLICY = {"PolicyName": "p", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    (V, "update_auto_scaling_group", {"AutoScalingGroupName": "none", "MinSize": 1}),
    *(
        (V, "set_desired_capacity", {"AutoScalingGroupName": name, "DesiredCapacity": size})
        for name, size in (("group", 4), ("group", 0), ("group", -1), ("none", 1))
    ),
    (V, "set_desired_capacity", {"AutoScalingGroupName": "group"}),
    ("ResourceInUse", "delete_auto_scaling_group", {"AutoScalingGroupName": "group"}),
    (V, "delete_auto_scaling_group", {"AutoScalingGroupName": "none", "ForceDelete": True}),
    (V, "put_lifecycle_hook", HOOK),
    *(
        (V, "put_lifecycle_hook", LAUNCH | change)
        for change in (
            {"AutoScalingGroupName": "none"},
            {"LifecycleTransition": "autoscaling:EC2_INSTANCE_REBOOTING"},
            {"HeartbeatTimeout": 29},
            {"HeartbeatTimeout": 7201},
            {"DefaultResult": "RETRY"},
            {"LifecycleHookName": "a b"},
        )
    ),
    (V, "put_scaling_policy", {"AutoScalingGroupName": "none", **POLICY}),
    (V, "put_scaling_policy", {"AutoScalingGroupName": "group", **POLICY, "AdjustmentType": "Odd"}),
    (
        V,
        "put_scheduled_update_group_action",
        {"AutoScalingGroupName": "none", "ScheduledActionName": "s", "DesiredCapacity": 1},
    ),
    (
        V,
        "create_or_update_tags",
        {"Tags": [{"ResourceId": "group", "ResourceType": "auto-scaling-group", "Key": "aws:a", "Value": "b"}]},
    ),
    (V, "put_warm_pool", {"AutoScalingGroupName": "none"}),
    (V, "put_warm_pool", {"AutoScalingGroupName": "group", "PoolState": "Frozen"}),
    (V, "put_warm_pool", {"AutoScalingGroupName": "group", "MinSize": -1}),
    (V, "attach_instances", {"AutoScalingGroupName": "group", "InstanceIds": [NO_NODE]}),
    (V, "set_instance_health", {"InstanceId": NO_NODE, "HealthStatus": "Healthy"}),
    (V, "terminate_instance_in_auto_scaling_group", {"InstanceId": NO_NODE, "ShouldDecrementDesiredCapacity": True}),
    ("InvalidNextToken", "describe_auto_scaling_groups", {"NextToken": "x"}),
    (V, "describe_auto_scaling_groups", {"MaxRecords": 101}),
]


@pytest.fixture
def group(lab: Any) -> dict[str, Any]:
    """Return what a group is made of, of which there is one with an instance and its template."""
    from lab.aws import faults, scaling

    faults.install()
    scaling.install()
    data = {"ImageId": "ami-12c6146b", "InstanceType": "t3.medium"}
    lab.ec2.create_launch_template(LaunchTemplateName="template", LaunchTemplateData=data)
    subnet = lab.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    facts = {
        "MinSize": 1,
        "MaxSize": 3,
        "LaunchTemplate": {"LaunchTemplateName": "template"},
        "VPCZoneIdentifier": subnet,
    }
    lab.client("autoscaling").create_auto_scaling_group(AutoScalingGroupName="group", **facts)
    return facts


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("update_auto_scaling_group", {"MinSize": 1}),
        ("put_scheduled_update_group_action", {"ScheduledActionName": "s", "DesiredCapacity": 1}),
    ],
)
def test_a_group_that_is_not_there_goes_without_its_name(
    lab: Any, group: dict[str, Any], operation: str, more: dict[str, Any]
) -> None:
    """https://github.com/hashicorp/terraform/issues/17238 has AWS's words."""
    with pytest.raises(ClientError) as refused:
        getattr(lab.client("autoscaling"), operation)(AutoScalingGroupName="none", **more)
    assert refused.value.response["Error"]["Message"] == "AutoScalingGroup name not found - null"


def test_every_wrong_call_is_refused(lab: Any, refuses: Any, group: dict[str, Any]) -> None:
    new = {"AutoScalingGroupName": "new", **group}
    refuses.changes("autoscaling", "create_auto_scaling_group", new, SETTINGS + NEW)
    refuses.changes("autoscaling", "update_auto_scaling_group", {"AutoScalingGroupName": "group"}, SETTINGS)
    refuses.calls("autoscaling", CALLS)
    left = lab.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [(one["AutoScalingGroupName"], one["MinSize"], one["MaxSize"]) for one in left] == [("group", 1, 3)]


def test_the_last_instance_that_has_to_be_there_is_replaced_or_stays(lab: Any, group: dict[str, Any]) -> None:
    client = lab.client("autoscaling")
    (instance,) = client.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    given = {"InstanceId": instance["InstanceId"], "ShouldDecrementDesiredCapacity": True}
    with pytest.raises(client.exceptions.ClientError, match="violate group's min size"):
        client.terminate_instance_in_auto_scaling_group(**given)
    client.set_desired_capacity(AutoScalingGroupName="group", DesiredCapacity=3)
    client.terminate_instance_in_auto_scaling_group(**given)
    assert client.describe_auto_scaling_groups()["AutoScalingGroups"][0]["DesiredCapacity"] == 2


def test_a_hook_that_is_there_is_changed_without_its_transition(lab: Any, group: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html"""
    client = lab.client("autoscaling")
    client.put_lifecycle_hook(**LAUNCH, HeartbeatTimeout=30)
    client.put_lifecycle_hook(**HOOK, HeartbeatTimeout=7200)


def test_a_group_goes_with_its_instances_when_it_is_forced(lab: Any, group: dict[str, Any]) -> None:
    client = lab.client("autoscaling")
    client.delete_auto_scaling_group(AutoScalingGroupName="group", ForceDelete=True)
    assert client.describe_auto_scaling_groups()["AutoScalingGroups"] == []
