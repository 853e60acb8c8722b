"""Who may send what where.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lab.aws import iam
from lab.aws.ssm import access
from tests.lab.calls import code
from tests.lab.ssm.with_commands import TAGGED, finished, rows
from tests.lab.ssm.with_roles import grant


def test_what_the_callers_policy_does_not_allow(lab: Any) -> None:
    lab.document("true")
    lab.document("true", name="other")
    mine, foreign = lab.node(team="a", owner="me"), lab.node(team="a")
    role = grant(
        lab,
        "sender",
        {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "arn:aws:ssm:*:*:document/nodecache-test"},
        {
            "Effect": "Allow",
            "Action": "ssm:SendCommand",
            "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {"StringEquals": {"ssm:resourceTag/owner": "me"}},
        },
    )
    iam.register("ASIASENDEREXAMPLE000", role)
    sender = lab.client("ssm", "ASIASENDEREXAMPLE000")
    send_as = sender.send_command
    by_id = {"DocumentName": "nodecache-test", "InstanceIds": [mine]}
    assert code(send_as, DocumentName="other", InstanceIds=[mine]) == "AccessDeniedException"
    assert code(send_as, **{**by_id, "InstanceIds": [foreign]}) == "AccessDeniedException"
    assert finished(lab, send_as(**by_id)["Command"]["CommandId"]) == ("Success", "Success")
    sent = send_as(DocumentName="nodecache-test", Targets=TAGGED)["Command"]["CommandId"]
    # A tag's nodes are looked at one by one: what is forbidden is that node's answer, and no error.
    assert finished(lab, sent) == ("Success", "Success")
    assert {key: row["StatusDetails"] for key, row in rows(lab, sent).items()} == {
        mine: "Success",
        foreign: "AccessDenied",
    }


def test_amazons_documents_belong_to_no_account() -> None:
    backend = SimpleNamespace(account_id="123456789012", region_name="us-east-1")
    own, amazons = (SimpleNamespace(owner=owner, name="AWS-X") for owner in ("123456789012", "Amazon"))
    where = [access.document_arn(backend, one) for one in (own, amazons)]  # type: ignore[arg-type]
    assert where == ["arn:aws:ssm:us-east-1:123456789012:document/AWS-X", "arn:aws:ssm:us-east-1::document/AWS-X"]


def test_a_policys_conditions_see_a_nodes_tags_under_each_of_their_keys() -> None:
    rows = [{"key": "team", "value": "a"}, {"key": "eks:cluster-name", "value": "c"}]
    facts = access.instance_facts(SimpleNamespace(get_tags=lambda: rows))
    for prefix in ("ssm:resourceTag", "aws:ResourceTag", "ec2:ResourceTag"):
        assert (facts[f"{prefix}/team"], facts[f"{prefix}/eks:cluster-name"]) == ("a", "c")
    # What EventBridge's console writes: any tag with one of the values.
    assert facts["ec2:ResourceTag/*"] == ["a", "c"]
