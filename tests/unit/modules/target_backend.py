"""EventBridge with one rule and its targets, as eventbridge_target sees it."""

from __future__ import annotations

import copy

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
