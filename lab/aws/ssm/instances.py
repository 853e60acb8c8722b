"""DescribeInstanceInformation: the nodes whose agent has registered, and whether it answers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm import association_runs as runs
from lab.aws.ssm.association_history import of_instance
from lab.aws.ssm.output import role_of
from lab.aws.ssm.support import error, fleet, operation, page
from lab.aws.ssm.targets import PLATFORM, instances, managed, match

AGENT = "3.3.4624.0"
# What each filter looks at; those for hybrid nodes find none here.
FACTS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ResourceType": "ResourceType",
    "AgentVersion": "AgentVersion",
    "AssociationStatus": "AssociationStatus",
    "ActivationIds": "ActivationId",
    "IamRole": "IamRole",
    "SourceIds": "SourceId",
    "SourceTypes": "SourceType",
}
VALUES = {
    "PingStatus": ("Online", "ConnectionLost", "Inactive"),
    "PlatformTypes": ("Windows", "Linux", "MacOS"),
    "ResourceType": ("EC2Instance", "ManagedInstance"),
    "AssociationStatus": ("Success", "Pending", "Failed"),
}


def describe(backend: SimpleSystemManagerBackend, instance: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    seen: dict[str, datetime] = vars(backend).setdefault("lab_last_ping", {})
    online = fleet().online(instance.id)
    if online:
        seen[instance.id] = now
    row = {
        "InstanceId": instance.id,
        "PingStatus": "Online" if online else "ConnectionLost",
        "LastPingDateTime": seen.setdefault(instance.id, now),
        "AgentVersion": AGENT,
        "IsLatestVersion": True,
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
        "ComputerName": instance.private_dns_name,
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
        **PLATFORM,
        **_associations(backend, instance.id),
    }
    role = role_of(instance)
    return row | ({"IamRole": role.rpartition("/")[2]} if role else {})


def _associations(backend: SimpleSystemManagerBackend, instance_id: str) -> dict[str, Any]:
    answers = [one.latest().get(instance_id) for one in of_instance(backend, instance_id)]
    if not answers:
        return {}
    counts = Counter(runs.state(one)[0] if one else "Pending" for one in answers)
    status = next(name for name in ("Pending", "Failed", "Skipped", "Success") if name in counts)
    status = "Failed" if status == "Skipped" else status
    overview = {"DetailedStatus": status, "InstanceAssociationStatusAggregatedCount": dict(counts)}
    times = [one.updated for one in answers if one]
    return {
        "AssociationStatus": status,
        "AssociationOverview": overview,
        **({"LastAssociationExecutionDate": max(times)} if times else {}),
    }


def _filters(params: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = [dict(row) for row in params.get("Filters") or []]
    old = params.get("InstanceInformationFilterList") or []
    if wanted and old:
        raise error("InvalidFilterKey", "Filters and InstanceInformationFilterList can't be used together.")
    wanted += [{"Key": row["key"], "Values": row["valueSet"]} for row in old]
    for row in wanted:
        if row["Key"] not in FACTS and row["Key"] != "tag-key" and not row["Key"].startswith("tag:"):
            raise error("InvalidFilterKey", f"The filter key {row['Key']} is not valid.")
        odd = [value for value in row["Values"] if value not in VALUES.get(row["Key"], row["Values"])]
        if odd:
            raise error("InvalidInstanceInformationFilterValue", f"{row['Key']} has no value {', '.join(odd)}.")
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
    tags = [row for row in wanted if row["Key"].startswith("tag")]
    others = [row for row in wanted if row not in tags]
    rows = []
    for instance in known.values():
        described = describe(backend, instance)
        passed = all(described.get(FACTS[row["Key"]]) in row["Values"] for row in others)
        if passed and match(backend, instance, tags):
            rows.append(described)
    return page(rows, params, "InstanceInformationList", default=10)


def install() -> None:
    """Add the operation to moto."""
    operation("DescribeInstanceInformation", "describe_instance_information", describe_instance_information)
