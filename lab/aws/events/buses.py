"""Event buses and what hangs on them: their ARNs, policies and listings, and API destinations.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateEventBus.html and API_PutPermission.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.core.exceptions import InvalidToken, JsonRESTError
from moto.core.utils import unix_time
from moto.events.exceptions import ResourceAlreadyExistsException, ResourceNotFoundException, ValidationException
from moto.events.models import EventsBackend
from moto.events.responses import EventsHandler
from moto.events.utils import PAGINATION_MODEL

from lab.aws.events import bus_policy
from lab.aws.validation import register

CHANGEABLE = {
    "Description": "description",
    "KmsKeyIdentifier": "kms_key_identifier",
    "DeadLetterConfig": "dead_letter_config",
}
# How many of each there may be: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html.
MOST = {"create_api_destination": 3000, "create_connection": 3000, "create_event_bus": 100}
POLICY = 10240
# Listings that moto never cuts.
WHOLE = ("list_api_destinations", "list_archives", "list_connections", "list_replays")
AUTHORIZATION = {
    "BASIC": "BasicAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
}
_plain: dict[str, Callable[..., Any]] = {}


class WrongToken(ValidationException):
    """A token that no listing gave out."""

    def __init__(self) -> None:
        super().__init__("Invalid token.")


def bus_of(self: EventsBackend, arn: str | None) -> str:
    """Return the name of a bus named by its name or its ARN: a partner's has slashes, which moto cuts it at.

    One of another account or Region is none of ours.
    """
    here = ["arn", self.partition, "events", self.region_name, self.account_id]
    if arn and arn.startswith("arn:") and arn.split(":")[:5] != here:
        raise ResourceNotFoundException(f"Event bus {arn} does not exist.")
    return (arn or "default").rpartition(":event-bus/")[2]


def _by_arn(self: EventsBackend, arn: str, change: bool = False) -> str:
    """Return the ARN of a rule or a bus that is there; moto looks for the name alone, which two buses may have."""
    buses = list(self.event_buses.values())
    rules = {rule.arn: rule for bus in buses for rule in bus.rules.values()}
    known = {*rules, *(bus.arn for bus in buses)}
    if change and arn in rules and rules[arn].managed_by:
        raise JsonRESTError("ManagedRuleException", f"{rules[arn].name} is a managed rule.")
    if arn not in known:
        name = arn.rpartition("/")[2]
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus default.")
    return arn


def list_tags(self: EventsBackend, arn: str) -> dict[str, list[dict[str, str]]]:
    """Return the tags of a rule or a bus."""
    tags: dict[str, list[dict[str, str]]] = self.tagger.list_tags_for_resource(_by_arn(self, arn))
    return tags


def tag(self: EventsBackend, arn: str, tags: dict[str, str]) -> None:
    """Set tags of a rule or a bus."""
    self.tagger.tag_resource(_by_arn(self, arn, change=True), self.tagger.convert_dict_to_tags_input(tags))


def untag(self: EventsBackend, arn: str, tag_keys: list[str]) -> None:
    """Remove tags of a rule or a bus."""
    self.tagger.untag_resource_using_names(_by_arn(self, arn, change=True), tag_keys)


def check_permission(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a policy that is none, and a statement without its parts."""
    policy = params.get("Policy")
    if policy is not None and len(policy) > POLICY:
        raise JsonRESTError("PolicyLengthExceededException", f"The event bus policy exceeds {POLICY} characters.")
    if policy is not None:
        bus_policy.statements(policy)
        return
    for name in ("Action", "Principal", "StatementId"):
        if not params.get(name):
            yield f"Parameter {name} must be specified."
    condition = params.get("Condition")
    if condition and (condition["Type"], condition["Key"]) != ("StringEquals", "aws:PrincipalOrgID"):
        yield "Parameter Condition is not valid. Reason: It takes StringEquals and aws:PrincipalOrgID."


