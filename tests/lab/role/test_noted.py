"""A run that finds all as the last one left it does nothing; whatever somebody changed is put right as ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

NAME = "nodecache-drift"
PATTERN = {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]}


def drifts(world: Any) -> dict[str, Callable[[], Any]]:
    """Return what a person may do to each kind of thing, by hand."""
    ssm, events, iam, sqs = (world.lab.client(service) for service in ("ssm", "events", "iam", "sqs"))
    cloudwatch, role = world.lab.client("cloudwatch"), f"{NAME}-us-east-1-events"
    rows = ssm.list_associations(AssociationFilterList=[{"key": "AssociationName", "value": NAME}])
    identifier = rows["Associations"][0]["AssociationId"]
    more = {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [more]})

    def rule() -> Any:
        events.remove_targets(Rule=f"{NAME}.failures", Ids=["topic"])
        return events.delete_rule(Name=f"{NAME}.failures")

    def queue() -> Any:
        url = sqs.get_queue_url(QueueName=f"{NAME}-dead-letter")["QueueUrl"]
        return sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})

    return {
        "a target is gone": lambda: events.remove_targets(Rule=NAME, Ids=["prefetch"]),
        "a rule is off": lambda: events.disable_rule(Name=NAME),
        "a pattern is wider": lambda: events.put_rule(Name=NAME, EventPattern=json.dumps(PATTERN)),
        "a rule is gone": rule,
        "an association is gone": lambda: ssm.delete_association(AssociationId=identifier),
        "a document has a tag more": lambda: ssm.add_tags_to_resource(
            ResourceType="Document", ResourceId=NAME, Tags=[{"Key": "x", "Value": "y"}]
        ),
        "a role may more": lambda: iam.put_role_policy(RoleName=role, PolicyName="deliver", PolicyDocument=policy),
        "a node may less": lambda: iam.delete_role_policy(RoleName="drift-node", PolicyName=f"{NAME}-us-east-1"),
        "letters are kept for a minute": queue,
        "an alarm is gone": lambda: cloudwatch.delete_alarms(AlarmNames=[f"{NAME}.dead-letters"]),
    }


def test_whatever_was_changed_by_hand_is_put_right(world: Any) -> None:
    given = {"drift": {"prefetch_alarm_topic_arn": world.topic}}
    world.done(given)
    wanted = world.state("drift")
    for what in list(drifts(world)):
        drifts(world)[what]()
        assert world.done(given).changes["drift"], what
        assert world.state("drift") == wanted, what
    last = world.done(given)
    assert last.changes["drift"] == [] and last.tasks["drift"] == 5


def test_a_run_that_was_cut_off_before_its_end_is_no_whole_one(world: Any) -> None:
    world.done({"drift": {}})
    first = len(world.faults.writes["drift"])
    world.faults.refuse["drift"] = first + 1
    changed = {"drift": {"prefetch_schedule": "rate(1 day)"}}
    assert "cut off" in world.play(changed).failed["drift"]
    world.faults.refuse.clear()
    assert world.done(changed).changes["drift"] and world.done(changed).changes["drift"] == []
    association, _tags = world.state("drift")["associations"]["nodecache-INSTALL"]
    assert association["ScheduleExpression"] == "rate(1 day)"
