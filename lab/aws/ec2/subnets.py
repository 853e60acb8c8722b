"""Subnets that instances are in stay.

https://docs.aws.amazon.com/vpc/latest/userguide/subnet-deleting.html
"""

from __future__ import annotations

from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend
from moto.ec2.models.subnets import Subnet

_delete_subnet = EC2Backend.delete_subnet


def delete_subnet(self: EC2Backend, subnet_id: str) -> Subnet:
    """Delete a subnet that nothing is in."""
    instances = [instance for reservation in self.reservations.values() for instance in reservation.instances]
    if any(instance.subnet_id == subnet_id and instance.state != "terminated" for instance in instances):
        raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    return _delete_subnet(self, subnet_id)


def install() -> None:
    """Ask about a subnet's instances in front of moto."""
    EC2Backend.delete_subnet = delete_subnet  # type: ignore[method-assign]
