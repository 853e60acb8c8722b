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