def check_removal(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse to remove nothing in particular."""
    if not params.get("StatementId") and not params.get("RemoveAllPermissions"):
        yield "Parameter StatementId must be specified."


def check_queue(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a dead-letter queue that is no queue."""
    arn = (params.get("DeadLetterConfig") or {}).get("Arn")
    if arn and (arn.count(":") != 5 or arn.split(":")[2] != "sqs" or arn.endswith(".fifo")):
        yield f"Parameter {arn} is not valid. Reason: Dead-letter queue must be a standard Amazon SQS queue."


def check_connection(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a connection without the parameters of its own kind of authorization."""
    wanted = AUTHORIZATION[params["AuthorizationType"]]
    if not (params.get("AuthParameters") or {}).get(wanted):
        yield f"Parameter AuthParameters is not valid. Reason: {params['AuthorizationType']} needs {wanted}."


def _new(operation: str, kept: str) -> Callable[..., Any]:
    """Return a request that makes what is not there yet, as long as there are not too many."""

    what = operation.partition("_")[2].replace("_", " ").capitalize()

    def create(self: EventsBackend, name: str, *arguments: Any, **more: Any) -> Any:
        known = getattr(self, kept)
        if name in known:
            raise ResourceAlreadyExistsException(f"{what} {name} already exists.")
        if len(known) >= MOST.get(operation, len(known) + 1):
            raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        return _plain[operation](self, name, *arguments, **more)

    return create


def _of_connection(create: Callable[..., Any]) -> Callable[..., Any]:
    """Let a destination be made of a connection alone that is there."""

    def made(self: EventsBackend, name: str, description: str, connection_arn: str, *rest: Any, **more: Any) -> Any:
        connection = connection_arn.split("/")[1]
        if connection not in self.connections:
            raise ResourceNotFoundException(f"Connection '{connection}' does not exist.")
        return create(self, name, description, connection_arn, *rest, **more)

    return made


def check_endpoint(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse an endpoint that is called in the open.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
    """
    if (params.get("InvocationEndpoint") or "").lower().startswith("http://"):
        yield "Parameter InvocationEndpoint is not valid. Reason: It must be an HTTPS endpoint."


def check_replay(params: Mapping[str, Any]) -> Iterator[str]:
    """Refuse a replay of no time at all.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html
    """
    if params["EventStartTime"] == params["EventEndTime"]:
        yield "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."


def _known_partner(self: EventsBackend, name: str, account_id: str) -> Any:
    source = self.partner_event_sources.get(name)
    if source is not None and account_id in source.accounts:
        raise ResourceAlreadyExistsException(f"Event source {name} already exists.")
    return _plain["create_partner_event_source"](self, name, account_id)


def _paged(name: str) -> Callable[..., Any]:
    """Return a listing that takes its own tokens alone, as moto tells of another's in words of its own."""

    def respond(self: EventsBackend, *arguments: Any, **more: Any) -> Any:
        try:
            return _plain[name](self, *arguments, **more)
        except InvalidToken as wrong:
            raise WrongToken from wrong

    return respond


def _whole(name: str) -> Callable[..., Any]:
    """Return a listing that comes in one page, and so gives out no token."""

    def respond(self: EventsHandler) -> Any:
        if self._get_param("NextToken"):
            raise WrongToken
        return _plain[name](self)

    return respond


def list_archives(self: EventsBackend, name_prefix: str | None, source_arn: str | None, state: str | None) -> Any:
    """List archives; those of a bus that is not there are none to list."""
    if source_arn and (name_prefix, state) == (None, None):
        self._get_event_bus(source_arn)
    return _plain["list_archives"](self, name_prefix, source_arn, state)


def delete_event_bus(self: EventsBackend, name: str) -> None:
    """Delete a bus that no rule is on; one that is not there is gone already."""
    bus = self.event_buses.get(self._normalize_event_bus_arn(name))
    if bus is not None and bus.rules and bus.name != "default":
        raise ValidationException("EventBus can't be deleted since it has rules.")
    _plain["delete_event_bus"](self, name)


def update_event_bus(self: EventsHandler) -> str:
    """Answer UpdateEventBus."""
    bus = self.events_backend.describe_event_bus(self._get_param("Name") or "default")
    for name, attribute in CHANGEABLE.items():
        setattr(bus, attribute, self._get_param(name))
    bus.last_modified_time = unix_time()
    return json.dumps({"Arn": bus.arn, "Name": bus.name} | {name: self._get_param(name) for name in CHANGEABLE})


def install() -> None:
    """Replace these parts of moto's EventBridge."""
    bus_policy.install()
    register("events", "PutPermission", check_permission)
    register("events", "RemovePermission", check_removal)
    register("events", "CreateConnection", check_connection)
    register("events", "StartReplay", check_replay)
    for operation in ("CreateApiDestination", "UpdateApiDestination"):
        register("events", operation, check_endpoint)
    for operation in ("CreateEventBus", "UpdateEventBus"):
        register("events", operation, check_queue)
    EventsBackend._normalize_event_bus_arn = bus_of  # type: ignore[method-assign]
    EventsBackend.list_tags_for_resource = list_tags  # type: ignore[method-assign]
    EventsBackend.tag_resource = tag  # type: ignore[method-assign]
    EventsBackend.untag_resource = untag  # type: ignore[method-assign]
    if not _plain:
        answers = {
            "create_api_destination": _of_connection(_new("create_api_destination", "destinations")),
            "create_connection": _new("create_connection", "connections"),
            "create_event_bus": _new("create_event_bus", "event_buses"),
            "create_partner_event_source": _known_partner,
            "delete_event_bus": delete_event_bus,
            "list_archives": list_archives,
        }
        answers |= {name: _paged(name) for name in PAGINATION_MODEL}
        for operation, answer in answers.items():
            _plain[operation] = getattr(EventsBackend, operation)
            setattr(EventsBackend, operation, answer)
        # An archive's listing is in both classes.
        for name in WHOLE:
            _plain[f"{name} answered"] = getattr(EventsHandler, name)
            setattr(EventsHandler, name, _whole(f"{name} answered"))
    EventsHandler.update_event_bus = update_event_bus  # type: ignore[attr-defined]
    for listing in PAGINATION_MODEL.values():
        listing["fail_on_invalid_token"] = WrongToken
    # Many targets may have one ARN; only their ids differ.
    PAGINATION_MODEL["list_targets_by_rule"]["unique_attribute"] = "Id"
