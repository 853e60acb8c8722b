"""Every error that the model of an operation lists comes from the lab, or there is a reason why it cannot.

Each operation's page lists its errors, and says when they come; for example
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html,
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html and
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html; the limits are those of
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from botocore import xform_name
from moto.core.utils import get_service_model

NONE, THERE, LIMIT = "ResourceNotFoundException", "ResourceAlreadyExistsException", "LimitExceededException"
PATTERN, MANAGED = "InvalidEventPatternException", "ManagedRuleException"
HERE = "arn:aws:events:us-east-1:123456789012"
BUS, ARCHIVE = f"{HERE}:event-bus/default", f"{HERE}:archive/archive"
QUEUE, EVENTS = "arn:aws:sqs:us-east-1:123456789012:q", '{"source":["a"]}'
KEY = {
    "AuthorizationType": "API_KEY",
    "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}},
}
URL = {"InvocationEndpoint": "https://example.com", "HttpMethod": "POST"}
SPAN = {"EventStartTime": datetime.datetime(2026, 1, 1), "EventEndTime": datetime.datetime(2026, 1, 2)}
STATEMENT = {"Action": "events:PutEvents", "Principal": "111122223333", "StatementId": "s"}
TAGS = {"tag_resource": {"Tags": [{"Key": "a", "Value": "b"}]}, "untag_resource": {"TagKeys": ["a"]}}
ROUTES = {
    "FailoverConfig": {
        "Primary": {"HealthCheck": "arn:aws:route53:::healthcheck/12345678-1234-1234-1234-123456789012"},
        "Secondary": {"Route": "us-west-2"},
    }
}
BUSES = [{"EventBusArn": BUS}, {"EventBusArn": BUS.replace("us-east-1", "us-west-2")}]


def large_policy() -> str:
    statement = {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS}
    condition = {"StringEquals": {"aws:PrincipalOrgID": ["o-" + "x" * 10000]}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Condition": condition}]})


# Each operation, and what brings each of its errors about.
SHOWN: dict[str, dict[str, dict[str, Any]]] = {
    "activate_event_source": {NONE: {"Name": "aws.partner/none/none"}},
    "cancel_replay": {NONE: {"ReplayName": "none"}, "IllegalStatusException": {"ReplayName": "cancelled"}},
    "create_api_destination": {
        THERE: {"Name": "api", "ConnectionArn": "<connection>", **URL},
        NONE: {"Name": "new", "ConnectionArn": f"{HERE}:connection/none/12345678-1234-1234-1234-123456789012", **URL},
    },
    "create_archive": {
        THERE: {"ArchiveName": "archive", "EventSourceArn": BUS},
        NONE: {"ArchiveName": "new", "EventSourceArn": f"{HERE}:event-bus/none"},
        PATTERN: {"ArchiveName": "new", "EventSourceArn": BUS, "EventPattern": "{"},
    },
    "create_connection": {THERE: {"Name": "connection", **KEY}},
    "create_endpoint": {},
    "create_event_bus": {
        THERE: {"Name": "mine"},
        NONE: {"Name": "aws.partner/x/y", "EventSourceName": "aws.partner/x/y"},
    },
    "create_partner_event_source": {THERE: {"Name": "aws.partner/me/source", "Account": "123456789012"}},
    "deactivate_event_source": {NONE: {"Name": "aws.partner/none/none"}},
    "deauthorize_connection": {NONE: {"Name": "none"}},
    "delete_api_destination": {NONE: {"Name": "none"}},
    "delete_archive": {NONE: {"ArchiveName": "none"}},
    "delete_connection": {NONE: {"Name": "none"}},
    "delete_endpoint": {NONE: {"Name": "none"}},
    "delete_rule": {MANAGED: {"Name": "theirs"}, NONE: {"Name": "rule", "EventBusName": "none"}},
    "describe_api_destination": {NONE: {"Name": "none"}},
    "describe_archive": {NONE: {"ArchiveName": "none"}},
    "describe_connection": {NONE: {"Name": "none"}},
    "describe_endpoint": {NONE: {"Name": "none"}},
    "describe_event_bus": {NONE: {"Name": "none"}},
    "describe_event_source": {NONE: {"Name": "aws.partner/none/none"}},
    "describe_partner_event_source": {NONE: {"Name": "aws.partner/none/none"}},
    "describe_replay": {NONE: {"ReplayName": "none"}},
    "describe_rule": {NONE: {"Name": "none"}},
    "disable_rule": {NONE: {"Name": "none"}, MANAGED: {"Name": "theirs"}},
    "enable_rule": {NONE: {"Name": "none"}, MANAGED: {"Name": "theirs"}},
    "list_archives": {NONE: {"EventSourceArn": f"{HERE}:event-bus/none"}},
    "list_rule_names_by_target": {NONE: {"TargetArn": QUEUE, "EventBusName": "none"}},
    "list_rules": {NONE: {"EventBusName": "none"}},
    "list_tags_for_resource": {NONE: {"ResourceARN": f"{HERE}:rule/none"}},
    "list_targets_by_rule": {NONE: {"Rule": "none"}},
    "put_permission": {
        NONE: {"EventBusName": "none", **STATEMENT},
        "PolicyLengthExceededException": {"Policy": large_policy()},
    },
    "put_rule": {
        PATTERN: {"Name": "new", "EventPattern": "{"},
        MANAGED: {"Name": "theirs", "EventPattern": EVENTS},
        NONE: {"Name": "new", "EventPattern": EVENTS, "EventBusName": "none"},
    },
    "put_targets": {
        NONE: {"Rule": "none", "Targets": [{"Id": "q", "Arn": QUEUE}]},
        LIMIT: {"Rule": "full", "Targets": [{"Id": "t5", "Arn": QUEUE}]},
        MANAGED: {"Rule": "theirs", "Targets": [{"Id": "q", "Arn": QUEUE}]},
    },
    "remove_permission": {NONE: {"StatementId": "none"}},
    "remove_targets": {NONE: {"Rule": "none", "Ids": ["q"]}, MANAGED: {"Rule": "theirs", "Ids": ["q"]}},
    "start_replay": {
        NONE: {"ReplayName": "new", "EventSourceArn": ARCHIVE, "Destination": {"Arn": f"{BUS}-none"}, **SPAN},
        THERE: {"ReplayName": "over", "EventSourceArn": ARCHIVE, "Destination": {"Arn": BUS}, **SPAN},
    },
    **{
        name: {
            NONE: {"ResourceARN": f"{HERE}:rule/none", **more},
            MANAGED: {"ResourceARN": f"{HERE}:rule/theirs", **more},
        }
        for name, more in TAGS.items()
    },
    "test_event_pattern": {PATTERN: {"EventPattern": "{", "Event": "{}"}},
    "update_api_destination": {NONE: {"Name": "none"}},
    "update_archive": {
        NONE: {"ArchiveName": "none"},
        PATTERN: {"ArchiveName": "archive", "EventPattern": "{"},
    },
    "update_connection": {NONE: {"Name": "none"}},
    "update_endpoint": {NONE: {"Name": "none"}},
    "update_event_bus": {NONE: {"Name": "none"}},
}
_PARTNER = "No partner of AWS sends anything here, so no source of one has another state."
_SECRETS = "It is about the secret that a connection keeps with another service."
NEVER: dict[Any, str] = {
    "InternalException": "It is AWS's own fault.",
    "ConcurrentModificationException": "It comes when two callers change a thing in the same moment.",
    "OperationDisabledException": "AWS disables an operation in a Region.",
    "InvalidStateException": _PARTNER,
    "ThrottlingException": "Nothing is throttled here.",
    "AccessDeniedException": _SECRETS,
    ("CreateConnection", NONE): _SECRETS,
    ("CreateEndpoint", THERE): "Endpoints fail over between Regions, of which the lab has one: none is made.",
    ("CreateEndpoint", LIMIT): "The same.",
    ("DescribeArchive", THERE): "Describing makes nothing.",
    ("ListPartnerEventSourceAccounts", NONE): _PARTNER,
    ("StartReplay", PATTERN): "The request has no pattern.",
    ("StartReplay", LIMIT): "A replay is over at once, so that ten never run together.",
    **{
        (name, LIMIT): "The request makes nothing new."
        for name in ("UpdateApiDestination", "UpdateArchive", "UpdateConnection")
    },
    ("CreatePartnerEventSource", LIMIT): _PARTNER,
    ("CreateArchive", LIMIT): "AWS documents no quota of archives.",
}
# Where their limits are made small.
LIMITED = {
    "create_api_destination": {"Name": "new", "ConnectionArn": "<connection>", **URL},
    "create_connection": {"Name": "new", **KEY},
    "create_event_bus": {"Name": "new"},
    "put_rule": {"Name": "new", "EventPattern": EVENTS},
}
NAMES = {xform_name(name): name for name in get_service_model("events").operation_names}


@pytest.mark.parametrize("operation", SHOWN)
def test_every_error_of_an_operation_is_shown_or_explained(operation: str) -> None:
    name = NAMES[operation]
    listed = {shape.name for shape in get_service_model("events").operation_model(name).error_shapes}
    explained = {error for error in listed if error in NEVER or (name, error) in NEVER}
    shown = set(SHOWN[operation]) | ({LIMIT} if operation in LIMITED else set())
    assert shown == listed - explained


@pytest.fixture(name="world")
def world_fixture(bus: Any) -> Any:
    """Make what the calls are about, and return what puts the names of things in their place."""
    from moto.events.models import events_backends

    client = bus.client
    for name in ("full", "theirs"):
        client.put_rule(Name=name, EventPattern=EVENTS)
    client.put_targets(Rule="full", Targets=[{"Id": f"t{number}", "Arn": QUEUE} for number in range(5)])
    events_backends["123456789012"]["us-east-1"].event_buses["default"].rules["theirs"].managed_by = "x.amazonaws.com"
    client.create_event_bus(Name="mine")
    client.create_archive(ArchiveName="archive", EventSourceArn=BUS)
    for name in ("over", "cancelled"):
        client.start_replay(ReplayName=name, EventSourceArn=ARCHIVE, Destination={"Arn": BUS}, **SPAN)
    client.cancel_replay(ReplayName="cancelled")
    connection = client.create_connection(Name="connection", **KEY)["ConnectionArn"]
    client.create_api_destination(Name="api", ConnectionArn=connection, **URL)
    client.create_partner_event_source(Name="aws.partner/me/source", Account="123456789012")

    def put(given: dict[str, Any]) -> dict[str, Any]:
        return {key: connection if value == "<connection>" else value for key, value in given.items()}

    return put


def test_every_error_comes(world: Any, refuses: Any) -> None:
    calls = [(error, name, world(given)) for name, errors in SHOWN.items() for error, given in errors.items()]
    refuses.calls("events", calls)


def test_there_is_so_much_and_no_more(world: Any, refuses: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.aws.events import buses, rules

    monkeypatch.setattr(rules, "RULES_PER_BUS", 2)
    monkeypatch.setattr(buses, "MOST", dict.fromkeys(buses.MOST, 1) | {"create_event_bus": 2})
    refuses.calls("events", [(LIMIT, name, world(given)) for name, given in LIMITED.items()])
