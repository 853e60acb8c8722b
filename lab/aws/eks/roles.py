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
from lab.aws.iam.policy import many

POD_ACTIONS = ("sts:AssumeRole", "sts:TagSession")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def _services(arn: str, action: str = "sts:AssumeRole") -> list[str] | None:
    """Return the services that a role's trust policy lets do this, or None when there is no such role."""
    try:
        trust: dict[str, Any] = client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except ClientError:
        return None
    if trust["Arn"] != arn:
        # Another account's, another partition's, or one with another path.
        return None
    services: list[str] = []
    for statement in many(trust["AssumeRolePolicyDocument"].get("Statement", [])):
        principal = statement.get("Principal")
        if statement.get("Effect") == "Allow" and action in many(statement.get("Action", [])):
            services += many(principal.get("Service", [])) if isinstance(principal, dict) else []
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
    """Refuse a role for pods that is not there, or that EKS Pod Identity may not assume and tag.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html names both actions, and
    https://github.com/hashicorp/terraform-provider-aws/issues/41483 EKS's words.
    """
    check_form(arn)
    if _services(arn) is None:
        raise invalid("Role provided in the request does not exist.")
    if any("pods.eks.amazonaws.com" not in (_services(arn, action) or []) for action in POD_ACTIONS):
        raise invalid(
            "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue."
        )


def check_principal(arn: str, account: str) -> None:
    """Refuse a role or user of this account's that is not there, and one that belongs to a service.

    https://github.com/hashicorp/terraform-provider-aws/issues/36447 has EKS's words for the roles of services.
    """
    if ":role/aws-service-role/" in arn:
        raise invalid(
            "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role"
        )
    kind, _, name = arn.rpartition(":")[2].partition("/")
    look_up = {"role": ("get_role", "RoleName"), "user": ("get_user", "UserName")}.get(kind)
    if look_up is None or arn.split(":")[4] != account:
        return
    method, member = look_up
    try:
        found = getattr(client("iam"), method)(**{member: name.rpartition("/")[2]})[kind.capitalize()]["Arn"]
    except ClientError:
        found = None
    if found != arn:
        raise invalid("The specified principalArn is invalid: invalid principal.")
