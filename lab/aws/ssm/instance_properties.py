"""DescribeInstanceProperties: what Systems Manager and EC2 know of the managed nodes, in one row a node.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceProperties.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm.association_history import of_instance
from lab.aws.ssm.documents import documents_of
from lab.aws.ssm.instances import FACTS, VALUES, describe
from lab.aws.ssm.support import error, operation, page
from lab.aws.ssm.targets import instances, managed, tags_of

# DocumentName is about the documents of a node's associations, the others look at one property each.
KEYS = ("InstanceIds", "AgentVersion", "PingStatus", "PlatformTypes", "DocumentName", "ActivationIds", "IamRole")
KEYS += ("ResourceType", "AssociationStatus")
COMPARE: dict[str, Callable[[str, str], bool]] = {
    "Equal": lambda fact, value: fact == value,
    "NotEqual": lambda fact, value: fact != value,
    "BeginWith": lambda fact, value: fact.startswith(value),
    "LessThan": lambda fact, value: fact < value,
    "GreaterThan": lambda fact, value: fact > value,
}


def _row(backend: SimpleSystemManagerBackend, instance: Any) -> dict[str, Any]:
    described = {key: value for key, value in describe(backend, instance).items() if key != "IsLatestVersion"}
    return described | {
        "Name": tags_of(instance).get("Name", ""),
        "InstanceType": instance.instance_type,
        "InstanceState": instance.state,
        "Architecture": instance.architecture,
        "LaunchTime": instance.launch_time,
        "AvailabilityZone": instance.availability_zone,
        **({"KeyName": instance.key_name} if instance.key_name else {}),
    }


def _filters(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Return the filters as keys, operators and values, the plain form included."""
    rows = [(row["key"], "Equal", row["valueSet"]) for row in params.get("InstancePropertyFilterList") or []]
    more = params.get("FiltersWithOperator") or []
    rows += [(row["Key"], row.get("Operator", "Equal"), row["Values"]) for row in more]
    for key, how, values in rows:
        if key not in KEYS:
            raise error("InvalidFilterKey", f"The filter key {key} is not valid.")
        odd = [value for value in values if value not in VALUES.get(key, values)]
        if odd and how in ("Equal", "NotEqual"):
            raise error("InvalidInstancePropertyFilterValue", f"{key} has no value {', '.join(odd)}.")
        unknown = [value for value in values if value not in instances(backend)]
        if key == "InstanceIds" and how == "Equal" and unknown:
            raise error("InvalidInstanceId", f"The following instance ids are not valid: {', '.join(unknown)}")
        if key == "ActivationIds":
            raise error("InvalidActivationId", f"There is no activation {values[0]}: the nodes here need none.")
        if key == "DocumentName" and how == "Equal":
            for value in values:
                documents_of(backend, value)
    return rows


def _passes(backend: SimpleSystemManagerBackend, row: dict[str, Any], key: str, how: str, values: list[str]) -> bool:
    if key == "DocumentName":
        facts = [one.request["Name"] for one in of_instance(backend, row["InstanceId"])]
    else:
        facts = [row.get(FACTS[key], "")]
    found = [COMPARE[how](fact, value) for fact in facts for value in values]
    return all(found) if how == "NotEqual" else any(found)


def describe_instance_properties(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List the managed nodes that pass every filter."""
    wanted = _filters(backend, params)
    rows = [_row(backend, instance) for instance in managed(backend).values()]
    rows = [row for row in rows if all(_passes(backend, row, *one) for one in wanted)]
    return page(rows, params, "InstanceProperties")


def install() -> None:
    """Add the operation to moto."""
    operation("DescribeInstanceProperties", "describe_instance_properties", describe_instance_properties)
