"""EC2's wrong calls, as far as a cluster's user makes them: identifiers, states, instances, tags, templates, groups.

The codes are those of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.iam.models import iam_backends

from lab.aws import guard
from lab.aws.validation import Mistyped, violations

_HEX = "[0-9a-f]{8}([0-9a-f]{9})?"
# What is named, how its identifiers look, and the code for one that looks otherwise.
IDS = {
    ("InstanceIds", "InstanceId"): (re.compile(f"i-{_HEX}"), "InvalidInstanceID.Malformed", "instance"),
    ("LaunchTemplateIds",): (re.compile(f"lt-{_HEX}"), "InvalidLaunchTemplateId.Malformed", "launch template"),
    ("GroupIds",): (re.compile(f"sg-{_HEX}"), "InvalidGroupId.Malformed", "security group"),
}
NAMING = (
    *("DescribeInstances", "DescribeInstanceStatus", "StartInstances", "StopInstances", "RebootInstances"),
    *("TerminateInstances", "DescribeInstanceAttribute", "ModifyInstanceMetadataOptions"),
    *("DescribeLaunchTemplates", "DescribeSecurityGroups"),
)
# How many results a page may have; most listings of EC2 begin at five.
PAGES = {
    "DescribeInstances": range(5, 1001),
    "DescribeSecurityGroups": range(5, 1001),
    "DescribeSubnets": range(5, 1001),
    "DescribeLaunchTemplates": range(1, 201),
}
# Where the words that the model allows are all there are.
MODELLED = ("RunInstances", "ModifyInstanceMetadataOptions")
USER_DATA = 16 * 1024
LONGEST_KEY, LONGEST_VALUE, LONGEST_NAME = 128, 256, 255
_TEMPLATE_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")


def _value(said: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", said)


def check_ids(_self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse identifiers of another form."""
    for names, (form, code, what) in IDS.items():
        given = [one for name in names for one in _many(params.get(name))]
        if odd := [one for one in given if not form.fullmatch(one)]:
            raise EC2ClientError(code, f'Invalid {what} id: "{odd[0]}"')


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _modelled(operation: str) -> guard.Check:
    def check(_self: EC2Response, params: Mapping[str, Any]) -> None:
        try:
            found = violations("ec2", operation, params)
        except Mistyped:
            return
        if found:
            raise _value(found[0])

    return check


def _paged(sizes: range) -> guard.Check:
    def check(_self: EC2Response, params: Mapping[str, Any]) -> None:
        size = params.get("MaxResults")
        if size is not None and size not in sizes:
            raise _value(f"Value ( {size} ) for parameter maxResults is invalid. Expecting {sizes[0]} to {sizes[-1]}.")

    return check


def _in_state(wrong: str, way: str) -> guard.Check:
    """Refuse to change the state of what is gone."""

    def check(self: EC2Response, params: Mapping[str, Any]) -> None:
        for reservation in self.ec2_backend.reservations.values():
            for instance in reservation.instances:
                if instance.id in _many(params.get("InstanceIds")) and instance.state == wrong:
                    said = f"The instance '{instance.id}' is not in a state from which it can be {way}."
                    raise EC2ClientError("IncorrectInstanceState", said)

    return check


def _check_tags(tags: Iterable[Mapping[str, Any]]) -> None:
    keys = [str(tag.get("Key") or "") for tag in tags]
    if any(key.lower().startswith("aws:") for key in keys):
        raise _value("Tag keys starting with 'aws:' are reserved for internal use")
    if any(not 0 < len(key) <= LONGEST_KEY for key in keys):
        raise _value(f"Tag keys must have 1 to {LONGEST_KEY} characters.")
    if any(len(str(tag.get("Value") or "")) > LONGEST_VALUE for tag in tags):
        raise _value(f"Tag value exceeds the maximum length of {LONGEST_VALUE} characters")
    if len(set(keys)) < len(keys):
        raise _value("Tag keys must be unique.")


