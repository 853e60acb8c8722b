"""The prefetch role's options, in tables: each wrong one is named, with its value and what is allowed."""

from __future__ import annotations

import json

import pytest
from ansible_collections.nodecache.eks.plugins.filter.prefetch_wrong import prefetch_wrong
from ansible_collections.nodecache.eks.plugins.plugin_utils import _plan

GOOD = {
    "prefetch_state": "present",
    "prefetch_region": "eu-central-1",
    "prefetch_name": "main",
    "prefetch_cluster": "prod",
    "prefetch_images": [{"repository": "team/web"}],
    "prefetch_nodes": {},
    "prefetch_node_roles": ["prod-node"],
    "prefetch_keep": 2,
    "prefetch_jitter": 0,
    "prefetch_delivery": "run_command",
    "prefetch_schedule": "rate(30 minutes)",
    "prefetch_max_concurrency": "10",
    "prefetch_max_errors": "10",
    "prefetch_alarm_topic_arn": "",
    "prefetch_tags": {},
}
LONG = [{"repository": f"team/service-{number:03}"} for number in range(250)]
ELSEWHERE = [{"repository": f"210987654321.dkr.ecr.us-east-1.amazonaws.com/team/{number:03}"} for number in range(200)]


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("region", ["us-gov-west-1", "cn-north-1", "ap-southeast-2", "eusc-de-east-1"]),
        ("name", ["a", "A_b-9", "n" * 24]),
        ("cluster", ["c" * 100]),
        ("keep", [1, 100]),
        ("jitter", [1800]),
        ("schedule", ["rate(1 day)", "cron(0 2 ? * SUN *)", "at(2026-11-24T02:00:00)"]),
        ("max_concurrency", ["1", "50%", "100%"]),
        ("max_errors", ["0", "0%", "100%", "7"]),
        ("alarm_topic_arn", ["arn:aws:sns:eu-central-1:123456789012:on-call"]),
        ("tags", [{"team": "a", "cost": 1}]),
        ("node_roles", [[], ["a@b+c"]]),
        ("images", [[], LONG[:120]]),
    ],
)
def test_what_is_allowed(option, values):
    for value in values:
        assert prefetch_wrong(GOOD | {f"prefetch_{option}": value}) == ""


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("region", "nowhere", "prefetch_region: 'nowhere' is not valid, allowed is an AWS region such as"),
        ("region", "", "prefetch_region: ''"),
        ("name", "a b;$(id)", "prefetch_name: 'a b;$(id)' is not valid, allowed is 1 to 24 letters"),
        ("name", "n" * 25, "1 to 24 letters"),
        ("cluster", "a/../b", "prefetch_cluster: 'a/../b' is not valid, allowed is 1 to 100 letters"),
        ("keep", 0, "prefetch_keep: '0' is not valid, allowed is 1 to 100"),
        ("keep", 101, "prefetch_keep: '101'"),
        ("jitter", -1, "prefetch_jitter: '-1' is not valid, allowed is 0 to 1800"),
        ("schedule", "", "prefetch_schedule: '' is not valid, allowed is rate(...)"),
        ("schedule", "hourly", "prefetch_schedule: 'hourly' is not valid, must be rate(...), cron(...) or at(...)"),
        ("schedule", "rate(5 minutes)", "prefetch_schedule: 'rate(5 minutes)' is not valid, a rate must be at least"),
        ("max_concurrency", "0", "prefetch_max_concurrency: '0' is not valid, allowed is a number of nodes from 1"),
        ("max_concurrency", "150%", "prefetch_max_concurrency: '150%'"),
        ("max_errors", "-1", "prefetch_max_errors: '-1' is not valid, allowed is a number of nodes from 0"),
        ("alarm_topic_arn", "on-call", "prefetch_alarm_topic_arn: 'on-call' is not valid, allowed is an SNS topic's"),
        ("alarm_topic_arn", "arn:aws:sqs:us-east-1:123456789012:q", "an SNS topic's ARN"),
        ("alarm_topic_arn", "arn:aws:sns:us-east-1:123456789012:a", "a topic of eu-central-1, where the install is"),
        ("tags", {"aws:x": "y"}, "prefetch_tags has the key 'aws:x'"),
        ("tags", {"nodecache.eks/install": "theirs"}, "prefetch_tags: 'nodecache.eks/install' is not valid"),
        ("tags", {"k": "v" * 300}, "prefetch_tags: 'k' is 'vvv"),
        ("tags", {f"k{number}": "" for number in range(47)}, "allowed is 46, as the install has 4 of its own"),
        ("node_roles", ["arn:aws:iam::123456789012:role/x"], "allowed is names of roles, not ARNs"),
        ("images", [{"repository": "web", "tags": "$(id)"}], "prefetch_images[0].tags: '$(id)' is not valid"),
        ("images", LONG, "prefetch_images: '250 repositories' is not valid"),
        ("images", ELSEWHERE, "prefetch_images: '200 repositories' is not valid"),
    ],
)
def test_what_is_wrong_is_named(option, value, told):
    said = prefetch_wrong(GOOD | {f"prefetch_{option}": value})
    assert told in said and "\n" not in said


