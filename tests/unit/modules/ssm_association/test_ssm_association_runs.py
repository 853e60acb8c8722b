"""What ssm_association starts, waits for and refuses."""

from __future__ import annotations

import pytest
from association_backend import ALL, ID, NEW, START, STRANGER, WRITES, error


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
