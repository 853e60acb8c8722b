"""Lives of rules and targets: each row is what a person asks for one after the other, all of it changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab import settings
from lab.aws import events

Run = Callable[..., dict[str, Any]]
ROLE = f"arn:aws:iam::{settings.ACCOUNT}:role/events"


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{settings.REGION}:{settings.ACCOUNT}:{resource}"


BUS = arn("events", "event-bus/apps")
PARTNER = "aws.partner/example.com/Test"
PATTERN = {"source": ["aws.ec2"]}
RULES: dict[str, list[dict[str, Any]]] = {
    "schedule": [
        {"schedule_expression": "rate(1 hour)"},
        {"schedule_expression": "cron(0 20 * * ? *)"},
        {"schedule_expression": "", "event_pattern": PATTERN},
        {"schedule_expression": "rate(5 minutes)"},
        {"event_pattern": ""},
    ],
    "pattern": [
        {"event_pattern": json.dumps(PATTERN)},
        {"event_pattern": {"source": ["aws.lambda"]}},
        {"event_pattern": '{"detail":{"count":[{"numeric":["\\u003e",0,"\\u003c",5]}]}}'},
        {"event_pattern": {"detail": {"count": [{"numeric": [">", 0, "<", 6]}], "$or": [{"a": [None]}, {"b": [1]}]}}},
        {"event_pattern": {"detail": {"name": ["größe & co", ""], "on": [True], "x": [{"exists": False}]}}},
    ],
    "another bus": [
        {"event_bus_name": "apps", "event_pattern": PATTERN, "description": "one"},
        {"event_bus_name": "apps", "description": "two"},
        {"event_bus_name": "apps", "description": ""},
        {"event_bus_name": "apps", "state": "absent"},
    ],
    "a bus by its ARN": [
        {"event_bus_name": BUS, "event_pattern": PATTERN, "tags": {"a": "1"}},
        {"event_bus_name": BUS, "rule_state": "DISABLED", "tags": {"b": "2"}},
        {"event_bus_name": BUS, "state": "absent"},
    ],
    "a partner's bus": [
        {"event_bus_name": PARTNER, "event_pattern": PATTERN, "tags": {"a": "1"}},
        {"event_bus_name": PARTNER, "state": "absent"},
    ],
    "role": [{"schedule_expression": "rate(1 hour)", "role_arn": ROLE}, {"role_arn": ""}],
    "schedule and pattern": [
        {"schedule_expression": "rate(1 hour)", "event_pattern": PATTERN},
        {"schedule_expression": "rate(2 hours)"},
        {"event_pattern": {"source": ["aws.ecr"]}},
    ],
    "state": [
        {"schedule_expression": "rate(1 hour)", "rule_state": "DISABLED"},
        {"rule_state": "ENABLED"},
        {"rule_state": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"},
    ],
    "tags": [
        {"event_pattern": PATTERN, "tags": {"key1": "one"}},
        {"tags": {"key1": "two", "key2": "two"}},
        {"tags": {"key2": "three"}},
        {"tags": {"key3": ""}, "purge_tags": False},
        {"description": "new", "tags": {}},
    ],
}
LAMBDA = {"arn": arn("lambda", "function:f")}
ECS = {"arn": arn("ecs", "cluster/jobs"), "role_arn": ROLE}
TASK = {"task_definition_arn": arn("ecs", "task-definition/scan:7")}
VPC = {"network_configuration": {"awsvpc_configuration": {"subnets": ["subnet-a", "subnet-b"]}}}
NODES = {"run_command_targets": [{"key": "tag:Name", "values": ["a"]}]}
TARGETS: dict[str, list[dict[str, Any]]] = {
    "topic": [{"arn": arn("sns", "one")}, {"arn": arn("sns", "two")}, {"state": "absent"}, {"arn": arn("sns", "one")}],
    "retries and dead letters": [
        {**LAMBDA, "retry_policy": {"maximum_event_age_in_seconds": 60, "maximum_retry_attempts": 5}},
        {"retry_policy": {"maximum_retry_attempts": 0}, "dead_letter_config": {"arn": arn("sqs", "dead")}},
        {"retry_policy": {}, "dead_letter_config": {"arn": ""}},
    ],
    "stream": [
        {
            "arn": arn("kinesis", "stream/s"),
            "role_arn": ROLE,
            "input": '{ "source": ["aws.cloudtrail"] }\n',
            "kinesis_parameters": {"partition_key_path": "$.detail"},
        },
        {"input": ["a", 1, None, True]},
        {"input": '"a word"'},
        {"input_path": "$.detail"},
        {"input_path": "", "kinesis_parameters": {}},
    ],
    "document": [
        {"arn": arn("ssm", "document/d"), "role_arn": ROLE, "run_command_parameters": NODES},
        {"run_command_parameters": {"run_command_targets": [{"key": "InstanceIds", "values": ["i-0123abcd"]}]}},
        {"input": {"commands": ["a"]}},
        {"arn": arn("ssm", "automation-definition/d:$DEFAULT")},
        {"arn": arn("sqs", "q"), "role_arn": "", "input": ""},
    ],
    "task": [
        {**ECS, "ecs_parameters": {**TASK, **VPC, "task_count": 1, "launch_type": "FARGATE"}},
        {"ecs_parameters": {"task_count": 2}},
        {
            "ecs_parameters": {
                "enable_execute_command": True,
                "enable_ecs_managed_tags": True,
                "propagate_tags": "TASK_DEFINITION",
                "placement_constraints": [{"type": "distinctInstance"}],
                "placement_strategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
                "tags": {"test": "test1", "camelCase": ""},
                "group": "g",
                "platform_version": "LATEST",
                "reference_id": "r",
            }
        },
        {"ecs_parameters": {"capacity_provider_strategy": [{"capacity_provider": "t", "base": 1, "weight": 100}]}},
        {"ecs_parameters": {"enable_execute_command": False, "placement_strategy": [], "tags": {}}},
    ],
    "task on what the cluster prefers": [
        {**ECS, "ecs_parameters": {**TASK, **VPC, "launch_type": "FARGATE", "propagate_tags": "TASK_DEFINITION"}},
        {"ecs_parameters": {"launch_type": "", "propagate_tags": ""}},
        {"ecs_parameters": {"launch_type": "EC2"}},
    ],
    "task that says little": [
        {**ECS, "ecs_parameters": {**TASK, **VPC}},
        {"ecs_parameters": {"task_count": 4}},
        {"ecs_parameters": {"task_count": 1, "propagate_tags": "TASK_DEFINITION"}},
    ],
    "warehouse": [
        {
            "arn": arn("redshift", "cluster:c"),
            "role_arn": ROLE,
            "redshift_data_parameters": {
                "database": "redshiftdb",
                "sql": "SELECT * FROM table",
                "statement_name": "NewStatement",
                "db_user": "someUser",
            },
        },
        {"redshift_data_parameters": {"sqls": ["SELECT 1", "SELECT 2"], "with_event": True}},
    ],
    "job": [
        {
            "arn": arn("batch", "job-queue/q"),
            "role_arn": ROLE,
            "batch_parameters": {"job_definition": arn("batch", "job-definition/j:1"), "job_name": "j"},
        },
        {"batch_parameters": {"array_properties": {"size": 2}, "retry_strategy": {"attempts": 3}}},
    ],
    "queue": [
        {"arn": arn("sqs", "q.fifo"), "sqs_parameters": {"message_group_id": "event_group"}},
        {"sqs_parameters": {"message_group_id": "other"}},
    ],
    "pipeline": [
        {
            "arn": arn("sagemaker", "pipeline/p"),
            "role_arn": ROLE,
            "sagemaker_pipeline_parameters": {"pipeline_parameter_list": [{"name": "k", "value": "v"}]},
        },
        {"sage_maker_pipeline_parameters": {"pipeline_parameter_list": [{"name": "k", "value": "w"}]}},
        {"sage_maker_pipeline_parameters": {}},
    ],
    "API": [
        {
            "arn": arn("execute-api", "abc/stage/*/GET"),
            "http_parameters": {
                "path_parameter_values": ["test"],
                "query_string_parameters": {"Env": "test", "Path": "$.detail.path"},
                "header_parameters": {"X-Test": "test"},
            },
        },
        {"arn": arn("execute-api", "abc/stage/*/*/GET"), "http_parameters": {"path_parameter_values": ["b", "a"]}},
    ],
    "GraphQL": [
        {
            "arn": arn("appsync", "endpoints/graphql-api/abc"),
            "role_arn": ROLE,
            "appsync_parameters": {"graph_ql_operation": "mutation M {a}"},
        },
        {"app_sync_parameters": {"graph_ql_operation": "mutation M {b}"}},
    ],
    "another bus": [{"arn": arn("events", "event-bus/apps"), "role_arn": ROLE}],
    "API destination": [
        {
            "arn": arn("events", "api-destination/test/12345678-1234-1234-1234-123456789012"),
            "role_arn": ROLE,
            "http_parameters": {"header_parameters": {"X-Api": "$.detail.key"}},
        },
        {"http_parameters": {"header_parameters": {}}},
    ],
    "transformer": [
        {**LAMBDA, "input_transformer": {"input_template": '{"time": <aws.events.event.ingestion-time>}'}},
        {
            "input_transformer": {
                "input_paths_map": {f"key{number}": f"$.key{number}" for number in range(100)},
                "input_template": '{"detail-type": "Scheduled Event", "key0": <key0>}\n',
            }
        },
        {
            "input_transformer": {
                "input_paths_map": {"instance": "$.detail.instance", "status": "$.detail.status"},
                "input_template": '"<instance> is in state <status>"',
            }
        },
        {"input_transformer": {}},
    ],
}


@pytest.fixture(autouse=True)
def buses(lab: Any) -> Any:
    """Make the buses and the role that the rows name."""
    events.install()
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": allow})
    lab.client("iam").create_role(RoleName="events", AssumeRolePolicyDocument=trust)
    client = lab.client("events")
    client.create_event_bus(Name="apps")
    return client


@pytest.mark.parametrize("life", RULES)
def test_a_rule_lives(buses: Any, four_times: Run, life: str) -> None:
    if life == "a partner's bus":
        buses.create_partner_event_source(Name=PARTNER, Account=settings.ACCOUNT)
        buses.create_event_bus(Name=PARTNER, EventSourceName=PARTNER)
    for options in RULES[life]:
        four_times("eventbridge_rule", "rule", name="one", **options)


@pytest.mark.parametrize("life", TARGETS)
def test_a_target_lives(buses: Any, four_times: Run, life: str) -> None:
    buses.put_rule(Name="push", EventPattern=json.dumps(PATTERN))
    for options in TARGETS[life]:
        four_times("eventbridge_target", "target", rule="push", target_id="one", **options)


def test_a_target_of_a_rule_on_a_partners_bus(buses: Any, run_module: Run, four_times: Run) -> None:
    buses.create_partner_event_source(Name=PARTNER, Account=settings.ACCOUNT)
    buses.create_event_bus(Name=PARTNER, EventSourceName=PARTNER)
    run_module("eventbridge_rule", name="push", event_bus_name=PARTNER, event_pattern=PATTERN)
    place = {"rule": "push", "event_bus_name": PARTNER, "target_id": "one"}
    four_times("eventbridge_target", "target", **place, arn=arn("sqs", "one"))
    four_times("eventbridge_target", "target", **place, state="absent")


def test_a_rule_goes_with_its_targets_only_where_that_is_asked_for(
    buses: Any, run_module: Run, four_times: Run
) -> None:
    run_module("eventbridge_rule", name="push", event_pattern=PATTERN)
    buses.put_targets(Rule="push", Targets=[{"Id": "one", "Arn": arn("sqs", "one")}])
    kept = run_module("eventbridge_rule", name="push", state="absent")
    assert kept["msg"] == "rule 'push': could not delete it while it has targets: one."
    four_times("eventbridge_rule", "rule", name="push", state="absent", remove_targets=True)


@pytest.mark.parametrize("bus", ["apps", BUS])
def test_a_target_of_a_rule_on_another_bus(buses: Any, run_module: Run, four_times: Run, bus: str) -> None:
    place = {"rule": "push", "event_bus_name": bus, "target_id": "one"}
    run_module("eventbridge_rule", name="push", event_bus_name=bus, event_pattern=PATTERN)
    four_times("eventbridge_target", "target", **place, arn=arn("sns", "one"))
    buses.remove_targets(Rule="push", EventBusName="apps", Ids=["one"])
    four_times("eventbridge_target", "target", **place, arn=arn("sns", "one"))
    four_times("eventbridge_target", "target", **place, state="absent")
    four_times("eventbridge_rule", "rule", name="push", event_bus_name=bus, state="absent")
    gone = run_module("eventbridge_target", **place, state="absent")
    assert gone["changed"] is False, gone
    failed = run_module("eventbridge_target", **place, arn=arn("sns", "one"))
    assert failed["msg"] == f"target 'one': rule 'push' is not on bus '{bus}'."


def test_rules_of_one_name_on_two_buses_have_tags_of_their_own(run_module: Run, four_times: Run) -> None:
    for bus in ("default", "apps"):
        four_times("eventbridge_rule", "rule", name="push", event_bus_name=bus, event_pattern=PATTERN, tags={"b": bus})
    for bus in ("default", "apps"):
        assert run_module("eventbridge_rule", name="push", event_bus_name=bus)["rule"]["tags"] == {"b": bus}


def test_rules_and_targets_that_another_made_are_left_as_they_are(buses: Any, run_module: Run) -> None:
    buses.put_rule(Name="push", EventPattern=json.dumps(PATTERN, indent=2), Tags=[{"Key": "a", "Value": "b"}])
    buses.put_targets(Rule="push", Targets=[{"Id": "one", "Arn": LAMBDA["arn"], "Input": '{"a" : 1}'}])
    for options in ({}, {"event_pattern": PATTERN, "rule_state": "ENABLED"}):
        seen = run_module("eventbridge_rule", name="push", **options)
        assert seen["changed"] is False and seen["rule"]["tags"] == {"a": "b"}, seen
    for options in ({}, {**LAMBDA, "input": {"a": 1}}, {"retry_policy": {}, "dead_letter_config": {}}):
        assert run_module("eventbridge_target", rule="push", target_id="one", **options)["changed"] is False


def test_a_rule_that_vanished_is_made_anew(buses: Any, four_times: Run) -> None:
    for _ in range(2):
        four_times("eventbridge_rule", "rule", name="push", event_pattern=PATTERN)
        buses.delete_rule(Name="push")
