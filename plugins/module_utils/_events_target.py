# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a target of EventBridge may be asked for, and what of it means the same: pure functions, no boto, no module."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown

# Which services' targets take which parameters: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
KINDS = {
    "run_command_parameters": ("ssm",),
    "ecs_parameters": ("ecs",),
    "batch_parameters": ("batch",),
    "sqs_parameters": ("sqs",),
    "kinesis_parameters": ("kinesis",),
    "http_parameters": ("events", "execute-api"),
    "redshift_data_parameters": ("redshift", "redshift-serverless"),
    "sage_maker_pipeline_parameters": ("sagemaker",),
    "app_sync_parameters": ("appsync",),
}
INPUTS = ("Input", "InputPath", "InputTransformer")
UNORDERED = (
    "CapacityProviderStrategy",
    "PipelineParameterList",
    "PlacementConstraints",
    "SecurityGroups",
    "Subnets",
    "Tags",
    "Values",
)
_NEED_ROLE = ("batch", "ecs", "kinesis", "states")
# What AWS may fill in, so that it means the same as nothing.
_DEFAULTS = (("AssignPublicIp", "DISABLED"), ("TaskCount", 1), ("base", 0), ("weight", 0))
_AUTOMATION = ":automation-definition/"
# Of each pair a target has one; setting one takes the other away.
_EXCLUSIVE = (
    ("EcsParameters", "LaunchType", "CapacityProviderStrategy"),
    ("RedshiftDataParameters", "Sql", "Sqls"),
)
_RUN_COMMAND_KEY = re.compile(r"InstanceIds|tag:.+")
_INSTANCE = re.compile(r"(i|mi)-[0-9a-f]{8,17}")
_QUEUE = re.compile(r"arn:[^:]+:sqs:[^:]+:\d{12}:.+(?<!\.fifo)")
# Limits that botocore's model leaves to the text of the documentation.
_RANGES = {
    ("batch_parameters", "array_properties", "size"): (2, 10000),
    ("batch_parameters", "retry_strategy", "attempts"): (1, 10),
}


def build_desired(params: dict[str, Any], shape: Any) -> dict[str, Any]:
    """Return what the options ask for in the API's shape, empty where something shall go; refuse what is wrong."""
    names = ("arn", "role_arn", "input_path", "input_transformer", "retry_policy", "dead_letter_config", *KINDS)
    options = {"id": params["target_id"], **{name: params[name] for name in names}}
    if params["input"] is not None:
        options["input"] = "" if params["input"] == "" else _input_text(params["input"])
    desired: dict[str, Any] = _model.to_request(shape, options)
    for option, member in (("target_id", "Id"), ("arn", "Arn")):
        # A target cannot be without these, so that nothing takes them away.
        if params[option] is not None and not _model.fits(shape.members[member], params[option]):
            raise NodecacheError(
                f"{option} is {shown(params[option])} but must {_model.allowed(shape.members[member])}."
            )
    _model.check(shape, _filled(desired), whole=False)
    _check_inputs(params)
    for name in KINDS:
        if params[name] and params["arn"]:
            _check_kind(name, params["arn"])
    for (block, inner, name), (least, most) in _RANGES.items():
        value = ((params[block] or {}).get(inner) or {}).get(name)
        if value is not None and not least <= value <= most:
            raise NodecacheError(f"{block}.{inner}.{name} is {value} but must be {least} to {most}.")
    queue = (params["dead_letter_config"] or {}).get("arn")
    if queue and not _QUEUE.fullmatch(queue):
        raise NodecacheError(f"dead_letter_config.arn is {shown(queue)} but must be the ARN of a standard SQS queue.")
    if (params["run_command_parameters"] or {}).get("run_command_targets") is not None:
        _check_run_command(params)
    elif _AUTOMATION in (params["arn"] or ""):
        _check_document_input(params["input"])
    return desired


def _filled(value: Any) -> Any:
    """Return value without what is empty, which an option uses to take something away."""
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items() if item not in ("", {}, [], None)}
    return value


def _input_text(value: Any) -> str:
    return _model.json_text(_model.read_json("input", value), sort=False)


