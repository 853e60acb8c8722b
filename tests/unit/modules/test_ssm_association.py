from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
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


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    taken = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.fixture(name="lab")
def fixture(strict_client, four_cases):
    """Return a backend, its client, and the four cases of this module."""

    def make(**how):
        backend = Ssm(**how)
        client = strict_client("ssm", backend)

        def cases(**options):
            untold = ("association_id", "execution")
            return four_cases("ssm_association", client, WRITES, untold, **options)["association"]

        return backend, client, cases

    return make


def test_lifecycle(lab):
    backend, client, cases = lab()
    made = cases(**NEW)
    assert made["parameters"] == NEW["parameters"] and made["targets"] == NEW["targets"]
    assert made["association_version"] == "1" and made["association_id"] == ID
    assert made["tags"] == backend.tags == {"costCentre": "A"}
    cases(**{**NEW, "max_errors": "10%"})
    assert backend.associations[ID]["ScheduleExpression"] == "rate(30 minutes)"
    retagged = cases(association_name="keep-images", tags={"owner": "B"})
    assert retagged["tags"] == backend.tags == {"owner": "B"}
    assert cases(association_name="keep-images", state="absent") == {}


def test_all_pages_are_looked_through(lab, run_module):
    backend, client, _cases = lab()
    backend.page = 1
    backend.associations = {
        OTHER: {"AssociationName": "another", "Name": "n"},
        ID: {"AssociationName": "keep-images", "Name": "n"},
    }
    assert run_module("ssm_association", association_name="keep-images", state="absent")["changed"]
    assert list(backend.associations) == [OTHER] and client.names().count("ListAssociations") == 4


def test_nothing_to_change_takes_three_calls(lab, run_module):
    _backend, client, cases = lab()
    cases(**NEW)
    client.calls.clear()
    run_module("ssm_association", association_id=ID, **{**NEW, "association_name": "keep-images"})
    assert client.names() == ["DescribeAssociation", "ListTagsForResource"]
    client.calls.clear()
    run_module("ssm_association", **NEW)
    assert client.names() == ["ListAssociations", "DescribeAssociation", "ListTagsForResource"]


def test_every_option_is_sent_and_comes_back(lab):
    backend, client, cases = lab()
    made = cases(**{**NEW, **ALL})
    assert {key: made[key] for key in ALL} == ALL
    sent = client.requests("CreateAssociation") or [backend.associations[ID]]
    place = sent[0]["TargetLocations"][0]
    assert place["TargetLocationAlarmConfiguration"] == {"Alarms": [{"Name": "a"}], "IgnorePollAlarmFailure": False}
    assert sent[0]["OutputLocation"]["S3Location"]["OutputS3KeyPrefix"] == "nodes"


@pytest.mark.parametrize("option", sorted({*NEW, *ALL} - {"association_name", "name", "tags"}))
def test_an_option_left_out_survives_an_update(lab, option):
    backend, _client, cases = lab()
    everything = {**NEW, **ALL}
    cases(**everything)
    before = {key: value for key, value in backend.associations[ID].items() if key != "AssociationVersion"}
    cases(association_name="keep-images", name="another-document")
    after = {key: value for key, value in backend.associations[ID].items() if key != "AssociationVersion"}
    assert after == {**before, "Name": "another-document"}


EMPTY = {
    "parameters": {},
    "targets": [],
    "target_locations": [],
    "automation_target_parameter_name": "",
    "schedule_offset": 0,
    "duration": 0,
    "calendar_names": [],
    "max_concurrency": "",
    "max_errors": "",
    "output_location": {},
    "alarm_configuration": {},
    "association_dispatch_assume_role": "",
}


def test_an_empty_part_of_an_option_is_refused(lab, run_module):
    _backend, client, _cases = lab()
    result = run_module("ssm_association", **NEW, alarm_configuration={"ignore_poll_alarm_failure": True})
    assert "alarm_configuration" in result["msg"] and "must have alarms" in result["msg"]
    assert not WRITES & set(client.names())


