"""PutTargets and RemoveTargets: what EventBridge refuses although the model allows it.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html, and for the numbers
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ResourceNotFoundException, ValidationException
from moto.events.models import EventsBackend, Rule
from moto.events.responses import EventsHandler

from lab.aws.events import input
from lab.aws.events.rules import assumable
from lab.aws.validation import register

TARGETS_PER_RULE, TARGETS_PER_REQUEST = 5, 10
DOCUMENT = re.compile(r"arn:[\w-]+:ssm:[\w-]+:(\d{12})?:document/[\w.\-:/]+")
AUTOMATION = re.compile(r"arn:[\w-]+:ssm:[\w-]+:(\d{12})?:automation-definition/([\w.-]+)(:[\w$]+)?")
# What an event can be sent to: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
SERVICES = (
    *("appsync", "batch", "codebuild", "codepipeline", "ecs", "events", "execute-api", "firehose", "glue", "inspector"),
    *(
        "kinesis",
        "lambda",
        "logs",
        "redshift",
        "redshift-serverless",
        "sagemaker",
        "sns",
        "sqs",
        "ssm",
        "ssm-incidents",
    ),
    "states",
)
# What acts in the account by itself, and so only as a role.
NEEDS_ROLE = ("ssm", "states", "kinesis", "firehose", "codepipeline", "codebuild", "ecs", "batch")
# Which kind of target each group of parameters is for, and which cannot do without it.
PARAMETERS = {
    "AppSyncParameters": ("appsync",),
    "BatchParameters": ("batch",),
    "EcsParameters": ("ecs",),
    "HttpParameters": ("execute-api", "events"),
    "KinesisParameters": ("kinesis",),
    "RedshiftDataParameters": ("redshift", "redshift-serverless"),
    "RunCommandParameters": ("ssm",),
    "SageMakerPipelineParameters": ("sagemaker",),
    "SqsParameters": ("sqs",),
}
NEEDED = {"batch": "BatchParameters", "ecs": "EcsParameters"}
_PATH = re.compile(r"\$(\.[\w-]+|\[\d+\]|\[['\"][^'\"]+['\"]\]|\[\*\])*")
_INSTANCE = re.compile(r"(i|mi)-[0-9a-f]{8,17}")
_plain: dict[str, Callable[..., Any]] = {}


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
    if (parts[2] in NEEDS_ROLE or parts[5].startswith("api-destination/")) and not target.get("RoleArn"):
        yield f"RoleArn is required for target {arn}."
    if parts[2] == "ssm":
        yield from _check_ssm(target, arn)
    for name, services in PARAMETERS.items():
        if target.get(name) and parts[2] not in services:
            yield f"{name} is not supported for target {arn}."
    if parts[2] in NEEDED and not target.get(NEEDED[parts[2]]):
        yield f"Parameter(s) {NEEDED[parts[2]]} must be specified for target: {given}."
    if parts[2] == "sqs" and target.get("SqsParameters") and not arn.endswith(".fifo"):
        yield f"SqsParameters is not supported for target {arn}: it is no FIFO queue."
    if parts[2] == "sqs" and arn.endswith(".fifo") and not target.get("SqsParameters"):
        yield f"Parameter(s) SqsParameters must be specified for target: {given}."
    yield from _check_input(target, given)
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue is not None:
        yield from _check_queue(queue, parts[3])
    if target.get("RoleArn"):
        yield from assumable(target["RoleArn"])


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
        if key == "InstanceIds" and not all(map(_INSTANCE.fullmatch, block["Values"])):
            yield f"RunCommandTargets of target {target['Id']} has values that are no instance IDs."


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
    used = set(input.variables(transformer["InputTemplate"]))
    for name in sorted(used - set(paths) - set(input.RESERVED)):
        yield f"Invalid InputTemplate for target {given}: the variable {name} is not in InputPathsMap."
    if not input.is_template(transformer["InputTemplate"]):
        yield f"Invalid InputTemplate for target {given}: it is neither JSON nor a string."
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
    if input.names_a_key(transformer["InputTemplate"]):
        yield f"Invalid InputTemplate for target {given}: a variable cannot be used as an object key."


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


def _rule(self: EventsHandler) -> Rule:
    backend: EventsBackend = self.events_backend
    name, bus = self._get_param("Rule"), backend._normalize_event_bus_arn(self._get_param("EventBusName"))
    rule: Rule | None = backend._get_event_bus(bus).rules.get(name)
    if rule is None:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus}.")
    return rule


def put_targets(self: EventsHandler) -> Any:
    """Answer PutTargets: all of them, or none when one is wrong or there would be too many."""
    rule = _rule(self)
    for target in self._get_param("Targets"):
        parts = target["Arn"].split(":")
        if parts[2] not in SERVICES or parts[1] != rule.arn.split(":")[1]:
            raise ValidationException(
                f"Parameter {target['Arn']} is not valid. Reason: Provided Arn is not in correct format."
            )
        # Only another event bus may be in another Region.
        if parts[2] != "events" and parts[3] and parts[3] != rule.region_name:
            raise ValidationException(f"Parameter {target['Arn']} is not valid. Reason: It is in another Region.")
    ids = {target["Id"] for target in rule.targets} | {target["Id"] for target in self._get_param("Targets")}
    if len(ids) > TARGETS_PER_RULE:
        raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    return _plain["put_targets"](self)


def remove_targets(self: EventsHandler) -> Any:
    """Answer RemoveTargets: what is not there is told, and does not keep the rest from being removed."""
    rule, wanted = _rule(self), self._get_param("Ids")
    missing = sorted(set(wanted) - {target["Id"] for target in rule.targets})
    rule.remove_targets(wanted)
    code, why = "ResourceNotFoundException", f"Rule {rule.name} has no target with the Id"
    rows = [{"TargetId": one, "ErrorCode": code, "ErrorMessage": f"{why} {one}."} for one in missing]
    return json.dumps({"FailedEntryCount": len(rows), "FailedEntries": rows})


def install() -> None:
    """Check targets before moto stores them."""
    register("events", "PutTargets", check_targets)
    register("events", "RemoveTargets", check_removed)
    if not _plain:
        _plain["put_targets"] = EventsHandler.put_targets
        EventsHandler.put_targets = put_targets  # type: ignore[method-assign]
        EventsHandler.remove_targets = remove_targets  # type: ignore[method-assign]
