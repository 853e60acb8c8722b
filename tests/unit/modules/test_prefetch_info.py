from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

OWNER = {"nodecache.eks/install": "main", "nodecache.eks/cluster": "prod"}
OTHER = {**OWNER, "nodecache.eks/cluster": "another"}
OWNED = "(nodecache.eks/install=main nodecache.eks/cluster=prod)"
ID = "nodecache-main"


def rows(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def refuse(code, operation):
    raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Aws:
    """One account; what a test puts into it is there."""

    def __init__(self):
        self.documents, self.associations, self.rules, self.alarms, self.roles = {}, [], {}, {}, {}
        self.queue, self.policies = None, set()
        self.clusters, self.topics = {"prod"}, {}
        # What is in each thing beside its name and tags, and in all policies.
        self.whole, self.policy = {}, "{}"
        # What runs leave in an association, and an alarm's states.
        self.left, self.state = {}, {}

    def GetCallerIdentity(self):
        return {"Account": "123456789012", "Arn": "arn:aws-cn:iam::123456789012:user/me", "UserId": "x"}

    def DescribeInstances(self, Filters, MaxResults):
        assert Filters[1] == {"Name": "tag:kubernetes.io/cluster/prod", "Values": ["owned"]}
        instances = [{"InstanceId": "i-1"}, {"InstanceId": "i-2", "Tags": [{"Key": "Name", "Value": "x"}]}]
        instances.append({"InstanceId": "i-3", "Tags": [{"Key": "eks:kubernetes-node-class-name", "Value": "default"}]})
        return {"Reservations": [{"Instances": instances}]}

    def DescribeDocument(self, Name):
        return {"Document": {"Name": Name, **self.whole}}

    def DescribeAssociation(self, AssociationId):
        return {"AssociationDescription": {"AssociationId": AssociationId, **self.whole, **self.left}}

    def ListTargetsByRule(self, Rule, EventBusName):
        return {"Targets": [{"Id": "prefetch", "Arn": "arn:aws:x:y:z:a", **self.whole}]}

    def ListDocuments(self, Filters):
        assert Filters == [{"Key": "Name", "Values": [ID]}, {"Key": "Owner", "Values": ["Self"]}]
        return {"DocumentIdentifiers": [{"Name": name, "Tags": rows(tags)} for name, tags in self.documents.items()]}

    def ListAssociations(self):
        return {"Associations": [
            {"AssociationName": name, "AssociationId": f"{at:036d}"} if name else {"AssociationId": f"{at:036d}"}
            for at, (name, _tags) in enumerate(self.associations)
        ]}  # fmt: skip

    def ListTagsForResource(self, ResourceId=None, ResourceType=None, ResourceARN=None):
        if ResourceARN:
            return {"Tags": rows(self.rules[ResourceARN.rpartition("/")[2]])}
        tags = self.associations[int(ResourceId)][1]
        return refuse("InvalidResourceId", "ListTagsForResource") if tags is None else {"TagList": rows(tags)}

    def ListRules(self, NamePrefix):
        found = [name for name in self.rules if name.startswith(NamePrefix)]
        return {"Rules": [{"Name": name, "Arn": f"arn:aws:events:eu-central-1:1:rule/{name}"} for name in found]}

    def GetQueueUrl(self, QueueName):
        if self.queue is None:
            refuse("AWS.SimpleQueueService.NonExistentQueue", "GetQueueUrl")
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def ListQueueTags(self, QueueUrl):
        return {"Tags": self.queue[0]} if self.queue[0] else {}

    def GetQueueAttributes(self, QueueUrl, AttributeNames):
        return {"Attributes": {"Policy": self.queue[1]}} if self.queue[1] else {}

    def DescribeAlarms(self, AlarmNamePrefix):
        return {"MetricAlarms": [
            {"AlarmName": name, **self.whole, **self.state} | ({"AlarmDescription": text} if text else {})
            for name, text in self.alarms.items()
        ]}  # fmt: skip

    def GetRole(self, RoleName):
        if RoleName not in self.roles:
            refuse("NoSuchEntity", "GetRole")
        role = {"Tags": rows(self.roles[RoleName]), "RoleName": RoleName, "Path": "/", "CreateDate": "2026-11-24"}
        role["AssumeRolePolicyDocument"] = self.policy
        return {"Role": role}

    def GetRolePolicy(self, RoleName, PolicyName):
        assert PolicyName == ("deliver" if RoleName.endswith("-events") else f"{ID}-eu-central-1")
        if RoleName not in self.policies:
            refuse("NoSuchEntity", "GetRolePolicy")
        return {"RoleName": RoleName, "PolicyName": PolicyName, "PolicyDocument": self.policy}

    def DescribeCluster(self, name):
        return {"cluster": {}} if name in self.clusters else refuse("ResourceNotFoundException", "DescribeCluster")

    def GetTopicAttributes(self, TopicArn):
        code = self.topics.get(TopicArn, "NotFound")
        return {"Attributes": {}} if code is None else refuse(code, "GetTopicAttributes")


@pytest.fixture(name="aws")
def fixture(strict_client):
    aws = Aws()
    for service in ("sts", "ec2", "ssm", "events", "sqs", "cloudwatch", "iam", "eks", "sns"):
        strict_client(service, aws)
    return aws


@pytest.fixture(name="look")
def look_fixture(aws, run_module):
    def look(check=False, **options):
        result = run_module("prefetch_info", check=check, name="main", cluster_name="prod", **options)
        assert not result.get("failed") and not result["changed"], result
        return result["install"]

    return look


def told(install):
    return {(thing["kind"], thing["name"]): thing["ours"] for thing in install["things"]}


@pytest.mark.parametrize("check", [False, True])
def test_nothing_is_there(look, check):
    assert look(check=check, node_roles=["prod-node"]) == {
        "account": "123456789012", "partition": "aws-cn", "node_roles": [], "things": [], "state": "",
    }  # fmt: skip


def test_nodes_are_counted_when_asked_for(aws, look, strict_client):
    ec2 = strict_client("ec2", aws)
    found = look(count_nodes=True)
    assert (found["running_nodes"], found["auto_mode_nodes"]) == (2, 1)
    # The newest version's model takes longer to read than all else.
    assert ec2.client.meta.service_model.api_version < "2016-11-15"


def test_a_whole_install(aws, look):
    recorded = {"nodecache.eks/node-role/old-node": "x"}
    aws.documents = {ID: OWNER | recorded, f"{ID}.automation": OWNER, f"{ID}2": OWNER}
    # One is only still listed.
    aws.associations = [(None, {}), (ID, OWNER), (f"{ID}.gpu", OWNER), ("else", OWNER), (f"{ID}.gone", None)]
    aws.rules = {ID: OWNER, f"{ID}.failures": OWNER, f"{ID}-else": OWNER}
    aws.queue = (OWNER, "{}")
    aws.alarms = {f"{ID}.failed-invocations": f"x {OWNED}", f"{ID}.dead-letters": OWNED, f"{ID}2.x": OWNED}
    aws.roles = {f"{ID}-eu-central-1-events": OWNER, f"{ID}-eu-central-1-automation": OWNER}
    aws.policies = {"old-node", "prod-node"}
    install = look(node_roles=["prod-node", "no-such-role"])
    assert told(install) == {
        ("document", ID): True, ("document", f"{ID}.automation"): True,
        ("association", ID): True, ("association", f"{ID}.gpu"): True,
        ("rule", ID): True, ("rule", f"{ID}.failures"): True,
        ("queue", f"{ID}-dead-letter"): True,
        ("alarm", f"{ID}.failed-invocations"): True, ("alarm", f"{ID}.dead-letters"): True,
        ("role", f"{ID}-eu-central-1-events"): True, ("role", f"{ID}-eu-central-1-automation"): True,
        ("node_policy", "old-node"): True, ("node_policy", "prod-node"): True,
    }  # fmt: skip
    assert install["node_roles"] == ["old-node"]
    assert {key for thing in install["things"] for key in thing} == {"kind", "name", "ours", "association_id"}
    ids = {thing["name"]: thing["association_id"] for thing in install["things"] if thing["kind"] == "association"}
    assert ids == {ID: f"{1:036d}", f"{ID}.gpu": f"{2:036d}"}


def test_what_another_made_under_these_names_is_not_ours(aws, look):
    aws.documents = {ID: OTHER | {"nodecache.eks/node-role/their-node": "x"}}
    aws.associations = [(ID, {}), (ID, OWNER)]
    aws.rules = {ID: OTHER, f"{ID}.gpu": {}}
    aws.queue = ({"team": "x"}, "")
    aws.alarms = {f"{ID}.failed-invocations": "", f"{ID}.dead-letters": OWNED.replace("prod", "another")}
    aws.roles = {f"{ID}-eu-central-1-events": {}}
    aws.policies = {"prod-node", "their-node"}
    found = look(node_roles=["prod-node"])
    assert found["node_roles"] == []
    assert [(thing["kind"], thing["name"], thing["ours"]) for thing in found["things"]] == [
        ("document", ID, False),
        ("association", ID, False),
        ("association", ID, True),
        ("rule", ID, False),
        ("rule", f"{ID}.gpu", False),
        ("queue", f"{ID}-dead-letter", False),
        ("alarm", f"{ID}.failed-invocations", False),
        ("alarm", f"{ID}.dead-letters", False),
        ("role", f"{ID}-eu-central-1-events", False),
        ("node_policy", "prod-node", False),
    ]


@pytest.mark.parametrize(
    ("queue", "document", "ours"),
    [
        (({}, ""), OWNER, True),
        (({}, f'{{"aws:SourceArn": "arn:aws:events:eu-central-1:1:rule/{ID}"}}'), OWNER, True),
        (({}, '{"aws:SourceArn": "arn:aws:s3:::bucket"}'), OWNER, False),
        (({"team": "x"}, ""), OWNER, False),
        (({}, ""), OTHER, False),
        (({}, ""), None, False),
    ],
)
def test_a_queue_that_was_made_and_not_finished_is_ours_while_the_document_is(aws, look, queue, document, ours):
    aws.queue = queue
    aws.documents = {ID: document} if document else {}
    assert told(look())["queue", f"{ID}-dead-letter"] is ours


@pytest.mark.parametrize("name", ["a.b", "x" * 25, "", "a\n"])
def test_a_wrong_name_is_told(aws, run_module, name):
    result = run_module("prefetch_info", name=name, cluster_name="prod")
    assert result["msg"] == f"name has {name!r} but must have 1 to 24 letters, digits, _ and -, the first not _ or -."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cluster_name": "a/b"}, "cluster_name has 'a/b' but must have 1 to 100 letters, digits, _ and -, "),
        (
            {"node_roles": ["ok", "arn:aws:iam::1:role/x"]},
            "node_roles has 'arn:aws:iam::1:role/x' but must have names ",
        ),
    ],
)
def test_a_wrong_cluster_or_role_is_told(aws, run_module, options, told):
    result = run_module("prefetch_info", **({"name": "main", "cluster_name": "prod"} | options))
    assert result["msg"].startswith(told)


