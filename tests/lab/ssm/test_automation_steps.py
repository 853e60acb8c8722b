"""The actions aws:runCommand and aws:executeAwsApi.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-runcommand.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeawsapi.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.lab.ssm.with_automations import command, define, run, step


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
