"""State Manager with a few associations, as ssm_association sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

ID = "8dfe3659-4309-493a-8755-0123456789ab"
OTHER = "9dfe3659-4309-493a-8755-0123456789ab"
STRANGER = "7dfe3659-4309-493a-8755-0123456789ab"
RUN = "76a5a04f-caf6-490c-b448-0123456789ab"
START = datetime(2026, 11, 24, 12, 0, 0, 1500, tzinfo=UTC)
NEW = {
    "association_name": "keep-images",
    "name": "nodecache-ml",
    "parameters": {"action": ["prefetch"], "images": ["b", "a"]},
    "targets": [{"key": "tag:team", "values": ["x", "y"]}],
    "schedule_expression": "rate(30 minutes)",
    "max_concurrency": "100%",
    "tags": {"costCentre": "A"},
}
ALL = {
    "document_version": "3",
    "target_locations": [
        {
            "accounts": ["123456789012", "ou-abcd-12345678"],
            "regions": ["eu-central-1"],
            "exclude_accounts": ["210987654321"],
            "include_child_organization_units": True,
            "execution_role_name": "AWS-SystemsManager-AutomationExecutionRole",
            "target_location_max_concurrency": "10%",
            "target_location_max_errors": "0",
            "target_location_alarm_configuration": {"alarms": [{"name": "a"}], "ignore_poll_alarm_failure": False},
            "targets": [{"key": "tag:team", "values": ["x"]}],
            "targets_max_concurrency": "5",
            "targets_max_errors": "5%",
        }
    ],
    "automation_target_parameter_name": "InstanceId",
    "schedule_expression": "cron(0 2 ? * SUN#2 *)",
    "schedule_offset": 3,
    "duration": 4,
    "apply_only_at_cron_interval": True,
    "calendar_names": ["b-calendar", "a-calendar"],
    "max_concurrency": "50",
    "max_errors": "10%",
    "compliance_severity": "HIGH",
    "sync_compliance": "MANUAL",
    "output_location": {
        "s3_location": {
            "output_s3_bucket_name": "example-logs",
            "output_s3_key_prefix": "nodes",
            "output_s3_region": "eu-central-1",
        }
    },
    "alarm_configuration": {"alarms": [{"name": "too-many-errors"}], "ignore_poll_alarm_failure": True},
    "association_dispatch_assume_role": "arn:aws:iam::123456789012:role/dispatch",
}
WRITES = {
    "CreateAssociation",
    "UpdateAssociation",
    "DeleteAssociation",
    "StartAssociationsOnce",
    "AddTagsToResource",
    "RemoveTagsFromResource",
}


def error(code, operation):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Ssm:
    """Associations by id; an update keeps nothing that it was not sent, and both it and creation run."""

    def __init__(self, outcome="Success", nodes=("Online",)):
        self.associations, self.tags, self.executions = {}, {}, []
        self.outcome, self.nodes, self.busy, self.clock, self.page = outcome, nodes, 0, START, 50

    def _tick(self):
        self.clock += timedelta(minutes=1)
        return self.clock

    def run(self, association_id):
        version = self.associations[association_id]["AssociationVersion"]
        number = len(self.executions)
        self.executions.append(
            {
                "AssociationId": association_id,
                "ExecutionId": f"{number:08d}{RUN[8:]}",
                "AssociationVersion": version,
                "Status": "Pending",
                "CreatedTime": self._tick(),
            }
        )

    def ListAssociations(self, AssociationFilterList, NextToken=None):
        # With a name that only starts the same, as a listing might.
        rows = [
            {"AssociationId": key, "AssociationName": value["AssociationName"]}
            for key, value in self.associations.items()
        ] + [{"AssociationId": STRANGER, "AssociationName": "keep-images-too"}]
        start = int(NextToken or 0)
        end = start + self.page
        return {"Associations": rows[start:end], **({"NextToken": str(end)} if end < len(rows) else {})}

    def DescribeAssociation(self, AssociationId, AssociationVersion=None):
        if AssociationId not in self.associations:
            raise error("AssociationDoesNotExist", "DescribeAssociation")
        last = {"LastExecutionDate": self.executions[-1]["CreatedTime"]} if self.executions else {}
        return {"AssociationDescription": {"AssociationId": AssociationId, **self.associations[AssociationId], **last}}

    def ListTagsForResource(self, ResourceType, ResourceId):
        return {"TagList": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def CreateAssociation(self, Tags=(), **fields):
        if self.busy:
            self.busy -= 1
            raise error("ThrottlingException", "CreateAssociation")
        self.associations[ID] = {**fields, "AssociationVersion": "1"}
        self.tags = {tag["Key"]: tag["Value"] for tag in Tags}
        if not fields.get("ApplyOnlyAtCronInterval"):
            self.run(ID)
        return self.DescribeAssociation(ID)

    def UpdateAssociation(self, AssociationId, AssociationVersion, **fields):
        if AssociationVersion != self.associations[AssociationId]["AssociationVersion"]:
            raise error("InvalidAssociationVersion", "UpdateAssociation")
        version = str(int(AssociationVersion) + 1)
        self.associations[AssociationId] = {**fields, "AssociationVersion": version}
        if not fields.get("ApplyOnlyAtCronInterval"):
            self.run(AssociationId)
        return self.DescribeAssociation(AssociationId)

    def StartAssociationsOnce(self, AssociationIds):
        for association_id in AssociationIds:
            self.run(association_id)

    def AddTagsToResource(self, ResourceType, ResourceId, Tags):
        assert (ResourceType, ResourceId) == ("Association", ID)
        self.tags.update({tag["Key"]: tag["Value"] for tag in Tags})

    def RemoveTagsFromResource(self, ResourceType, ResourceId, TagKeys):
        for key in TagKeys:
            del self.tags[key]

    def DeleteAssociation(self, AssociationId):
        del self.associations[AssociationId]

    def DescribeInstanceInformation(self, Filters=()):
        return {
            "InstanceInformationList": [
                {"InstanceId": f"i-0123456789abcdef{number}", "PingStatus": ping}
                for number, ping in enumerate(self.nodes)
            ]
        }

    def DescribeAssociationExecutions(self, AssociationId, Filters=()):
        rows = list(self.executions)
        for wanted in Filters:
            if wanted["Key"] == "ExecutionId":
                rows = [row for row in rows if row["ExecutionId"] == wanted["Value"]]
            else:
                since = datetime.fromisoformat(wanted["Value"])
                rows = [row for row in rows if row["CreatedTime"] > since]
        # Nothing is over the first times it is looked at.
        answer = [dict(row) for row in reversed(rows)]
        for row in rows:
            row["Looks"] = row.get("Looks", 0) + 1
            row["Status"] = self.outcome if row["Looks"] > 3 else "Pending"
        return {"AssociationExecutions": answer}

    def DescribeAssociationExecutionTargets(self, AssociationId, ExecutionId):
        return {
            "AssociationExecutionTargets": [
                {"ResourceId": "i-0123456789abcdef0", "ResourceType": "ManagedInstance", "Status": "Success"},
                {"ResourceId": "i-0123456789abcdef1", "ResourceType": "ManagedInstance", "Status": self.outcome},
            ]
        }
