"""Wrong values of every module's options: no call, and one sentence with the option, the value and what is allowed."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest
import yaml

RUNTIME = Path(__file__).resolve().parents[3] / "meta/runtime.yml"

LONG = "x" * 5000
# Texts that no name of AWS's may be.
NAMELESS = ("", " ", "\n", "abc\n", "ab\ncd", "{{ abc }}", "größe", "💥abc", "a b", "'; --", "\u202eabc", LONG, [], {})
ROLES = (" ", "role", "arn:", "arn:aws:iam::1:role/r", "arn:aws:s3:::bucket", f"arn:aws:iam::{'1' * 12}:role/a b", LONG)
NUMBERS = (-1, 10**12, "x", "1.5", "", [], True)
RATES = ("", "0", "00", "01", "-1", "0%", "101%", "00%", "1.5", "10 %", "%", "ten", "1" * 8, " 1")
SCHEDULES = (
    "rate(1 minutes)", "rate(5 minute)", "rate(0 hours)", "rate(-1 hours)", "rate(1.5 hours)", "rate(1 week)",
    "Rate(1 hour)", "rate(1 hour) ", "rate()", "rate(x)", "cron()", "cron(0 20 * *)", "cron(60 20 * * ? *)",
    "cron(0 24 * * ? *)", "cron(0 20 32 * ? *)", "cron(0 20 * 13 ? *)", "cron(0 20 ? * 8 *)", "cron(0 20 ? * XXX *)",
    "cron(0 20 ? * 2#6 *)", "cron(0 20 * * ? 1969)", "cron(a b c d e f)", "every hour", "1 hour", " ", "{{ x }}", LONG,
)  # fmt: skip
TAGS = ({"aws:a": "b"}, {"": "b"}, {"a" * 129: "b"}, {"a": "b" * 257}, {"a\nb": "c"}, {"a": "b\tc"}, {"a;": "b"},
        {str(number): "a" for number in range(51)}, "a", 5, ["a"])  # fmt: skip
WAITS = (0, -1, 10**12, True, "soon")
SSM_RUN = {
    "document_version": ("newest", "0", "-1", "$default", "1.0", "01"),
    "parameters": ({"": 1}, {"a": [None]}, {"a b": 1}, {"a\nb": 1}, {"{{ a }}": 1}, "a", [1]),
    "targets": (
        [{"key": "tag:a", "values": []}],
        [{"key": "tag:a", "values": ["b"] * 51}],
        [{"key": "tag:a", "values": ["b"]}] * 6,
        [{"key": "tag:a", "values": [None]}],
        [{"key": "tag:a", "values": ["b\x1b"]}],
        [{"key": "InstanceIds", "values": ["node"]}],
        [{"key": "InstanceIds", "values": ["*", "i-0123456789abcdef0"]}],
        *([{"key": key, "values": ["b"]}] for key in ("", " ", "tag", "tag:", "Name", "{{ a }}", "tag:a+b", LONG)),
        [{"key": "tag:a"}],
        [{"values": ["b"]}],
        ["tag:a"],
        "tag:a",
    ),
    "max_concurrency": RATES,
    "max_errors": tuple(rate for rate in RATES if rate not in ("0", "0%")),
    "alarm_configuration": ({"alarms": [{"name": "a"}, {"name": "b"}]}, {"alarms": [{"name": ""}]}, {"alarms": [{}]}),
    "wait_timeout": WAITS,
}
ASSOCIATION_RUN = {  # An empty text takes something away.
    option: tuple(value for value in values if value != "") for option, values in SSM_RUN.items()
}
BUCKETS = ("ab", "a b", "größe-bucket", "{{ a }}", "s3://bucket", "a/b/c", "abc\n", "x" * 64)
BLOCK = {"key": "tag:a", "values": ["b"]}
WRONG = {
    "ssm_document": {
        "name": (*NAMELESS, "ab", "AWS-mine", "amazonian", "Amzn-x", "a/b"),
        "content": ("{", "[1]", "word", "", 5, [1], {}, {"schemaVersion": 2.2}, '{"a": 1}',
                    {"schemaVersion": "2.2", "a": LONG * 14},
                    "a: b: c", "a: {{ b }}"),
        "document_type": ("command", "", 5),
        "document_format": ("json", "XML"),
        "target_type": ("", "EC2", "/a b", "/" + LONG),
        "display_name": ("a;b", "größe", "a\nb", LONG),
        "version_name": ("", "a b", "größe", LONG),
        "cloud_providers": ([], ["aws"], [None]),
        "requires": ([{"name": "a b"}], [{}], [{"name": "abc", "version": "0"}], ["abc"], [None]),
        "attachments": (
            [{"key": "SourceUrl", "values": []}],
            [{"key": "SourceUrl", "values": ["a", "b"]}],
            [{"key": "SourceUrl", "values": [None]}],
            [{"key": "SourceUrl", "values": ["s3://a b"]}],
            [{"key": "Url", "values": ["s3://a"]}],
            [{"key": "S3FileUrl", "values": ["s3://a"], "name": "a b"}],
            [{"key": "SourceUrl", "values": ["s3://a"]}] * 21,
        ),
        "default_version": ("newest", "0", "-1", "", "1.0", "$latest", 0),
        "document_version": ("$LATEST", "0", "", "x"),
        "account_ids": (["1"], [""], [None], ["All", "123456789012"], ["12345678901x"], [123]),
        "shared_document_version": ("1", "$latest"),
        "wait_timeout": WAITS,
        "tags": TAGS,
    },
    "ssm_document_info": {
        "name": ("", "a b", "größe", "ab", LONG),
        "document_format": ("json",),
        "include_versions": ("maybe",),
        "document_version": ("newest", "0", ""),
        "version_name": ("", "a b"),
        "filters": ({"Nope": "a"}, {"": "a"}, {"Name": None}, {"Name": []}, {"Name": [None]}, {"Name": {"a": 1}},
                    {"tag:": 1},
                    {str(number): "a" for number in range(7)}),
    },
    "ssm_association": {
        **ASSOCIATION_RUN,
        "association_name": (*NAMELESS, "ab", "a/b"),
        "association_id": ("", "one", "8dfe3659", "8dfe3659-4309-493a-8755-0123456789ab0"),
        "name": (*NAMELESS, "ab"),
        "target_maps": ([{"a b": ["c"]}], [{"a": [""]}], [{"a": ["b" * 51]}], ["a"], [None], [{"a": ["b"]}] * 301),
        "target_locations": ([{}], [{"accounts": ["1"], "regions": ["us-east-1"]}], [{"accounts": [None]}],
                             [{"regions": ["here"]}], [{"regions": ["a b"]}], ["a"],
                             [{"regions": ["us-east-1"], "target_location_max_errors": "101%"}],
                             [{"regions": ["us-east-1"], "targets": [BLOCK, BLOCK]}]),
        "automation_target_parameter_name": ("a b", "{{ a }}", "größe", "a" * 51),
        "schedule_expression": (*SCHEDULES, "rate(29 minutes)", "rate(31 days)", "at(tomorrow)",
                                "at(2026-13-01T00:00:00)"),
        "schedule_offset": (-1, 7, "x", True),
        "duration": (-1, 25, "x", True),
        "apply_only_at_cron_interval": ("maybe", [], 2),
        "calendar_names": ([None], ["a b"], ["größe"], [{}]),
        "compliance_severity": ("high", "NONE"),
        "sync_compliance": ("auto",),
        "output_location": (
            *({"s3_location": {"output_s3_bucket_name": bucket}} for bucket in BUCKETS),
            {"s3_location": {"output_s3_key_prefix": "a"}},
            {"s3_location": {"output_s3_bucket_name": "abc", "output_s3_region": "x y"}},
            {"s3_location": {"output_s3_bucket_name": "abc", "output_s3_key_prefix": "x" * 501}},
            {"s3_bucket_name": "abc"},
        ),
        "association_dispatch_assume_role": ROLES,
        "tags": TAGS,
    },
    "ssm_association_info": {
        "association_name": ("", "a b", "größe", LONG),
        "association_id": ("", "one"),
        "association_version": ("", "0", "newest", "-1"),
        "executions": (-1, "x", []),
        "filters": ({"Nope": "a"}, {"Name": ""}, {"Name": None}, {"Name": ["a"]}, {"": "a"}, "a b"),
    },
    "ssm_command": {
        **SSM_RUN,
        "document_name": (*NAMELESS, "ab"),
        "document_hash": ("", "abc", "x" * 64, "a" * 63, "a" * 65),
        "document_hash_type": ("sha256", "MD5"),
        "instance_ids": ([], [None], ["node"], ["i-0123456789abcdef0"] * 51, ["*"]),
        "timeout_seconds": (29, 2592001, *NUMBERS),
        "comment": ("x" * 101,),
        "output_s3_key_prefix": ("x" * 501,),
        "output_s3_bucket_name": ("", *BUCKETS),
        "output_s3_region": ("", "a b", "x" * 21),
        "service_role_arn": ("", *ROLES[:-1]),
        "notification_config": ({"notification_arn": "topic"}, {}, {"notification_arn": "arn:aws:sns:a b"}),
        "cloud_watch_output_config": ({"cloud_watch_log_group_name": "a b"}, {"cloud_watch_log_group_name": "x" * 513}),
    },
    "eventbridge_rule": {
        "name": (*NAMELESS, "a/b", "x" * 65),
        "event_bus_name": ("", " ", "a b", "größe", LONG),
        "event_pattern": ("{", "[]", "[1]", "word", "5", 5, True, ["a"], {"source": "a"}, {"source": []}, {"detail": 1},
                          '{"source": NaN}', '{"source": ["\\ud800"]}', {"source": ["x" * 4096]}, {"$or": ["a"]}),
        "schedule_expression": SCHEDULES,
        "description": ("x" * 513,),
        "rule_state": ("enabled", "ON"),
        "role_arn": ROLES,
        "tags": TAGS,
    },
    "eventbridge_target": {
        "rule": (*NAMELESS, "a/b", "x" * 65),
        "event_bus_name": ("", "a b"),
        "target_id": (*NAMELESS, "a/b", "x" * 65),
        "arn": ("", " ", "queue", "arn:", "arn:aws:sqs", "{{ arn }}", LONG),
        "role_arn": ROLES,
        "input": ("{", "word", "{{ a }}", '{"a": NaN}', {"a": "x" * 8192}),
        "input_path": ("detail", "x", "$" * 257),
        "input_transformer": (
            {"input_template": " "},
            {"input_template": "x" * 8193},
            {"input_paths_map": {"a": "detail"}, "input_template": "a"},
            {"input_paths_map": {"a": None}, "input_template": "a"},
            {"input_paths_map": {"aws.a": "$.a"}, "input_template": "a"},
            {"input_paths_map": {"AWSa": "$.a"}, "input_template": "a"},
            {"input_paths_map": {"a b": "$.a"}, "input_template": "a"},
            {"input_paths_map": {f"a{number}": "$.a" for number in range(101)}, "input_template": "a"},
        ),
        "run_command_parameters": (
            {"run_command_targets": []},
            {"run_command_targets": [BLOCK, BLOCK]},
            {"run_command_targets": [{"key": "tag:a", "values": []}]},
            {"run_command_targets": [{"key": "tag:a", "values": ["b"] * 51}]},
            {"run_command_targets": [{"key": "tag:a", "values": [None]}]},
            {"run_command_targets": [{"key": "tag:a", "values": ["b" * 257]}]},
            {"run_command_targets": [{"key": "Name", "values": ["b"]}]},
            {"run_command_targets": [{"key": "InstanceIds", "values": ["*"]}]},
            {"run_command_targets": [{"key": "tag:a"}]},
        ),
        "ecs_parameters": ({"task_count": 0}, {"launch_type": "fargate"}, {"task_count": -1},
                           {"placement_strategy": [{"type": "spread"}] * 6}, {"tags": {"": "a"}},
                           {"launch_type": "EC2", "capacity_provider_strategy": [{"capacity_provider": "a"}]}),
        "batch_parameters": ({"array_properties": {"size": 1}}, {"retry_strategy": {"attempts": 11}},
                             {"array_properties": {"size": 10001}}, {"retry_strategy": {"attempts": 0}}),
        "sqs_parameters": ({"message_group_id": "a b"}, {"message_group_id": "x" * 101}),
        "kinesis_parameters": ({"partition_key_path": "x" * 257},),
        "http_parameters": ({"header_parameters": {"a b": "c"}}, {"header_parameters": {"a": "b\nc"}},
                            {"query_string_parameters": {"a": "b\0c"}}, {"header_parameters": {"a": None}},
                            {"header_parameters": {"a": ["b"]}}),
        "app_sync_parameters": ("mutation", {"operation": "a"}),
        "sage_maker_pipeline_parameters": ({"pipeline_parameter_list": [{"name": "a"}]},
                                           {"pipeline_parameter_list": [{"name": "a b", "value": "c"}]},
                                           {"pipeline_parameter_list": [{"name": "a", "value": "b"}] * 201},
                                           {"pipeline_parameter_list": [{"name": "a", "value": "b" * 1025}]}),
        "redshift_data_parameters": ({"sql": "a", "sqls": ["b"]}, {"sqls": ["a"] * 41}, {"db_user": "x" * 129}),
        "retry_policy": ({"maximum_retry_attempts": 186}, {"maximum_retry_attempts": -1}, {"attempts": 1},
                         {"maximum_retry_attempts": True}, {"maximum_event_age_in_seconds": 59},
                         {"maximum_event_age_in_seconds": 86401}),
        "dead_letter_config": ({"arn": "queue"}, {"arn": "arn:aws:sqs:eu-central-1:123456789012:q.fifo"},
                               {"arn": "arn:aws:sns:eu-central-1:123456789012:t"}),
    },
    "ecr_image_info": {
        "repository_name": (*NAMELESS, "A/b", "a", "a//b", "x" * 257),
        "registry_id": ("", "1", "x" * 12, "12345678901"),
        "image_tags": ([""], [None], ["a b"], ["-a"], ["größe"], ["a\n"], ["x" * 301], [{}]),
        "image_digests": ([""], [None], ["sha256:abc"], ["a" * 64], [f"sha256:{'A' * 64}"]),
        "tag_pattern": ("", " ", "a b", "größe", "a/b", "{{ a }}", "a\n"),
        "tag_status": ("tagged",),
        "image_status": ("active",),
        "artifacts": ("maybe",),
    },
    "ecr_authorization_token_info": {"registry_id": ("", "1", "x" * 12, "1234567890123")},
    "eks_nodegroup": {
        "cluster_name": (*NAMELESS, "-a", "a.b", "x" * 101),
        "nodegroup_name": (*NAMELESS, "-a", "a.b", "x" * 64),
        "scaling_config": ({"min_size": -1}, {"max_size": 0}, {"desired_size": -1}, {"min_size": 3, "max_size": 2},
                           {"desired_size": 5, "max_size": 4}, {"desired_size": 0, "min_size": 1}, {"min_size": True},
                           {"max_size": 10**12}, {"max_size": "x"}, {"size": 1}),
        "disk_size": (0, -1, 10**12, True, "x"),
        "subnets": ([], [""], [None], ["a b"], ["subnet"], ["subnet-a\n"]),
        "instance_types": ([], [""], [None], ["m7i"], ["a b"], ["m7i.large\n"]),
        "ami_type": ("", "AL2023", "al2023_x86_64_standard"),
        "node_role": ("", *ROLES),
        "remote_access": ({"ec2_ssh_key": ""}, {"ec2_ssh_key": "größe"}, {"source_security_groups": ["group"]},
                          {"source_security_groups": [None]}),
        "labels": ({"": "a"}, {"a b": "c"}, {"a": "b c"}, {"a": None}, {"a": ["b"]}, {"a" * 64: "b"}, {"a": "b" * 64},
                   {"-a": "b"},
                   {"a\n": "b"}),
        "taints": ([{"key": "a b", "effect": "NO_SCHEDULE"}], [{"key": "a", "effect": "NoSchedule"}], [{"key": "a"}],
                   [{"effect": "NO_SCHEDULE"}], [{"key": "a", "effect": "NO_SCHEDULE"}] * 2, [None], ["a"],
                   [{"key": "a", "value": "b c", "effect": "NO_SCHEDULE"}], [{"key": "", "effect": "NO_SCHEDULE"}]),
        "launch_template": ({"id": "template"}, {"name": "a b"}, {"name": "abc", "version": "latest"}, {"version": "1"},
                            {"id": "lt-0", "name": "abc"}, {"id": "lt-0", "version": "0"}, {}),
        "capacity_type": ("spot",),
        "update_config": ({"max_unavailable": 0}, {"max_unavailable_percentage": 101}, {"update_strategy": "minimal"},
                          {"max_unavailable": 1, "max_unavailable_percentage": 1}),
        "node_repair_config": (
            {"max_unhealthy_node_threshold_percentage": 101},
            {"max_unhealthy_node_threshold_count": 1, "max_unhealthy_node_threshold_percentage": 1},
            {"node_repair_config_overrides": [{"node_monitoring_condition": "a"}]},
            {"enabled": "maybe"},
        ),
        "warm_pool_config": ({"min_size": -1}, {"pool_state": "stopped"}, {"enabled": "maybe"}),
        "version": ("", "1", "1.3", "v1.34", "1.34.0", 1.3, "latest", "1.34\n"),
        "release_version": ("", " ", "a b", "größe"),
        "wait_timeout": WAITS,
        "tags": TAGS,
    },
    "image_cache_info": {
        "cluster_name": (*NAMELESS, "-a", "a.b", "x" * 101),
        "document_name": (*NAMELESS, "ab"),
        "targets": (
            [{"key": "Name", "values": ["a"]}],
            [{"key": "tag:a", "values": []}],
            [{"key": "tag:a", "values": ["a"] * 51}],
            [{"key": "tag:a"}],
        ),
        "images": ([""], [None], ["app"], ["app:v1"], ["host/app:v1@sha256:abc"], ["host/a b"], ["host/app; rm"],
                   ["{{ a }}"],
                   ["host/größe"], ["host/app\n"]),
        "answer_timeout": (29, 2592001, "x"),
        "min_nodes": (0, -1, 10**12),
        "wait_timeout": (0, -1, 10**12),
        "wait_delay": (0, -1, 10**12),
    },
    "prefetch_info": {
        "name": (*NAMELESS, "-a", "a.b", "x" * 25),
        "cluster_name": (*NAMELESS, "-a", "a.b", "x" * 101),
        "node_roles": ([""], [None], ["a b"], ["arn:aws:iam::123456789012:role/r"], ["größe"], ["x" * 65], [{}]),
        "count_nodes": ("maybe",),
    },
}  # fmt: skip
BASES = {
    "ssm_document": {"name": "say-hello", "content": {"schemaVersion": "2.2", "mainSteps": []}},
    "ssm_association": {"association_name": "one", "name": "document"},
    "ssm_command": {"document_name": "document"},
    "eventbridge_rule": {"name": "push"},
    "eventbridge_target": {"rule": "push", "target_id": "one", "arn": "arn:aws:sqs:eu-central-1:123456789012:q"},
    "ecr_image_info": {"repository_name": "team/app"},
    "eks_nodegroup": {"cluster_name": "demo", "nodegroup_name": "workers"},
    "image_cache_info": {"document_name": "nodecache-demo"},
    "prefetch_info": {"name": "demo", "cluster_name": "demo"},
}
ROLE = {"role_arn": "arn:aws:iam::123456789012:role/r"}
KINDS = {
    "run_command": "ssm",
    "ecs": "ecs",
    "batch": "batch",
    "sqs": "sqs",
    "kinesis": "kinesis",
    "http": "execute-api",
    "redshift_data": "redshift",
    "sage_maker_pipeline": "sagemaker",
    "app_sync": "appsync",
}
# What else has to be said beside an option.
BESIDE = {
    ("ssm_command", None): {"instance_ids": ["i-0123456789abcdef0"]},
    ("ssm_command", "targets"): {},
    ("ssm_command", "instance_ids"): {},
    ("ssm_command", "notification_config"): {
        "service_role_arn": "arn:aws:iam::123456789012:role/r",
        "targets": [BLOCK],
    },
    ("ssm_document_info", "document_version"): {"name": "document"},
    ("ssm_document_info", "version_name"): {"name": "document"},
    ("ssm_association", "association_id"): {"association_name": None},
    ("ssm_association_info", "association_version"): {"association_id": "8dfe3659-4309-493a-8755-0123456789ab"},
    **{
        ("eventbridge_target", f"{kind}_parameters"): {"arn": f"arn:aws:{service}:eu-central-1:123456789012:x", **ROLE}
        for kind, service in KINDS.items()
    },
    ("image_cache_info", None): {"cluster_name": "demo"},
    ("image_cache_info", "targets"): {},
}
# Ansible itself says which type, choices and parts it wants: the type and not the value, and without the option's name
# where a list or a dictionary has parts.
ANSIBLES = re.compile(
    r"dictionary requested, could not parse JSON or key=value|.*unable to convert to|missing required arguments: |"
    r"one of the following is required: |parameters are mutually exclusive: |value of \w+ must be one (or more )?of: |"
    r"Value 'None' in the sub parameter field|Unsupported parameters"
)
ROWS = [
    (module, option, value)
    for module, options in WRONG.items()
    for option, values in options.items()
    for value in values
]


def parts(value):
    """Return every value that a message may show, and the whole."""
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(part for item in inner for part in parts(item))]


def shows(message, value):
    """Tell whether our own message has the value or the part of it that is wrong, as text or as JSON."""
    # Ansible makes an empty text of nothing in a list of texts, and a text of what else there is.
    forms = ["''" if part in (None, "") else str(part) for part in parts(value)]
    forms += [json.dumps(part, ensure_ascii=False) for part in parts(value) if part not in ("", None)]
    printable = ("".join(char if char.isprintable() else repr(char)[1:-1] for char in form) for form in forms)
    return " but " in message and any(form[:80] in message for form in printable)


class Called(Exception):
    """AWS was asked."""


class Nobody:
    """Stands for AWS, which nothing here may ask."""

    def __getattr__(self, operation):
        raise Called(operation)


@pytest.fixture(name="told")
def fixture(strict_client, run_module):
    """Return what runs a module and returns what it says, and fails where it asks AWS."""
    for service in ("ssm", "events", "ecr", "eks", "ec2", "sts", "sqs", "iam", "cloudwatch"):
        strict_client(service, Nobody())

    def run(module, **options):
        try:
            result = run_module(module, **options)
        except Called as call:
            return f"it asked AWS for {call}"
        except Exception as error:
            return f"it broke: {error!r}"
        return result["msg"] if result.get("failed") and "exception" not in result else f"it went on: {result}"

    return run


@pytest.mark.parametrize("module", WRONG)
def test_wrong_values_are_refused_before_any_call(told, module):
    wrong = []
    for option, value in [row[1:] for row in ROWS if row[0] == module]:
        beside = BESIDE.get((module, option), BESIDE.get((module, None), {}))
        given = {**BASES.get(module, {}), **beside, option: value}
        message = told(module, **{key: item for key, item in given.items() if item is not None})
        names = (option, *(value if isinstance(value, dict) else ()))
        named = message.startswith("dictionary requested") or any(name in message for name in names if name)
        # What Ansible itself says shows the value as it is, with its line breaks.
        told_well = ANSIBLES.match(message) or ("\n" not in message and shows(message, value))
        if message.startswith("it ") or not named or not told_well or len(message) > 1000:
            wrong.append(f"{option} = {json.dumps(value)[:80]}: {message[:200]!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_of_another_kind_of_target_are_refused(told, kind):
    part, value = {
        "run_command": ("run_command_targets", [BLOCK]),
        "ecs": ("task_definition_arn", "arn:aws:ecs:eu-central-1:123456789012:task-definition/t"),
        "batch": ("job_name", "job"),
        "sqs": ("message_group_id", "one"),
        "kinesis": ("partition_key_path", "$.id"),
        "http": ("path_parameter_values", ["a"]),
        "redshift_data": ("database", "dev"),
        "sage_maker_pipeline": ("pipeline_parameter_list", [{"name": "a", "value": "b"}]),
        "app_sync": ("graph_ql_operation", "mutation"),
    }[kind]
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:s"
    names = {"rule": "push", "target_id": "one", "arn": arn}
    message = told("eventbridge_target", **names, **{f"{kind}_parameters": {part: value}})
    assert message.startswith(f"{kind}_parameters is for targets of ") and message.endswith(f"but arn is '{arn}'.")


def test_every_option_with_limits_has_wrong_values():
    left = {}
    for module in WRONG:
        source = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{module}")
        options = yaml.safe_load(source.DOCUMENTATION)["options"]
        # Ansible checks what is true or false and what has choices, alike in every module.
        limited = {name for name, option in options.items() if option.get("type") != "bool" and "choices" not in option}
        left[module] = limited - set(WRONG[module])
    assert left == {module: set() for module in WRONG}


def test_every_module_that_asks_aws_is_tried():
    assert set(WRONG) == set(yaml.safe_load(RUNTIME.read_text())["action_groups"]["aws"][1:])


def test_hundreds_of_values_are_tried():
    assert len(ROWS) > 700