def check_tags(self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse no tags, AWS's own, those that are too long, and to tag an instance that is not there."""
    tags = params.get("Tags") or []
    if not tags:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter Tags")
    _check_tags(tags)
    known = {one.id for reservation in self.ec2_backend.reservations.values() for one in reservation.instances}
    for name in _many(params.get("Resources")):
        if name.startswith("i-") and name not in known:
            raise EC2ClientError("InvalidInstanceID.NotFound", f"The instance ID '{name}' does not exist")


def check_run(self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse counts that cross, images that are not there, and settings that no instance can have."""
    least, most = params["MinCount"], params["MaxCount"]
    if least < 1 or most < least:
        raise _value(f"Value ({least}) for parameter minCount is invalid: it is from 1 to maxCount, {most}.")
    image, images = params.get("ImageId"), self.ec2_backend.amis
    if image is None and not params.get("LaunchTemplate"):
        raise EC2ClientError("MissingParameter", "The request must contain the parameter ImageId")
    if image is not None and not re.fullmatch(f"ami-{_HEX}", image):
        raise EC2ClientError("InvalidAMIID.Malformed", f'Invalid id: "{image}" (expecting "ami-...")')
    # An account with no images at all has not been given any, where AWS's always has Amazon's.
    if image is not None and images and image not in images:
        raise EC2ClientError("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")
    for spec in params.get("TagSpecifications") or []:
        _check_tags(spec.get("Tags") or [])
    _check_hops((params.get("MetadataOptions") or {}).get("HttpPutResponseHopLimit"))
    _check_user_data(params.get("UserData"))
    _check_template(self, params.get("LaunchTemplate") or {})


def _check_hops(hops: int | None) -> None:
    if hops is not None and not 1 <= hops <= 64:
        raise _value(f"Value ({hops}) for parameter HttpPutResponseHopLimit is invalid: it is from 1 to 64.")


def check_profile(self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse a profile that IAM has not."""
    given = params.get("IamInstanceProfile") or {}
    known = iam_backends[self.current_account][self.partition].instance_profiles.values()
    for member, part in (("Name", "name"), ("Arn", "arn")):
        wanted = given.get(member)
        if wanted and wanted not in [getattr(one, part) for one in known]:
            raise _value(f"Value ({wanted}) for parameter iamInstanceProfile.{part} is invalid.")


def check_metadata(_self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse a limit of hops that is none."""
    _check_hops(params.get("HttpPutResponseHopLimit"))


def _check_user_data(text: str | None) -> None:
    """Refuse user data of which there is too much before it is encoded: four characters are three bytes."""
    if len((text or "").rstrip("=")) * 3 // 4 > USER_DATA:
        raise _value(f"User data is limited to {USER_DATA} bytes")


def _check_template(self: EC2Response, spec: Mapping[str, Any]) -> None:
    """Refuse a template that is not there; moto falls over one that is named by its id."""
    wanted = spec.get("LaunchTemplateId")
    if wanted and wanted not in self.ec2_backend.launch_templates:
        said = f"The specified launch template, with template ID {wanted}, does not exist."
        raise EC2ClientError("InvalidLaunchTemplateId.NotFound", said)


def check_template_name(_self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse a name that no template has."""
    if not _TEMPLATE_NAME.fullmatch(params["LaunchTemplateName"]):
        said = "Launch template name must be between 3 and 128 characters, and may contain letters, numbers, and ().-/_"
        raise EC2ClientError("InvalidLaunchTemplateName.MalformedException", said)


def check_templates(self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse to describe templates that are not there."""
    for wanted in _many(params.get("LaunchTemplateIds")):
        _check_template(self, {"LaunchTemplateId": wanted})


def check_template_id(self: EC2Response, params: Mapping[str, Any]) -> None:
    """Name the id that is not there, where moto asks for a name; id and name together are refused before that.

    https://github.com/getmoto/moto/blob/master/tests/test_ec2/test_launch_templates.py verified that against AWS.
    """
    if not params.get("LaunchTemplateName"):
        _check_template(self, params)


def check_group(self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse a security group of a network that is not there, and names and descriptions that none has."""
    network = params.get("VpcId")
    if network is not None and network not in self.ec2_backend.vpcs:
        raise EC2ClientError("InvalidVpcID.NotFound", f"The vpc ID '{network}' does not exist")
    if params["GroupName"].startswith("sg-"):
        raise _value("Invalid value for groupName: group names may not be in the format sg-*")
    for name in ("GroupName", "Description"):
        if len(params.get(name) or "") > LONGEST_NAME:
            raise _value(f"{name} may have at most {LONGEST_NAME} characters")


def check_end_of_group(self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse to delete a network's default group, which goes with the network."""
    for groups in self.ec2_backend.groups.values():
        group = groups.get(params.get("GroupId"))
        if group is not None and group.name == "default":
            raise EC2ClientError("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted')


def check_ports(_self: EC2Response, params: Mapping[str, Any]) -> None:
    """Refuse ports that are none, or end before they begin."""
    for rule in params.get("IpPermissions") or []:
        first, last = rule.get("FromPort"), rule.get("ToPort")
        if rule.get("IpProtocol") not in ("tcp", "udp", "6", "17") or first is None or last is None:
            continue
        if not 0 <= first <= last <= 65535:
            raise _value(f"Invalid TCP/UDP port range ({first}:{last})")


def install() -> None:
    """Check requests in front of moto."""
    for operation in MODELLED:
        guard.before(EC2Response, operation, _modelled(operation))
    for operation in NAMING:
        guard.before(EC2Response, operation, check_ids)
    for operation, sizes in PAGES.items():
        guard.before(EC2Response, operation, _paged(sizes))
    for operation, check in (
        ("StartInstances", _in_state("terminated", "started")),
        ("StopInstances", _in_state("terminated", "stopped")),
        ("CreateTags", check_tags),
        ("RunInstances", check_run),
        ("RunInstances", check_profile),
        ("ModifyInstanceMetadataOptions", check_metadata),
        ("CreateLaunchTemplate", check_template_name),
        ("DescribeLaunchTemplates", check_templates),
        ("ModifyLaunchTemplate", check_template_id),
        ("DeleteLaunchTemplate", check_template_id),
        ("CreateSecurityGroup", check_group),
        ("DeleteSecurityGroup", check_end_of_group),
        ("AuthorizeSecurityGroupIngress", check_ports),
        ("AuthorizeSecurityGroupEgress", check_ports),
    ):
        guard.before(EC2Response, operation, check)
