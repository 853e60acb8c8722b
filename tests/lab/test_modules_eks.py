"""The module for node groups, whole and over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils import _eks

from lab import settings
from lab.aws import eks
from lab.node.fleet import FLEET, NodeError

Run = Callable[..., dict[str, Any]]
ROLE = f"arn:aws:iam::{settings.ACCOUNT}:role/node"
SERVICES = ["ec2.amazonaws.com", "eks.amazonaws.com"]
NAMES = {"cluster_name": "demo", "nodegroup_name": "workers"}


class Nodes:
    """Nodes that are only counted."""

    def __init__(self) -> None:
        self.up: set[str] = set()
        self.refusal = ""

    def start(self, instance_id: str, *_arguments: Any, **_more: Any) -> None:
        if self.refusal:
            raise NodeError(self.refusal)
        self.up.add(instance_id)

    def stop(self, instance_id: str, **_more: Any) -> None:
        self.up.discard(instance_id)


@pytest.fixture
def nodes(lab: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    """Return the nodes that node groups start."""
    eks.install()
    counted = Nodes()
    monkeypatch.setattr(FLEET, "start", counted.start)
    monkeypatch.setattr(FLEET, "stop", counted.stop)
    monkeypatch.setattr(_eks, "DELAY", 0.1)
    yield counted
    # A warm pool is still filled when its update is over, and the next test's EC2 has none of its instances.
    for thread in [each for each in threading.enumerate() if each.name.startswith("eks-")]:
        thread.join(30)


@pytest.fixture
def new(lab: Any, nodes: Nodes) -> dict[str, Any]:
    """Return the options of a new node group in a cluster that is there."""
    vpc = lab.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        lab.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{settings.REGION}{zone}")
        for number, zone in ((1, "a"), (2, "b"))
    ]
    subnets = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    trust = {"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    lab.client("iam").create_role(RoleName="node", AssumeRolePolicyDocument=document)
    lab.client("eks").create_cluster(
        name="demo", roleArn=ROLE, version="1.34", resourcesVpcConfig={"subnetIds": subnets}
    )
    return {
        **NAMES,
        "node_role": ROLE,
        "subnets": subnets,
        "instance_types": ["m7i.large"],
        "ami_type": "AL2023_x86_64_STANDARD",
        "scaling_config": {"min_size": 1, "max_size": 4, "desired_size": 2},
        "labels": {"example.com/nodeRole": "Worker"},
        "taints": [{"key": "startUp", "value": "yes", "effect": "NO_SCHEDULE"}],
        "tags": {"costCentre": "A"},
        "wait_timeout": 60,
    }


def test_a_group_from_new_to_gone(nodes: Nodes, new: dict[str, Any], four_times: Any) -> None:
    done = four_times("eks_nodegroup", "nodegroup", **new)["nodegroup"]
    assert done["status"] == "ACTIVE" and done["labels"] == new["labels"] and done["tags"] == new["tags"]
    assert len(nodes.up) == 2

    scaled = {"scaling_config": {"desired_size": 3}, "labels": {"other": "1"}, "taints": [], "tags": {"New": "1"}}
    done = four_times("eks_nodegroup", "nodegroup", **NAMES, **scaled)["nodegroup"]
    assert done["labels"] == {"other": "1"} and done["tags"] == {"New": "1"} and not done["taints"]
    assert done["scaling_config"] == {"min_size": 1, "max_size": 4, "desired_size": 3}
    assert len(nodes.up) == 3

    assert four_times("eks_nodegroup", "nodegroup", **NAMES, state="absent")["nodegroup"] == {}
    assert nodes.up == set()


def test_a_release_replaces_the_nodes_and_keeps_the_version(
    nodes: Nodes, new: dict[str, Any], run_module: Run, four_times: Any
) -> None:
    run_module("eks_nodegroup", **new)
    before = set(nodes.up)
    done = four_times("eks_nodegroup", "nodegroup", **NAMES, release_version="1.34.9-20261101")["nodegroup"]
    assert (done["version"], done["release_version"]) == ("1.34", "1.34.9-20261101")
    assert len(nodes.up) == 2 and not nodes.up & before


def test_update_repair_and_warm_pool_settings(new: dict[str, Any], run_module: Run, four_times: Any) -> None:
    run_module("eks_nodegroup", **new)
    four_times(
        "eks_nodegroup",
        "nodegroup",
        **NAMES,
        update_config={"max_unavailable_percentage": 50},
        node_repair_config={"enabled": True, "max_parallel_nodes_repaired_count": 1},
        warm_pool_config={"enabled": True, "min_size": 1, "pool_state": "STOPPED"},
    )


def test_what_cannot_change_is_refused(new: dict[str, Any], run_module: Run) -> None:
    run_module("eks_nodegroup", **new)
    for check in (True, False):
        failed = run_module("eks_nodegroup", check=check, **{**new, "instance_types": ["m6i.large"]})
        assert failed["msg"] == (
            'node group \'workers\': instance_types is ["m7i.large"] and cannot become ["m6i.large"]; '
            "only a new node group can have that."
        )


def test_nodes_that_do_not_start_are_told(nodes: Nodes, new: dict[str, Any], run_module: Run) -> None:
    nodes.refusal = "no room"
    failed = run_module("eks_nodegroup", **new)
    assert "could not become ACTIVE: it was last seen CREATE_FAILED; NodeCreationFailure: no room" in failed["msg"]
    assert "is CREATE_FAILED and has to be gone" in run_module("eks_nodegroup", **new)["msg"]
    assert run_module("eks_nodegroup", **NAMES, state="absent", wait_timeout=60)["changed"]
    nodes.refusal = ""
    assert run_module("eks_nodegroup", **new)["changed"]


def test_a_cluster_that_is_not_there_is_told(new: dict[str, Any], run_module: Run) -> None:
    failed = run_module("eks_nodegroup", **{**new, "cluster_name": "nowhere"})
    assert failed["msg"].startswith("node group 'workers': could not create (ResourceNotFoundException): ")


def test_the_examples_run_as_they_are_written(new: dict[str, Any], run_examples: Any) -> None:
    results = run_examples("eks_nodegroup", subnets=new["subnets"], node_role=new["node_role"], version="1.34")
    # The cluster is of that version already.
    assert [result["changed"] for result in results] == [True, True, False, True, True]
    assert results[-1]["nodegroup"] == {}
