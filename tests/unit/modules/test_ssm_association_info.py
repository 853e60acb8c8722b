from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

ID = "8dfe3659-4309-493a-8755-0123456789ab"
OTHER = "9dfe3659-4309-493a-8755-0123456789ab"
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
DESCRIBED = {
    "Name": "nodecache-ml",
    "Parameters": {"costCentre": ["A"]},
    "Targets": [{"Key": "tag:team", "Values": ["x"]}],
    "Date": AT,
    "Overview": {"Status": "Success", "AssociationStatusAggregatedCount": {"Success": 3}},
    "OutputLocation": {"S3Location": {"OutputS3BucketName": "example-logs"}},
}


class Ssm:
    def __init__(self):
        self.names = {ID: "one", OTHER: "another"}

    def ListAssociations(self, AssociationFilterList=(), NextToken=None):
        rows = [{"AssociationId": key, "AssociationName": name} for key, name in self.names.items()]
        start = int(NextToken or 0)
        more = {"NextToken": str(start + 1)} if start + 1 < len(rows) else {}
        return {"Associations": rows[start : start + 1], **more}

    def DescribeAssociation(self, AssociationId, AssociationVersion="2"):
        if AssociationId not in self.names:
            raise ClientError({"Error": {"Code": "AssociationDoesNotExist", "Message": "no"}}, "DescribeAssociation")
        return {
            "AssociationDescription": {
                **DESCRIBED,
                "AssociationId": AssociationId,
                "AssociationName": self.names[AssociationId],
                "AssociationVersion": AssociationVersion,
            }
        }

    def ListTagsForResource(self, ResourceType, ResourceId):
        return {"TagList": [{"Key": "costCentre", "Value": "A"}]}

    def DescribeAssociationExecutions(self, AssociationId, NextToken=None):
        number = int(NextToken or 1)
        run = {
            "ExecutionId": f"run-{number}",
            "AssociationVersion": "1",
            "Status": "Success",
            "CreatedTime": AT.replace(hour=number),
            "ResourceCountByStatus": "{Success=1}",
        }
        return {"AssociationExecutions": [run], **({"NextToken": str(number + 1)} if number < 3 else {})}

    def DescribeAssociationExecutionTargets(self, AssociationId, ExecutionId, NextToken=None):
        node = {
            "ResourceId": f"i-{NextToken or 1}",
            "ResourceType": "ManagedInstance",
            "Status": "Success",
            "OutputSource": {"OutputSourceId": "c", "OutputSourceType": "RunCommand"},
        }
        return {"AssociationExecutionTargets": [node], **({} if NextToken else {"NextToken": "2"})}


@pytest.fixture(name="client")
def fixture(strict_client):
    return strict_client("ssm", Ssm())


@pytest.mark.parametrize("check", [False, True])
def test_all_of_them_in_the_order_of_their_names(client, run_module, check):
    result = run_module("ssm_association_info", check=check)
    assert not result["changed"]
    assert [one["association_name"] for one in result["associations"]] == ["another", "one"]
    assert client.requests("ListAssociations") == [{}, {"NextToken": "1"}]


def test_one_has_all_that_aws_tells(client, run_module):
    found = run_module("ssm_association_info", association_name="one")["associations"]
    assert client.requests("ListAssociations")[0]["AssociationFilterList"] == [
        {"key": "AssociationName", "value": "one"}
    ]
    assert found == [
        {
            "association_id": ID,
            "association_name": "one",
            "association_version": "2",
            "name": "nodecache-ml",
            "document_version": "$DEFAULT",
            "parameters": {"costCentre": ["A"]},
            "targets": [{"key": "tag:team", "values": ["x"]}],
            "apply_only_at_cron_interval": False,
            "compliance_severity": "UNSPECIFIED",
            "sync_compliance": "AUTO",
            "date": "2026-11-24T12:00:00+00:00",
            "overview": {"status": "Success", "association_status_aggregated_count": {"Success": 3}},
            "output_location": {"s3_location": {"output_s3_bucket_name": "example-logs"}},
            "tags": {"costCentre": "A"},
        }
    ]


def test_by_id_and_version(client, run_module):
    found = run_module("ssm_association_info", association_id=ID, association_version="1")["associations"]
    assert found[0]["association_version"] == "1" and "ListAssociations" not in client.names()
    assert run_module("ssm_association_info", association_id=ID.replace("8", "7"))["associations"] == []


def test_filters_are_aws_own(client, run_module):
    run_module("ssm_association_info", filters={"Name": "nodecache-ml", "AssociationStatusName": "Failed"})
    assert client.requests("ListAssociations")[0]["AssociationFilterList"] == [
        {"key": "Name", "value": "nodecache-ml"},
        {"key": "AssociationStatusName", "value": "Failed"},
    ]


def test_the_newest_runs_with_their_nodes(client, run_module):
    found = run_module("ssm_association_info", association_id=ID, executions=2)["associations"][0]["executions"]
    assert [run["execution_id"] for run in found] == ["run-3", "run-2"]
    assert found[0]["created_time"] == "2026-11-24T03:00:00+00:00"
    assert [node["resource_id"] for node in found[0]["targets"]] == ["i-1", "i-2"]
    assert found[0]["targets"][0]["output_source"] == {"output_source_id": "c", "output_source_type": "RunCommand"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"association_name": "a b"},
        {"association_id": "x"},
        {"association_id": ID, "association_version": "new"},
        {"executions": -1},
        {"filters": {"name": "x"}},
        {"filters": {"Name": ""}},
    ],
    ids=str,
)
def test_refusals(client, run_module, wrong):
    assert list(wrong)[-1] in run_module("ssm_association_info", **wrong)["msg"]
    assert not client.names()


def test_a_version_needs_an_id(client, run_module):
    assert "association_id" in run_module("ssm_association_info", association_version="1")["msg"]
