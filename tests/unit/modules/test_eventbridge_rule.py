from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:events:eu-central-1:123456789012:rule/push"
PATTERN = {
    "source": ["aws.ecr"],
    "detail-type": ["ECR Image Action"],
    "detail": {"image-tag": [{"anything-but": [""]}]},
}


class Events:
    def __init__(self):
        self.rule, self.tags, self.targets, self.fail = None, {}, [], {}

    def _check(self, operation):
        if operation in self.fail:
            raise ClientError({"Error": {"Code": self.fail[operation], "Message": "refused"}}, operation)

    def DescribeRule(self, Name, EventBusName):
        self._check("DescribeRule")
        if self.rule is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, "DescribeRule")
        return {**self.rule, "Arn": ARN}

    def PutRule(self, Tags=(), **rule):
        self._check("PutRule")
        if self.rule is None:
            self.tags = {tag["Key"]: tag["Value"] for tag in Tags}
        else:
            assert not Tags
        self.rule = rule
        return {"RuleArn": ARN}

    def DeleteRule(self, Name, EventBusName):
        assert not self.targets
        self.rule = None

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
    """Check, do, do again and check again; return the first two results."""
    client.calls.clear()
    predicted = run(check=True, **options)
    assert not [name for name in client.names() if name.startswith(("Put", "Tag", "Untag", "Delete"))]
    done = run(**options)
    client.calls.clear()
    for check in (False, True):
        again = run(check=check, **options)
        assert not again["changed"], again
        assert again["diff"]["before"] == again["diff"]["after"]
    assert not [name for name in client.names() if name.startswith(("Put", "Tag", "Untag", "Delete"))]
    return predicted, done


def test_created_once_with_its_tags(rule, client, events):
    predicted, done = four_times(rule, client, event_pattern=PATTERN, description="d", tags={"Team": "a"})
    assert predicted["changed"] and done["changed"]
    assert done["rule"].pop("arn") == ARN
    assert predicted["rule"] == done["rule"]
    assert done["rule"]["event_pattern"] == PATTERN
    assert events.rule["State"] == "ENABLED"
    assert events.tags == {"Team": "a"}


def test_pattern_is_compared_as_json(rule, events):
    rule(event_pattern=PATTERN)
    again = rule(event_pattern=json.dumps(dict(reversed(PATTERN.items())), indent=3))
    assert not again["changed"]


def test_what_is_left_out_is_kept(rule, client, events):
    rule(event_pattern=PATTERN, description="d", tags={"Team": "a"})
    events.rule["RoleArn"] = "arn:aws:iam::123456789012:role/r"
    predicted, done = four_times(rule, client, rule_state="DISABLED")
    assert predicted["rule"] == done["rule"]
    assert json.loads(events.rule["EventPattern"]) == PATTERN
    assert events.rule["Description"] == "d"
    assert events.rule["RoleArn"].endswith("role/r")
    assert events.tags == {"Team": "a"}
    assert "ManagedBy" not in events.rule


def test_empty_text_takes_away(rule, events):
    rule(event_pattern=PATTERN, description="d")
    assert rule(description="")["changed"]
    assert "Description" not in events.rule
    assert not rule(description="")["changed"]


def test_tags_are_changed_without_putting_the_rule(rule, client, events):
    rule(event_pattern=PATTERN, tags={"Old": "1", "Same": "2"})
    events.tags["aws:stack"] = "x"
    predicted, done = four_times(rule, client, tags={"New": "3", "Same": "2"})
    assert events.tags == {"aws:stack": "x", "New": "3", "Same": "2"}
    assert predicted["rule"] == done["rule"]
    assert not rule(tags={"More": "4"}, purge_tags=False, check=True)["rule"]["tags"].keys() - {
        "aws:stack",
        "New",
        "Same",
        "More",
    }


def test_deleted_once(rule, client, events):
    rule(event_pattern=PATTERN)
    predicted, done = four_times(rule, client, state="absent")
    assert predicted["changed"] and done["changed"] and done["rule"] == {}
    assert events.rule is None


def test_rule_with_targets_is_not_deleted(rule, client, events):
    rule(event_pattern=PATTERN)
    events.targets = [{"Id": "b", "Arn": "x"}, {"Id": "a", "Arn": "x"}]
    failed = rule(state="absent")
    assert failed["msg"] == "rule 'push': could not delete it while it has targets: a, b."
    assert "DeleteRule" not in client.names()
    predicted = rule(state="absent", check=True)
    assert predicted["changed"] and any("a, b" in str(warning) for warning in predicted["warnings"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs event_pattern or schedule_expression"),
        ({"event_pattern": "[1]"}, "event_pattern is '[1]'"),
        ({"event_pattern": "{"}, "event_pattern is '{'"),
        ({"event_pattern": {"source": ["x" * 4100]}}, "at most 4096"),
        ({"schedule_expression": "daily"}, "schedule_expression is 'daily'"),
    ],
)
def test_wrong_options_are_refused(rule, client, options, words):
    failed = rule(**options)
    assert words in failed["msg"]
    assert "PutRule" not in client.names()


def test_bad_name_is_refused_before_any_call(run_module, client):
    assert "name is 'a b'" in run_module("eventbridge_rule", name="a b")["msg"]
    assert client.calls == []


@pytest.mark.parametrize("operation", ["DescribeRule", "PutRule"])
def test_refusal_is_one_sentence(rule, events, operation):
    events.fail[operation] = "AccessDeniedException"
    failed = rule(event_pattern=PATTERN)
    assert failed["msg"].startswith("rule 'push': could not ")
    assert "(AccessDeniedException): refused" in failed["msg"]
