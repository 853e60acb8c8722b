"""What EKS refuses of a node group's launch template, and of a request that names one, in EKS's own words.

https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html and
https://docs.aws.amazon.com/eks/latest/userguide/capacity-blocks-mng.html
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from botocore.exceptions import ClientError

from lab.aws.eks.group import Group, read_template
from lab.aws.eks.support import Params, invalid, refused

BLOCK = "capacity-block"
Data = dict[str, Any]


def _read(wanted: dict[str, str]) -> tuple[Data, Data]:
    """Return what a launch template says and its name, which a request gives in one of two ways."""
    if bool(wanted.get("id")) == bool(wanted.get("name")):
        # https://github.com/eksctl-io/eksctl/pull/3104 and, for updates,
        # https://github.com/aws-controllers-k8s/community/issues/2645
        raise invalid("Either provide launch template ID or launch template name in the request.")
    version = wanted.get("version") or "$Default"
    if version not in ("$Default", "$Latest") and not re.fullmatch(r"[1-9]\d*", version):
        # https://github.com/eksctl-io/eksctl/issues/7786 has EC2's words, and moto takes any.
        raise invalid(f"Could not find the specified version {version} for the launch template.")
    try:
        return read_template(wanted)
    except ClientError as error:
        raise invalid(error.response["Error"]["Message"]) from error


def _check_data(data: Data, capacity_type: str) -> None:
    """Refuse a launch template that says what is EKS's to say."""
    if data.get("IamInstanceProfile"):
        raise invalid("You cannot specify an instance profile within the launch template.")
    if any(interface.get("SubnetId") for interface in data.get("NetworkInterfaces") or []):
        raise invalid("You cannot specify subnets within the launch template.")
    market = (data.get("InstanceMarketOptions") or {}).get("MarketType")
    if market and (market, capacity_type) != (BLOCK, "CAPACITY_BLOCK"):
        # https://github.com/hashicorp/terraform-provider-aws/issues/18025
        raise invalid("Instance market options are not supported with the launch template.")
    hibernates = (data.get("HibernationOptions") or {}).get("Configured")
    if data.get("InstanceInitiatedShutdownBehavior") or hibernates:
        raise invalid("You cannot specify a shutdown or hibernation behavior within the launch template.")


def check_capacity(data: Data, capacity_type: str | None) -> None:
    """Refuse a Capacity Block without all that the launch template has to say of it."""
    if capacity_type != "CAPACITY_BLOCK":
        return
    target = (data.get("CapacityReservationSpecification") or {}).get("CapacityReservationTarget") or {}
    said = {
        f"InstanceMarketOptions with MarketType {BLOCK}": (data.get("InstanceMarketOptions") or {}).get("MarketType"),
        "CapacityReservationId": target.get("CapacityReservationId"),
        "InstanceType": data.get("InstanceType"),
    }
    if missing := [name for name, value in said.items() if not value]:
        raise invalid(f"The capacity type CAPACITY_BLOCK requires a launch template with {', '.join(missing)}.")


def check_template(params: Params) -> tuple[Data, Data]:
    """Refuse what a launch template and the request may not both say; return what the template says, and its name."""
    if params.get("diskSize"):
        raise invalid("Disk size must be specified within the launch template.")
    if params.get("remoteAccess"):
        raise invalid("Remote access configuration cannot be specified with a launch template.")
    data, named = _read(params["launchTemplate"])
    if data.get("InstanceType") and params.get("instanceTypes"):
        # https://github.com/terraform-aws-modules/terraform-aws-eks/issues/1386
        raise refused("Cannot specify instance types in launch template and API Request")
    _check_data(data, params.get("capacityType") or "ON_DEMAND")
    if data.get("ImageId"):
        _check_custom(params)
    elif params.get("amiType") == "CUSTOM":
        raise invalid("You must specify an image id within the launch template for the amiType CUSTOM.")
    return data, named


def _check_custom(params: Params) -> None:
    if params.get("amiType") not in (None, "CUSTOM"):
        _refuse_image()
    if params.get("version"):
        # https://github.com/pulumi/pulumi-eks/issues/1283
        raise invalid(
            "You cannot specify a kubernetes version to use when specifying an image id to use within the launch "
            "template."
        )
    if params.get("releaseVersion"):
        raise invalid("You cannot specify the field releaseVersion when using custom AMIs.")


def _refuse_image() -> None:
    raise invalid(
        "You cannot specify an image id within the launch template, since your nodegroup is configured to use an "
        "EKS optimized AMI."
    )


def check_new_version(group: Group, params: Params) -> tuple[Data, Data] | None:
    """Refuse an update to what the group's own launch template cannot be; return what it says then, and its name."""
    custom, wanted = group.ami_type == "CUSTOM", params.get("launchTemplate")
    for name, said in (("version", "kubernetesVersion"), ("releaseVersion", "releaseVersion")):
        if custom and params.get(name):
            # https://github.com/eksctl-io/eksctl/issues/5999
            raise invalid(f"You cannot specify the field {said} when using custom AMIs.")
    if wanted is None:
        if custom:
            # https://github.com/rancher/eks-operator/issues/85
            raise invalid("Launch template details can't be null for Custom ami type node group")
        return None
    current = group.launch_template
    if not current:
        raise invalid(
            "Launch template was not specified when the nodegroup was created, so it can't be updated with one."
        )
    for name in ("id", "name"):
        if wanted.get(name) and wanted[name] != current.get(name):
            raise invalid("You can't specify a different launch template than the one the nodegroup was created with.")
    data, named = _read(wanted)
    _check_data(data, group.capacity_type)
    if custom and not data.get("ImageId"):
        raise invalid("You must specify an image id within the launch template for the amiType CUSTOM.")
    if data.get("ImageId") and not custom:
        _refuse_image()
    return data, named


def is_unreadable(group: Group) -> bool:
    """Tell whether EKS cannot merge its own user data into the template's, which it does for its own Linux images."""
    text = group.template_data.get("UserData")
    if not text or not group.ami_type.startswith("AL"):
        return False
    try:
        return not base64.b64decode(text).lstrip().lower().startswith((b"mime-version:", b"content-type: multipart/"))
    except binascii.Error:
        return True