@pytest.mark.parametrize("option", sorted(EMPTY))
def test_an_empty_option_goes(lab, option):
    backend, _client, cases = lab()
    cases(**{**NEW, **ALL})
    count = len(backend.associations[ID])
    after = cases(association_name="keep-images", **{option: EMPTY[option]})
    assert option not in after and len(backend.associations[ID]) == count - 1


def test_a_schedule_goes(lab):
    backend, _client, cases = lab()
    cases(**NEW)
    assert "schedule_expression" not in cases(association_name="keep-images", schedule_expression="")


def test_a_part_of_an_option_leaves_the_rest(lab):
    backend, _client, cases = lab()
    cases(**{**NEW, **ALL})
    place = {"output_s3_bucket_name": "example-logs", "output_s3_key_prefix": "elsewhere"}
    cases(association_name="keep-images", output_location={"s3_location": place})
    kept = backend.associations[ID]["OutputLocation"]["S3Location"]
    assert kept == {
        "OutputS3BucketName": "example-logs",
        "OutputS3KeyPrefix": "elsewhere",
        "OutputS3Region": "eu-central-1",
    }
    place = {"output_s3_bucket_name": "example-logs", "output_s3_key_prefix": ""}
    cases(association_name="keep-images", output_location={"s3_location": place})
    assert "OutputS3KeyPrefix" not in backend.associations[ID]["OutputLocation"]["S3Location"]
    cases(association_name="keep-images", alarm_configuration={"alarms": [{"name": "other"}]})
    assert backend.associations[ID]["AlarmConfiguration"]["IgnorePollAlarmFailure"] is True


def test_targets_and_target_maps_replace_each_other(lab, run_module):
    backend, client, cases = lab()
    cases(**NEW)
    maps = [{"InstanceId": ["i-1"], "Sub_Key": ["a", 2]}]
    made = cases(association_name="keep-images", target_maps=maps)
    assert "targets" not in made and made["target_maps"] == [{"InstanceId": ["i-1"], "Sub_Key": ["a", "2"]}]
    assert "target_maps" not in cases(association_name="keep-images", targets=NEW["targets"])
    both = run_module("ssm_association", **NEW, target_maps=maps)
    assert "mutually exclusive: targets|target_maps" in both["msg"]


@pytest.mark.parametrize(
    "same",
    [
        {"targets": [{"key": "tag:team", "values": ["y", "x"]}]},
        {"document_version": "$DEFAULT"},
        {"apply_only_at_cron_interval": False},
        {"compliance_severity": "UNSPECIFIED", "sync_compliance": "AUTO"},
        {"name": "arn:aws:ssm:eu-central-1:123456789012:document/nodecache-ml"},
        {"parameters": {"action": "prefetch", "images": ["b", "a"], "unset": None}},
        {"tags": {"costCentre": "A"}, "purge_tags": False},
        {"max_errors": ""},
    ],
    ids=str,
)
def test_what_means_the_same_is_no_change(lab, run_module, same):
    _backend, client, cases = lab()
    cases(**NEW)
    client.calls.clear()
    again = run_module("ssm_association", **{**NEW, **same})
    assert not again["changed"] and not WRITES & set(client.names())


@pytest.mark.parametrize(
    "other",
    [
        {"parameters": {"action": ["prefetch"], "images": ["a", "b"]}},
        {"targets": [{"key": "tag:team", "values": ["x"]}]},
        {"name": "other"},
        {"document_version": "$LATEST"},
    ],
    ids=str,
)
def test_what_differs_is_a_change(lab, run_module, other):
    _backend, client, cases = lab()
    cases(**NEW)
    assert run_module("ssm_association", **{**NEW, **other})["changed"]


