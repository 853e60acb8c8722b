from __future__ import annotations

import pytest

NEW = {
    "association_name": "keep-images",
    "name": "nodecache-ml",
    "parameters": {"action": ["prefetch"], "images": ["b", "a"]},
    "targets": [{"key": "tag:team", "values": ["x", "y"]}],
    "schedule_expression": "rate(30 minutes)",
    "max_concurrency": "100%",
    "tags": {"costCentre": "A"},
}
WRITES = {"CreateAssociation", "UpdateAssociation", "DeleteAssociation", "AddTagsToResource", "RemoveTagsFromResource"}


class Ssm:
    """Associations by id; an update keeps nothing that it was not sent."""

    def __init__(self):
        self.associations, self.tags = {}, {}

    def ListAssociations(self, AssociationFilterList, **_page):
        return {"Associations": [
            {"AssociationId": key, "AssociationName": value["AssociationName"]}
            for key, value in self.associations.items()
        ]}

    def DescribeAssociation(self, AssociationId):
        return {"AssociationDescription": {"AssociationId": AssociationId, **self.associations[AssociationId]}}

    def ListTagsForResource(self, ResourceType, ResourceId):
        return {"TagList": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def CreateAssociation(self, Tags=(), **fields):
        self.associations["id-1"] = {**fields, "AssociationVersion": "1"}
        self.tags = {tag["Key"]: tag["Value"] for tag in Tags}
        return self.DescribeAssociation("id-1")

    def UpdateAssociation(self, AssociationId, **fields):
        self.associations[AssociationId] = {**fields, "AssociationVersion": "2"}
        return self.DescribeAssociation(AssociationId)

    def AddTagsToResource(self, ResourceType, ResourceId, Tags):
        assert (ResourceType, ResourceId) == ("Association", "id-1")
        self.tags.update({tag["Key"]: tag["Value"] for tag in Tags})

    def RemoveTagsFromResource(self, ResourceType, ResourceId, TagKeys):
        for key in TagKeys:
            del self.tags[key]

    def DeleteAssociation(self, AssociationId):
        del self.associations[AssociationId]


def without_ids(diff):
    return [
        {key: value for key, value in side.items() if key not in ("association_id", "association_version")}
        for side in (diff["before"], diff["after"])
    ]


def twice(run_module, client, **options):
    """Check, do, again, check again."""
    client.calls.clear()
    predicted = run_module("ssm_association", check=True, **options)
    assert not WRITES & set(client.names())
    done = run_module("ssm_association", **options)
    assert done["changed"] and predicted["changed"]
    assert without_ids(done["diff"]) == without_ids(predicted["diff"])
    client.calls.clear()
    assert not run_module("ssm_association", **options)["changed"]
    assert not run_module("ssm_association", check=True, **options)["changed"]
    assert not WRITES & set(client.names())
    return done["association"]


def test_lifecycle(strict_client, run_module):
    backend = Ssm()
    client = strict_client("ssm", backend)
    twice(run_module, client, **NEW)
    twice(run_module, client, association_name="keep-images", max_errors="10%")
    kept = backend.associations["id-1"]
    assert kept["Parameters"] == NEW["parameters"] and kept["ScheduleExpression"] == "rate(30 minutes)"
    assert kept["Targets"] and kept["Name"] == "nodecache-ml" and kept["MaxConcurrency"] == "100%"
    twice(run_module, client, association_name="keep-images", schedule_expression="")
    assert "ScheduleExpression" not in backend.associations["id-1"]
    twice(run_module, client, association_name="keep-images", tags={"owner": "B"})
    assert backend.tags == {"owner": "B"}
    assert twice(run_module, client, association_name="keep-images", state="absent") == {}


def test_order_of_target_values_is_no_change(strict_client, run_module):
    strict_client("ssm", Ssm())
    run_module("ssm_association", **NEW)
    turned = {**NEW, "targets": [{"key": "tag:team", "values": ["y", "x"]}]}
    assert not run_module("ssm_association", **turned)["changed"]


def test_two_of_one_name_are_told_apart_by_id(strict_client, run_module):
    backend = Ssm()
    backend.associations = {key: {"AssociationName": "keep-images"} for key in ("id-1", "id-2")}
    client = strict_client("ssm", backend)
    assert "id-1, id-2" in run_module("ssm_association", **NEW)["msg"]
    assert not WRITES & set(client.names())


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedule_expression": "rate(5 minutes)"},
        {"schedule_expression": "daily"},
        {"max_concurrency": "0"},
        {"apply_only_at_cron_interval": True},
        {"targets": [{"key": "tag:a", "values": []}]},
    ],
)
def test_refusals(strict_client, run_module, wrong):
    client = strict_client("ssm", Ssm())
    result = run_module("ssm_association", **{**NEW, **wrong})
    assert next(iter(wrong)) in result["msg"]
    assert not client.names()
