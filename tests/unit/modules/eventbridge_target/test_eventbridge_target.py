"""What eventbridge_target makes of a target."""

from __future__ import annotations

import json

import pytest
from target_backend import ARN, NODES, ROLE, SIBLING, TRANSFORMER, create, four_times, nodes, only, transformer


def test_created_beside_its_sibling_with_keys_as_given(target, client, events):
    options = {"arn": ARN, "role_arn": ROLE, "input_transformer": TRANSFORMER, "run_command_parameters": NODES}
    done = four_times(target, client, **options, retry_policy={"maximum_retry_attempts": 8})
    put = events.targets["t"]
    assert put["InputTransformer"]["InputPathsMap"] == TRANSFORMER["input_paths_map"]
    assert put["RunCommandParameters"]["RunCommandTargets"][0]["Key"] == "tag:Kubernetes.io/Cluster/Demo"
    assert put["RetryPolicy"] == {"MaximumRetryAttempts": 8}
    assert done["target"]["input_transformer"] == TRANSFORMER
    assert done["target"]["run_command_parameters"]["run_command_targets"][0]["key"] == "tag:Kubernetes.io/Cluster/Demo"
    assert done["target"]["target_id"] == "t"
    assert events.targets["sibling"] == SIBLING


def test_what_is_left_out_is_kept(target, client, events):
    create(target, retry_policy={"maximum_retry_attempts": 8})
    events.targets["t"]["DeadLetterConfig"] = {"Arn": "set by another tool"}
    four_times(target, client, retry_policy={"maximum_event_age_in_seconds": 90})
    put = events.targets["t"]
    assert put["RetryPolicy"] == {"MaximumRetryAttempts": 8, "MaximumEventAgeInSeconds": 90}
    assert put["DeadLetterConfig"] == {"Arn": "set by another tool"}
    assert put["RoleArn"] == ROLE and put["InputTransformer"] and put["RunCommandParameters"]


def test_one_input_takes_the_place_of_another(target, client, events):
    create(target)
    done = four_times(target, client, input={"action": ["report"]})
    assert "InputTransformer" not in events.targets["t"]
    assert json.loads(events.targets["t"]["Input"]) == {"action": ["report"]}
    assert done["target"]["input"] == {"action": ["report"]}
    four_times(target, client, input="")
    assert "Input" not in events.targets["t"]


def test_input_and_nodes_compare_by_meaning(target):
    create(target, input_transformer=None, input={"a": ["1"], "b": ["2"]})
    nodes = {"run_command_targets": [{**NODES["run_command_targets"][0], "values": ["Also", "owned"]}]}
    assert not target(input='{ "b": ["2"],\n "a": ["1"]}', run_command_parameters=nodes)["changed"]


def test_empty_queue_takes_it_away(target, client, events):
    create(target, dead_letter_config={"arn": "arn:aws:sqs:eu-central-1:123456789012:dead"})
    four_times(target, client, dead_letter_config={"arn": ""})
    assert "DeadLetterConfig" not in events.targets["t"]


def test_removed_once_and_siblings_stay(target, client, events):
    create(target)
    done = four_times(target, client, state="absent")
    assert done["target"] == {}
    assert events.targets == {"sibling": SIBLING}


def test_absent_from_a_missing_rule_is_nothing_to_do(target, events):
    events.rule = False
    assert not target(state="absent")["changed"]


def test_present_on_a_missing_rule_fails_but_is_predicted(target, events):
    events.rule = False
    assert create(target)["msg"] == "target 't': rule 'push' is not on bus 'default'."
    assert create(target, check=True)["changed"]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_failed_entry_is_a_failure(target, events, state):
    if state == "absent":
        create(target)
    events.failures = ["ManagedRuleException"]
    failed = create(target, state=state)
    assert "(ManagedRuleException): refused" in failed["msg"]
    assert failed["msg"].startswith("target 't': could not ")