def test_order_in_lists_that_have_none_is_no_change(lab, run_module):
    _backend, _client, cases = lab()
    cases(**{**NEW, **ALL})
    turned = {"calendar_names": ALL["calendar_names"][::-1]}
    place = {**ALL["target_locations"][0], "accounts": ALL["target_locations"][0]["accounts"][::-1]}
    del place["target_location_alarm_configuration"]["ignore_poll_alarm_failure"]
    assert not run_module("ssm_association", **{**NEW, **ALL, **turned, "target_locations": [place]})["changed"]


def test_values_are_texts_and_lists(lab):
    backend, _client, cases = lab()
    cases(**{**NEW, "parameters": {"count": 5, "flag": True, "map": {"a_b": 1}, "many": ["x", 2]}})
    assert backend.associations[ID]["Parameters"] == {
        "count": ["5"],
        "flag": ["true"],
        "map": ['{"a_b": 1}'],
        "many": ["x", "2"],
    }


def test_aws_own_tags_stay(lab):
    backend, _client, cases = lab()
    cases(**NEW)
    backend.tags["aws:cloudformation:stack-name"] = "s"
    cases(association_name="keep-images", tags={})
    assert backend.tags == {"aws:cloudformation:stack-name": "s"}


def test_two_of_one_name_are_told_apart_by_id(lab, run_module):
    backend, client, _cases = lab()
    backend.associations = {key: {"AssociationName": "keep-images", "Name": "n"} for key in (ID, OTHER)}
    for options in (NEW, {**NEW, "state": "absent"}, {**NEW, "state": "started"}):
        assert f"{ID}, {OTHER}" in run_module("ssm_association", **options)["msg"]
    assert not WRITES & set(client.names())
    assert run_module("ssm_association", association_id=OTHER, state="absent")["changed"]
    assert list(backend.associations) == [ID]


def test_what_aws_holds_is_not_judged(lab, run_module):
    backend, _client, cases = lab()
    cases(**NEW)
    backend.associations[ID]["MaxConcurrency"] = "more than botocore knows"
    assert run_module("ssm_association", association_name="keep-images", max_errors="5")["changed"]
    assert backend.associations[ID]["MaxConcurrency"] == "more than botocore knows"


def test_a_name_can_change_by_id(lab, run_module):
    backend, _client, cases = lab()
    cases(**NEW)
    cases(association_id=ID, association_name="renamed")
    assert backend.associations[ID]["AssociationName"] == "renamed"
    assert backend.associations[ID]["Parameters"] == NEW["parameters"]


def test_no_association_has_that_id(lab, run_module):
    lab()
    assert "does not exist" in run_module("ssm_association", association_id=ID, name="nodecache-ml")["msg"]
    assert not run_module("ssm_association", association_id=ID, state="absent")["changed"]


def test_gone_in_between_is_gone(lab, run_module, monkeypatch):
    backend, _client, cases = lab()
    cases(**NEW)

    def gone(AssociationId):
        backend.associations.clear()
        raise error("AssociationDoesNotExist", "DeleteAssociation")

    monkeypatch.setattr(backend, "DeleteAssociation", gone)
    assert run_module("ssm_association", association_name="keep-images", state="absent")["changed"]


def test_started_runs_once_each_time(lab, run_module):
    backend, client, _cases = lab()
    made = run_module("ssm_association", **NEW, state="started")
    assert made["changed"] and len(backend.executions) == 1 and "StartAssociationsOnce" not in client.names()
    client.calls.clear()
    check = run_module("ssm_association", check=True, **NEW, state="started")
    assert check["changed"] and not WRITES & set(client.names())
    done = run_module("ssm_association", **NEW, state="started")
    assert done["association"] == check["association"] and done["diff"] == check["diff"]
    assert len(backend.executions) == 2 and client.requests("StartAssociationsOnce") == [{"AssociationIds": [ID]}]


def test_started_starts_what_its_change_does_not_run(lab, run_module):
    backend, client, _cases = lab()
    run_module("ssm_association", **{**NEW, **ALL}, state="started")
    assert len(backend.executions) == 1 and client.names().count("StartAssociationsOnce") == 1


