"""Event buses: their policies, tags and listings.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateEventBus.html,
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html,
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateConnection.html and
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.calls import refusal


def test_a_bus_goes_when_no_rule_is_on_it_any_more(bus: Any) -> None:
    """The words are AWS's: https://github.com/hashicorp/terraform-provider-aws/issues/22131."""
    bus.client.create_event_bus(Name="mine")
    bus.client.put_rule(Name="one", EventBusName="mine", EventPattern='{"source": ["a"]}')
    error = refusal(bus.client.delete_event_bus, Name="mine")
    assert (error["Code"], error["Message"]) == ("ValidationException", "EventBus can't be deleted since it has rules.")
    bus.client.delete_rule(Name="one", EventBusName="mine")
    bus.client.delete_event_bus(Name="mine")
    bus.client.delete_event_bus(Name="mine")
    assert [one["Name"] for one in bus.client.list_event_buses()["EventBuses"]] == ["default"]


def test_a_bus_is_changed(bus: Any) -> None:
    bus.client.create_event_bus(Name="mine")
    bus.client.update_event_bus(Name="mine", Description="new")
    assert bus.client.describe_event_bus(Name="mine")["Description"] == "new"


@pytest.mark.parametrize("kind", ["BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"])
def test_a_connection_has_the_parameters_of_its_kind(bus: Any, kind: str) -> None:
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}
    given = {"Name": "c", "AuthorizationType": kind, "AuthParameters": key}
    if kind == "API_KEY":
        bus.client.create_connection(**given)
        given["AuthParameters"] = {}
    assert refusal(bus.client.create_connection, **given)["Code"] == "ValidationException"


def test_a_token_is_good_for_the_listing_alone_that_gave_it(bus: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html (NextToken)."""
    for name in ("one", "two"):
        bus.client.put_rule(Name=name, EventPattern='{"source": ["a"]}')
    token = {"NextToken": bus.client.list_rules(Limit=1)["NextToken"]}
    assert bus.client.list_rules(Limit=1, **token)["Rules"]
    others = ["list_event_buses", "list_archives", "list_connections", "list_api_destinations", "list_replays"]
    calls: list[Any] = [("ValidationException", name, token) for name in others]
    calls += [("ValidationException", "list_targets_by_rule", {"Rule": "push", **token})]
    refuses.calls("events", calls)


def test_a_bus_is_in_its_own_partition(bus: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html."""
    strange = "arn:aws-cn:events:us-east-1:123456789012:event-bus/default"
    calls = [("ResourceNotFoundException", "list_rules", {"EventBusName": strange})]
    refuses.calls("events", calls)
    assert bus.client.list_rules(EventBusName=strange.replace("aws-cn", "aws"))["Rules"]


def test_an_api_destination_is_called_over_tls_as_a_role(bus: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html."""
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}
    made = bus.client.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=key)
    given = {"Name": "d", "ConnectionArn": made["ConnectionArn"], "HttpMethod": "POST"}
    calls = [
        ("ValidationException", "create_api_destination", {**given, "InvocationEndpoint": "http://example.com/"}),
    ]
    refuses.calls("events", calls)
    arn = bus.client.create_api_destination(**given, InvocationEndpoint="https://example.com/")["ApiDestinationArn"]
    target = {"Id": "d", "Arn": arn}
    refuses.calls("events", [("ValidationException", "put_targets", {"Rule": "push", "Targets": [target]})])
    told = bus.client.put_targets(Rule="push", Targets=[target | {"RoleArn": bus.role}])
    assert told["FailedEntryCount"] == 0


def test_a_replay_takes_some_time(bus: Any, refuses: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html."""
    default = "arn:aws:events:us-east-1:123456789012:event-bus/default"
    archive = bus.client.create_archive(ArchiveName="a", EventSourceArn=default)["ArchiveArn"]
    replay = {"ReplayName": "r", "EventSourceArn": archive, "Destination": {"Arn": default}}
    at = {"EventStartTime": 1.7e9, "EventEndTime": 1.7e9}
    refuses.calls("events", [("ValidationException", "start_replay", {**replay, **at})])
    assert bus.client.start_replay(**replay, **at | {"EventEndTime": 1.7e9 + 60})["ReplayArn"]
