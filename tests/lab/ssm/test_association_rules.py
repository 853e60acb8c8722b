"""State Manager's rules of identity, rate control and schedules, each on its own.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-state-manager-targets-and-rate-controls.html
and the quotas of
https://docs.aws.amazon.com/general/latest/gr/ssm.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws.ssm import association_runs, associations

TARGETS = [{"Key": "tag:team", "Values": ["a"]}]
NIGHTLY = "cron(0 2 ? * * *)"


def create(lab: Any, **arguments: Any) -> str:
    wanted = {"Name": "nodecache-test", "Targets": TARGETS, **arguments}
    return lab.ssm.create_association(**wanted)["AssociationDescription"]["AssociationId"]


def runs(lab: Any, one: str) -> list[str]:
    """Return how each run ended, once none is under way."""

    def ask() -> Any:
        rows = lab.ssm.describe_association_executions(AssociationId=one)["AssociationExecutions"]
        return (rows,) if all(row["Status"] not in ("Pending", "InProgress") for row in rows) else None

    return [row["Status"] for row in lab.until(ask)[0]]


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def test_only_the_id_tells_associations_apart(lab: Any) -> None:
    """CreateAssociation documents no uniqueness of name, document or targets for those made with targets."""
    lab.document("true")
    one, other = (create(lab, AssociationName="same") for _ in range(2))
    wanted = [{"key": "AssociationName", "value": "same"}]
    listed = lab.ssm.list_associations(AssociationFilterList=wanted)["Associations"]
    assert {row["AssociationId"] for row in listed} == {one, other} and one != other
    lab.ssm.delete_association(AssociationId=one)
    assert [row["AssociationId"] for row in lab.ssm.list_associations()["Associations"]] == [other]


@pytest.mark.parametrize(("at_once", "most"), [("1", 1), ("2", 2), ("50%", 2), (None, 4)])
def test_max_concurrency_is_how_many_nodes_run_at_once(lab: Any, at_once: str | None, most: int) -> None:
    """A number or a share of the targets; without one all of them (API reference, MaxConcurrency)."""
    lab.document("sleep 0.5")
    for _ in range(4):
        lab.node(team="a")
    one = create(lab, **({"MaxConcurrency": at_once} if at_once else {}))
    assert lab.until(lambda: runs(lab, one) == ["Success"] and len(lab.fleet.calls) == 4)
    assert lab.fleet.most == most


@pytest.mark.parametrize(("errors", "reached"), [("0", 1), ("1", 2), ("25%", 2), ("100%", 4)])
def test_max_errors_is_how_many_may_fail(lab: Any, errors: str, reached: int) -> None:
    """With 0 the first error stops the rest, with 1 the second does (API reference, MaxErrors)."""
    lab.document("exit 1")
    for _ in range(4):
        lab.node(team="a")
    one = create(lab, MaxConcurrency="1", MaxErrors=errors)
    assert lab.until(lambda: runs(lab, one) == ["Failed"])
    assert len(lab.fleet.calls) == reached


def test_with_apply_only_at_cron_interval_nothing_else_runs_it(lab: Any) -> None:
    """Neither making nor changing it, nor a node that joins (API reference, ApplyOnlyAtCronInterval)."""
    lab.document("true")
    lab.node(team="a")
    cron = {"ScheduleExpression": NIGHTLY, "ApplyOnlyAtCronInterval": True}
    one = create(lab, **cron)
    lab.ssm.update_association(AssociationId=one, Name="nodecache-test", Targets=TARGETS, MaxErrors="1", **cron)
    lab.node(team="a")
    lab.ssm.update_document(Name="nodecache-test", Content=lab.content("echo 2"), DocumentVersion="$LATEST")
    lab.ssm.update_document_default_version(Name="nodecache-test", DocumentVersion="2")
    assert runs(lab, one) == [] and lab.fleet.calls == []
    association_runs.tick(datetime.now(UTC) + timedelta(days=1))
    assert lab.until(lambda: runs(lab, one) == ["Success"]) and len(lab.fleet.calls) == 2


def test_with_a_schedule_alone_it_also_runs_when_made_and_changed(lab: Any) -> None:
    lab.document("true")
    lab.node(team="a")
    one = create(lab, ScheduleExpression=NIGHTLY)
    assert lab.until(lambda: runs(lab, one) == ["Success"])
    lab.ssm.update_association(AssociationId=one, Name="nodecache-test", Targets=TARGETS, ScheduleExpression=NIGHTLY)
    assert lab.until(lambda: runs(lab, one) == ["Success"] * 2)
    association_runs.tick(datetime.now(UTC) + timedelta(days=1))
    assert lab.until(lambda: runs(lab, one) == ["Success"] * 3)


def test_a_region_has_2000_associations_of_1000_versions(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (associations.LIMIT, associations.VERSION_LIMIT) == (2000, 1000)
    monkeypatch.setattr(associations, "LIMIT", 1)
    monkeypatch.setattr(associations, "VERSION_LIMIT", 1)
    lab.document("true")
    one = create(lab)
    again = {"Name": "nodecache-test", "Targets": TARGETS}
    assert code(lab.ssm.create_association, **again) == "AssociationLimitExceeded"
    assert code(lab.ssm.update_association, AssociationId=one, **again) == "AssociationVersionLimitExceeded"