def test_an_error_names_the_thing_and_the_action(aws, run_module):
    aws.ListRules = lambda NamePrefix: refuse("AccessDeniedException", "ListRules")
    result = run_module("prefetch_info", name="main", cluster_name="prod")
    assert result["msg"] == f"rules '{ID}': could not list (AccessDeniedException): no"


TOPIC = "arn:aws:sns:eu-central-1:123456789012:on-call"


@pytest.mark.parametrize("topic", [{}, {TOPIC: None}, {TOPIC: "AuthorizationError"}], ids=["none", "seen", "theirs"])
def test_what_an_install_needs_is_looked_for(aws, look, topic):
    aws.clusters, aws.roles, aws.topics = set(), {"plain-node": {}}, topic
    found = look(tell_missing=True, node_roles=["plain-node", "no-node"], alarm_topic_arn=TOPIC)["missing"]
    assert found == {"cluster": ["prod"], "node_role": ["no-node"], "topic": [] if topic else [TOPIC]}


def test_what_an_install_has_used_before_is_not_looked_for_again(aws, look):
    aws.documents, aws.policies, aws.clusters = {ID: OWNER}, {"prod-node"}, set()
    aws.GetRole = lambda RoleName: refuse("NoSuchEntity" if RoleName.startswith(ID) else "AccessDenied", "GetRole")
    found = look(tell_missing=True, node_roles=["prod-node"])["missing"]
    assert found == {"cluster": [], "node_role": [], "topic": []}