def test_waits_for_the_run_it_caused(lab, run_module, naps):
    backend, _client, _cases = lab()
    first = run_module("ssm_association", **NEW, wait=True)["execution"]
    assert first["execution_id"] == backend.executions[0]["ExecutionId"] and first["status"] == "Success"
    assert [target["status"] for target in first["targets"]] == ["Success", "Success"]
    # The one before may have come after the last execution that the association tells of.
    backend.run(ID)
    second = run_module("ssm_association", **{**NEW, "max_errors": "5"}, wait=True)["execution"]
    assert second["execution_id"] == backend.executions[2]["ExecutionId"] and second["association_version"] == "2"
    third = run_module("ssm_association", **NEW, state="started", wait=True)["execution"]
    assert third["execution_id"] == backend.executions[3]["ExecutionId"]
    assert naps


def test_waits_for_a_run_that_shows_late(lab, run_module, monkeypatch):
    backend, _client, cases = lab()
    cases(**NEW)
    describe, looks = backend.DescribeAssociationExecutions, []
    # What the association tells of its last execution lags behind, as does the list of them.
    monkeypatch.setattr(
        backend,
        "DescribeAssociation",
        lambda AssociationId: {
            "AssociationDescription": {
                "AssociationId": ID,
                **backend.associations[ID],
                "LastExecutionDate": START.replace(year=2025),
            }
        },
    )

    def late(**request):
        looks.append(request)
        found = describe(**request)["AssociationExecutions"]
        return {"AssociationExecutions": found[1:] if len(looks) in (2, 3) else found}

    monkeypatch.setattr(backend, "DescribeAssociationExecutions", late)
    result = run_module("ssm_association", **NEW, state="started", wait=True)
    assert result["execution"]["execution_id"] == backend.executions[1]["ExecutionId"]


def test_does_not_wait_for_what_does_not_run(lab, run_module):
    _backend, client, cases = lab()
    cases(**NEW)
    for options in (NEW, {**NEW, "tags": {}}, {**NEW, **ALL}):
        client.calls.clear()
        assert run_module("ssm_association", **options, wait=True)["execution"] == {}
        assert "DescribeAssociationExecutions" not in client.names()


@pytest.mark.parametrize("nodes", [(), ("ConnectionLost",)])
def test_ends_at_once_when_no_node_is_there(lab, run_module, naps, nodes):
    lab(nodes=nodes)
    result = run_module("ssm_association", **NEW, wait=True)
    assert result["changed"] and not naps
    assert result["execution"] == {"status": "Pending", "detailed_status": "NoInstancesInTag", "targets": []}


@pytest.mark.parametrize(
    ("targets", "filters"),
    [
        ([("tag:team", ["x"]), ("tag-key", ["gpu"])], [("tag:team", ["x"]), ("tag-key", ["gpu"])]),
        ([("InstanceIds", ["i-0123456789abcdef0"])], [("InstanceIds", ["i-0123456789abcdef0"])]),
        ([("InstanceIds", ["i-0123456789abcdef0"]), ("tag:team", ["x"])], [("tag:team", ["x"])]),
        ([("InstanceIds", ["*"])], None),
        ([("resource-groups:Name", ["g"])], "not asked"),
    ],
    ids=str,
)
def test_nodes_are_looked_for_as_aws_allows(lab, run_module, targets, filters):
    _backend, client, _cases = lab()
    options = {**NEW, "targets": [{"key": key, "values": values} for key, values in targets]}
    assert run_module("ssm_association", **options, wait=True)["execution"]["status"] == "Success"
    asked = [
        [(row["Key"], row["Values"]) for row in request["Filters"]] if "Filters" in request else None
        for request in client.requests("DescribeInstanceInformation")
    ]
    assert asked == ([] if filters == "not asked" else [filters])


