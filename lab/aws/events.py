"""EventBridge: delivery to Run Command, with its limits, dead-letter queue and metrics."""

from __future__ import annotations

import copy
import datetime
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError
from moto.events.models import EventsBackend, Rule
from moto.events.responses import EventsHandler

from lab import settings
from lab.aws import event_input

LOG = logging.getLogger("lab.events")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
TARGETS_PER_RULE = 5
# Only these are tried again; what is forbidden or missing goes straight to the dead-letter queue.
_PASSING = {"ThrottlingException", "InternalServerError", "ServiceUnavailable"}
_ATTEMPTS = 3

_delivery = ThreadPoolExecutor(max_workers=4, thread_name_prefix="delivery")
_original_send = Rule.send_to_targets


def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
    """Deliver an event to the targets of a rule that is on and matches."""
    if self.state != "ENABLED" or not self.event_pattern.get_pattern():
        return
    if not self.event_pattern.matches_event(original_event):
        return
    event = dict(original_event)
    event.pop("ingestion-time", None)
    if isinstance(event.get("time"), (int, float)):
        moment = datetime.datetime.fromtimestamp(event["time"], datetime.UTC)
        event["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    mine = [target for target in self.targets if ":ssm:" in target["Arn"]]
    for target in mine:
        _delivery.submit(_deliver, self, dict(target), event)
    others = [target for target in self.targets if target not in mine]
    if others:
        rest = copy.copy(self)
        rest.targets = others
        _original_send(rest, original_event, transform_input)


def _deliver(rule: Rule, target: dict[str, Any], event: dict[str, Any]) -> None:
    try:
        _attempt(rule, target, event)
    except Exception:
        # The pool would keep it to itself: metrics or the dead-letter queue could not be reached.
        LOG.exception("rule %s, target %s: the delivery was not recorded", rule.name, target["Id"])


def _attempt(rule: Rule, target: dict[str, Any], event: dict[str, Any]) -> None:
    try:
        _run_command(rule, target, event)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        LOG.warning("rule %s, target %s: %s: %s", rule.name, target["Id"], code, message)
        _count(rule, "Invocations", "FailedInvocations")
        _bury(rule, target, event, code, message)
    except Exception as error:
        LOG.exception("rule %s, target %s", rule.name, target["Id"])
        _count(rule, "Invocations", "FailedInvocations")
        _bury(rule, target, event, type(error).__name__, str(error))
    else:
        _count(rule, "Invocations")


def _run_command(rule: Rule, target: dict[str, Any], event: dict[str, Any]) -> None:
    parameters = json.loads(event_input.render(target, event, rule.arn, rule.name))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            settings.client("ssm").send_command(
                DocumentName=target["Arn"].partition(":document/")[2],
                Parameters=parameters,
                Targets=target["RunCommandParameters"]["RunCommandTargets"],
            )
            return
        except ClientError as error:
            if attempt == _ATTEMPTS or error.response["Error"]["Code"] not in _PASSING:
                raise


def _count(rule: Rule, *names: str) -> None:
    settings.client("cloudwatch").put_metric_data(
        Namespace="AWS/Events",
        MetricData=[
            {"MetricName": name, "Dimensions": [{"Name": "RuleName", "Value": rule.name}], "Value": 1, "Unit": "Count"}
            for name in names
        ],
    )


def _bury(rule: Rule, target: dict[str, Any], event: dict[str, Any], code: str, message: str) -> None:
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    client = settings.client("sqs")
    attributes = {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], "ERROR_CODE": code, "ERROR_MESSAGE": message}
    try:
        client.send_message(
            QueueUrl=client.get_queue_url(QueueName=queue.rsplit(":", 1)[1])["QueueUrl"],
            MessageBody=json.dumps(event),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value or "-"} for name, value in attributes.items()
            },
        )
    except ClientError as error:
        LOG.warning("rule %s, target %s: dead-letter queue %s: %s", rule.name, target["Id"], queue, error)
        _count(rule, "InvocationsFailedToBeSentToDlq")
        return
    _count(rule, "InvocationsSentToDlq")


def put_targets(self: EventsHandler) -> Any:
    """Answer PutTargets; what AWS refuses entry by entry comes back as FailedEntries."""
    name, bus, targets = self._get_param("Rule"), self._get_param("EventBusName"), self._get_param("Targets")
    backend: EventsBackend = self.events_backend
    rule = backend.describe_rule(name, bus)
    ids = {target["Id"] for target in rule.targets}
    good, failed = [], []
    for target in targets:
        fault = _fault(target)
        if fault is None and len(ids | {target["Id"]}) > TARGETS_PER_RULE:
            fault = ("LimitExceededException", f"A rule has at most {TARGETS_PER_RULE} targets.")
        if fault:
            failed.append({"TargetId": target["Id"], "ErrorCode": fault[0], "ErrorMessage": fault[1]})
        else:
            ids.add(target["Id"])
            good.append(target)
    if good:
        backend.put_targets(name, bus, good)
    return json.dumps({"FailedEntryCount": len(failed), "FailedEntries": failed}), self.response_headers


def _fault(target: dict[str, Any]) -> tuple[str, str] | None:
    if ":ssm:" not in target["Arn"] or ":document/" not in target["Arn"]:
        return None
    if not target.get("RoleArn"):
        return "ValidationException", f"RoleArn is required for target {target['Id']}."
    blocks = (target.get("RunCommandParameters") or {}).get("RunCommandTargets") or []
    if len(blocks) != 1:
        return "ValidationException", "RunCommandParameters must have exactly one RunCommandTargets block."
    return None


def install() -> None:
    """Put these in moto's place."""
    Rule.send_to_targets = send_to_targets  # type: ignore[method-assign]
    EventsHandler.put_targets = put_targets  # type: ignore[method-assign]
