"""EC2's wrong calls, and the code each is refused with.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from typing import Any

import pytest

VALUE, MISSING = "InvalidParameterValue", "MissingParameter"
IMAGE, NOBODY = "ami-12c6146b", "i-0123456789abcdef0"
NO_TEMPLATE, NO_GROUP = "lt-0123456789abcdef0", "sg-0123456789abcdef0"
Changes = list[tuple[str, dict[str, Any]]]


def tags(*pairs: tuple[str, str], kind: str = "instance") -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in pairs]}]}


RUN: Changes = [
    (MISSING, {"ImageId": None}),
    ("InvalidAMIID.Malformed", {"ImageId": "image"}),
    *((VALUE, counts) for counts in ({"MinCount": 0}, {"MinCount": 2}, {"MinCount": -1, "MaxCount": -1})),
    (VALUE, {"InstanceType": "t3.colossal"}),
    (VALUE, {"InstanceInitiatedShutdownBehavior": "explode"}),
    *((VALUE, {"MetadataOptions": {"HttpPutResponseHopLimit": hops}}) for hops in (0, 65)),
    (VALUE, {"MetadataOptions": {"HttpTokens": "yes"}}),
    (VALUE, tags(("aws:a", "b"))),
    (VALUE, tags(("", "b"))),
    (VALUE, tags(("k" * 129, "b"))),
    (VALUE, tags(("a", "v" * 257))),
    (VALUE, tags(("a", "b"), ("a", "c"))),
    (VALUE, tags(("a", "b"), kind="banana")),
    (VALUE, {"IamInstanceProfile": {"Name": "none"}}),
    (VALUE, {"IamInstanceProfile": {"Arn": "arn:aws:iam::123456789012:instance-profile/none"}}),
    ("InvalidLaunchTemplateId.NotFound", {"LaunchTemplate": {"LaunchTemplateId": NO_TEMPLATE}}),
]
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("InvalidInstanceID.Malformed", name, {"InstanceIds": ["node"]})
        for name in (
            *("describe_instances", "describe_instance_status", "start_instances", "stop_instances"),
            *("reboot_instances", "terminate_instances"),
        )
    ),
    ("InvalidInstanceID.NotFound", "describe_instances", {"InstanceIds": [NOBODY]}),
    ("InvalidLaunchTemplateId.Malformed", "describe_launch_templates", {"LaunchTemplateIds": ["template"]}),
    ("InvalidGroupId.Malformed", "describe_security_groups", {"GroupIds": ["group"]}),
    *(
        ("InvalidLaunchTemplateId.NotFound", name, given)
        for name, given in (
            ("describe_launch_templates", {"LaunchTemplateIds": [NO_TEMPLATE]}),
            ("modify_launch_template", {"LaunchTemplateId": NO_TEMPLATE, "DefaultVersion": "1"}),
            ("delete_launch_template", {"LaunchTemplateId": NO_TEMPLATE}),
        )
    ),
    *(
        (VALUE, name, {"MaxResults": size})
        for name in ("describe_instances", "describe_security_groups", "describe_subnets")
        for size in (4, 1001)
    ),
    *(
        ("InvalidLaunchTemplateName.MalformedException", "create_launch_template", {"LaunchTemplateName": name})
        for name in ("ab", "a b", "x" * 129)
    ),
    ("InvalidInstanceID.NotFound", "create_tags", {"Resources": [NOBODY], "Tags": [{"Key": "a", "Value": "b"}]}),
    ("InvalidVpcID.NotFound", "create_security_group", {"GroupName": "g", "VpcId": "vpc-0123456789abcdef0"}),
    *((VALUE, "create_security_group", {"GroupName": name}) for name in ("sg-g", "x" * 256)),
    ("InvalidGroup.NotFound", "delete_security_group", {"GroupId": NO_GROUP}),
]


@pytest.fixture(autouse=True)
def _installed(lab: Any) -> None:
    from lab.aws import faults
    from lab.aws.ec2 import checks

    faults.install()
    checks.install()


def test_every_wrong_call_is_refused(lab: Any, refuses: Any) -> None:
    refuses.changes("ec2", "run_instances", {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}, RUN)
    more = {
        "create_launch_template": {"LaunchTemplateData": {"ImageId": IMAGE}},
        "create_security_group": {"Description": "d"},
    }
    refuses.calls("ec2", [(code, name, more.get(name, {}) | given) for code, name, given in CALLS])
    assert lab.ec2.describe_instances()["Reservations"] == []


def test_a_template_is_named_by_id_or_by_name_and_not_both(lab: Any, refuses: Any) -> None:
    """https://github.com/getmoto/moto/blob/master/tests/test_ec2/test_launch_templates.py verified it against AWS."""
    lab.ec2.create_launch_template(LaunchTemplateName="both", LaunchTemplateData={"ImageId": IMAGE})
    both = {"LaunchTemplateName": "both", "LaunchTemplateId": "lt-0123456789abcdef0", "DefaultVersion": "1"}
    refuses.calls("ec2", [("InvalidParameterCombination", "modify_launch_template", both)])