def test_an_unknown_node_is_no_node(lab, run_module, monkeypatch):
    backend, _client, _cases = lab()

    def unknown(Filters):
        raise error("InvalidInstanceId", "DescribeInstanceInformation")

    monkeypatch.setattr(backend, "DescribeInstanceInformation", unknown)
    options = {**NEW, "targets": [{"key": "InstanceIds", "values": ["i-0123456789abcdef0"]}]}
    assert run_module("ssm_association", **options, wait=True)["execution"]["detailed_status"] == "NoInstancesInTag"


def test_a_failed_run_fails_and_names_the_node(lab, run_module):
    lab(outcome="Failed")
    result = run_module("ssm_association", **NEW, wait=True)
    assert result["failed"] and result["changed"] and result["execution"]["status"] == "Failed"
    assert result["msg"].startswith("association 'keep-images': its run 00000000-")
    assert "i-0123456789abcdef1 Failed" in result["msg"] and "i-0123456789abcdef0" not in result["msg"]


def test_patience_ends(lab, run_module):
    lab(outcome="InProgress")
    result = run_module("ssm_association", **NEW, wait=True, wait_timeout=20)
    assert result["failed"] and "seconds; it was last seen as InProgress" in result["msg"]
    assert result["changed"] and result["association"]["association_id"] == ID and result["execution"] == {}


def test_a_new_association_is_waited_for_until_lists_have_it(lab, run_module, naps, monkeypatch):
    backend, _client, _cases = lab()
    listed, hidden = backend.ListAssociations, [2]

    def late(**request):
        rows = listed(**request)
        if backend.associations and hidden[0]:
            hidden[0] -= 1
            return {"Associations": [row for row in rows["Associations"] if row["AssociationId"] != ID]}
        return rows

    monkeypatch.setattr(backend, "ListAssociations", late)
    assert run_module("ssm_association", **NEW)["changed"] and naps == [1, 1]
    assert not run_module("ssm_association", **NEW)["changed"]
    run_module("ssm_association", **NEW, state="absent")
    hidden[0] = 1000
    never = run_module("ssm_association", **NEW)
    assert never["changed"] and never["msg"] == (
        f"association 'keep-images', which was created as '{ID}': was not ready after 60 seconds; "
        f"it was last seen as {STRANGER}."
    )


def test_a_deleted_association_is_waited_for_until_no_list_has_it(lab, run_module, naps, monkeypatch):
    backend, _client, cases = lab()
    cases(**NEW)
    listed, kept = backend.ListAssociations, [2]

    def late(**request):
        rows = listed(**request)["Associations"]
        if not backend.associations and kept[0]:
            kept[0] -= 1
            rows = [*rows, {"AssociationId": ID, "AssociationName": "keep-images"}]
        return {"Associations": rows}

    monkeypatch.setattr(backend, "ListAssociations", late)
    assert run_module("ssm_association", **NEW, state="absent")["changed"] and naps == [1, 1]
    cases(**NEW)
    kept[0] = 1000
    never = run_module("ssm_association", **NEW, state="absent")
    assert never["changed"] and never["msg"] == (
        f"the name 'keep-images' of association '{ID}', which was deleted: was not ready after 60 seconds; "
        f"it was last seen as {STRANGER} {ID}."
    )


def test_throttling_is_waited_out(lab, run_module, naps):
    backend, client, _cases = lab()
    backend.busy = 2
    assert run_module("ssm_association", **NEW)["changed"]
    assert client.names().count("CreateAssociation") == 3 and len(naps) == 2


def test_an_error_is_one_sentence(lab, run_module, monkeypatch):
    backend, _client, _cases = lab()

    def refuse(**_request):
        raise error("InvalidDocument", "CreateAssociation")

    monkeypatch.setattr(backend, "CreateAssociation", refuse)
    result = run_module("ssm_association", **NEW)
    assert result["msg"] == "association 'keep-images': could not create (InvalidDocument): no"


