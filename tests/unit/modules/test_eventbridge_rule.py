from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

WRITES = {"PutRule", "TagResource", "UntagResource", "DeleteRule", "RemoveTargets"}
ARN = "arn:aws:events:eu-central-1:123456789012:rule/push"
ROLE = "arn:aws:iam::123456789012:role/r"
PATTERN = {
    "source": ["aws.ecr"],
    "detail-type": ["ECR Image Action"],
    "detail": {"image-tag": [{"anything-but": [""]}]},
}


class Events:
    def __init__(self):
        self.rule, self.tags, self.targets, self.fail, self.owner = None, {}, [], {}, {}
        self.late = 0

    def _check(self, operation):
        if operation in self.fail:
            raise ClientError({"Error": {"Code": self.fail[operation], "Message": "refused"}}, operation)

    def DescribeRule(self, Name, EventBusName):
        self._check("DescribeRule")
        if self.rule is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, "DescribeRule")
        return {**self.rule, "Arn": ARN, "CreatedBy": "123456789012", **self.owner}

    def PutRule(self, Tags=(), **rule):
        self._check("PutRule")
        if self.rule is None:
            self.tags = {tag["Key"]: tag["Value"] for tag in Tags}
        else:
            assert not Tags
        self.rule = rule
        return {"RuleArn": ARN}

    def DeleteRule(self, Name, EventBusName, Force=False):
        assert not self.targets
        assert Force or not self.owner
        if self.late:
            self.late -= 1
            error = {"Code": "ValidationException", "Message": "Rule can't be deleted since it has targets."}
            raise ClientError({"Error": error}, "DeleteRule")
        self.rule = None

    def RemoveTargets(self, Rule, EventBusName, Ids, Force=False):
        assert Force or not self.owner
        self.targets = [target for target in self.targets if target["Id"] not in Ids]
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def ListTagsForResource(self, ResourceARN):
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def TagResource(self, ResourceARN, Tags):
        self.tags |= {tag["Key"]: tag["Value"] for tag in Tags}

    def UntagResource(self, ResourceARN, TagKeys):
        for key in TagKeys:
            del self.tags[key]

    def ListTargetsByRule(self, Rule, EventBusName, NextToken=None):
        page = int(NextToken or 0)
        answer = {"Targets": self.targets[page : page + 1]}
        return {**answer, "NextToken": str(page + 1)} if page + 1 < len(self.targets) else answer


@pytest.fixture(name="events")
def events_fixture():
    return Events()


@pytest.fixture(name="client")
def client_fixture(strict_client, events):
    return strict_client("events", events)


@pytest.fixture(name="rule")
def rule_fixture(run_module, client):
    def run(check=False, **options):
        return run_module("eventbridge_rule", check=check, name="push", **options)

    return run


def four_times(run, client, **options):
    """Check, do, do again and check again; return the results of the first two."""
    client.calls.clear()
    predicted = run(check=True, **options)
    assert not WRITES & set(client.names())
    done = run(**options)
    assert predicted["changed"] and done["changed"], (predicted, done)
    assert predicted["diff"] == done["diff"]
    assert {**done["rule"], "arn": 0, "created_by": 0} == {**predicted["rule"], "arn": 0, "created_by": 0} or (
        predicted["rule"] == done["rule"] == {}
    )
    for check in (False, True):
        client.calls.clear()
        again = run(check=check, **options)
        assert not again["changed"], again
        assert again["diff"]["before"] == again["diff"]["after"]
        assert not WRITES & set(client.names())
        assert len(client.calls) <= 3
        assert not again.get("warnings")
    return predicted, done


def test_created_once_with_its_tags(rule, client, events):
    _predicted, done = four_times(rule, client, event_pattern=PATTERN, description="d", tags={"Team": "a", "Cost": 7})
    assert done["rule"]["arn"] == ARN
    assert done["rule"]["event_pattern"] == PATTERN
    assert events.rule["State"] == "ENABLED"
    assert events.tags == done["rule"]["tags"] == {"Team": "a", "Cost": "7"}


def test_created_with_a_schedule_and_every_option(rule, client, events):
    role = "arn:aws:iam::123456789012:role/r"
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    four_times(rule, client, schedule_expression="rate(1 hour)", event_pattern=PATTERN, role_arn=role, rule_state=state)
    assert events.rule == {
        "Name": "push",
        "EventBusName": "default",
        "ScheduleExpression": "rate(1 hour)",
        "EventPattern": json.dumps(PATTERN, separators=(",", ":")),
        "RoleArn": role,
        "State": state,
    }


