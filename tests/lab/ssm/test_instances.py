"""What Systems Manager tells of its nodes, and of what the lab keeps only as far as moto does.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceProperties.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetPatchBaselineForPatchGroup.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code


def test_instance_information(lab: Any) -> None:
    up, down = lab.node(team="a"), lab.node(online=False, team="a")
    lab.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    ask = lab.ssm.describe_instance_information
    rows = {row["InstanceId"]: row["PingStatus"] for row in ask()["InstanceInformationList"]}
    assert rows == {up: "Online", down: "ConnectionLost"}

    def ids(**wanted: list[str]) -> set[str]:
        filters = [{"Key": key.replace("__", ":"), "Values": values} for key, values in wanted.items()]
        return {row["InstanceId"] for row in ask(Filters=filters)["InstanceInformationList"]}

    assert ids(tag__team=["a"]) == {up, down} and ids(tag__team=["b"]) == set()
    assert ids(PingStatus=["Online"]) == {up} and ids(InstanceIds=[down]) == {down}
    assert ids(PlatformTypes=["Linux"]) == ids(ResourceType=["EC2Instance"]) == {up, down}
    assert ids(SourceIds=[up], SourceTypes=["AWS::EC2::Instance"]) == {up} and ids(ActivationIds=["x"]) == set()
    assert ids(AssociationStatus=["Success"]) == set() and ids(PingStatus=["ConnectionLost"]) == {down}
    assert code(ask, Filters=[{"Key": "Odd", "Values": ["x"]}]) == "InvalidFilterKey"
    wrong = [{"Key": "PingStatus", "Values": ["Away"]}]
    assert code(ask, Filters=wrong) == "InvalidInstanceInformationFilterValue"
    assert code(ask, Filters=[{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]) == "InvalidInstanceId"
    mixed = [{"Key": "tag:team", "Values": ["a"]}, {"Key": "PingStatus", "Values": ["Online"]}]
    assert code(ask, Filters=mixed) == "InvalidFilterKey"
    for _ in range(5):
        lab.node()
    pages = lab.ssm.get_paginator("describe_instance_information").paginate(PaginationConfig={"PageSize": 5})
    assert [len(one["InstanceInformationList"]) for one in pages] == [5, 2]