def test_an_image_that_is_not_there(lab: Any, refuses: Any) -> None:
    node = lab.node()
    image = lab.ec2.create_image(InstanceId=node, Name="image")["ImageId"]
    lab.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)
    other = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1}
    refuses.calls("ec2", [("InvalidAMIID.NotFound", "run_instances", other)])


def test_a_filter_that_there_is_not(lab: Any, refuses: Any) -> None:
    lab.ec2.create_image(InstanceId=lab.node(), Name="image")
    odd = {"Filters": [{"Name": "colour", "Values": ["blue"]}]}
    names = ("describe_instances", "describe_images", "describe_subnets", "describe_security_groups", "describe_vpcs")
    refuses.calls("ec2", [(VALUE, name, odd) for name in names])


def test_user_data_has_a_limit(lab: Any) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html: 16 KB, before it is encoded."""
    right = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}
    lab.ec2.run_instances(**right, UserData="x" * 16384)
    client = lab.ec2
    with pytest.raises(client.exceptions.ClientError, match="limited to 16384 bytes"):
        client.run_instances(**right, UserData="x" * 16385)


def test_tags_of_what_is_there(lab: Any, refuses: Any) -> None:
    node = lab.node()
    wrong: list[tuple[str, list[dict[str, str]]]] = [
        (MISSING, []),
        (VALUE, [{"Key": "aws:a", "Value": "b"}]),
        (VALUE, [{"Key": "", "Value": "b"}]),
        (VALUE, [{"Key": "k" * 129, "Value": "b"}]),
        (VALUE, [{"Key": "a", "Value": "v" * 257}]),
    ]
    refuses.calls("ec2", [(code, "create_tags", {"Resources": [node], "Tags": given}) for code, given in wrong])
    lab.ec2.create_tags(Resources=[node], Tags=[{"Key": "k" * 128, "Value": "v" * 256}])


def test_what_is_gone_is_neither_started_nor_stopped(lab: Any, refuses: Any) -> None:
    node = lab.node()
    lab.ec2.terminate_instances(InstanceIds=[node])
    calls = [
        ("IncorrectInstanceState", name, {"InstanceIds": [node]}) for name in ("start_instances", "stop_instances")
    ]
    refuses.calls("ec2", calls)


def test_a_networks_default_group_and_its_ports(lab: Any, refuses: Any) -> None:
    groups = lab.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])
    group = groups["SecurityGroups"][0]["GroupId"]
    rules = [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    ports = [(80, 65536), (90, 80), (-1, 80)]
    calls = [
        (VALUE, "authorize_security_group_ingress", [{**rules[0], "FromPort": first, "ToPort": last}])
        for first, last in ports
    ]
    refuses.calls("ec2", [(code, name, {"GroupId": group, "IpPermissions": given}) for code, name, given in calls])
    refuses.calls("ec2", [("CannotDelete", "delete_security_group", {"GroupId": group})])