def test_pattern_is_compared_as_json(rule, events):
    rule(event_pattern=PATTERN)
    again = rule(event_pattern=json.dumps(dict(reversed(PATTERN.items())), indent=3))
    assert not again["changed"]
    four = {"detail": {"ok": [True]}}
    assert rule(event_pattern=four)["changed"]
    assert rule(event_pattern={"detail": {"ok": [1]}})["changed"], "1 is not true"


def test_pattern_changes(rule, client, events):
    rule(event_pattern=PATTERN)
    _predicted, done = four_times(rule, client, event_pattern={"source": ["Own.App"], "detail": {"camelCase": ["a"]}})
    assert done["rule"]["event_pattern"] == {"source": ["Own.App"], "detail": {"camelCase": ["a"]}}


def test_what_is_left_out_is_kept(rule, client, events):
    rule(event_pattern=PATTERN, description="d", tags={"Team": "a"})
    events.rule["RoleArn"] = "arn:aws:iam::123456789012:role/r"
    four_times(rule, client, rule_state="DISABLED")
    assert json.loads(events.rule["EventPattern"]) == PATTERN
    assert events.rule["Description"] == "d"
    assert events.rule["RoleArn"].endswith("role/r")
    assert events.tags == {"Team": "a"}
    assert "CreatedBy" not in events.rule


@pytest.mark.parametrize(
    ("option", "key"),
    [
        ("description", "Description"),
        ("role_arn", "RoleArn"),
        ("event_pattern", "EventPattern"),
        ("schedule_expression", "ScheduleExpression"),
    ],
)
def test_empty_text_takes_away(rule, client, events, option, key):
    rule(event_pattern=PATTERN, description="d", role_arn=ROLE, schedule_expression="rate(1 day)")
    _predicted, done = four_times(rule, client, **{option: ""})
    assert key not in events.rule and option not in done["rule"]


def test_a_rule_keeps_pattern_or_schedule(rule, client):
    rule(event_pattern=PATTERN)
    for check in (False, True):
        failed = rule(event_pattern="", check=check)
        assert failed["msg"] == "rule 'push' needs event_pattern or schedule_expression."


def test_bus_named_by_its_arn_stays_as_given(rule, client, events):
    bus = "arn:aws:events:eu-central-1:123456789012:event-bus/apps"
    _predicted, done = four_times(rule, client, event_bus_name=bus, event_pattern=PATTERN)
    assert done["rule"]["event_bus_name"] == bus
    events.rule["EventBusName"] = "apps"
    assert not rule(event_bus_name=bus)["changed"]


def test_tags_are_changed_without_putting_the_rule(rule, client, events):
    rule(event_pattern=PATTERN, tags={"Old": "1", "Same": "2"})
    events.tags["aws:stack"] = "x"
    four_times(rule, client, tags={"New": "3", "Same": "2"})
    assert events.tags == {"aws:stack": "x", "New": "3", "Same": "2"}
    predicted = rule(tags={"More": "4"}, purge_tags=False, check=True)
    assert predicted["rule"]["tags"] == {"aws:stack": "x", "New": "3", "Same": "2", "More": "4"}


def test_deleted_once(rule, client, events):
    rule(event_pattern=PATTERN)
    four_times(rule, client, state="absent")
    assert events.rule is None


def test_rule_with_targets_is_not_deleted(rule, client, events):
    rule(event_pattern=PATTERN)
    events.targets = [{"Id": "b", "Arn": "x"}, {"Id": "a", "Arn": "x"}]
    client.calls.clear()
    for check in (False, True):
        failed = rule(state="absent", check=check)
        assert failed["msg"] == "rule 'push': could not delete it while it has targets: a, b."
    assert not WRITES & set(client.names())


def test_targets_go_only_when_an_option_says_so(rule, client, events):
    rule(event_pattern=PATTERN)
    events.targets = [{"Id": f"t{number:02}", "Arn": "x"} for number in range(12)]
    predicted, _done = four_times(rule, client, state="absent", remove_targets=True)
    assert len(predicted["diff"]["before"]["targets"]) == 12
    assert events.rule is None and events.targets == []


