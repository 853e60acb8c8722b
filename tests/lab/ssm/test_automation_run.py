"""How an execution goes through its steps.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-branchdocs.html (onFailure, nextStep, isEnd,
isCritical) and
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html (maxAttempts, timeoutSeconds)
"""

from __future__ import annotations

from typing import Any

from tests.lab.ssm.with_automations import command, define, run, step


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