def test_failed_entry_that_may_pass_is_tried_again(target, events, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    events.failures = ["ConcurrentModificationException"]
    assert create(target)["changed"]
    assert "t" in events.targets


def test_refusal_is_one_sentence(target, events):
    events.refusal = "AccessDeniedException"
    assert create(target)["msg"] == "rule 'push': could not list its targets (AccessDeniedException): refused"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rule": "a b"}, "rule is 'a b' but must have 1 to 64 characters and match"),
        ({"target_id": "a b"}, "id is 'a b' but must have 1 to 64 characters"),
        ({"target_id": ""}, "target_id is '' but must have 1 to 64 characters"),
        ({"event_bus_name": "a b"}, "event_bus_name is 'a b'"),
        ({"arn": "a" * 1601}, "arn is 'aaa"),
        ({"retry_policy": {"maximum_retry_attempts": 186}}, "retry_policy.maximum_retry_attempts is 186"),
        ({"retry_policy": {"maximum_event_age_in_seconds": 59}}, "must be 60 to 86400"),
        ({"run_command_parameters": {"run_command_targets": []}}, "has 0 entries"),
        ({"run_command_parameters": {"run_command_targets": NODES["run_command_targets"] * 2}}, "has 2 entries"),
        ({"run_command_parameters": nodes("Name", ["x"])}, "key is 'Name'"),
        ({"run_command_parameters": nodes("tag:" + "k" * 125, ["x"])}, "key is 'tag:kkk"),
        ({"run_command_parameters": nodes("tag:a;b", ["x"])}, "key is 'tag:a;b'"),
        ({"run_command_parameters": nodes("tag:a", [])}, "1 to 50"),
        ({"run_command_parameters": nodes("tag:a", ["x"] * 51)}, "must have 1 to 50 entries"),
        ({"run_command_parameters": nodes("tag:a", ["x" * 257])}, "1 to 256 characters"),
        ({"run_command_parameters": nodes("InstanceIds", ["web"])}, "values has 'web' but must have instance ids"),
        ({"input_transformer": None, "input": {"action": "report"}}, "object of lists of strings"),
        ({"input_transformer": None, "input": "{"}, "input is '{' but must be JSON"),
        ({"input_transformer": None, "input": "action: [report]"}, "must be JSON"),
        ({"input_transformer": None, "input": {"a": ["x" * 8193]}}, "at most 8192 characters"),
        ({"input": {"action": ["report"]}}, "mutually exclusive: input|input_path|input_transformer"),
        ({"input_transformer": None, "input_path": "detail"}, "input_path is 'detail' but must be a JSON path"),
        ({"input_transformer": transformer({"a": "detail"})}, "input_paths_map.a is 'detail' but must be a JSON path"),
        ({"input_transformer": transformer({"AWSx": "$.a"})}, "has 'AWSx' but no key may begin with AWS"),
        ({"input_transformer": transformer({"a b": "$.a"})}, "a key of input_transformer.input_paths_map is 'a b'"),
        ({"input_transformer": transformer({f"k{n}": "$.a" for n in range(101)})}, "at most 100 entries"),
        ({"input_transformer": transformer({"a": None})}, "input_paths_map.a has no value but must be text"),
        ({"ecs_parameters": {"task_count": 1}}, "mutually exclusive: run_command_parameters|ecs_parameters"),
        (only(sqs_parameters={"message_group_id": "g"}), "sqs_parameters is for targets of sqs but arn is 'arn:"),
        (only(ecs_parameters={"task_count": 0}), "ecs_parameters.task_count is 0 but must be at least 1"),
        (
            only(ecs_parameters={"launch_type": "EC2", "capacity_provider_strategy": [{"capacity_provider": "a"}]}),
            "mutually exclusive: launch_type|capacity_provider_strategy",
        ),
        (
            only("batch", batch_parameters={"array_properties": {"size": 1}}),
            "batch_parameters.array_properties.size is 1 but must be 2 to 10000",
        ),
        (only("batch", batch_parameters={"retry_strategy": {"attempts": 11}}), "attempts is 11 but must be 1 to 10"),
        (only("events", http_parameters={"header_parameters": {"a b": "c"}}), "header_parameters is 'a b'"),
        (only("events", http_parameters={"header_parameters": {"a": " " * 500 + "ä"}}), "header_parameters.a is '   "),
        (
            only("redshift", redshift_data_parameters={"database": "d", "sql": "a", "sqls": ["b"]}),
            "mutually exclusive: sql|sqls",
        ),
        (only("redshift", redshift_data_parameters={"database": "d" * 65}), "1 to 64 characters"),
        ({"dead_letter_config": {"arn": "arn:aws:sqs:eu-central-1:123456789012:d.fifo"}}, "a standard SQS queue"),
        ({"dead_letter_config": {"arn": "dead"}}, "dead_letter_config.arn is 'dead'"),
        (
            only(arn="arn:aws:ssm:eu-central-1:123456789012:automation-definition/a", input={"a": "b"}),
            "a document takes an object of lists of strings",
        ),
    ],
)
def test_wrong_options_are_refused_before_any_call(run_module, client, options, words):
    wanted = {"rule": "push", "target_id": "t", "arn": ARN, "role_arn": ROLE, "input_transformer": TRANSFORMER}
    wanted = {**wanted, "run_command_parameters": NODES, **options}
    failed = run_module("eventbridge_target", **{key: value for key, value in wanted.items() if value is not None})
    assert words in failed["msg"]
    assert client.calls == []


def test_new_target_needs_arn_and_role(target):
    assert target(role_arn=ROLE)["msg"] == "target 't' is new and needs arn."
    assert "has run_command_parameters and needs role_arn" in target(arn=ARN, run_command_parameters=NODES)["msg"]
    machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:m"
    assert f"has arn '{machine}' and needs role_arn" in target(arn=machine)["msg"]


def test_a_part_that_is_needed_is_named(target):
    failed = target(arn="arn:aws:batch:eu-central-1:1:job-queue/q", role_arn=ROLE, batch_parameters={"job_name": "j"})
    assert failed["msg"] == 'batch_parameters is {"JobName": "j"} but must have job_definition.'
