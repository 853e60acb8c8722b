"""Delivery of an event: tries, waits, metrics, and the dead-letter queue.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.events.models import Rule
from moto.sqs.models import sqs_backends

from lab.aws import iam
from lab.aws.events.rules import SERVICE
from lab.aws.events.targets import Delivery, Failure, call, queue_of

LOG = logging.getLogger("lab.events")
RETRIES, AGE = 185, 86400
# Seconds before the first retry; the wait doubles each time, up to the longest, and a part of it is chance.
FIRST_WAIT, LONGEST_WAIT = 1.0, 900.0

_stopping = threading.Event()


def count(rule: Rule, *names: str) -> None:
    """Put one data point into each of the rule's metrics."""
    dimensions = [{"Name": "RuleName", "Value": rule.name}]
    if rule.event_bus_name != "default":
        dimensions.insert(0, {"Name": "EventBusName", "Value": rule.event_bus_name})
    cloudwatch_backends[rule.account_id][rule.region_name].put_metric_data(
        "AWS/Events",
        [
            {"MetricName": name, "Dimensions": dimensions, "Value": 1, "Unit": "Count", "Timestamp": utcnow()}
            for name in names
        ],
    )


def wait_before(retry: int) -> float:
    """Return how long to wait before a retry, the first being number 1."""
    longest = min(FIRST_WAIT * 2 ** (retry - 1), LONGEST_WAIT)
    return longest / 2 + random.uniform(0, longest / 2)


def deliver(delivery: Delivery) -> None:
    """Call the target until it takes the event, the retry policy ends, or it says no for good."""
    try:
        _deliver(delivery)
    except Exception:
        # The thread would keep it to itself.
        LOG.exception("rule %s, target %s: the delivery broke", delivery.rule.name, delivery.target["Id"])


def _deliver(delivery: Delivery) -> None:
    rule, policy = delivery.rule, delivery.target.get("RetryPolicy") or {}
    most, age = policy.get("MaximumRetryAttempts", RETRIES), policy.get("MaximumEventAgeInSeconds", AGE)
    end, retries = time.monotonic() + age, 0
    while True:
        count(rule, *(["InvocationAttempts", "RetryInvocationAttempts"] if retries else ["InvocationAttempts"]))
        try:
            call(delivery)
        except Failure as failure:
            LOG.warning("rule %s, target %s, retry %d: %s", rule.name, delivery.target["Id"], retries, failure)
            pause = wait_before(retries + 1)
            exhausted = _exhausted(failure, retries, most, time.monotonic() + pause > end)
            if exhausted is not None:
                count(rule, "Invocations", "FailedInvocations")
                bury(delivery, failure, retries, exhausted)
                return
            if _stopping.wait(pause):
                return
            retries += 1
        else:
            count(rule, "Invocations", "SuccessfulInvocationAttempts")
            return


def _exhausted(failure: Failure, retries: int, most: int, too_old: bool) -> str | None:
    """Return which limit ends the delivery: none when another try is due, no name when none would help."""
    if not failure.passing:
        return ""
    if retries >= most:
        return "MaximumRetryAttempts"
    return "MaximumEventAgeInSeconds" if too_old else None


def bury(delivery: Delivery, failure: Failure, retries: int, exhausted: str) -> None:
    """Send what could not be delivered to the target's dead-letter queue, if its policy lets EventBridge in."""
    arn = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        return
    queue = queue_of(arn)
    if queue is None or not iam.admits(queue.policy, SERVICE, "sqs:SendMessage", arn, delivery.source):
        LOG.warning("rule %s: dead-letter queue %s is missing or does not let %s in", delivery.rule.name, arn, SERVICE)
        count(delivery.rule, "InvocationsFailedToBeSentToDlq")
        return
    attributes = {
        "RULE_ARN": delivery.rule.arn,
        "TARGET_ARN": delivery.arn,
        "ERROR_CODE": failure.code,
        "ERROR_MESSAGE": failure.message,
        "RETRY_ATTEMPTS": str(retries),
    } | ({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {})
    sqs_backends[queue.account_id][queue.region].send_message(
        queue.name,
        json.dumps(delivery.event),
        message_attributes={
            name: {"DataType": "String", "StringValue": value or "-"} for name, value in attributes.items()
        },
    )
    count(delivery.rule, "InvocationsSentToDlq")