@pytest.mark.parametrize("check", [False, True])
def test_managed_rule_is_never_changed(rule, client, events, check):
    rule(event_pattern=PATTERN)
    events.owner = {"ManagedBy": "batch.amazonaws.com"}
    client.calls.clear()
    assert rule(check=check)["rule"]["managed_by"] == "batch.amazonaws.com"
    for action, options in (("change", {"description": "mine"}), ("change", {"tags": {"a": "b"}}), ("delete", {})):
        failed = rule(check=check, state="present" if options else "absent", **options)
        assert failed["msg"] == f"rule 'push': could not {action} it, because batch.amazonaws.com manages the rule."
    assert not WRITES & set(client.names())


def test_managed_rule_is_deleted_by_force(rule, client, events):
    rule(event_pattern=PATTERN)
    events.owner, events.targets = {"ManagedBy": "batch.amazonaws.com"}, [{"Id": "a", "Arn": "x"}]
    four_times(rule, client, state="absent", force=True, remove_targets=True)
    assert events.rule is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "a b"}, "name is 'a b' but must have 1 to 64 characters and match"),
        ({"name": ""}, "name is '' but must have 1 to 64 characters"),
        ({"name": "n" * 65}, "1 to 64 characters"),
        ({"name": "push\n"}, "name is 'push"),
        ({"event_bus_name": ""}, "event_bus_name is ''"),
        ({"event_bus_name": "a b"}, "event_bus_name is 'a b'"),
        ({"event_pattern": "[1]"}, "event_pattern is '[1]' but must be a JSON object"),
        ({"event_pattern": "{"}, "event_pattern is '{' but must be JSON"),
        ({"event_pattern": "source: [a]"}, "must be JSON"),
        ({"event_pattern": {"source": ["x" * 4100]}}, "at most 4096"),
        ({"event_pattern": {"source": "aws.ecr"}}, "event_pattern.source is 'aws.ecr' but must be an object or a list"),
        ({"event_pattern": {"detail": {"a": []}}}, "event_pattern.detail.a is []"),
        ({"event_pattern": {"$or": [{"a": "b"}]}}, "event_pattern.$or.a is 'b'"),
        ({"event_pattern": {"$or": ["b"]}}, "event_pattern.$or is 'b'"),
        ({"schedule_expression": "daily"}, "schedule_expression is 'daily'"),
        ({"schedule_expression": "rate(1 day)", "event_bus_name": "apps"}, "only rules on the default event bus"),
        ({"description": "d" * 513}, "description is 'ddd"),
        ({"role_arn": "r" * 1601}, "role_arn is 'rrr"),
        ({"tags": {"aws:x": "1"}}, "aws:x"),
        ({"rule_state": "ON"}, "rule_state"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_wrong_options_are_refused_before_any_call(run_module, client, options, words, state):
    failed = run_module("eventbridge_rule", **{"name": "push", "state": state, **options})
    assert words in failed["msg"]
    assert client.calls == []


@pytest.mark.parametrize("operation", ["DescribeRule", "PutRule"])
def test_refusal_is_one_sentence(rule, events, operation):
    events.fail[operation] = "AccessDeniedException"
    failed = rule(event_pattern=PATTERN)
    assert failed["msg"].startswith("rule 'push': could not ")
    assert "(AccessDeniedException): refused" in failed["msg"]


@pytest.mark.parametrize("code", ["ThrottlingException", "ConcurrentModificationException", "InternalException"])
def test_what_may_pass_is_tried_again(rule, events, monkeypatch, code):
    monkeypatch.setattr("time.sleep", lambda _seconds: events.fail.clear())
    events.fail["PutRule"] = code
    assert rule(event_pattern=PATTERN)["changed"]
    assert events.rule


def test_new_rule_is_waited_for_until_it_is_found(rule, events, client, monkeypatch):
    naps, found = [], events.DescribeRule

    def late(**request):
        if events.rule and len(naps) < 2:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, "DescribeRule")
        return found(**request)

    monkeypatch.setattr("time.sleep", naps.append)
    monkeypatch.setattr(events, "DescribeRule", late)
    assert rule(event_pattern=PATTERN)["changed"] and naps == [1, 1]
    assert client.names()[-1] == "DescribeRule"
    client.calls.clear()
    assert rule(description="An older one is there.")["changed"]
    assert client.names()[-1] == "PutRule"


def test_removed_targets_may_take_a_moment_to_be_gone(rule, events, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    rule(event_pattern=PATTERN)
    events.late = 2
    assert rule(state="absent")["changed"]
    rule(event_pattern=PATTERN)
    events.late = 100
    assert "can't be deleted since it has targets" in rule(state="absent")["msg"]
    assert 90 < events.late < 98
