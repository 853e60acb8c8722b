"""EKS, EC2, IAM and Auto Scaling on a local port, and a fleet that only remembers which nodes run."""

from __future__ import annotations

import functools
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from lab import settings
from lab.aws.ec2 import nodes as ec2_nodes
from lab.node.machine import Machine, Tell
from tests.lab.calls import until

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["ec2.amazonaws.com", "eks.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        },
    ],
}


class FakeFleet:
    """Remembers what runs, and what has a disk."""

    def __init__(self) -> None:
        self.nodes: dict[str, tuple[str, str | None]] = {}
        self.machines: dict[str, Tell] = {}
        self.disks: set[str] = set()
        self.refuse: str | None = None
        self.started: list[str] = []
        # Nodes come up only while this is set.
        self.slow = threading.Event()
        self.slow.set()

    def start(self, instance_id: str, private_ip: str, role_arn: str | None = None, machine: Tell = Machine) -> None:
        self.slow.wait(10)
        if self.refuse:
            raise ec2_nodes.NodeError(self.refuse)
        if instance_id not in self.nodes:
            self.started.append(instance_id)
        self.nodes[instance_id] = (private_ip, role_arn)
        self.machines[instance_id] = machine
        self.disks.add(instance_id)

    def reboot(self, instance_id: str) -> None:
        self.started.append(instance_id)

    def stop(self, instance_id: str, keep_disk: bool = False) -> None:
        self.nodes.pop(instance_id, None)
        if not keep_disk:
            self.disks.discard(instance_id)


@functools.cache
def client_of(port: int, service: str) -> Any:
    """Return a client; to make one takes longer than most tests do."""
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=settings.REGION,
        aws_access_key_id=settings.ACCESS_KEY,
        aws_secret_access_key=settings.SECRET_KEY,
        # The lab itself must refuse what is wrong.
        config=Config(parameter_validation=False),
    )


@functools.cache
def maker_of(port: int) -> Callable[[str], Any]:
    """Return what makes EKS's own clients, the same for every test, for EKS keeps them."""
    return functools.partial(client_of, port)


class Account:
    """What a test needs of the account: clients, a cluster, a role, two subnets."""

    until = staticmethod(until)

    def __init__(self, port: int, fleet: FakeFleet) -> None:
        self.port, self.fleet = port, fleet
        self.eks, self.ec2, self.iam = self.client("eks"), self.client("ec2"), self.client("iam")
        role = self.iam.create_role(RoleName="node", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.role: str = role["Role"]["Arn"]
        self.vpc = self.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [self.subnet(f"10.9.{number}.0/24", zone) for number, zone in ((1, "a"), (2, "b"))]

    def client(self, service: str) -> Any:
        return client_of(self.port, service)

    def subnet(self, block: str, zone: str, vpc: str | None = None) -> str:
        place = f"{settings.REGION}{zone}"
        made = self.ec2.create_subnet(VpcId=vpc or self.vpc, CidrBlock=block, AvailabilityZone=place)
        return made["Subnet"]["SubnetId"]

    def cluster(self, name: str = "c", version: str = "1.34", **more: Any) -> dict[str, Any]:
        config = {"subnetIds": self.subnets}
        return self.eks.create_cluster(
            **{"name": name, "roleArn": self.role, "version": version, "resourcesVpcConfig": config, **more}
        )["cluster"]

    def request(self, name: str = "g", desired: int = 2, **more: Any) -> dict[str, Any]:
        sizes = {"minSize": 0, "maxSize": 4, "desiredSize": desired}
        base = {"clusterName": "c", "nodegroupName": name, "nodeRole": self.role, "subnets": self.subnets}
        return {key: value for key, value in {**base, "scalingConfig": sizes, **more}.items() if value is not None}

    def group(self, name: str = "g", desired: int = 2, **more: Any) -> dict[str, Any]:
        self.eks.create_nodegroup(**self.request(name, desired, **more))
        return self.reach(name, "ACTIVE")

    def describe(self, name: str = "g") -> dict[str, Any]:
        return self.eks.describe_nodegroup(clusterName="c", nodegroupName=name)["nodegroup"]

    def reach(self, name: str, status: str) -> dict[str, Any]:
        return until(lambda: (group := self.describe(name))["status"] == status and group)

    def gone(self, name: str = "g") -> None:
        until(lambda: name not in self.eks.list_nodegroups(clusterName="c")["nodegroups"])

    def instance(self, instance_id: str) -> dict[str, Any]:
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


@pytest.fixture(name="port", scope="session")
def port_fixture() -> Iterator[int]:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from lab.aws import eks, validation
    from lab.aws.ssm import associations as ssm_associations

    for module in (validation, ssm_associations, eks):
        module.install()
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(name="account")
def account_fixture(port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Return an account of its own, with a cluster."""
    reset = urllib.request.Request(f"http://127.0.0.1:{port}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()
    fleet = FakeFleet()
    monkeypatch.setattr(ec2_nodes, "FLEET", fleet)
    account = Account(port, fleet)
    monkeypatch.setattr(settings, "client", maker_of(port))
    account.cluster()
    yield account
    # What still goes on in the background belongs to this account's port and fleet.
    for name in account.eks.list_nodegroups(clusterName="c")["nodegroups"]:
        group = account.describe(name)
        if group["status"] != "DELETING":
            account.eks.delete_nodegroup(clusterName="c", nodegroupName=name)
        account.gone(name)
