"""The whole way on real nodes: the role as it is installed, pushes, the schedule, and nodes that were away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab import settings
from lab.node.fleet import FLEET

ROOT = Path(__file__).resolve().parents[3]
GPU = {"eks:nodegroup-name": "gpu"}


class Cluster:
    """A cluster's nodes, instances of EC2 with its tags, and an install that serves them."""

    def __init__(self, world: Any, directory: Path) -> None:
        self.world, self.directory = world, directory
        self.web, self.trainer = world.repository("web"), world.repository("trainer")
        self.role = world.role.rpartition("/")[2]
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
        role = settings.client("iam").create_role(RoleName="whole", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        settings.client("eks").create_cluster(name="whole", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})

    def node(self, **tags: str) -> str:
        """Start a node of the cluster."""
        both = {"kubernetes.io/cluster/whole": "owned", **tags}
        given = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": both[key]} for key in both]}]
        made = settings.client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=given
        )
        name: str = made["Instances"][0]["InstanceId"]
        self.addresses[name] = f"10.77.2.{len(self.addresses) + 1}"
        self.start(name)
        self.world.nodes.append(name)
        return name

    def start(self, node: str) -> None:
        FLEET.start(node, self.addresses[node], self.world.role)

    def play(self, **variables: Any) -> None:
        """Play the role."""
        given = {
            "prefetch_name": "whole",
            "prefetch_cluster": "whole",
            "prefetch_node_roles": [self.role],
            "prefetch_nodes": {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]},
            "prefetch_images": [
                {"repository": self.web, "keep": 1},
                {"repository": self.trainer, "tags": "v*", "nodes": "gpu"},
            ],
            **variables,
        }
        book = self.directory / "play.yml"
        play = {"hosts": "localhost", "gather_facts": False, "environment": "{{ nodecache_environment }}"}
        role = {"role": "nodecache.eks.prefetch", **given}
        book.write_text(json.dumps([{**play, "roles": [role]}]))
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        done = subprocess.run(
            [program, "-i", "inventory/lab", str(book)],
            cwd=ROOT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, text=True, capture_output=True,
            timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr

    def held(self, node: str, repository: str) -> set[str]:
        """Return the tags of a repository that a node holds."""
        name = f"{self.world.host}/{repository}:"
        return {one.removeprefix(name) for one in self.world.names(node) if one.startswith(name)}

    def runs(self) -> int:
        """Return how often the associations ran on a node, to the end."""
        ssm, found = settings.client("ssm"), 0
        for each in ssm.list_associations()["Associations"]:
            if each["AssociationName"].startswith("nodecache-whole"):
                rows = ssm.describe_association_executions(AssociationId=each["AssociationId"])
                found += sum(row["Status"] != "Pending" for row in rows["AssociationExecutions"])
        return found


@pytest.fixture(name="cluster", scope="module")
def cluster_fixture(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return Cluster(world, tmp_path_factory.mktemp("whole"))


def come_due() -> None:
    """Let the hour of every association come; the lab's clock starts them by itself."""
    from moto.ssm.models import ssm_backends

    from lab.aws.ssm import association_runs

    for one in association_runs.associations(ssm_backends[settings.ACCOUNT][settings.REGION]).values():
        assert one.due, "it has a schedule"
        one.due = datetime.now(UTC)


def test_the_whole_way(world: Any, cluster: Cluster, until: Any) -> None:
    world.push(cluster.web, "v1")
    world.push(cluster.trainer, "v1")
    world.push(cluster.trainer, "latest")
    gpu, plain = cluster.node(**GPU), cluster.node()
    cluster.play()
    # What was pushed before comes by the association, and images for some nodes come to no others.
    until(lambda: cluster.held(gpu, cluster.trainer) == {"v1"} and cluster.held(plain, cluster.web) == {"v1"})
    assert cluster.held(gpu, cluster.web) == {"v1"} and cluster.held(plain, cluster.trainer) == set()

    # Quick pushes reach the nodes that want them, and leave as many as are kept.
    for number in (2, 3, 4):
        world.push(cluster.web, f"v{number}")
    world.push(cluster.trainer, "v2")
    world.push(cluster.trainer, "nightly")
    until(lambda: all(cluster.held(node, cluster.web) == {"v4"} for node in (gpu, plain)), 60)
    until(lambda: cluster.held(gpu, cluster.trainer) == {"v1", "v2"})
    assert cluster.held(plain, cluster.trainer) == set()

    # A node that is away when it is pushed has it, at the latest, when the schedule comes; so does one that lost it.
    FLEET.stop(plain, keep_disk=True)
    world.push(cluster.web, "v5")
    until(lambda: cluster.held(gpu, cluster.web) == {"v5"})
    names = [name for name in world.names(gpu) if name.startswith(f"{world.host}/{cluster.web}")]
    world.shell(gpu, f"ctr -n k8s.io images rm --sync {' '.join(names)}")
    cluster.start(plain)
    come_due()
    until(lambda: all(cluster.held(node, cluster.web) == {"v5"} for node in (gpu, plain)), 60)

    # A node that joins.
    joined = cluster.node(**GPU)
    until(lambda: cluster.held(joined, cluster.trainer) == {"v2"} and cluster.held(joined, cluster.web) == {"v5"}, 60)


def test_what_is_taken_off_the_list_goes_and_the_end_takes_the_rest(world: Any, cluster: Cluster, until: Any) -> None:
    nodes, stranger = list(cluster.addresses), world.repository("stranger")
    world.push(stranger, "v1")
    for node in nodes:
        world.run(node, [f"{world.host}/{stranger}"], prefetch_name="another")
    cluster.play(prefetch_images=[{"repository": cluster.web, "keep": 1}], prefetch_nodes={})
    until(lambda: not any(cluster.held(node, cluster.trainer) for node in nodes), 60)
    assert all(cluster.held(node, cluster.web) == {"v5"} for node in nodes)
    cluster.play(prefetch_state="absent", prefetch_release=True)
    for node in nodes:
        assert cluster.held(node, cluster.web) == set() and cluster.held(node, stranger) == {"v1"}
        assert "localhost/kubernetes/pause:latest" in world.names(node)
        assert not [labels for labels in world.names(node).values() if "nodecache.eks/whole" in labels]
