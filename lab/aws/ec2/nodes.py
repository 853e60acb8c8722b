"""EC2 instances that are nodes: what happens to one in EC2 happens to its node."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.instances import Instance

from lab.node.fleet import FLEET, NodeError
from lab.node.machine import Machine
from lab.node.network import NetworkError

LOG = logging.getLogger(__name__)
FAILURES = (NodeError, NetworkError, OSError)


@dataclass
class _Node:
    instance: Instance
    role_arn: str
    lock: threading.Lock = field(default_factory=threading.Lock)


_nodes: dict[str, _Node] = {}
_terminated: list[Callable[[str], None]] = []
_original: dict[str, Callable[..., Any]] = {}


def adopt(instance: Instance, role_arn: str) -> None:
    """Make an instance a node; ``settle`` then starts it."""
    _nodes[instance.id] = _Node(instance, role_arn)


def on_terminated(callback: Callable[[str], None]) -> None:
    """Call this with the id of every node whose instance is terminated, after the node is gone."""
    if callback not in _terminated:
        _terminated.append(callback)


def machine(instance: Instance) -> Machine:
    """Return what an instance's metadata says of it."""
    zone = str(instance.placement.zone)
    zones = RegionsAndZonesBackend.zones[instance.ec2_backend.region_name]
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    return Machine(
        zone,
        next(one.zone_id for one in zones if one.name == zone),
        str(instance.instance_type),
        str(instance.image_id),
        "spot" if instance.lifecycle == "spot" else "on-demand",
        str((instance.iam_instance_profile or {}).get("Arn", "")),
        tags if instance.metadata_options.instance_metadata_tags == "enabled" else None,
    )


def settle(instance_id: str) -> None:
    """Bring a node to what EC2 says of its instance, and return when it is there."""
    node = _nodes.get(instance_id)
    if node is None:
        return
    # Whoever comes second reads the state of then: a stop and a start in quick succession end up started.
    with node.lock:
        state = node.instance.state
        if state == "running":
            tell = functools.partial(machine, node.instance)
            FLEET.start(instance_id, str(node.instance.private_ip), node.role_arn, tell)
        elif state == "stopped":
            FLEET.stop(instance_id, keep_disk=True)
        else:
            FLEET.stop(instance_id)
            _nodes.pop(instance_id, None)


def _restart(instance_id: str) -> None:
    node = _nodes.get(instance_id)
    if node is not None:
        with node.lock:
            FLEET.reboot(instance_id)


def _leave(instance_id: str) -> None:
    try:
        settle(instance_id)
    finally:
        for callback in list(_terminated):
            callback(instance_id)


def _follow(work: Callable[[str], None], instance_id: str) -> None:
    def run() -> None:
        try:
            work(instance_id)
        except FAILURES as error:
            LOG.error("instance '%s': %s", instance_id, error)

    if instance_id in _nodes:
        threading.Thread(target=run, daemon=True, name=f"ec2-{instance_id}").start()


def _followed(name: str, work: Callable[[str], None]) -> None:
    _original[name] = getattr(Instance, name)

    def change(self: Instance, *arguments: Any) -> Any:
        previous = _original[name](self, *arguments)
        _follow(work, self.id)
        return previous

    setattr(Instance, name, change)


def install() -> None:
    """Follow what EC2 does to instances."""
    if _original:
        return
    _followed("start", settle)
    _followed("stop", settle)
    _followed("reboot", _restart)
    _followed("terminate", _leave)
