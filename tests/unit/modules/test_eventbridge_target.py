from __future__ import annotations

import copy
import json

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:ssm:eu-central-1:123456789012:document/nodecache-demo"
ROLE = "arn:aws:iam::123456789012:role/events"
SIBLING = {"Id": "sibling", "Arn": "arn:aws:sqs:eu-central-1:123456789012:other"}
WRITES = ("PutTargets", "RemoveTargets")
TRANSFORMER = {
    "input_paths_map": {"repoName": "$.detail.repository-name", "Image-Tag": "$.detail.image-tag"},
    "input_template": '{"images":[<repoName>]}',
}
NODES = {"run_command_targets": [{"key": "tag:Kubernetes.io/Cluster/Demo", "values": ["owned", "Also"]}]}


def nodes(key, values):
    return {"run_command_targets": [{"key": key, "values": values}]}


def transformer(paths):
    return {"input_paths_map": paths, "input_template": "<x>"}


def only(service=None, **options):
    """Return options without Run Command and the transformer, on a target of another service."""
    arn = {"arn": f"arn:aws:{service}:eu-central-1:123456789012:thing"} if service else {}
    return {"run_command_parameters": None, "input_transformer": None, **arn, **options}


class Events:
    def __init__(self):
        self.targets = {"sibling": copy.deepcopy(SIBLING)}
        self.rule, self.failures, self.refusal, self.owner = True, [], None, {}
        self.young = 0

    def DescribeRule(self, Name, EventBusName):
        if not self.rule:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "DescribeRule")
        return {"Name": Name, "EventBusName": EventBusName, **self.owner}

    def ListTargetsByRule(self, Rule, EventBusName, NextToken=None):
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "refused"}}, "ListTargetsByRule")
        if not self.rule:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "ListTargetsByRule")
        page, targets = int(NextToken or 0), list(self.targets.values())
        answer = {"Targets": copy.deepcopy(targets[page : page + 1])}
        return {**answer, "NextToken": str(page + 1)} if page + 1 < len(targets) else answer

    def _entries(self, target_id):
        if self.young:
            self.young -= 1
            message = f"Provided role '{ROLE}' cannot be assumed by principal 'events.amazonaws.com'."
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "PutTargets")
        if not self.failures:
            return {"FailedEntryCount": 0, "FailedEntries": []}
        entry = {"TargetId": target_id, "ErrorCode": self.failures.pop(0), "ErrorMessage": "refused"}
        return {"FailedEntryCount": 1, "FailedEntries": [entry]}

    def PutTargets(self, Rule, EventBusName, Targets):
        answer = self._entries(Targets[0]["Id"])
        if not answer["FailedEntryCount"]:
            self.targets[Targets[0]["Id"]] = Targets[0]
        return answer

    def RemoveTargets(self, Rule, EventBusName, Ids, Force=False):
        answer = self._entries(Ids[0])
        if not answer["FailedEntryCount"]:
            del self.targets[Ids[0]]
        return answer


@pytest.fixture(name="events")
def events_fixture():
    return Events()


@pytest.fixture(name="client")
def client_fixture(strict_client, events):
    return strict_client("events", events)


@pytest.fixture(name="target")
def target_fixture(run_module, client):
    def run(check=False, **options):
        return run_module("eventbridge_target", check=check, rule="push", target_id="t", **options)

    return run


def create(run, **options):
    wanted = {"arn": ARN, "role_arn": ROLE, "input_transformer": TRANSFORMER, "run_command_parameters": NODES}
    return run(**{name: value for name, value in {**wanted, **options}.items() if value is not None})


def four_times(run, client, **options):
    """Check, do, do again and check again; return the result that was done."""
    client.calls.clear()
    predicted = run(check=True, **options)
    assert not set(client.names()) & set(WRITES)
    done = run(**options)
    assert predicted["changed"] is True and done["changed"] is True, (predicted, done)
    assert predicted["target"] == done["target"]
    assert predicted["diff"] == done["diff"]
    for check in (False, True):
        client.calls.clear()
        again = run(check=check, **options)
        assert not again["changed"], again
        assert again["target"] == done["target"]
        assert again["diff"]["before"] == again["diff"]["after"]
        assert not set(client.names()) & set(WRITES)
        assert len(client.names()) <= 3
        assert not again.get("warnings")
    return done


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
