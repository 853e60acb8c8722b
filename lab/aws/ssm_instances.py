"""DescribeInstanceInformation: the nodes whose agent has registered, and whether it answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm_support import error, fleet, operation, page
from lab.aws.ssm_targets import instances, managed, match

AGENT = "3.3.4624.0"
PLATFORM = {"PlatformType": "Linux", "PlatformName": "Amazon Linux", "PlatformVersion": "2023"}
KEYS = ("InstanceIds", "PingStatus", "PlatformTypes", "ResourceType", "AgentVersion", "tag-key")


def _describe(instance: Any, online: bool) -> dict[str, Any]:
    profile = getattr(instance, "iam_instance_profile", None) or {}
    arn = profile.get("Arn", "") if isinstance(profile, dict) else ""
    row = {
        "InstanceId": instance.id,
        "PingStatus": "Online" if online else "ConnectionLost",
        "LastPingDateTime": datetime.now(UTC),
        "AgentVersion": AGENT,
        "IsLatestVersion": True,
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
        "ComputerName": instance.private_dns_name,
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
        **PLATFORM,
    }
    return row | ({"IamRole": arn.rpartition("/")[2]} if arn else {})


def _filters(params: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = [dict(row) for row in params.get("Filters") or []]
    wanted += [
        {"Key": row["key"], "Values": row["valueSet"]} for row in params.get("InstanceInformationFilterList") or []
    ]
    for row in wanted:
        if row["Key"] not in KEYS and not row["Key"].startswith("tag:"):
            raise error("InvalidFilterKey", f"The filter key {row['Key']} is not valid.")
    tagged = [row for row in wanted if row["Key"].startswith("tag")]
    if tagged and len(tagged) != len(wanted):
        raise error("InvalidFilterKey", "Tag filters cannot be combined with other filters.")
    return wanted


def describe_instance_information(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List the registered nodes that pass every filter."""
    wanted = _filters(params)
    known = managed(backend)
    for row in wanted:
        unknown = [value for value in row["Values"] if value not in known and value not in instances(backend)]
        if row["Key"] == "InstanceIds" and unknown:
            raise error("InvalidInstanceId", f"The following instance ids are not valid: {', '.join(unknown)}")
    facts = {"PlatformTypes": "PlatformType"}
    rows = []
    for instance in known.values():
        described = _describe(instance, fleet().online(instance.id))
        tags = [row for row in wanted if row["Key"].startswith("tag")]
        others = [row for row in wanted if row not in tags and row["Key"] != "InstanceIds"]
        ids = [row for row in wanted if row["Key"] == "InstanceIds"]
        if match(backend, instance, tags + ids) and all(
            described.get(facts.get(row["Key"], row["Key"])) in row["Values"] for row in others
        ):
            rows.append(described)
    return page(rows, params, "InstanceInformationList", default=10)


def install() -> None:
    """Add the operation to moto."""
    operation("DescribeInstanceInformation", "describe_instance_information", describe_instance_information)
