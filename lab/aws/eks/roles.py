"""Roles and other principals that EKS is given: they have to be there, and to trust who is to assume them.

https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html,
https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html and
https://docs.aws.amazon.com/eks/latest/userguide/pod-execution-role.html
"""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from lab.aws.eks.support import client, invalid

ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def _services(arn: str) -> list[str] | None:
    """Return the services that may assume a role, or None when there is no such role."""
    try:
        trust: dict[str, Any] = client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except ClientError:
        return None
    if trust["Arn"] != arn:
        # Another account's, another partition's, or one with another path.
        return None
    services: list[str] = []
    statements = trust["AssumeRolePolicyDocument"].get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        services += [named] if isinstance(named, str) else named
    return services


def check_form(arn: str) -> None:
    """Refuse what is no role's ARN."""
    if not ROLE.fullmatch(arn):
        raise invalid(f"Invalid Role Arn: '{arn}'")


def check_node_role(arn: str) -> None:
    """Refuse a role that is not there, or that EC2 may not assume."""
    check_form(arn)
    services = _services(arn)
    if services is None:
        raise invalid(f"The role with name {arn.rpartition('/')[2]} cannot be found.")
    if "ec2.amazonaws.com" not in services:
        raise invalid(
            f"Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of "
            f"nodeRole {arn}"
        )


def check_cluster_role(arn: str) -> None:
    """Refuse a role that is not there, or that EKS may not assume."""
    if "eks.amazonaws.com" not in (_services(arn) or []):
        raise invalid(
            f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
        )


def check_fargate_role(arn: str) -> None:
    """Refuse a role that is not there, or that Fargate's pods may not assume."""
    if "eks-fargate-pods.amazonaws.com" not in (_services(arn) or []):
        raise invalid(
            "Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service "
            "Principal"
        )


def check_pod_role(arn: str) -> None:
    """Refuse a role for pods that is not there."""
    check_form(arn)
    if _services(arn) is None:
        raise invalid("Role provided in the request does not exist.")


def check_principal(arn: str) -> None:
    """Refuse a role or user of IAM's that is not there."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    look_up = {"role": ("get_role", "RoleName"), "user": ("get_user", "UserName")}.get(kind)
    if look_up is None:
        return
    method, member = look_up
    try:
        getattr(client("iam"), method)(**{member: name.rpartition("/")[2]})
    except ClientError as error:
        raise invalid("The specified principalArn is invalid: invalid principal.") from error
