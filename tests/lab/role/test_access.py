"""What the roles that an install makes may do, tried from the attacker's side."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lab import settings
from lab.aws import iam

PLACE = f"{settings.REGION}:{settings.ACCOUNT}"
RULE = f"arn:aws:events:{PLACE}:rule/nodecache-main"
DOCUMENT = f"arn:aws:ssm:{PLACE}:document/nodecache-main"
RUNBOOK = f"arn:aws:ssm:{PLACE}:document/nodecache-main.automation"
EXECUTION = f"arn:aws:ssm:{PLACE}:automation-execution/8dfe3659-4309-493a-8755-0123456789ab"
DEFINITION = f"arn:aws:ssm:{PLACE}:automation-definition/nodecache-main.automation"
INSTANCE = f"arn:aws:ec2:{PLACE}:instance/i-0123456789abcdef0"
ROLE = f"arn:aws:iam::{settings.ACCOUNT}:role/nodecache-main-{settings.REGION}-"
TAG = "ssm:resourceTag/kubernetes.io/cluster/"
OURS = {f"{TAG}prod": "owned"}
REGISTRY = f"{settings.ACCOUNT}.dkr.ecr.{settings.REGION}.amazonaws.com"
EVENTS, SSM = "events.amazonaws.com", "ssm.amazonaws.com"
SEND, START, PASS = "ssm:SendCommand", "ssm:StartAutomationExecution", "iam:PassRole"


def may(role: str, action: str, resource: str, context: dict[str, str] | None = None) -> bool:
    try:
        iam.check(iam.Principal(role), action, resource, context or {})
    except iam.Denied:
        return False
    return True


def trusted(role: str, service: str, **context: str) -> bool:
    try:
        iam.assume(role, service, {f"aws:{key}": value for key, value in context.items()})
    except iam.Denied:
        return False
    return True


def sending(role: str) -> list[tuple[bool, str, str, dict[str, str]]]:
    """Return what may be sent where: this document, to this cluster's nodes."""
    return [
        (True, SEND, DOCUMENT, {}),
        (True, SEND, INSTANCE, OURS),
        (False, SEND, f"arn:aws:ssm:{settings.REGION}::document/AWS-RunShellScript", {}),
        (False, SEND, f"{DOCUMENT}2", {}),
        (False, SEND, f"{DOCUMENT}.automation", {}),
        (False, SEND, DOCUMENT.replace(settings.REGION, "eu-west-1"), {}),
        (False, SEND, DOCUMENT.replace(settings.ACCOUNT, settings.OTHER_ACCOUNT), {}),
        (False, SEND, INSTANCE, {}),
        (False, SEND, INSTANCE, {f"{TAG}another": "owned"}),
        (False, SEND, INSTANCE, {f"{TAG}prod": "shared"}),
        (False, SEND, INSTANCE, {"ssm:resourceTag/eks:cluster-name": "prod"}),
        (False, SEND, INSTANCE.replace(settings.ACCOUNT, settings.OTHER_ACCOUNT), OURS),
        (False, SEND, "arn:aws:ssm:us-east-1:123456789012:managed-instance/mi-1", OURS),
        (False, "ssm:StartSession", INSTANCE, OURS),
        (False, "ssm:CreateAssociation", DOCUMENT, {}),
        (False, "ssm:UpdateDocument", DOCUMENT, {}),
        (False, PASS, role, {"iam:PassedToService": SSM}),
    ]


@pytest.fixture(name="installed")
def installed_fixture(world: Any) -> Any:
    """Return an account with an install that delivers by Run Command, and one by automation."""
    world.done({"main": {"prefetch_images": [{"repository": "team/web"}, {"repository": "team/api", "tags": "v*"}]}})
    return world


