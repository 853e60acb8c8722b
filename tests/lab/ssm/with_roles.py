"""Roles with policies, for those who send and for nodes."""

from __future__ import annotations

import json
from typing import Any

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def grant(lab: Any, role: str, *statements: dict[str, Any], profile: bool = False) -> str:
    client = lab.client("iam")
    arn = client.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    client.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy)
    if profile:
        client.create_instance_profile(InstanceProfileName=role)
        client.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
    return arn
