"""The kinds of targets, and what each of them can be given."""

from __future__ import annotations

import copy
import json

import pytest
from target_backend import NODES, ROLE, SIBLING, TRANSFORMER, WRITES, create, four_times, nodes

KINDS = {
    "ecs": {
        "ecs_parameters": {
            "task_definition_arn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/scan:7",
            "task_count": 2,
            "capacity_provider_strategy": [
                {"capacity_provider": "SPOT", "weight": 2, "base": 0},
                {"capacity_provider": "FARGATE", "weight": 1, "base": 1},
            ],
            "network_configuration": {
                "awsvpc_configuration": {
                    "subnets": ["subnet-2", "subnet-1"],
                    "security_groups": ["sg-1"],
                    "assign_public_ip": "DISABLED",
                }
            },
            "platform_version": "1.4.0",
            "group": "g",
            "enable_ecs_managed_tags": True,
            "enable_execute_command": False,
            "placement_constraints": [{"type": "memberOf", "expression": "attribute:x == y"}],
            "placement_strategy": [{"type": "spread", "field": "host"}, {"type": "binpack", "field": "cpu"}],
            "propagate_tags": "TASK_DEFINITION",
            "reference_id": "r",
            "tags": {"costCentre": "A", "number": "7"},
        }
    },
    "batch": {
        "batch_parameters": {
            "job_definition": "scan",
            "job_name": "j",
            "array_properties": {"size": 2},
            "retry_strategy": {"attempts": 3},
        }
    },
    "sqs": {"sqs_parameters": {"message_group_id": "g"}},
    "kinesis": {"kinesis_parameters": {"partition_key_path": "$.id"}},
    "events": {
        "http_parameters": {
            "path_parameter_values": ["b", "a"],
            "header_parameters": {"X-Team_Name": "a", "x-lower": "b", "ETag": "c"},
            "query_string_parameters": {"apiVersion": "1", "API_version": "2"},
        }
    },
    "redshift-serverless": {
        "redshift_data_parameters": {
            "database": "d",
            "db_user": "u",
            "sqls": ["b", "a"],
            "secret_manager_arn": "$.detail.secret",
            "statement_name": "s",
            "with_event": True,
        }
    },
    "sagemaker": {
        "sage_maker_pipeline_parameters": {
            "pipeline_parameter_list": [{"name": "In", "value": "1"}, {"name": "Out", "value": "2"}]
        }
    },
    "appsync": {"app_sync_parameters": {"graph_ql_operation": "mutation {a}"}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_as_it_went_in(target, client, events, kind):
    arn = f"arn:aws:{kind}:eu-central-1:123456789012:thing/x"
    done = four_times(target, client, arn=arn, role_arn=ROLE, **KINDS[kind])
    (option, block) = next(iter(KINDS[kind].items()))
    assert done["target"][option] == block
    assert not target()["changed"]
    done = four_times(target, client, arn="arn:aws:lambda:eu-central-1:123456789012:function:f")
    assert option not in done["target"]


def test_kind_that_goes_by_an_empty_dictionary(target, client, events):
    target(arn="arn:aws:sqs:eu-central-1:123456789012:q.fifo", sqs_parameters={"message_group_id": "g"})
    four_times(target, client, sqs_parameters={})
    assert "SqsParameters" not in events.targets["t"]
    four_times(target, client, retry_policy={"maximum_retry_attempts": 0})
    four_times(target, client, retry_policy={})
    assert "RetryPolicy" not in events.targets["t"]


def test_automation_in_run_commands_place_drops_its_parameters(target, client, events):
    document = "arn:aws:ssm:eu-central-1:123456789012:document/d"
    automation = "arn:aws:ssm:eu-central-1:123456789012:automation-definition/d:$DEFAULT"
    command = {"run_command_parameters": nodes("tag:role", ["gpu"])}
    target(arn=document, role_arn=ROLE, **command)
    done = four_times(target, client, arn=automation)
    assert "run_command_parameters" not in done["target"]
    assert "run_command_parameters is for targets of ssm" in target(**command)["msg"]
    four_times(target, client, arn=document, **command)


def test_part_of_a_kind_changes_alone(target, client, events):
    target(arn="arn:aws:ecs:eu-central-1:123456789012:cluster/x", role_arn=ROLE, **KINDS["ecs"])
    before = copy.deepcopy(events.targets["t"]["EcsParameters"])
    four_times(target, client, ecs_parameters={"task_count": 3, "network_configuration": {}})
    del before["NetworkConfiguration"]
    assert events.targets["t"]["EcsParameters"] == {**before, "TaskCount": 3}


def test_what_aws_fills_in_and_another_order_are_no_change(target, events):
    options = copy.deepcopy(KINDS["ecs"])
    arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/x"
    target(arn=arn, role_arn=ROLE, **options)
    ecs = options["ecs_parameters"]
    ecs["capacity_provider_strategy"] = [
        {"capacity_provider": "FARGATE", "weight": 1, "base": 1},
        {"capacity_provider": "SPOT", "weight": 2},
    ]
    ecs["network_configuration"]["awsvpc_configuration"]["subnets"].reverse()
    ecs["tags"] = {"number": 7, "costCentre": "A"}
    del events.targets["t"]["EcsParameters"]["EnableExecuteCommand"]
    assert not target(**options)["changed"]
    ecs["placement_strategy"].reverse()
    assert target(**options)["changed"]


def test_two_kinds_are_refused_after_the_look(target, client):
    target(arn="arn:aws:sqs:eu-central-1:123456789012:q.fifo", sqs_parameters={"message_group_id": "g"})
    client.calls.clear()
    failed = target(kinesis_parameters={"partition_key_path": "$.id"})
    assert failed["msg"] == "target 't' has kinesis_parameters and sqs_parameters but can have only one of them."
    failed = target(batch_parameters={}, sqs_parameters={}, run_command_parameters=NODES, role_arn=ROLE)
    assert "mutually exclusive" in failed["msg"]
    assert set(client.names()) == {"ListTargetsByRule"}


@pytest.mark.parametrize("check", [False, True])
def test_kind_must_suit_the_present_arn(target, check):
    target(arn="arn:aws:sqs:eu-central-1:123456789012:q")
    failed = target(check=check, kinesis_parameters={"partition_key_path": "$.id"})
    assert "kinesis_parameters is for targets of kinesis but arn is 'arn:aws:sqs" in failed["msg"]


def test_input_is_any_json(target, client, events):
    arn = "arn:aws:sqs:eu-central-1:123456789012:q"
    for number, value in enumerate(({"camelCase": {"a-b": [1, None]}}, [], "[true]", '"text"', "0", {})):
        done = four_times(target, client, arn=arn, input=value)
        assert done["target"]["input"] == (json.loads(value) if isinstance(value, str) else value), number
    assert target(input="1")["changed"]
    assert target(input="true")["changed"], "1 is not true"


def test_paths_of_a_transformer_stay_when_the_template_changes(target, client, events):
    create(target)
    four_times(target, client, input_transformer={"input_template": '{"images":[<repoName>],"more":["x"]}'})
    assert events.targets["t"]["InputTransformer"]["InputPathsMap"] == TRANSFORMER["input_paths_map"]
    four_times(target, client, input_transformer={"input_paths_map": {}, "input_template": '{"images":["x"]}'})
    assert events.targets["t"]["InputTransformer"] == {"InputTemplate": '{"images":["x"]}'}
    four_times(target, client, input_transformer={})
    assert "InputTransformer" not in events.targets["t"]


@pytest.mark.parametrize("check", [False, True])
def test_target_of_a_managed_rule_is_never_changed(target, client, events, check):
    create(target)
    events.owner = {"ManagedBy": "batch.amazonaws.com"}
    client.calls.clear()
    assert not create(target, check=check)["changed"]
    because = "because batch.amazonaws.com manages the rule."
    failed = target(check=check, retry_policy={"maximum_retry_attempts": 1})
    assert failed["msg"] == f"target 't': could not put on rule 'push', {because}"
    failed = target(check=check, state="absent")
    assert failed["msg"] == f"target 't': could not remove from rule 'push', {because}"
    assert not set(client.names()) & set(WRITES)


def test_target_of_a_managed_rule_is_removed_by_force(target, client, events):
    create(target)
    events.owner = {"ManagedBy": "batch.amazonaws.com"}
    four_times(target, client, state="absent", force=True)
    assert client.requests("RemoveTargets") == []
    assert events.targets == {"sibling": SIBLING}


def test_one_of_a_pair_takes_the_place_of_the_other(target, client, events):
    ecs = {"task_definition_arn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/a", "launch_type": "EC2"}
    target(arn="arn:aws:ecs:eu-central-1:123456789012:cluster/x", role_arn=ROLE, ecs_parameters=ecs)
    four_times(target, client, ecs_parameters={"capacity_provider_strategy": [{"capacity_provider": "SPOT"}]})
    assert set(events.targets["t"]["EcsParameters"]) == {"TaskDefinitionArn", "CapacityProviderStrategy"}
    four_times(target, client, ecs_parameters={"launch_type": "FARGATE"})
    assert set(events.targets["t"]["EcsParameters"]) == {"TaskDefinitionArn", "LaunchType"}


@pytest.mark.parametrize("check", [False, True])
def test_input_must_suit_the_document_that_stays(target, client, check):
    create(target)
    client.calls.clear()
    failed = target(check=check, input={"action": "report"})
    assert "a document takes an object of lists of strings" in failed["msg"]
    assert not set(client.names()) & set(WRITES)


def test_a_role_that_was_just_made_may_take_a_moment(target, events, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    events.young = 3
    assert create(target)["changed"]
    events.young = 100
    assert "(ValidationException): Provided role" in create(target, role_arn=f"{ROLE}2")["msg"]
    assert events.young == 95