def test_delivery_by_run_command(installed: Any, lab: Any) -> None:
    role = f"{ROLE}events"
    for allowed, action, resource, context in [
        *sending(role),
        (False, START, RUNBOOK, {}),
        (False, START, EXECUTION, {}),
    ]:
        assert may(role, action, resource, context) is allowed, (action, resource, context)
    own = {"SourceArn": RULE, "SourceAccount": settings.ACCOUNT}
    assert trusted(role, EVENTS, **own)
    for wrong in (
        {"SourceArn": f"{RULE}2"},
        {"SourceArn": f"{RULE}.failures"},
        {"SourceArn": RULE.replace("rule/", "rule/another-bus/")},
        {"SourceArn": RULE.replace(settings.ACCOUNT, settings.OTHER_ACCOUNT)},
        {"SourceAccount": settings.OTHER_ACCOUNT},
    ):
        assert not trusted(role, EVENTS, **(own | wrong)), wrong
    assert not trusted(role, EVENTS)
    assert not trusted(role, SSM, **own) and not trusted(role, "lambda.amazonaws.com", **own)

    node = f"arn:aws:iam::{settings.ACCOUNT}:role/main-node"
    web = f"arn:aws:ecr:{PLACE}:repository/team/web"
    assert may(node, "ecr:DescribeImages", web) and may(node, "ecr:DescribeImages", web.replace("web", "api"))
    for action, resource in (
        ("ecr:DescribeImages", f"{web}2"),
        ("ecr:DescribeImages", web.replace(settings.ACCOUNT, settings.OTHER_ACCOUNT)),
        ("ecr:PutImage", web),
        ("ecr:BatchGetImage", web),
        ("ecr:BatchDeleteImage", web),
        ("ecr:GetAuthorizationToken", "*"),
        (SEND, DOCUMENT),
    ):
        assert not may(node, action, resource), (action, resource)

    queue = f"arn:aws:sqs:{PLACE}:nodecache-main-dead-letter"
    url = lab.client("sqs").get_queue_url(QueueName="nodecache-main-dead-letter")["QueueUrl"]
    policy = lab.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    for allowed, service, action, source in (
        (True, EVENTS, "sqs:SendMessage", RULE),
        (False, EVENTS, "sqs:SendMessage", f"{RULE}2"),
        (False, EVENTS, "sqs:ReceiveMessage", RULE),
        (False, "sns.amazonaws.com", "sqs:SendMessage", RULE),
    ):
        assert iam.admits(policy, service, action, queue, {"aws:SourceArn": source}) is allowed, (service, source)


def test_delivery_by_automation(world: Any) -> None:
    world.done({"main": {"prefetch_delivery": "automation"}})
    events, automation = f"{ROLE}events", f"{ROLE}automation"
    for allowed, action, resource, context in (
        (True, START, RUNBOOK, {}),
        (True, START, EXECUTION, {}),
        (True, START, f"{DEFINITION}:$DEFAULT", {}),
        (False, START, f"{RUNBOOK}2", {}),
        (False, START, DOCUMENT, {}),
        (False, START, EXECUTION.replace(settings.REGION, "eu-west-1"), {}),
        (False, START, f"{DEFINITION}2:$DEFAULT", {}),
        (False, START, f"arn:aws:ssm:{settings.REGION}::document/AWS-StopEC2Instance", {}),
        (False, START, f"arn:aws:ssm:{settings.REGION}::automation-definition/AWS-StopEC2Instance:1", {}),
        (True, PASS, automation, {"iam:PassedToService": SSM}),
        (False, PASS, automation, {"iam:PassedToService": "ec2.amazonaws.com"}),
        (False, PASS, f"arn:aws:iam::{settings.ACCOUNT}:role/administrator", {"iam:PassedToService": SSM}),
        (False, SEND, DOCUMENT, {}),
        (False, SEND, INSTANCE, OURS),
    ):
        assert may(events, action, resource, context) is allowed, (action, resource, context)
    for allowed, action, resource, context in [*sending(automation), (False, START, RUNBOOK, {})]:
        assert may(automation, action, resource, context) is allowed, (action, resource, context)
    own = {"SourceArn": EXECUTION, "SourceAccount": settings.ACCOUNT}
    assert trusted(automation, SSM, **own)
    assert not trusted(automation, SSM, **(own | {"SourceAccount": settings.OTHER_ACCOUNT}))
    assert not trusted(automation, SSM, **(own | {"SourceArn": DOCUMENT}))
    assert not trusted(automation, EVENTS, **own)


GOOD = {
    "action": ["prefetch", "report", "release"],
    "source": ["event", "association", "command"],
    "pushed": ["2026-11-24T12:00:00Z"],
    "jitter": ["0", "1800"],
    "images": [f"123456789012.dkr.ecr.us-east-1.amazonaws.com/team/web:v1@sha256:{'a' * 64}"],
}
EVIL = [
    "\n",
    "\r",
    " ",
    ";id",
    "$(id)",
    "`id`",
    '"',
    "'",
    "\\",
    "{{ action }}",
    "{{ssm:x}}",
    "$$",
    "\nNODECACHE_REQUEST\n",
]


