"""What of the machine a lab touches, and a lab with a node, for the tests that kill it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from lab import checks, server, settings
from lab.node import cgroups, fleet
from lab.registry import daemons

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ["ec2.amazonaws.com", "eks.amazonaws.com"]


def lab(command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "lab", command], cwd=ROOT, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def output(*command: str) -> str:
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout


def processes() -> set[str]:
    """Return the command lines that name a place of the lab."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            # It ended while we looked.
            continue
        if any(str(place) in line for place in (settings.RUN, settings.VAR, settings.CACHE)) or "lab.server" in line:
            found.add(line)
    return found


def machine() -> dict[str, object]:
    """Return all of the machine that a lab touches."""
    links = [link["ifname"] for link in json.loads(output("ip", "-j", "link"))]
    return {
        "processes": processes(),
        "namespaces": output("ip", "netns", "list"),
        "links": sorted(links),
        "routes": output("ip", "route"),
        "mounts": sorted(line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()),
        "control groups": sorted(cgroups.parents()),
        "hosts": Path("/etc/hosts").read_bytes(),
        "places": [
            str(place)
            for place in (
                settings.RUN,
                settings.VAR,
                checks.probe_folder(),
                Path("/etc/containers/certs.d"),
                Path("/etc/docker/certs.d"),
            )
            if place.exists()
        ],
    }


def start_a_node() -> None:
    ec2, eks = settings.client("ec2"), settings.client("eks")
    vpc = ec2.create_vpc(CidrBlock="10.43.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.43.{part}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for part, zone in ((1, "a"), (2, "b"))
    ]
    ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    trust = {"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = settings.client("iam").create_role(RoleName="node", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    eks.create_cluster(name="gone", roleArn=role, resourcesVpcConfig={"subnetIds": ids})
    eks.create_nodegroup(
        clusterName="gone",
        nodegroupName="nodegroup",
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
        subnets=ids,
        nodeRole=role,
    )
    ssm, deadline = settings.client("ssm"), time.monotonic() + 60
    while not ssm.describe_instance_information()["InstanceInformationList"]:
        assert time.monotonic() < deadline, "no node came online"
        time.sleep(0.2)
    # A container that came and went leaves its parent group, and nobody who would remove it.
    script = "ctr -n k8s.io run --rm localhost/kubernetes/pause:latest brief /bin/true"
    nodes = [info["InstanceId"] for info in ssm.describe_instance_information()["InstanceInformationList"]]
    sent = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=nodes, Parameters={"commands": [script]})
    command = {"CommandId": sent["Command"]["CommandId"], "InstanceId": nodes[0]}
    ssm.get_waiter("command_executed").wait(**command, WaiterConfig={"Delay": 1})


def first_process(part: str) -> int:
    """Return the pid of the server, of a node's init, or of the registry."""
    if part == "server":
        pid, _started = server.state_of()
        return pid
    if part == "node":
        return fleet.recorded()[0].init
    pid: int = json.loads((daemons.FOLDER / "docker-registry.json").read_text())["pid"]
    return pid
