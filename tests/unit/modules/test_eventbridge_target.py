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


class Events:
    def __init__(self):
        self.targets = {"sibling": copy.deepcopy(SIBLING)}
        self.rule, self.failures, self.refusal = True, [], None

    def ListTargetsByRule(self, Rule, EventBusName, NextToken=None):
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "refused"}}, "ListTargetsByRule")
        if not self.rule:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "ListTargetsByRule")
        page, targets = int(NextToken or 0), list(self.targets.values())
        answer = {"Targets": copy.deepcopy(targets[page : page + 1])}
        return {**answer, "NextToken": str(page + 1)} if page + 1 < len(targets) else answer

    def _entries(self, target_id):
        if not self.failures:
            return {"FailedEntryCount": 0, "FailedEntries": []}
        entry = {"TargetId": target_id, "ErrorCode": self.failures.pop(0), "ErrorMessage": "refused"}
        return {"FailedEntryCount": 1, "FailedEntries": [entry]}

    def PutTargets(self, Rule, EventBusName, Targets):
        answer = self._entries(Targets[0]["Id"])
        if not answer["FailedEntryCount"]:
            self.targets[Targets[0]["Id"]] = Targets[0]
        return answer

    def RemoveTargets(self, Rule, EventBusName, Ids):
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
    assert predicted["changed"] == done["changed"] is True
    assert predicted["target"] == done["target"]
    client.calls.clear()
    for check in (False, True):
        again = run(check=check, **options)
        assert not again["changed"], again
        assert again["target"] == done["target"]
    assert not set(client.names()) & set(WRITES)
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
    events.targets["t"]["SqsParameters"] = {"MessageGroupId": "g"}
    four_times(target, client, retry_policy={"maximum_event_age_in_seconds": 90})
    put = events.targets["t"]
    assert put["RetryPolicy"] == {"MaximumRetryAttempts": 8, "MaximumEventAgeInSeconds": 90}
    assert put["SqsParameters"] == {"MessageGroupId": "g"}
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
        ({"retry_policy": {"maximum_retry_attempts": 186}}, "retry_policy.maximum_retry_attempts is 186"),
        ({"retry_policy": {"maximum_event_age_in_seconds": 59}}, "must be 60 to 86400"),
        ({"run_command_parameters": {"run_command_targets": []}}, "has 0 entries"),
        ({"run_command_parameters": {"run_command_targets": [{"key": "Name", "values": ["x"]}]}}, "key is 'Name'"),
        ({"run_command_parameters": {"run_command_targets": [{"key": "tag:a", "values": []}]}}, "1 to 50"),
        ({"input_transformer": None, "input": {"action": "report"}}, "object of lists of strings"),
        ({"input_transformer": None, "input": "{"}, "input is '{'"),
    ],
)
def test_wrong_options_are_refused_before_any_call(target, client, options, words):
    assert words in create(target, **options)["msg"]
    assert client.calls == []


def test_new_target_needs_arn_and_role(target):
    assert "needs arn" in target(role_arn=ROLE)["msg"]
    assert "needs role_arn" in target(arn=ARN, run_command_parameters=NODES)["msg"]
