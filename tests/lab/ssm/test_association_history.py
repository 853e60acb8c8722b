"""What associations did, on each node and as a whole.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeAssociationExecutions.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeAssociationExecutionTargets.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceAssociationsStatus.html
"""

from __future__ import annotations

from typing import Any

from tests.lab.calls import code
from tests.lab.ssm.with_associations import create, describe, executions


def test_a_failing_node_shows(lab: Any) -> None:
    lab.document("exit 1")
    lab.node(team="a")
    lab.node(team="a")
    one = create(lab, MaxConcurrency="1", MaxErrors="0")
    run = executions(lab, one, 1)[0]
    assert (run["Status"], len(lab.fleet.calls)) == ("Failed", 1)
    assert describe(lab, one)["Overview"]["Status"] == "Failed"


def test_nodes_whose_turn_never_came_are_skipped(lab: Any) -> None:
    lab.document("exit 1")
    for _ in range(3):
        lab.node(team="a")
    one = create(lab, MaxConcurrency="1", MaxErrors="0")
    run = executions(lab, one, 1)[0]
    assert run["ResourceCountByStatus"] == "{Failed=1, Skipped=2}"
    overview = describe(lab, one)["Overview"]
    assert (overview["Status"], overview["AssociationStatusAggregatedCount"]) == ("Failed", {"Failed": 1, "Skipped": 2})
    ask = lab.ssm.describe_association_execution_targets
    wanted = [{"Key": "Status", "Value": "Skipped"}]
    rows = ask(AssociationId=one, ExecutionId=run["ExecutionId"], Filters=wanted)["AssociationExecutionTargets"]
    assert len(rows) == 2
    page = ask(AssociationId=one, ExecutionId=run["ExecutionId"], MaxResults=2)
    assert len(page["AssociationExecutionTargets"]) == 2 and page["NextToken"]
    missing = "00000000-0000-0000-0000-000000000000"
    assert code(ask, AssociationId=one, ExecutionId=missing) == "AssociationExecutionDoesNotExist"


def test_executions_are_filtered_by_time_and_status(lab: Any) -> None:
    lab.document("true")
    lab.node(team="a")
    one = create(lab)
    first = executions(lab, one, 1)[0]
    lab.ssm.start_associations_once(AssociationIds=[one])
    executions(lab, one, 2)
    ask = lab.ssm.describe_association_executions

    def count(key: str, value: str, kind: str = "EQUAL") -> int:
        found = ask(AssociationId=one, Filters=[{"Key": key, "Value": value, "Type": kind}])
        return len(found["AssociationExecutions"])

    made = first["CreatedTime"].isoformat()
    kinds = ("GREATER_THAN", "EQUAL", "LESS_THAN")
    assert [count("CreatedTime", made, kind) for kind in kinds] == [1, 1, 0]
    assert count("Status", "Success") == 2 and count("Status", "Failed") == 0
    assert count("ExecutionId", first["ExecutionId"]) == 1
    assert ask(AssociationId=one, MaxResults=1)["NextToken"]
    assert code(lab.ssm.start_associations_once, AssociationIds=[one, one]) == "InvalidAssociation"


def test_how_a_nodes_associations_stand(lab: Any) -> None:
    lab.document("true")
    lab.document("false", name="fails")
    node = lab.node(team="a")
    good, bad = create(lab, AssociationName="good"), create(lab, Name="fails")
    for one in (good, bad):
        executions(lab, one, 1)
    rows = lab.ssm.describe_instance_associations_status(InstanceId=node)["InstanceAssociationStatusInfos"]
    assert {row["AssociationId"]: row["Status"] for row in rows} == {good: "Success", bad: "Failed"}
    # What a node gets is a version, not $DEFAULT.
    assert [row["DocumentVersion"] for row in rows] == ["1", "1"]
    assert "1 success, 0 failed" in next(row for row in rows if row["AssociationId"] == good)["ExecutionSummary"]
    effective = lab.ssm.describe_effective_instance_associations(InstanceId=node)["Associations"]
    assert {row["AssociationId"] for row in effective} == {good, bad} and "mainSteps" in effective[0]["Content"]
    found = lab.ssm.describe_instance_information()["InstanceInformationList"][0]
    assert found["AssociationStatus"] == "Failed"
    counts = found["AssociationOverview"]["InstanceAssociationStatusAggregatedCount"]
    assert counts == {"Success": 1, "Failed": 1}
    missing = "i-0123456789abcdef0"
    assert code(lab.ssm.describe_instance_associations_status, InstanceId=missing) == "InvalidInstanceId"