def matches(pattern: str, value: str) -> bool:
    """Search as the node's agent does, to which a dollar is the very end of the text."""
    return re.search(pattern.replace("$", r"\Z"), value) is not None


def test_every_parameter_is_anchored(world: Any, lab: Any) -> None:
    world.done({"main": {"prefetch_delivery": "automation"}})
    tried = 0
    for name in ("nodecache-main", "nodecache-main.automation"):
        found = world.state("main")["documents"][name.replace("main", "INSTALL")][0]
        for parameter, given in found["parameters"].items():
            pattern = given["allowedPattern"]
            # Outside of a group an alternative would have but one of the anchors.
            assert pattern.startswith("^") and pattern.endswith("$"), (name, parameter)
            assert "|" not in re.sub(r"\([^()]*\)", "", pattern), (name, parameter)
            for good in GOOD[parameter]:
                assert matches(pattern, good), (name, parameter, good)
                for evil in EVIL:
                    for value in (good + evil, evil + good, good + evil + good, evil):
                        assert not matches(pattern, value), (name, parameter, value)
                        tried += 1
    assert tried > 400
    for parameter, given in GOOD.items():
        with pytest.raises(lab.ssm.exceptions.InvalidParameters):
            lab.ssm.send_command(
                DocumentName="nodecache-main",
                Targets=[{"Key": "tag:kubernetes.io/cluster/prod", "Values": ["owned"]}],
                Parameters={parameter: [f"{given[0]};id"]},
            )


# Tags as whoever can push might wish them; ECR itself takes no more than 128 of its own characters.
HARMLESS = ["v1", "a" * 128, "..", "-rf", "NODECACHE_REQUEST", "aws.events.event"]
HARMFUL = [
    *(f"v1{evil}" for evil in EVIL),
    *(f"{evil}v1" for evil in EVIL),
    'v1","action":["release"],"x":["',
    '"],"images":["evil.example/x:v1@sha256:' + "b" * 64,
    "<aws.events.event>",
    "<aws.events.event.json>",
    "<digest>",
    "${jndi:ldap://x}",
    "v1@sha256:" + "b" * 64 + "\nx",
    "\u0000v1",
    "\u202ev1",
    "\u0661",
    "v" * 129,
    "v" * 5000,
]


@pytest.mark.parametrize("delivery", ["run_command", "automation"])
def test_tags_chosen_by_an_attacker_reach_no_node(
    world: Any, lab: Any, bus: Any, ran: list[str], delivery: str
) -> None:
    lab.node(**{"kubernetes.io/cluster/prod": "owned"})
    world.done({"main": {"prefetch_delivery": delivery}})
    digest = f"sha256:{'a' * 64}"
    for tag in (*HARMFUL, *HARMLESS):
        detail = {"repository-name": "team/web", "image-digest": digest}
        bus.push(tag, **detail, **{"action-type": "PUSH", "result": "SUCCESS"})
    wanted = {f'"images": ["{REGISTRY}/team/web:{tag}@{digest}"]}}' for tag in HARMLESS}

    def events() -> list[str]:
        return [script for script in ran if '"source": "event"' in script]

    lab.until(lambda: len(events()) == len(HARMLESS), 30)
    assert {re.search(r'"images": \["[0-9].*', script)[0] for script in events()} == wanted  # type: ignore[index]
    # The others are not lost either: each lies in the queue, whole. A name of Parameter Store, which Run Command looks
    # up as it runs, fails there.
    named = [tag for tag in HARMFUL if "{{ssm:" in tag and delivery == "run_command"]
    undelivered = sorted(tag for tag in HARMFUL if tag not in named)
    sqs, letters = lab.client("sqs"), list[str]()
    url = sqs.get_queue_url(QueueName="nodecache-main-dead-letter")["QueueUrl"]

    def read() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            letters.append(json.loads(message["Body"])["detail"]["image-tag"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(letters) >= len(undelivered)

    lab.until(read, 30)
    assert sorted(letters) == undelivered
    commands = lab.ssm.list_commands(Filters=[{"key": "Status", "value": "Failed"}])["Commands"]
    assert len(commands) == len(named)
    assert len(events()) == len(HARMLESS)