def _check_inputs(params: dict[str, Any]) -> None:
    paths = (params["input_transformer"] or {}).get("input_paths_map") or {}
    for option, path in (("input_path", params["input_path"] or "$"), *paths.items()):
        name = option if option == "input_path" else f"input_transformer.input_paths_map.{option}"
        if not str(path).startswith("$"):
            raise NodecacheError(f"{name} is {shown(path)} but must be a JSON path that begins with $.")
        if option.upper().startswith("AWS"):
            raise NodecacheError(f"input_transformer.input_paths_map has '{option}' but no key may begin with AWS.")


def _check_placeholders(target: dict[str, Any]) -> None:
    transformer = target.get("InputTransformer") or {}
    paths, template = transformer.get("InputPathsMap") or {}, transformer.get("InputTemplate", "")
    for name in re.findall(r"<([A-Za-z0-9_-]+)>", template):
        if name not in paths:
            raise NodecacheError(
                f"input_transformer.input_template has <{name}> but input_transformer.input_paths_map has "
                f"{', '.join(paths) or 'nothing'}."
            )


def service(arn: str) -> str:
    """Return the service an ARN belongs to; Systems Manager's Automation is one beside Run Command."""
    return "automation" if _AUTOMATION in arn else (arn.split(":") + [""] * 3)[2]


def _check_kind(option: str, arn: str) -> None:
    if service(arn) not in KINDS[option]:
        raise NodecacheError(f"{option} is for targets of {' or '.join(KINDS[option])} but arn is '{arn}'.")


def _check_run_command(params: dict[str, Any]) -> None:
    blocks = params["run_command_parameters"]["run_command_targets"]
    if len(blocks) != 1:
        raise NodecacheError(f"run_command_targets has {len(blocks)} entries but EventBridge takes exactly one.")
    key, values = blocks[0]["key"], blocks[0]["values"]
    if not _RUN_COMMAND_KEY.fullmatch(key):
        raise NodecacheError(f"run_command_targets.key is {shown(key)} but must be InstanceIds or tag:KEY.")
    for value in values if key == "InstanceIds" else ():
        if not _INSTANCE.fullmatch(value):
            raise NodecacheError(f"run_command_targets.values has {shown(value)} but must have instance ids.")
    _check_document_input(params["input"])


def _check_document_input(value: Any) -> None:
    if value in (None, ""):
        return
    parsed = _model.read_json("input", value)
    strings = isinstance(parsed, dict) and all(
        isinstance(value, list) and all(isinstance(item, str) for item in value) for value in parsed.values()
    )
    if not strings:
        raise NodecacheError(
            f"input is {shown(_model.json_text(parsed))} but a document takes an object of lists of strings."
        )


def plan(current: dict[str, Any], desired: dict[str, Any], shape: Any) -> dict[str, Any]:
    """Return the whole target as it shall be; PutTargets forgets the rest."""
    kept = dict(current)
    if any(desired.get(key) for key in INPUTS):
        kept = {key: value for key, value in kept.items() if key not in INPUTS or key in desired}
    if service(desired.get("Arn") or current.get("Arn", "")) != service(current.get("Arn", "")):
        # Another kind of target refuses the parameters of the kind it was.
        kept = {key: value for key, value in kept.items() if not key.endswith("Parameters")}
    for block, one, other in _EXCLUSIVE:
        given = desired.get(block) or {}
        gone = {one} if given.get(other) else {other} if given.get(one) else set()
        if gone & set(kept.get(block, {})):
            kept[block] = {key: value for key, value in kept[block].items() if key not in gone}
    after = _model.overlay(shape, kept, desired)
    _check_whole(after, shape)
    return after


