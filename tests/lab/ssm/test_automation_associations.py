"""Automation documents run by State Manager, once for each target.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-sm-target-accounts.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html
(AutomationTargetParameterName)
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code
from tests.lab.ssm.with_associations import automation, create, executions


def test_an_automation_document_runs_once_for_each_target(lab: Any) -> None:
    lab.document("true")
    nodes = {lab.node(team="a"), lab.node(team="a")}
    automation(lab)
    one = create(lab, Name="automation", AutomationTargetParameterName="node")
    run = executions(lab, one, 1)[0]
    assert run["ResourceCountByStatus"] == "{Success=2}" and {node for node, _ in lab.fleet.calls} == nodes
    ask = lab.ssm.describe_association_execution_targets
    rows = ask(AssociationId=one, ExecutionId=run["ExecutionId"])["AssociationExecutionTargets"]
    source = rows[0]["OutputSource"]
    assert source["OutputSourceType"] == "Automation"
    found = lab.ssm.get_automation_execution(AutomationExecutionId=source["OutputSourceId"])
    assert found["AutomationExecution"]["Parameters"] == {"node": [rows[0]["ResourceId"]]}
    # A node that joins does not start an Automation document.
    lab.node(team="a")
    assert len(executions(lab, one, 1)) == 1
    without = {"Name": "automation", "Parameters": {"node": ["i-0123456789abcdef0"]}}
    assert code(lambda: create(lab, **without)) == "InvalidTarget"
