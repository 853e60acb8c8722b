from __future__ import annotations

import threading
import time

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from lab.aws import eks

ROLE = "arn:aws:iam::123456789012:role/node"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


class FakeFleet:
    def __init__(self):
        self.nodes = {}
        self.lock = threading.Lock()
        self.refuse = None

    def start(self, instance_id, private_ip, role_arn=None):
        if self.refuse:
            raise eks.NodeError(self.refuse)
        self.nodes[instance_id] = (private_ip, role_arn)

    def stop(self, instance_id):
        self.nodes.pop(instance_id, None)


@pytest.fixture(name="aws", scope="module")
def aws_fixture():
    eks.install()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield lambda service: boto3.client(service, endpoint_url=f"http://{host}:{port}", **KEYS)
    server.stop()


@pytest.fixture(name="fleet")
def fleet_fixture(aws, monkeypatch):
    fleet = FakeFleet()
    monkeypatch.setattr(eks, "FLEET", fleet)
    monkeypatch.setattr(eks, "ec2", lambda: aws("ec2"))
    return fleet


@pytest.fixture(name="subnets", scope="module")
def subnets_fixture(aws):
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ids = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)]
    aws("eks").create_cluster(name="c", roleArn=ROLE, version="1.34", resourcesVpcConfig={"subnetIds": ids})
    return ids


def until(client, name, status):
    for _try in range(200):
        group = client.describe_nodegroup(clusterName="c", nodegroupName=name)["nodegroup"]
        if group["status"] == status:
            return group
        time.sleep(0.02)
    pytest.fail(f"node group {name} is {group['status']}, not {status}: {group['health']}")


def gone(client, name):
    for _try in range(200):
        if name not in client.list_nodegroups(clusterName="c")["nodegroups"]:
            return
        time.sleep(0.02)
    pytest.fail(f"node group {name} is still there")


def create(client, subnets, name="g", desired=2, **more):
    sizes = {"minSize": 0, "maxSize": 4, "desiredSize": desired}
    return client.create_nodegroup(
        clusterName="c", nodegroupName=name, nodeRole=ROLE, subnets=subnets, scalingConfig=sizes, **more
    )["nodegroup"]


def test_a_group_goes_up_and_down_and_away(aws, fleet, subnets):
    client = aws("eks")
    assert create(client, subnets, labels={"a": "b"})["status"] == "CREATING"
    group = until(client, "g", "ACTIVE")
    assert group["version"] == "1.34"
    assert group["amiType"] == "AL2023_x86_64_STANDARD"
    assert group["diskSize"] == 20
    assert "remoteAccess" not in group
    assert len(fleet.nodes) == 2
    assert {role for _ip, role in fleet.nodes.values()} == {ROLE}
    filters = [{"Name": "tag:kubernetes.io/cluster/c", "Values": ["owned"]}]
    found = aws("ec2").describe_instances(Filters=filters)["Reservations"]
    instances = {one["InstanceId"]: one for reservation in found for one in reservation["Instances"]}
    assert set(instances) == set(fleet.nodes)
    assert {one["SubnetId"] for one in instances.values()} == set(subnets)
    assert {one["PrivateIpAddress"] for one in instances.values()} == {ip for ip, _role in fleet.nodes.values()}

    request = {"clusterName": "c", "nodegroupName": "g"}
    update = client.update_nodegroup_config(
        **request, scalingConfig={"desiredSize": 3}, labels={"addOrUpdateLabels": {"x": "y"}, "removeLabels": ["a"]}
    )["update"]
    assert update["status"] == "InProgress"
    group = until(client, "g", "ACTIVE")
    assert group["labels"] == {"x": "y"}
    assert len(fleet.nodes) == 3
    answer = client.describe_update(name="c", nodegroupName="g", updateId=update["id"])["update"]
    assert answer["status"] == "Successful"
    assert client.list_updates(name="c", nodegroupName="g")["updateIds"] == [update["id"]]

    client.update_nodegroup_config(**request, scalingConfig={"desiredSize": 1})
    until(client, "g", "ACTIVE")
    assert len(fleet.nodes) == 1

    before = set(fleet.nodes)
    aws("ec2").terminate_instances(InstanceIds=list(before))
    for _try in range(200):
        if fleet.nodes and not before & set(fleet.nodes):
            break
        time.sleep(0.02)
    assert len(fleet.nodes) == 1
    assert not before & set(fleet.nodes)

    with pytest.raises(ClientError, match="ResourceInUse"):
        client.delete_cluster(name="c")
    assert client.delete_nodegroup(**request)["nodegroup"]["status"] == "DELETING"
    gone(client, "g")
    assert not fleet.nodes


def test_a_version_update_replaces_every_node(aws, fleet, subnets):
    client = aws("eks")
    create(client, subnets, "v")
    until(client, "v", "ACTIVE")
    before = set(fleet.nodes)
    client.update_nodegroup_version(clusterName="c", nodegroupName="v", version="1.35")
    assert until(client, "v", "ACTIVE")["version"] == "1.35"
    assert len(fleet.nodes) == 2
    assert not before & set(fleet.nodes)
    client.delete_nodegroup(clusterName="c", nodegroupName="v")
    gone(client, "v")


def test_settings_moto_drops_are_kept_and_tags_work(aws, fleet, subnets):
    client = aws("eks")
    warm = {"enabled": True, "minSize": 1}
    group = create(
        client,
        subnets,
        "s",
        0,
        updateConfig={"maxUnavailablePercentage": 50},
        nodeRepairConfig={"enabled": True},
        warmPoolConfig=warm,
        tags={"k": "v"},
    )
    group = until(client, "s", "ACTIVE")
    assert group["updateConfig"] == {"maxUnavailablePercentage": 50}
    assert group["nodeRepairConfig"] == {"enabled": True}
    assert group["warmPoolConfig"] == warm
    client.tag_resource(resourceArn=group["nodegroupArn"], tags={"l": "w"})
    client.untag_resource(resourceArn=group["nodegroupArn"], tagKeys=["k"])
    assert client.list_tags_for_resource(resourceArn=group["nodegroupArn"])["tags"] == {"l": "w"}
    client.delete_nodegroup(clusterName="c", nodegroupName="s")
    gone(client, "s")


def test_a_node_that_does_not_start_fails_the_group(aws, fleet, subnets):
    client = aws("eks")
    fleet.refuse = "no bridge"
    create(client, subnets, "f", 1)
    group = until(client, "f", "CREATE_FAILED")
    assert "no bridge" in group["health"]["issues"][0]["message"]
    client.delete_nodegroup(clusterName="c", nodegroupName="f")
    gone(client, "f")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"scalingConfig": {"minSize": 2, "maxSize": 1, "desiredSize": 1}}, "Minimum capacity 2"),
        ({"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 3}}, "Desired capacity 3"),
        ({"subnets": ["subnet-0123456789abcdef0"]}, "subnet-0123456789abcdef0"),
        ({"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}, "NO_SCHEDULE"),
    ],
)
def test_what_aws_refuses_is_refused(aws, fleet, subnets, more, message):
    request = {"clusterName": "c", "nodegroupName": "r", "nodeRole": ROLE, "subnets": subnets, **more}
    with pytest.raises(ClientError, match="InvalidParameterException") as caught:
        aws("eks").create_nodegroup(**request)
    assert message in str(caught.value)


def test_groups_of_no_cluster_are_not_found(aws):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws("eks").list_nodegroups(clusterName="nobody")