def _check_whole(target: dict[str, Any], shape: Any) -> None:
    name = f"target '{target['Id']}'"
    if "Arn" not in target:
        raise NodecacheError(f"{name} is new and needs arn.")
    _model.check(shape, target)
    _check_placeholders(target)
    options = [option for option in _model.to_result(shape, target) if option in KINDS]
    if len(options) > 1:
        raise NodecacheError(f"{name} has {' and '.join(sorted(options))} but can have only one of them.")
    for option in options:
        _check_kind(option, target["Arn"])
    is_document = _AUTOMATION in target["Arn"] or options == ["run_command_parameters"]
    if is_document:
        _check_document_input(target.get("Input"))
    if "RoleArn" not in target and (is_document or service(target["Arn"]) in _NEED_ROLE):
        reason = options[0] if options else f"arn '{target['Arn']}'"
        raise NodecacheError(f"{name} has {reason} and needs role_arn.")


def comparable(target: dict[str, Any]) -> dict[str, Any]:
    """Return the target in the form that is compared: its input parsed, what AWS fills in left out."""
    parsed = {key: _plain(value) if key.endswith("Parameters") else value for key, value in target.items()}
    if "Input" in parsed:
        parsed["Input"] = _model.read_json("input", parsed["Input"])
    return parsed


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not False and (key, item) not in _DEFAULTS}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    flag, number, text = {"type": "bool"}, {"type": "int"}, {"type": "str"}
    texts = {"type": "list", "elements": "str"}

    def block(**options: Any) -> dict[str, Any]:
        return {"type": "dict", "options": options}

    def blocks(**options: Any) -> dict[str, Any]:
        return {"type": "list", "elements": "dict", "options": options}

    needed = {"type": "str", "required": True}
    vpc = block(subnets=texts, security_groups=texts, assign_public_ip={"choices": ["ENABLED", "DISABLED"]})
    ecs = block(
        task_definition_arn=text,
        task_count=number,
        launch_type={"choices": ["EC2", "FARGATE", "EXTERNAL", ""]},
        network_configuration=block(awsvpc_configuration=vpc),
        platform_version=text,
        group=text,
        capacity_provider_strategy=blocks(capacity_provider=needed, weight=number, base=number),
        enable_ecs_managed_tags=flag,
        enable_execute_command=flag,
        placement_constraints=blocks(type={"choices": ["distinctInstance", "memberOf"]}, expression=text),
        placement_strategy=blocks(type={"choices": ["random", "spread", "binpack"]}, field=text),
        propagate_tags={"choices": ["TASK_DEFINITION", ""]},
        reference_id=text,
        tags={"type": "dict"},
    )
    nodes = blocks(key={**needed, "no_log": False}, values={**texts, "required": True})
    redshift = {name: text for name in ("database", "db_user", "sql", "statement_name")}
    return {
        "rule": {"required": True},
        "event_bus_name": {"default": "default"},
        "target_id": {"required": True},
        "arn": {},
        "role_arn": {},
        "input": {"type": "raw"},
        "input_path": {},
        "input_transformer": block(input_paths_map={"type": "dict"}, input_template=text),
        "run_command_parameters": block(run_command_targets=nodes),
        "ecs_parameters": {**ecs, "mutually_exclusive": [("launch_type", "capacity_provider_strategy")]},
        "batch_parameters": block(
            job_definition=text,
            job_name=text,
            array_properties=block(size=number),
            retry_strategy=block(attempts=number),
        ),
        "sqs_parameters": block(message_group_id=text),
        "kinesis_parameters": block(partition_key_path={"no_log": False}),
        "http_parameters": block(
            path_parameter_values=texts, header_parameters={"type": "dict"}, query_string_parameters={"type": "dict"}
        ),
        "redshift_data_parameters": {
            **block(secret_manager_arn={"no_log": False}, with_event=flag, sqls=texts, **redshift),
            "mutually_exclusive": [("sql", "sqls")],
        },
        "sage_maker_pipeline_parameters": {
            **block(pipeline_parameter_list=blocks(name=needed, value=needed)),
            "aliases": ["sagemaker_pipeline_parameters"],
        },
        "app_sync_parameters": {**block(graph_ql_operation=text), "aliases": ["appsync_parameters"]},
        "retry_policy": block(maximum_retry_attempts=number, maximum_event_age_in_seconds=number),
        "dead_letter_config": block(arn=text),
        "force": {"type": "bool", "default": False},
        "state": {"choices": ["present", "absent"], "default": "present"},
    }
