"""Requests that are authorised because a role or user of its own makes them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab import settings
from tests.lab.calls import refusal


def test_nobody_passes_a_role_without_being_allowed_to(bus: Any) -> None:
    """The same user may do all of it, but pass no role; and then this role to this service alone."""

    lab, iam = bus.lab, bus.iam
    trusted = bus.make_role("systems", {}, "ssm.amazonaws.com")
    node, name = lab.node(role="node"), lab.document("true")
    iam.create_user(UserName="person")
    key = iam.create_access_key(UserName="person")["AccessKey"]["AccessKeyId"]

    def allow(*statements: dict[str, Any]) -> None:
        every = {"Effect": "Allow", "Action": ["ssm:*", "events:*"], "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [every, *statements]})
        iam.put_user_policy(UserName="person", PolicyName="p", PolicyDocument=text)

    ssm, events = lab.client("ssm", key), lab.client("events", key)
    calls = {
        "ssm.amazonaws.com": lambda: ssm.send_command(
            DocumentName=name, InstanceIds=[node], ServiceRoleArn=trusted, NotificationConfig={}
        ),
        "events.amazonaws.com": lambda: events.put_targets(Rule="push", Targets=[bus.target()]),
    }
    for service, call in calls.items():
        other = next(one for one in calls if one != service)
        for to in (None, other):
            condition = {"Condition": {"StringEquals": {"iam:PassedToService": to}}}
            allow(*([{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", **condition}] if to else []))
            with pytest.raises(ClientError, match="is not authorized to perform: iam:PassRole"):
                call()
        condition = {"Condition": {"StringEquals": {"iam:PassedToService": service}}}
        allow({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", **condition})
        call()


def test_only_who_may_pass_a_role_puts_a_target_with_it(lab: Any, bus: Any) -> None:
    deployer = bus.make_role("deployer", {}, settings.ACCOUNT)
    keys = lab.client("sts").assume_role(RoleArn=deployer, RoleSessionName="me")["Credentials"]
    import boto3

    client = boto3.client(
        "events",
        endpoint_url=f"http://127.0.0.1:{lab.port}",
        region_name=settings.REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    pass_role = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": bus.role}
    passed = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    bus.allow(pass_role | {"Condition": passed}, role="deployer")
    on_bus = {"Name": "other", "EventPattern": '{"source": ["a"]}', "RoleArn": bus.role}
    assert refusal(client.put_rule, **on_bus)["Code"] == "AccessDeniedException"
    error = refusal(client.put_targets, Rule="push", Targets=[bus.target()])
    assert error["Code"] == "AccessDeniedException"
    assert error["Message"] == (
        f"User: arn:aws:sts::{settings.ACCOUNT}:assumed-role/deployer/me is not authorized to perform: iam:PassRole "
        f"on resource: {bus.role} because no identity-based policy allows the iam:PassRole action"
    )
    passed["StringEquals"]["iam:PassedToService"] = "events.amazonaws.com"
    bus.allow(pass_role | {"Condition": passed}, role="deployer")
    client.put_targets(Rule="push", Targets=[bus.target()])
    client.put_rule(**on_bus)