def test_a_cluster_that_may_not_be_looked_at_is_told(aws, run_module):
    aws.DescribeCluster = lambda name: refuse("AccessDeniedException", "DescribeCluster")
    result = run_module("prefetch_info", name="main", cluster_name="prod", tell_missing=True)
    assert result["msg"] == "cluster 'prod': could not describe (AccessDeniedException): no"


@pytest.fixture(name="one_of_each")
def one_of_each_fixture(aws):
    aws.documents, aws.associations, aws.rules = {ID: OWNER}, [(ID, OWNER)], {ID: OWNER}
    aws.queue, aws.alarms = (OWNER, '{"Statement": []}'), {f"{ID}.dead-letters": OWNED}
    aws.roles = {f"{ID}-eu-central-1-events": OWNER}
    aws.policies = {"prod-node", f"{ID}-eu-central-1-events"}


def fingerprints(look):
    things = look(fingerprints=True, node_roles=["prod-node"])["things"]
    return {thing["kind"]: thing["fingerprint"] for thing in things}


def test_fingerprints_stay_while_nothing_is_decided_anew(aws, look, one_of_each):
    first = fingerprints(look)
    assert set(first) == {"document", "association", "rule", "queue", "alarm", "role", "node_policy"}
    assert len(set(first.values())) == 7
    # What runs leave behind, and what the role notes itself, are no decisions.
    aws.left = {"Overview": {"Status": "Success"}, "Date": "2026-11-28", "LastExecutionDate": "2026-11-28"}
    aws.state = {"StateValue": "ALARM", "StateUpdatedTimestamp": "2026-11-28"}
    aws.documents = {ID: OWNER | {"nodecache.eks/state": "x"}}
    again = fingerprints(look)
    assert again == first
    assert look()["state"] == "x" and "fingerprint" not in look()["things"][0]


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"documents": {ID: OWNER | {"team": "x"}}}, {"document"}),
        ({"associations": [(ID, OWNER | {"team": "x"})]}, {"association"}),
        ({"rules": {ID: OWNER | {"team": "x"}}}, {"rule"}),
        ({"queue": (OWNER, "{}")}, {"queue"}),
        ({"policy": '{"Version": "2012-10-17"}'}, {"role", "node_policy"}),
        ({"whole": {"Hash": "1", "ScheduleExpression": "rate(1 day)", "Threshold": 2.0, "Input": "{}"}},
         {"document", "association", "rule", "alarm"}),
    ],
)  # fmt: skip
def test_a_fingerprint_tells_whatever_was_decided_anew(aws, look, one_of_each, change, changed):
    first = fingerprints(look)
    for name, value in change.items():
        setattr(aws, name, value)
    now = fingerprints(look)
    assert {kind for kind in first if first[kind] != now[kind]} == changed
