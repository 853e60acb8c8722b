"""Automation over HTTP: documents of schema 0.3, run as Systems Manager runs them.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartAutomationExecution.html
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from lab import settings
from lab.aws import iam
from tests.lab.calls import code
from tests.lab.ssm.with_automations import NAME, command, define, finished, run

LIST = {"type": "StringList", "default": []}


def test_a_run_command_step_passes_parameters_and_rate_control(lab: Any) -> None:
    lab.document("echo {{ images }}", images=LIST)
    nodes = {lab.node(team="a"), lab.node(team="a")}
    lab.node(team="b")
    define(
        lab,
        command(Parameters={"images": "{{ images }}"}, MaxConcurrency="{{ at }}", MaxErrors="1", Comment="c"),
        parameters={"images": {"type": "StringList"}, "at": {"type": "String", "default": "50%"}},
    )
    done = run(lab, Parameters={"images": ["x:1", "y:2"]})
    assert (done["AutomationExecutionStatus"], done["ExecutedBy"]) == ("Success", "arn:aws:iam::123456789012:root")
    row = done["StepExecutions"][0]
    assert (row["StepStatus"], row["ResponseCode"], row["Outputs"]["Status"]) == ("Success", "0", ["Success"])
    sent = lab.ssm.list_commands(CommandId=row["Outputs"]["CommandId"][0])["Commands"][0]
    assert (sent["MaxConcurrency"], sent["MaxErrors"], sent["Comment"]) == ("50%", "1", "c")
    assert sent["Parameters"] == {"images": ["x:1", "y:2"]} and lab.fleet.most == 1
    assert {node for node, _ in lab.fleet.calls} == nodes


def test_stop(lab: Any) -> None:
    lab.document("exec sleep 20")
    node = lab.node(team="a")
    define(lab, command("one"), command("two"))
    execution = lab.ssm.start_automation_execution(DocumentName=NAME)["AutomationExecutionId"]
    lab.until(lambda: [call[0] for call in lab.fleet.calls] == [node])
    listed = lab.ssm.describe_automation_executions(Filters=[{"Key": "CurrentAction", "Values": ["aws:runCommand"]}])
    assert listed["AutomationExecutionMetadataList"][0]["CurrentStepName"] == "one"
    lab.ssm.stop_automation_execution(AutomationExecutionId=execution)
    done = finished(lab, execution)
    assert done["AutomationExecutionStatus"] == "Cancelled"
    assert [row["StepStatus"] for row in done["StepExecutions"]] == ["Cancelled", "Pending"]
    again = {"AutomationExecutionId": execution}
    assert code(lab.ssm.stop_automation_execution, **again) == "InvalidAutomationStatusUpdateException"


def test_listing_filters_and_pages(lab: Any) -> None:
    lab.document("true")
    define(lab, command())
    ids = [run(lab)["AutomationExecutionId"] for _ in range(3)]
    ask = lab.ssm.describe_automation_executions

    def listed(key: str, value: str) -> list[str]:
        rows = ask(Filters=[{"Key": key, "Values": [value]}])["AutomationExecutionMetadataList"]
        return [row["AutomationExecutionId"] for row in rows]

    assert listed("DocumentNamePrefix", "nodecache-") == ids[::-1] and listed("DocumentNamePrefix", "x") == []
    assert listed("ExecutionId", ids[1]) == [ids[1]] and listed("ExecutionStatus", "Failed") == []
    assert listed("StartTimeAfter", "2100-01-01T00:00:00Z") == []
    first = ask(MaxResults=2)
    assert len(first["AutomationExecutionMetadataList"]) == 2
    rest = ask(MaxResults=2, NextToken=first["NextToken"])
    assert [row["AutomationExecutionId"] for row in rest["AutomationExecutionMetadataList"]] == [ids[0]]
    steps = lab.ssm.describe_automation_step_executions(AutomationExecutionId=ids[0])["StepExecutions"]
    assert [row["StepName"] for row in steps] == ["runDocument"]


def test_what_start_refuses(lab: Any) -> None:
    lab.document("true")
    define(lab, command(), parameters={"word": {"type": "String", "allowedPattern": "^[a-z]+$"}})
    start, good = lab.ssm.start_automation_execution, {"DocumentName": NAME, "Parameters": {"word": ["a"]}}
    for change, expected in (
        ({"DocumentName": "missing"}, "AutomationDefinitionNotFoundException"),
        ({"DocumentName": "nodecache-test"}, "AutomationDefinitionNotFoundException"),
        ({"DocumentVersion": "7"}, "AutomationDefinitionVersionNotFoundException"),
        ({"Parameters": {}}, "ValidationException"),
        ({"Parameters": {"word": ["A"]}}, "InvalidAutomationExecutionParametersException"),
        ({"Parameters": {"word": ["a"], "odd": ["a"]}}, "InvalidAutomationExecutionParametersException"),
        ({"DocumentName": "x"}, "ValidationException"),
        ({"Mode": "Odd"}, "ValidationException"),
    ):
        assert code(start, **{**good, **change}) == expected, change
    assert code(start, DocumentName=NAME) == "InvalidAutomationExecutionParametersException"
    missing = str(uuid.uuid4())
    for call in (lab.ssm.get_automation_execution, lab.ssm.stop_automation_execution):
        assert code(call, AutomationExecutionId=missing) == "AutomationExecutionNotFoundException"


def test_a_client_token_starts_one_execution(lab: Any) -> None:
    lab.document("true")
    define(lab, command())
    token = str(uuid.uuid4())
    start = lab.ssm.start_automation_execution
    ids = {start(DocumentName=NAME, ClientToken=token)["AutomationExecutionId"] for _ in range(2)}
    assert len(ids) == 1
    assert code(start, DocumentName=NAME, ClientToken=token, DocumentVersion="1") == "IdempotentParameterMismatch"


def role(lab: Any, name: str, *statements: dict[str, Any], service: str = "ssm.amazonaws.com") -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    client, version = lab.client("iam"), "2012-10-17"
    policy = json.dumps({"Version": version, "Statement": [trust]})
    arn = client.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    allowed = json.dumps({"Version": version, "Statement": [{"Effect": "Allow", **one} for one in statements]})
    client.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allowed)
    return arn


def starting(*resources: str, **condition: Any) -> dict[str, Any]:
    arns = [f"arn:aws:ssm:*:{settings.ACCOUNT}:{one}" for one in resources]
    return {"Action": "ssm:StartAutomationExecution", "Resource": arns} | (
        {"Condition": condition} if condition else {}
    )


def test_who_starts_one_must_be_allowed_the_document_and_an_execution(lab: Any) -> None:
    """As the examples of automation-setup-identity-based-policies have it; the former resource alone is not enough."""
    lab.document("true")
    define(lab, command())
    lab.ssm.add_tags_to_resource(
        ResourceType="Document", ResourceId=NAME, Tags=[{"Key": "stage", "Value": "production"}]
    )
    document, execution = starting(f"document/{NAME}"), starting("automation-execution/*")
    second = {"ForAnyValue:StringEquals": {"ssm:DocumentVersion": ["2"]}}
    tagged = {"StringEquals": {"aws:ResourceTag/stage": "production"}}
    for at, (allowed, *statements) in enumerate(
        (
            (True, document, execution),
            (True, starting("document/*", **tagged), execution),
            (True, document, starting("automation-execution/*", **{"StringEquals": {"aws:RequestTag/team": "a"}})),
            (False, document),
            (False, execution),
            (False, starting(f"automation-definition/{NAME}:*"), execution),
            (False, starting(f"document/{NAME}", **second), execution),
        )
    ):
        key = f"ASIASTARTEREXAMPLE{at:02}"
        iam.register(key, role(lab, f"starts-{at}", *statements))
        start, asked = lab.client("ssm", key).start_automation_execution, {"Tags": [{"Key": "team", "Value": "a"}]}
        if allowed:
            start(DocumentName=NAME, **asked)
        else:
            assert code(start, DocumentName=NAME, **asked) == "AccessDeniedException", statements


def test_it_acts_as_its_role_which_the_caller_must_be_allowed_to_pass(lab: Any) -> None:
    lab.document("true")
    node = lab.node(team="a")
    lab.node(team="a", owner="else")
    sender = {
        "Action": "ssm:SendCommand",
        "Resource": ["arn:aws:ssm:*:*:document/*", f"arn:aws:ec2:*:*:instance/{node}"],
    }
    acts = role(lab, "acts", sender)
    foreign = role(lab, "foreign", sender, service="ec2.amazonaws.com")
    starts = starting(f"document/{NAME}", "automation-execution/*")
    iam.register("ASIASTARTEREXAMPLE00", role(lab, "starts", starts))
    iam.register("ASIAPASSEREXAMPLE000", role(lab, "passes", starts, {"Action": "iam:PassRole", "Resource": acts}))
    parameters = {"AutomationAssumeRole": {"type": "AWS::IAM::Role::Arn", "default": acts}}
    define(lab, command(MaxErrors="0"), assumeRole="{{ AutomationAssumeRole }}", parameters=parameters)
    define(lab, command(), name="other")
    unable = {"DocumentName": NAME, "Parameters": {"AutomationAssumeRole": [foreign]}}
    assert code(lab.ssm.start_automation_execution, **unable) == "InvalidAutomationExecutionParametersException"
    starter, passer = (lab.client("ssm", key) for key in ("ASIASTARTEREXAMPLE00", "ASIAPASSEREXAMPLE000"))
    assert code(starter.start_automation_execution, DocumentName=NAME) == "AccessDeniedException"
    assert code(passer.start_automation_execution, DocumentName="other") == "AccessDeniedException"
    done = finished(lab, passer.start_automation_execution(DocumentName=NAME)["AutomationExecutionId"])
    assert done["AutomationExecutionStatus"] == "Success" and [call[0] for call in lab.fleet.calls] == [node]


def test_without_a_role_it_acts_as_who_started_it(lab: Any) -> None:
    lab.document("true")
    lab.node(team="a")
    starts = {"Action": "ssm:StartAutomationExecution", "Resource": "*"}
    iam.register("ASIASTARTEREXAMPLE00", role(lab, "starts", starts))
    define(lab, command())
    started = lab.client("ssm", "ASIASTARTEREXAMPLE00").start_automation_execution(DocumentName=NAME)
    done = finished(lab, started["AutomationExecutionId"])
    assert done["AutomationExecutionStatus"] == "Failed" and "ssm:SendCommand" in done["FailureMessage"]
    assert lab.fleet.calls == []


def test_eventbridges_name_of_a_document_has_its_version(lab: Any) -> None:
    lab.document("true")
    define(lab, command())
    arn = f"arn:aws:ssm:us-east-1:123456789012:automation-definition/{NAME}:1"
    assert run(lab, DocumentName=arn)["DocumentVersion"] == "1"
    wrong = arn.removesuffix("1") + "7"
    refused = code(lab.ssm.start_automation_execution, DocumentName=wrong)
    assert refused == "AutomationDefinitionVersionNotFoundException"


def test_no_more_run_and_wait_than_aws_lets(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 at once, and 1,000 in the queue: https://docs.aws.amazon.com/general/latest/gr/ssm.html."""
    from lab.aws.ssm import automation

    lab.document("true")
    define(lab, command())
    monkeypatch.setattr(automation, "RUNNING", 0)
    monkeypatch.setattr(automation, "QUEUED", 0)
    assert code(lab.ssm.start_automation_execution, DocumentName=NAME) == "AutomationExecutionLimitExceededException"
