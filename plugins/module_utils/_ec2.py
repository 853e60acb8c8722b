# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2: every call that finds nodes and launch templates."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.nodecache.eks.plugins.module_utils._aws import call, paged

# An older version of the API, which is all that finding instances takes: the newest one's model is five times as large,
# and to read it takes longer than all else that a task does.
INSTANCES_API = "2016-09-15"
# A tag of every instance that EKS Auto Mode runs, and of no other.
_AUTO_MODE = "eks:kubernetes-node-class-name"
_NO_TEMPLATE = ["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateName.NotFoundException"]


def running_instances(ec2: Any, targets: list[dict[str, Any]]) -> dict[str, bool]:
    """Return {id: whether Auto Mode runs it} of the running instances that match every target, sorted by id."""
    filters = [{"Name": "instance-state-name", "Values": ["running"]}]
    for target in targets:
        name = "instance-id" if target["key"] == "InstanceIds" else target["key"]
        filters.append({"Name": name, "Values": target["values"]})
    shown = ", ".join(f"{target['key']}={','.join(target['values'])}" for target in targets)
    with call("nodes", "list", shown):
        reservations = paged(ec2, "describe_instances", "Reservations", Filters=filters, MaxResults=1000)
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    found = {one["InstanceId"]: any(tag["Key"] == _AUTO_MODE for tag in one.get("Tags", [])) for one in instances}
    return dict(sorted(found.items()))


def find_template(ec2: Any, template: dict[str, str]) -> dict[str, str] | None:
    """Return the launch template as EKS tells of it, by its id, its name and a version's number, or None."""
    named = template.get("id") or template["name"]
    request = {"LaunchTemplateIds" if "id" in template else "LaunchTemplateNames": [named]}
    with call("launch template", "describe", named):
        try:
            found = ec2.describe_launch_templates(**request, aws_retry=True)["LaunchTemplates"]
        except is_boto3_error_code(_NO_TEMPLATE):
            return None
    if not found:
        return None
    version = template.get("version", "$Default")
    member = {"$Latest": "LatestVersionNumber", "$Default": "DefaultVersionNumber"}.get(version)
    number = str(found[0][member]) if member else version
    return {"id": found[0]["LaunchTemplateId"], "name": found[0]["LaunchTemplateName"], "version": number}