def test_a_change_that_somebody_else_made_meanwhile_is_not_undone(lab, run_module, monkeypatch):
    backend, _client, cases = lab()
    cases(**NEW)
    describe = backend.DescribeAssociation

    def late(AssociationId):
        found = describe(AssociationId)
        backend.associations[AssociationId]["AssociationVersion"] = "7"
        return found

    monkeypatch.setattr(backend, "DescribeAssociation", late)
    result = run_module("ssm_association", **{**NEW, "max_errors": "5"})
    assert result["msg"] == f"association '{ID}': could not update (InvalidAssociationVersion): no"


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedule_expression": "rate(5 minutes)"},
        {"schedule_expression": "rate(31 days)"},
        {"schedule_expression": "rate(1 hours)"},
        {"schedule_expression": "rate(2 hour)"},
        {"schedule_expression": "daily"},
        {"schedule_expression": "cron(* *)"},
        {"schedule_expression": "at(tomorrow)"},
        {"schedule_expression": f"cron({'0' * 260})"},
        {"max_concurrency": "0"},
        {"max_concurrency": "101%"},
        {"max_errors": "-1"},
        {"max_errors": "5 %"},
        {"association_name": "a b"},
        {"association_name": ""},
        {"association_id": "8dfe3659"},
        {"name": "a b c"},
        {"document_version": "0"},
        {"apply_only_at_cron_interval": True},
        {"schedule_offset": 7},
        {"duration": 25},
        {"targets": [{"key": "tag:a", "values": []}]},
        {"targets": [{"key": "tag:a+b", "values": ["x"]}]},
        {"targets": [{"key": "tag:a", "values": ["x"] * 51}]},
        {"targets": [{"key": f"tag:{n}", "values": ["x"]} for n in range(6)]},
        {"parameters": {"": ["x"]}},
        {"parameters": {"images": ["x", None]}},
        {"wait_timeout": 0},
        {"alarm_configuration": {"alarms": [{"name": " "}]}},
        {"alarm_configuration": {"alarms": [{"name": "a"}, {"name": "b"}]}},
        {"output_location": {"s3_location": {"output_s3_key_prefix": "x"}}},
        {"output_location": {"s3_location": {"output_s3_bucket_name": "x"}}},
        {"output_location": {"s3_location": {"output_s3_bucket_name": "abc", "output_s3_region": "x"}}},
        {"association_dispatch_assume_role": "dispatch"},
        {"automation_target_parameter_name": "x" * 51},
        {"target_locations": [{"accounts": []}]},
        {"target_locations": [{"target_location_max_errors": "x"}]},
        {"target_locations": [{"execution_role_name": "a b"}]},
        {"target_locations": [{"exclude_accounts": ["1"]}]},
        {"target_locations": [{"targets": [{"key": f"tag:{n}", "values": ["x"]} for n in range(2)]}]},
        {"tags": {"aws:mine": "x"}},
    ],
    ids=str,
)
def test_refusals(lab, run_module, wrong):
    _backend, client, _cases = lab()
    result = run_module("ssm_association", **{**NEW, **wrong})
    assert next(iter(wrong)) in result["msg"]
    assert not client.names()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"schedule_offset": 3}, "schedule_offset must go with apply_only_at_cron_interval"),
        ({"duration": 3}, "duration must go with apply_only_at_cron_interval"),
        ({"schedule_expression": "", "apply_only_at_cron_interval": True}, "apply_only_at_cron_interval is true but"),
        ({"name": None}, "'keep-images' needs name"),
    ],
)
def test_refusals_of_a_whole(lab, run_module, wrong, words):
    _backend, client, _cases = lab()
    assert words in run_module("ssm_association", **{**NEW, **wrong})["msg"]
    assert not WRITES & set(client.names())


def test_a_change_must_fit_what_is_there(lab, run_module):
    _backend, client, cases = lab()
    cases(**{**NEW, **ALL})
    client.calls.clear()
    result = run_module("ssm_association", association_name="keep-images", schedule_expression="rate(1 hour)")
    assert "apply_only_at_cron_interval is true but cannot go with" in result["msg"]
    assert not WRITES & set(client.names())
