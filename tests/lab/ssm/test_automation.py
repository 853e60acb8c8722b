"""Automation over HTTP: documents of schema 0.3, run as Systems Manager runs them.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartAutomationExecution.html
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws import iam

NAME = "nodecache-automation"
TARGETS = [{"Key": "tag:team", "Values": ["a"]}]
LIST = {"type": "StringList", "default": []}


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def step(name: str = "runDocument", action: str = "aws:runCommand", more: Any = None, **inputs: Any) -> dict[str, Any]:
    return {"name": name, "action": action, "inputs": inputs, **(more or {})}


def command(name: str = "runDocument", more: Any = None, **inputs: Any) -> dict[str, Any]:
    return step(name, more=more, **{"DocumentName": "nodecache-test", "Targets": TARGETS, **inputs})


def define(lab: Any, *steps: dict[str, Any], name: str = NAME, **rest: Any) -> None:
    content = {"schemaVersion": "0.3", "mainSteps": list(steps), **rest}
    lab.ssm.create_document(Name=name, DocumentType="Automation", Content=json.dumps(content))


def run(lab: Any, **arguments: Any) -> dict[str, Any]:
    started = lab.ssm.start_automation_execution(**{"DocumentName": NAME, **arguments})["AutomationExecutionId"]
    return finished(lab, started)


def finished(lab: Any, execution: str) -> dict[str, Any]:
    def ask() -> Any:
        found = lab.ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
        return found if found.get("ExecutionEndTime") else None

    return lab.until(ask)


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


def test_one_nodes_output_goes_to_the_next_step_and_to_the_outputs(lab: Any) -> None:
    lab.document("echo '{{ word }}'", word={"type": "String", "default": "first"})
    node = lab.node(team="a")
    define(
        lab,
        step("one", DocumentName="nodecache-test", InstanceIds=["{{ node }}"]),
        command("two", Parameters={"word": ["{{ one.Output }}{{ global:DATE }} {{ automation:EXECUTION_ID }}"]}),
        parameters={"node": {"type": "AWS::EC2::Instance::Id"}},
        outputs=["two.Output"],
    )
    done = run(lab, Parameters={"node": [node]})
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    assert done["Outputs"] == {"two.Output": [f"first\n{today} {done['AutomationExecutionId']}\n"]}


def test_execute_aws_api_selects_outputs(lab: Any) -> None:
    lab.document("echo {{ word }}", word={"type": "String"})
    node = lab.node(team="a")
    find = step(
        "findNodes",
        "aws:executeAwsApi",
        {
            "outputs": [
                {"Name": "ids", "Selector": "$.Reservations[*].Instances[*].InstanceId", "Type": "StringList"},
                {"Name": "state", "Selector": "$.Reservations[0].Instances[0].State.Name", "Type": "String"},
            ]
        },
        Service="ec2",
        Api="DescribeInstances",
        Filters=[{"Name": "tag:team", "Values": ["a"]}],
    )
    use = step(
        "useNodes",
        DocumentName="nodecache-test",
        InstanceIds="{{ findNodes.ids }}",
        Parameters={"word": "{{ findNodes.state }}"},
    )
    define(lab, find, use)
    done = run(lab)
    assert done["StepExecutions"][0]["Outputs"] == {"ids": [node], "state": ["running"]}
    assert done["StepExecutions"][1]["Outputs"]["Output"] == ["running\n"]


def test_a_failing_step_aborts_unless_it_may_fail(lab: Any) -> None:
    lab.document("exit 3")
    lab.node(team="a")
    define(lab, command("one"), command("two"))
    done = run(lab)
    assert done["AutomationExecutionStatus"] == "Failed" and "Status=[Failed]" in done["FailureMessage"]
    assert [row["StepStatus"] for row in done["StepExecutions"]] == ["Failed", "Pending"]
    define(lab, command("one", {"onFailure": "Continue"}), step("two", "aws:sleep", Duration="PT1S"), name="may-fail")
    done = run(lab, DocumentName="may-fail")
    assert [row["StepStatus"] for row in done["StepExecutions"]] == ["Failed", "Failed"]
    define(
        lab,
        command("one", {"onFailure": "step:three", "isCritical": False}),
        command("two"),
        step("three", "aws:executeAwsApi", {"isEnd": True}, Service="ec2", Api="DescribeVpcs"),
        command("four"),
        name="jumps",
    )
    done = run(lab, DocumentName="jumps")
    assert done["AutomationExecutionStatus"] == "Success"
    assert [row["StepStatus"] for row in done["StepExecutions"]] == ["Failed", "Pending", "Success", "Pending"]


def test_retries_and_the_steps_timeout(lab: Any) -> None:
    lab.document("test -e again || { touch again; exit 1; }")
    lab.node(team="a")
    define(lab, command(more={"maxAttempts": 2}))
    assert run(lab)["AutomationExecutionStatus"] == "Success"
    lab.document("exec sleep 20", name="slow")
    define(lab, command(more={"timeoutSeconds": 1}, DocumentName="slow"), name="impatient")
    done = run(lab, DocumentName="impatient")
    assert (done["AutomationExecutionStatus"], done["StepExecutions"][0]["StepStatus"]) == ("TimedOut", "TimedOut")


def test_what_the_steps_command_refuses_is_the_steps_failure(lab: Any) -> None:
    lab.document("true", must={"type": "String"})
    lab.node(team="a")
    for inputs, expected in (
        ({}, "InvalidParameters"),
        ({"DocumentName": "missing"}, "InvalidDocument"),
        ({"MaxErrors": "some"}, "ValidationException"),
    ):
        name = f"refused-{len(str(inputs))}"
        define(lab, command(**inputs), name=name)
        done = run(lab, DocumentName=name)
        assert done["AutomationExecutionStatus"] == "Failed" and expected in done["FailureMessage"]


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


def test_what_a_document_may_not_hold(lab: Any) -> None:
    def create(**content: Any) -> Any:
        return lambda: lab.ssm.create_document(Name=NAME, DocumentType="Automation", Content=json.dumps(content))

    for steps in (
        [],
        [command("ab")],
        [command("same"), command("same")],
        [step(action="aws:runNothing")],
        [step()],
        [command(InstanceIds=["i-0123456789abcdef0"])],
        [command(Comment="{{ nothing }}")],
        [command(Comment="{{ later.Output }}"), command("later")],
        [command(more={"onFailure": "Ignore"})],
        [command(more={"nextStep": "nowhere"})],
        [step("api", "aws:executeAwsApi", Service="ec2")],
    ):
        assert code(create(schemaVersion="0.3", mainSteps=steps)) == "InvalidDocumentContent", steps
    assert code(create(schemaVersion="2.2", mainSteps=[command()])) == "InvalidDocumentContent"
    assert code(create(schemaVersion="0.3", mainSteps=[command()], outputs=["odd.X"])) == "InvalidDocumentContent"


def role(lab: Any, name: str, *statements: dict[str, Any], service: str = "ssm.amazonaws.com") -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    client, version = lab.client("iam"), "2012-10-17"
    policy = json.dumps({"Version": version, "Statement": [trust]})
    arn = client.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    allowed = json.dumps({"Version": version, "Statement": [{"Effect": "Allow", **one} for one in statements]})
    client.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allowed)
    return arn


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
    starts = {
        "Action": "ssm:StartAutomationExecution",
        "Resource": f"arn:aws:ssm:*:*:automation-definition/{NAME}:$DEFAULT",
    }
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
    assert code(passer.start_automation_execution, DocumentName=NAME, DocumentVersion="1") == "AccessDeniedException"
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