def test_an_install_that_goes_needs_to_be_named_alone():
    gone = {"prefetch_state": "absent", "prefetch_schedule": "", "prefetch_keep": 0, "prefetch_images": "web"}
    assert prefetch_wrong(GOOD | gone) == ""
    assert prefetch_wrong(GOOD | gone | {"prefetch_cluster": ""}).startswith("prefetch_cluster: ''")


def test_so_many_sets_of_nodes_that_no_role_could_trust_their_rules():
    nodes = {f"n{number:02}": [{"key": "tag:a", "values": ["b"]}] for number in range(40)}
    images = [{"repository": "web", "nodes": name} for name in nodes]
    said = prefetch_wrong(GOOD | {"prefetch_nodes": nodes, "prefetch_images": images})
    assert said.startswith("prefetch_images: '40 rules' worth of images and sets of nodes' is not valid"), said


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-northwest-1", "aws-cn"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_as_much_as_is_let_through_fits_into_the_policies_of_every_partition(region, partition):
    """IAM takes 2,048 characters for a trust policy and 10,240 for a role's own ones, spaces not counted."""
    install = {"name": "main", "cluster": "prod", "registry": f"{'1' * 12}.dkr.ecr.{region}.amazonaws.com"}
    install |= {"partition": partition, "keep": 2, "jitter": 0, "delivery": "automation"}

    def given(count, kind):
        nodes = {f"n{at:02}": [{"key": "tag:a", "values": ["b"]}] for at in range(count)} if kind == "sets" else {}
        images = [
            {"repository": f"team/service-{at:03}", "nodes": f"n{at:02}" if nodes else "all"} for at in range(count)
        ]
        return GOOD | {"prefetch_region": region, "prefetch_nodes": nodes, "prefetch_images": images}

    def most(kind):
        return max(count for count in range(1, 200) if not prefetch_wrong(given(count, kind)))

    def plan(kind):
        options = given(most(kind), kind)
        return _plan.plan(options["prefetch_images"], options["prefetch_nodes"], install)

    rules = [
        f"arn:{partition}:events:{region}:{'1' * 12}:rule/{rule['name']}"
        for group in plan("sets")["groups"]
        for rule in group["rules"]
    ]
    conditions = {"StringEquals": {"aws:SourceAccount": "1" * 12}, "ArnEquals": {"aws:SourceArn": rules}}
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    leave = {"Effect": "Allow", "Action": "ecr:DescribeImages", "Resource": plan("images")["ecr_arns"]}
    for statement, limit in ((trust | {"Condition": conditions}, 2048), (leave, 10240)):
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
        assert limit * 0.9 < len(text) <= limit
