"""Lives of node groups: each row is what a person asks for one after the other, all of it changes."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.nodecache.eks.plugins.module_utils import _eks

from lab import settings
from lab.aws import eks
from lab.node.fleet import FLEET

Run = Callable[..., dict[str, Any]]
ROLE = f"arn:aws:iam::{settings.ACCOUNT}:role/node"
SERVICES = ["ec2.amazonaws.com", "eks.amazonaws.com"]
NAMES = {"cluster_name": "demo", "nodegroup_name": "workers"}
TAINT = {"key": "key1", "value": "value1", "effect": "NO_SCHEDULE"}
LIVES: dict[str, list[dict[str, Any]]] = {
    "GPU": [{"ami_type": "AL2023_x86_64_NVIDIA", "instance_types": ["g5.xlarge"]}],
    "ARM": [{"ami_type": "AL2023_ARM_64_STANDARD", "instance_types": ["m7g.large", "m6g.large"]}],
    "Bottlerocket": [{"ami_type": "BOTTLEROCKET_x86_64"}],
    "spot": [{"capacity_type": "SPOT", "instance_types": ["t3.medium", "t3.large"]}],
    "disk": [{"disk_size": 21}],
    "labels": [
        {"labels": {"key1": "value1"}},
        {"labels": {"key1": "value2", "key.x/Key2": "value2"}},
        {"labels": {"key.x/Key2": "value2"}},
        {"labels": {}},
    ],
    "taints": [
        {"taints": [TAINT]},
        {"taints": [{**TAINT, "effect": "NO_EXECUTE"}, {"key": "key2", "effect": "NO_SCHEDULE"}]},
        {"taints": [{**TAINT, "value": "value2"}]},
        {"taints": []},
    ],
    "tags": [
        {"tags": {"key1": "value1"}},
        {"tags": {"key1": "value2", "key2": "value2"}},
        {"tags": {"key2": "value2"}},
        {"tags": {"key3": "3"}, "purge_tags": False},
        {"tags": {}},
    ],
    "size": [
        {"scaling_config": {"desired_size": 2, "max_size": 2, "min_size": 1}},
        {"scaling_config": {"desired_size": 1}},
        {"scaling_config": {"max_size": 1}},
        {"scaling_config": {"min_size": 2, "max_size": 3}},
        {"scaling_config": {"min_size": 0, "desired_size": 0}},
        {"scaling_config": {"min_size": 1}},
    ],
    "nobody": [{"scaling_config": {"desired_size": 0, "max_size": 1, "min_size": 0}}],
    "update settings": [
        {"update_config": {"max_unavailable": 1}},
        {"update_config": {"max_unavailable_percentage": 40}},
        {"update_config": {"max_unavailable": 2, "update_strategy": "MINIMAL"}},
    ],
    "repair": [
        {"node_repair_config": {"enabled": True}},
        {"node_repair_config": {"max_unhealthy_node_threshold_percentage": 10}},
        {"node_repair_config": {"max_unhealthy_node_threshold_count": 3, "max_parallel_nodes_repaired_count": 1}},
        {"node_repair_config": {"enabled": False}},
    ],
    "warm pool": [
        {"warm_pool_config": {"enabled": True, "max_group_prepared_capacity": 4}},
        {"warm_pool_config": {"min_size": 1, "reuse_on_scale_in": True}},
        {"warm_pool_config": {"enabled": False}},
    ],
    "versions": [
        {"version": "1.34"},
        {"release_version": "1.34.9-20261101"},
        {"release_version": "1.34.9-20261102", "labels": {"a": "b"}, "force": True},
    ],
    "remote access": [{"remote_access": {"ec2_ssh_key": "key", "source_security_groups": ["{group}"]}}],
    "a key for everybody": [{"remote_access": {"ec2_ssh_key": "key"}}],
    "Windows": [{"ami_type": "WINDOWS_CORE_2022_x86_64"}],
    "template by name": [
        {"launch_template": {"name": "nodes"}, "instance_types": None},
        {"launch_template": {"name": "nodes", "version": "2"}},
    ],
    "template by id": [
        {"launch_template": {"id": "{template}", "version": "$Latest"}, "instance_types": None},
        {"launch_template": {"name": "nodes", "version": "$Default"}},
    ],
    "gone and back": [{"labels": {"a": "b"}}, {"state": "absent"}, {"labels": {"a": "b"}}],
}


@pytest.fixture
def given(lab: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Return the options that a new node group needs; its nodes are none."""
    eks.install()
    monkeypatch.setattr(FLEET, "start", lambda *_arguments, **_more: None, raising=False)
    monkeypatch.setattr(FLEET, "stop", lambda *_arguments, **_more: None, raising=False)
    monkeypatch.setattr(_eks, "DELAY", 0.05)
    vpc = lab.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        lab.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{settings.REGION}{zone}")
        for number, zone in ((1, "a"), (2, "b"))
    ]
    trust = {"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    lab.client("iam").create_role(RoleName="node", AssumeRolePolicyDocument=document)
    ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    lab.client("eks").create_cluster(name="demo", roleArn=ROLE, version="1.34", resourcesVpcConfig={"subnetIds": ids})
    lab.ec2.create_key_pair(KeyName="key")
    group = lab.ec2.create_security_group(GroupName="ssh", Description="ssh", VpcId=vpc)["GroupId"]
    # EKS merges its own user data into the template's, which has to be of several parts for that.
    script = b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n--B--\n'
    data = {"InstanceType": "m7i.large", "UserData": base64.b64encode(script).decode()}
    made = lab.ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=data)["LaunchTemplate"]
    data["InstanceType"] = "m7i.xlarge"
    lab.ec2.create_launch_template_version(LaunchTemplateName="nodes", LaunchTemplateData=data)
    yield {"subnets": ids, "group": group, "template": made["LaunchTemplateId"]}
    # A warm pool is still filled when its update is over, and the next test's EC2 has none of its instances.
    for thread in [each for each in threading.enumerate() if each.name.startswith("eks-")]:
        thread.join(30)


def filled(value: Any, words: dict[str, Any]) -> Any:
    text = json.dumps(value)
    for word in ("group", "template"):
        text = text.replace(f"{{{word}}}", words[word])
    return json.loads(text)


@pytest.mark.parametrize("life", LIVES)
def test_a_node_group_lives(given: dict[str, Any], four_times: Run, life: str) -> None:
    new = {
        "node_role": ROLE,
        "subnets": given["subnets"],
        "instance_types": ["m7i.large"],
        "scaling_config": {"min_size": 1, "max_size": 3, "desired_size": 1},
    }
    for number, options in enumerate(LIVES[life]):
        base = new if number == 0 or LIVES[life][number - 1].get("state") == "absent" else {}
        options = {key: value for key, value in {**base, **filled(options, given)}.items() if value is not None}
        four_times("eks_nodegroup", "nodegroup", **NAMES, wait_timeout=30, **options)


def test_a_cluster_moves_on_and_its_nodes_follow(lab: Any, given: dict[str, Any], four_times: Run) -> None:
    new = {"node_role": ROLE, "subnets": given["subnets"], "labels": {"a": "b"}}
    four_times("eks_nodegroup", "nodegroup", **NAMES, **new, wait_timeout=30)
    lab.client("eks").update_cluster_version(name="demo", version="1.35")
    moved = four_times("eks_nodegroup", "nodegroup", **NAMES, version="1.35", force=True, wait_timeout=30)
    assert moved["nodegroup"]["release_version"].startswith("1.35.")
