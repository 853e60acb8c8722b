"""PutRule and PutTargets: what EventBridge refuses although the model allows it.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html, and for the numbers
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ResourceNotFoundException, ValidationException
from moto.events.models import EventsBackend
from moto.events.responses import EventsHandler

from lab.aws import event_input, iam, schedule
from lab.aws.validation import register

TARGETS_PER_RULE, TARGETS_PER_REQUEST = 5, 10
LARGEST_REQUEST = 1024 * 1024
SERVICE = "events.amazonaws.com"
DOCUMENT = re.compile(r"arn:[\w-]+:ssm:[\w-]+:(\d{12})?:document/[\w.\-:/]+")
AUTOMATION = re.compile(r"arn:[\w-]+:ssm:[\w-]+:(\d{12})?:automation-definition/([\w.-]+)(:[\w$]+)?")
# What acts in the account by itself, and so only as a role.
NEEDS_ROLE = ("ssm", "states", "kinesis", "firehose", "codepipeline", "codebuild", "ecs", "batch")
_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)")
_PATH = re.compile(r"\$(\.[\w-]+|\[\d+\]|\[['\"][^'\"]+['\"]\]|\[\*\])*")
_plain: dict[str, Callable[..., Any]] = {}


def _check_schedule(expression: str) -> None:
    found = _RATE.fullmatch(expression)
    if found and (found[1] == "1") != bool(found[3]):
        return
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    # One of the two days has to be left open.
    if expression == f"cron({' '.join(fields)})" and len(fields) == 6 and "?" in (fields[2], fields[4]):
        try:
            schedule.next_run(expression, datetime.datetime.now(datetime.UTC))
        except schedule.ScheduleError:
            pass
        else:
            return
    raise ValidationException("Parameter ScheduleExpression is not valid.")


def check_rule(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a wrong schedule, AWS's own tags, and a role that EventBridge may not assume."""
    yield from check_tags(params)
    if params.get("ScheduleExpression"):
        _check_schedule(params["ScheduleExpression"])
    if params.get("RoleArn"):
        yield from _assumable(params["RoleArn"])


