"""What happens to an instance happens to its node.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

from lab.aws.ec2 import nodes


def test_a_stopped_instance_is_no_node_until_it_starts_again(account):
    account.group(desired=1)
    ((name, (address, role)),) = account.fleet.nodes.items()
    account.ec2.stop_instances(InstanceIds=[name])
    account.until(lambda: not account.fleet.nodes)
    assert account.instance(name)["State"]["Name"] == "stopped"
    assert account.fleet.disks == {name}
    account.ec2.start_instances(InstanceIds=[name])
    account.until(lambda: account.fleet.nodes)
    assert account.fleet.nodes == {name: (address, role)}
    assert account.fleet.started == [name, name]


def test_a_rebooted_instance_comes_back_with_its_disk(account):
    account.group(desired=1)
    (name,) = account.fleet.nodes
    account.ec2.reboot_instances(InstanceIds=[name])
    account.until(lambda: account.fleet.started == [name, name] and account.fleet.nodes)
    assert account.fleet.disks == {name}


def test_one_that_was_stopped_and_is_terminated_leaves_no_disk(account):
    account.group(desired=1)
    (name,) = account.fleet.nodes
    account.ec2.stop_instances(InstanceIds=[name])
    account.until(lambda: not account.fleet.nodes)
    account.ec2.terminate_instances(InstanceIds=[name])
    account.until(lambda: account.fleet.nodes)
    assert account.fleet.disks == set(account.fleet.nodes)
    assert name not in account.fleet.disks


def test_instances_of_nobodys_group_are_no_nodes(account):
    made = account.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    account.ec2.stop_instances(InstanceIds=[made])
    account.ec2.start_instances(InstanceIds=[made])
    account.ec2.terminate_instances(InstanceIds=[made])
    assert account.fleet.started == []
    assert made not in nodes._nodes


def test_a_node_is_told_its_zone_its_type_and_the_tags_it_may_read(account):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html"""
    data = {"MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled"}}
    account.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData=data)
    account.group(desired=2, instanceTypes=["t3.large"], launchTemplate={"name": "mine"})
    machines = [tell() for tell in account.fleet.machines.values()]
    assert {(one.zone, one.zone_id) for one in machines} == {("us-east-1a", "use1-az6"), ("us-east-1b", "use1-az1")}
    assert {(one.instance_type, one.life_cycle) for one in machines} == {("t3.large", "on-demand")}
    assert {(one.tags or {})["eks:nodegroup-name"] for one in machines} == {"g"}
    for name, tell in account.fleet.machines.items():
        assert tell().zone == account.instance(name)["Placement"]["AvailabilityZone"]
        assert tell().image == account.instance(name)["ImageId"]
        assert tell().profile == account.instance(name)["IamInstanceProfile"]["Arn"]


def test_a_spot_node_without_leave_reads_no_tags(account):
    account.group(desired=1, capacityType="SPOT")
    (tell,) = account.fleet.machines.values()
    assert (tell().life_cycle, tell().tags) == ("spot", None)
