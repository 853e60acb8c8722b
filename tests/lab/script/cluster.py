"""A cluster whose nodes an install serves, with the role played as a person plays it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import settings
from lab.node.fleet import FLEET

ROOT = Path(__file__).resolve().parents[3]


class Cluster:
    """A cluster's nodes, instances of EC2 with its tags, and an install of the same name that serves them."""

    def __init__(self, world: Any, python: Path, name: str, **install: Any) -> None:
        self.world, self.name, self.python = world, name, python
        self.addresses: dict[str, str] = {}
        ec2, subnets = settings.client("ec2"), []
        vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        for number, zone in ((1, "a"), (2, "b")):
            made = ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.8.{number}.0/24", AvailabilityZone=f"{settings.REGION}{zone}"
            )
            subnets.append(made["Subnet"]["SubnetId"])
        may = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        role = settings.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        settings.client("eks").create_cluster(name=name, roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
        node_roles = [world.role.rpartition("/")[2]]
        self.install = {"prefetch_name": name, "prefetch_cluster": name, "prefetch_node_roles": node_roles, **install}

    def node(self, **tags: str) -> str:
        """Start a node of the cluster."""
        both = {f"kubernetes.io/cluster/{self.name}": "owned", **tags}
        given = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": both[key]} for key in both]}]
        made = settings.client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=given
        )
        name: str = made["Instances"][0]["InstanceId"]
        self.addresses[name] = f"10.77.2.{len(self.world.nodes) + 1}"
        self.start(name)
        self.world.nodes.append(name)
        return name

    def start(self, node: str) -> None:
        FLEET.start(node, self.addresses[node], self.world.role)

    def play(self, **variables: Any) -> None:
        """Play the role."""
        play = {"hosts": "localhost", "gather_facts": False, "environment": "{{ nodecache_environment }}"}
        role = {"role": "nodecache.eks.prefetch", **self.install, **variables}
        book = self.python.with_name(f"{self.name}.yml")
        book.write_text(json.dumps([{**play, "roles": [role]}]))
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        environment = {"PYTHONDONTWRITEBYTECODE": "1", "ANSIBLE_PIPELINING": "true"}
        done = subprocess.run(
            [program, "-i", "inventory/lab", "-e", f"ansible_python_interpreter={self.python}", str(book)],
            cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr

    def held(self, node: str, repository: str) -> set[str]:
        """Return the tags of a repository that a node holds."""
        name = f"{self.world.host}/{repository}:"
        return {one.removeprefix(name) for one in self.world.names(node) if one.startswith(name)}


def come_due() -> None:
    """Let the hour of every association come; the lab's clock starts them by itself."""
    from moto.ssm.models import ssm_backends

    from lab.aws.ssm import association_runs

    for one in association_runs.associations(ssm_backends[settings.ACCOUNT][settings.REGION]).values():
        assert one.due, "it has a schedule"
        one.due = datetime.now(UTC)