def check_tags(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse tags that only AWS itself sets."""
    if any(tag["Key"].lower().startswith("aws:") for tag in params.get("Tags") or []):
        yield "aws: prefixed tag key names are not allowed for external use."


def check_entries(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse events that are too large together."""
    fields = ("Source", "DetailType", "Detail", "Resources")
    texts = (str(entry.get(field, "")) for entry in params["Entries"] for field in fields)
    if sum(len(text.encode()) for text in texts) > LARGEST_REQUEST:
        yield "Total size of the entries in the request is over the limit."


def _too_many(name: str, given: list[Any]) -> Iterator[str]:
    if len(given) > TARGETS_PER_REQUEST:
        yield f"At most {TARGETS_PER_REQUEST} {name} are allowed in one request."


def check_removed(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse to remove too many targets at once."""
    return _too_many("Ids", params["Ids"])


def check_targets(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the targets of a request."""
    targets = params["Targets"]
    yield from _too_many("Targets", targets)
    for target in targets:
        yield from _check_target(target)
    ids = [target["Id"] for target in targets]
    if len(set(ids)) != len(ids):
        yield "Duplicate target IDs are not allowed in one request."


def _check_target(target: Mapping[str, Any]) -> Iterator[str]:
    arn, given = target["Arn"], target["Id"]
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        yield f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        return
    if parts[2] in NEEDS_ROLE and not target.get("RoleArn"):
        yield f"RoleArn is required for target {arn}."
    if parts[2] == "ssm":
        yield from _check_ssm(target, arn)
    elif target.get("RunCommandParameters"):
        yield f"RunCommandParameters is not supported for target {arn}."
    if parts[2] == "sqs" and arn.endswith(".fifo") and not target.get("SqsParameters"):
        yield f"Parameter(s) SqsParameters must be specified for target: {given}."
    yield from _check_input(target, given)
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue is not None:
        yield from _check_queue(queue, parts[3])
    if target.get("RoleArn"):
        yield from _assumable(target["RoleArn"])


def _check_ssm(target: Mapping[str, Any], arn: str) -> Iterator[str]:
    if not DOCUMENT.fullmatch(arn):
        if not AUTOMATION.fullmatch(arn):
            yield f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        elif target.get("RunCommandParameters"):
            yield f"RunCommandParameters is not supported for target {arn}."
        return
    blocks = (target.get("RunCommandParameters") or {}).get("RunCommandTargets") or []
    if not blocks:
        yield f"Parameter(s) RunCommandParameters must be specified for target: {target['Id']}."
    if len(blocks) > 1:
        yield f"RunCommandParameters of target {target['Id']} must have exactly one RunCommandTargets block."
    for block in blocks:
        key = block["Key"]
        if key != "InstanceIds" and (not key.startswith("tag:") or key == "tag:"):
            yield f"RunCommandTargets key {key} of target {target['Id']} is not valid: use InstanceIds or tag:tag-key."


def _check_input(target: Mapping[str, Any], given: str) -> Iterator[str]:
    ways = [way for way in ("Input", "InputPath", "InputTransformer") if target.get(way)]
    if len(ways) > 1:
        yield f"Only one of Input, InputPath, or InputTransformer must be provided for target {given}."
    if target.get("Input") and not _is_json(target["Input"]):
        yield f"JSON syntax error in input for target {given}."
    if target.get("InputPath") and not _PATH.fullmatch(target["InputPath"]):
        yield f"Invalid JSONPath in InputPath for target {given}: {target['InputPath']}."
    transformer = target.get("InputTransformer")
    if transformer:
        yield from _check_transformer(transformer, given)


def _check_transformer(transformer: Mapping[str, Any], given: str) -> Iterator[str]:
    paths = transformer.get("InputPathsMap") or {}
    for name, path in paths.items():
        if name.upper().startswith("AWS"):
            yield f"InputPathsMap of target {given}: {name} is not valid, names that start with AWS are reserved."
        if not _PATH.fullmatch(path):
            yield f"Invalid JSONPath in InputPathsMap for target {given}: {path}."
    used = set(event_input.variables(transformer["InputTemplate"]))
    for name in sorted(used - set(paths) - set(event_input.RESERVED)):
        yield f"Invalid InputTemplate for target {given}: the variable {name} is not in InputPathsMap."
    if not event_input.is_template(transformer["InputTemplate"]):
        yield f"Invalid InputTemplate for target {given}: it is neither JSON nor a string."


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _check_queue(queue: str, region: str) -> Iterator[str]:
    parts = queue.split(":")
    if len(parts) != 6 or parts[2] != "sqs":
        yield f"Parameter {queue} is not valid. Reason: Dead-letter queue must be an Amazon SQS queue."
    elif queue.endswith(".fifo"):
        yield f"Parameter {queue} is not valid. Reason: A FIFO queue cannot be a dead-letter queue."
    elif region and parts[3] != region:
        yield f"Parameter {queue} is not valid. Reason: The dead-letter queue must be in the rule's Region."


def _assumable(role_arn: str) -> Iterator[str]:
    """Look at whom the role trusts; its conditions can only be met by an event of the rule."""
    if not iam.trusts(role_arn, SERVICE):
        yield f"Provided role '{role_arn}' cannot be assumed by principal '{SERVICE}'."


def put_targets(self: EventsHandler) -> Any:
    """Answer PutTargets: all of them, or none when there would be too many."""
    backend: EventsBackend = self.events_backend
    name, bus = self._get_param("Rule"), backend._normalize_event_bus_arn(self._get_param("EventBusName"))
    rule = backend._get_event_bus(bus).rules.get(name)
    if rule is None:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus}.")
    ids = {target["Id"] for target in rule.targets} | {target["Id"] for target in self._get_param("Targets")}
    if len(ids) > TARGETS_PER_RULE:
        raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    return _plain["put_targets"](self)


def _refused(entry: dict[str, Any]) -> dict[str, str] | None:
    """Return why an event is not taken although the rest may be."""
    if entry.get("Source", "").startswith("aws."):
        # Nobody but AWS speaks for its services, and their own events do not come this way.
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    if entry.get("Detail", "").lstrip()[:1] not in ("{", ""):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


def put_events(self: EventsHandler) -> str:
    """Answer PutEvents."""
    entries = self._get_param("Entries")
    refused = [_refused(entry) for entry in entries]
    good = [entry for entry, reason in zip(entries, refused, strict=True) if reason is None]
    taken = iter(self.events_backend.put_events(good))
    answers = [reason or next(taken) for reason in refused]
    failed = sum("ErrorCode" in answer for answer in answers)
    return json.dumps({"FailedEntryCount": failed, "Entries": answers})


def put_rule(self: EventsBackend, name: str, *arguments: Any, **more: Any) -> Any:
    """Store a rule; tags count only when it is new."""
    bus = self.event_buses.get(self._normalize_event_bus_arn(more.get("event_bus_arn")))
    if bus and name in bus.rules:
        more["tags"] = None
    return _plain["put_rule"](self, name, *arguments, **more)


def bus_name(_self: EventsBackend, name: str | None) -> str:
    """Return the name of a bus named by its name or its ARN; a partner's has slashes, which moto cuts it at."""
    return (name or "default").rpartition(":event-bus/")[2]


def _by_arn(self: EventsBackend, arn: str) -> str:
    """Return the ARN of a rule or a bus that is there; moto looks for the name alone, which two buses may have."""
    buses = list(self.event_buses.values())
    known = {thing.arn for thing in [*buses, *(rule for bus in buses for rule in bus.rules.values())]}
    if arn not in known:
        name = arn.rpartition("/")[2]
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus default.")
    return arn


def list_tags(self: EventsBackend, arn: str) -> dict[str, list[dict[str, str]]]:
    """Return the tags of a rule or a bus."""
    tags: dict[str, list[dict[str, str]]] = self.tagger.list_tags_for_resource(_by_arn(self, arn))
    return tags


def tag(self: EventsBackend, arn: str, tags: dict[str, str]) -> None:
    """Set tags of a rule or a bus."""
    self.tagger.tag_resource(_by_arn(self, arn), self.tagger.convert_dict_to_tags_input(tags))


def untag(self: EventsBackend, arn: str, tag_keys: list[str]) -> None:
    """Remove tags of a rule or a bus."""
    self.tagger.untag_resource_using_names(_by_arn(self, arn), tag_keys)


def install() -> None:
    """Check rules and targets before moto stores them."""
    register("events", "PutRule", check_rule)
    register("events", "PutTargets", check_targets)
    register("events", "RemoveTargets", check_removed)
    register("events", "PutEvents", check_entries)
    for operation in ("TagResource", "CreateEventBus"):
        register("events", operation, check_tags)
    if not _plain:
        _plain["put_targets"], _plain["put_rule"] = EventsHandler.put_targets, EventsBackend.put_rule
        EventsHandler.put_targets = put_targets  # type: ignore[method-assign]
        EventsHandler.put_events = put_events  # type: ignore[method-assign]
        EventsBackend.put_rule = put_rule  # type: ignore[method-assign]
        EventsBackend._normalize_event_bus_arn = bus_name  # type: ignore[method-assign]
        EventsBackend.list_tags_for_resource = list_tags  # type: ignore[method-assign]
        EventsBackend.tag_resource = tag  # type: ignore[method-assign]
        EventsBackend.untag_resource = untag  # type: ignore[method-assign]
