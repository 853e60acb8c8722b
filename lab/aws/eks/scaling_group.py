"""The Auto Scaling group of a node group: moto's record of it, whose instances EKS starts and ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState, autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance

IN_SERVICE = "InService"


class ScalingGroup(FakeAutoScalingGroup):
    """An Auto Scaling group that leaves its instances to EKS."""

    changed: Callable[[int], None] | None = None

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Take a new size, and tell EKS: autoscalers change the size here and not in EKS."""
        # Only above, as moto comes by here with none when a group is deleted by force.
        if new_capacity is not None and new_capacity > self.max_size:
            said = f"New SetDesiredCapacity value {new_capacity} is above max value {self.max_size}"
            raise ValidationError(f"{said} for the AutoScalingGroup.")
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        if self.changed is not None:
            self.changed(self.desired_capacity or 0)

    def replace_autoscaling_group_instances(self, count_needed: int, propagated_tags: dict[str, str]) -> None:
        """Start nothing: EKS replaces what is terminated."""

    def sizes(self, sizes: dict[str, int]) -> None:
        """Take over the sizes that EKS was given."""
        self.min_size, self.max_size = sizes["minSize"], sizes["maxSize"]
        self.desired_capacity = sizes["desiredSize"]

    def hold(self, instance: Instance, state: str = IN_SERVICE) -> None:
        """Count an instance among the group's, in the state given."""
        self.drop(instance.id)
        instance.autoscaling_group = self  # type: ignore[attr-defined]
        self.instance_states.append(InstanceState(instance, lifecycle_state=state))

    def drop(self, instance_id: str) -> None:
        """No longer count an instance."""
        self.instance_states = [state for state in self.instance_states if state.instance.id != instance_id]


def create(account: str, region: str, name: str, **facts: Any) -> ScalingGroup:
    """Make the Auto Scaling group of a node group."""
    backend = autoscaling_backends[account][region]
    sizes = facts["sizes"]
    group = ScalingGroup(  # type: ignore[abstract]
        name=name,
        availability_zones=[],
        desired_capacity=sizes["desiredSize"],
        max_size=sizes["maxSize"],
        min_size=sizes["minSize"],
        launch_config_name="",
        launch_template=facts["launch_template"],
        vpc_zone_identifier=",".join(facts["subnets"]),
        default_cooldown=None,
        health_check_period=15,
        health_check_type="EC2",
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"],
        autoscaling_backend=backend,
        ec2_backend=ec2_backends[account][region],
        tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in facts["tags"].items()],  # type: ignore[dict-item]
        mixed_instances_policy=None,
        capacity_rebalance=False,
    )
    backend.autoscaling_groups[name] = group
    return group


def remove(account: str, region: str, name: str) -> None:
    """Remove the Auto Scaling group of a node group."""
    autoscaling_backends[account][region].autoscaling_groups.pop(name, None)
