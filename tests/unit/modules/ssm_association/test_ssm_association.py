"""What ssm_association makes of an association."""

from __future__ import annotations

import pytest
from association_backend import ALL, ID, NEW, OTHER, WRITES, error


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
