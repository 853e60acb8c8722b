"""What happens to instances happens to real nodes: stopped or warm ones come back with their disks and are served."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import settings

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ["ec2.amazonaws.com", "eks.amazonaws.com"]
NAMES = {"clusterName": "instances", "nodegroupName": "nodegroup"}
RUN_ONCE = "echo run >> /var/lib/amazon/runs"


def lab(command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "lab", command], cwd=ROOT, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def running_lab():
    lab("down")
    lab("up")
    yield
    lab("down")


def until(what: str, condition: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError(f"{what}: it did not happen in time")


def pings() -> dict[str, str]:
    rows = settings.client("ssm").describe_instance_information()["InstanceInformationList"]
    return {row["InstanceId"]: row["PingStatus"] for row in rows}


def online() -> list[str]:
    return sorted(name for name, status in pings().items() if status == "Online")


def output_of(instance_id: str, command: str) -> str:
    ssm = settings.client("ssm")
    sent = ssm.send_command(
        DocumentName="AWS-RunShellScript", InstanceIds=[instance_id], Parameters={"commands": [command]}
    )["Command"]["CommandId"]

    def ended() -> Any:
        found = ssm.list_command_invocations(CommandId=sent, Details=True)["CommandInvocations"]
        return found and found[0]["Status"] not in ("Pending", "InProgress", "Delayed") and found[0]

    done = until("the command ends", ended)
    assert done["Status"] == "Success", done
    return done["CommandPlugins"][0]["Output"].strip()


def group() -> dict[str, Any]:
    return settings.client("eks").describe_nodegroup(**NAMES)["nodegroup"]


def change(**what: Any) -> None:
    settings.client("eks").update_nodegroup_config(**NAMES, **what)
    until("the group is active", lambda: group()["status"] == "ACTIVE")


def instances(state: str) -> list[str]:
    filters = [
        {"Name": "tag:eks:nodegroup-name", "Values": ["nodegroup"]},
        {"Name": "instance-state-name", "Values": [state]},
    ]
    found = settings.client("ec2").describe_instances(Filters=filters)["Reservations"]
    return sorted(one["InstanceId"] for reservation in found for one in reservation["Instances"])


def test_a_node_group_of_one_with_an_association():
    ec2, iam, eks = (settings.client(service) for service in ("ec2", "iam", "eks"))
    vpc = ec2.create_vpc(CidrBlock="10.44.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.44.{part}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for part, zone in ((1, "a"), (2, "b"))
    ]
    ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    trust = {"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="node", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in ("AmazonEKSWorkerNodePolicy", "AmazonSSMManagedInstanceCore"):
        iam.attach_role_policy(RoleName="node", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    settings.client("ssm").create_association(
        Name="AWS-RunShellScript",
        Parameters={"commands": [RUN_ONCE]},
        Targets=[{"Key": "tag:eks:nodegroup-name", "Values": ["nodegroup"]}],
    )
    eks.create_cluster(name="instances", roleArn=role, resourcesVpcConfig={"subnetIds": ids})
    sizes = {"minSize": 1, "maxSize": 3, "desiredSize": 1}
    eks.create_nodegroup(**NAMES, scalingConfig=sizes, subnets=ids, nodeRole=role)
    until("the group is active", lambda: group()["status"] == "ACTIVE")
    until("the node is online", lambda: len(online()) == 1)
    (name,) = online()
    until("the association ran", lambda: output_of(name, "cat /var/lib/amazon/runs || true") == "run")


def test_a_stopped_instance_comes_back_with_its_disk_and_gets_what_it_missed():
    (name,) = online()
    ec2 = settings.client("ec2")
    ec2.stop_instances(InstanceIds=[name])
    until("the node is gone", lambda: not online())
    # What a node missed it gets when it is back; what it has had it does not get again.
    ssm = settings.client("ssm")
    ssm.start_associations_once(AssociationIds=[ssm.list_associations()["Associations"][0]["AssociationId"]])
    ec2.start_instances(InstanceIds=[name])
    until("the node is back", lambda: online() == [name])
    until("the association ran again", lambda: output_of(name, "cat /var/lib/amazon/runs") == "run\nrun")


def test_a_warm_instance_ran_its_association_before_it_is_needed():
    change(warmPoolConfig={"enabled": True, "maxGroupPreparedCapacity": 2})
    (warm,) = until("an instance is warm", lambda: instances("stopped"))
    assert warm not in online()
    change(scalingConfig={"desiredSize": 2})
    until("the warm one is a node", lambda: warm in online())
    assert output_of(warm, "cat /var/lib/amazon/runs") == "run"


def test_a_terminated_instance_is_replaced():
    before = online()
    settings.client("ec2").terminate_instances(InstanceIds=before[:1])
    after = until("another node is online", lambda: len(online()) == 2 and before[0] not in online() and online())
    assert before[1] in after


def test_the_group_leaves_no_node():
    settings.client("eks").delete_nodegroup(**NAMES)
    until(
        "the group is gone", lambda: not settings.client("eks").list_nodegroups(clusterName="instances")["nodegroups"]
    )
    assert online() == []
