"""Who is calling, and may they? Moto keeps the roles and policies; what they allow is decided here.

Messages: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import datetime
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import IAMBackend, ManagedPolicy, Role, iam_backends
from moto.sts.models import sts_backends

from lab import settings
from lab.aws.iam.conditions import Context
from lab.aws.iam.policy import Policy, Request, Verdict, verdict

ROOT = "root"
EXPIRED = "The security token included in the request is expired"
_KEY = re.compile(r"(AKIA|ASIA)[A-Z0-9]{16}")


class Denied(Exception):
    """IAM says no; the message is AWS's."""

    def __init__(self, message: str, code: str = "AccessDeniedException") -> None:
        super().__init__(message)
        self.message, self.code = message, code


class Principal(str):
    """A role's or user's ARN, or "root", and the name of the session it acts in."""

    session: str = "session"
    # What the session was narrowed to as it was made.
    policy: Policy | None = None

    def __new__(cls, arn: str, session: str = "session", policy: Policy | None = None) -> Principal:
        """Return a string that also knows its session."""
        made = super().__new__(cls, arn)
        made.session, made.policy = session, policy
        return made


@dataclass(frozen=True)
class _Key:
    principal: Principal
    expires: datetime.datetime | None


_keys: dict[str, _Key] = {}
_lock = threading.Lock()


def _backend(arn: str = "") -> IAMBackend:
    parts = arn.split(":")
    return iam_backends[parts[4]][parts[1]] if len(parts) > 5 else iam_backends[settings.ACCOUNT]["aws"]


def role(arn: str) -> Role | None:
    """Return the role with this ARN, if there is one."""
    return next((found for found in list(_backend(arn).roles.values()) if found.arn == arn), None)


def register(
    access_key_id: str,
    role_arn: str,
    instance_id: str | None = None,
    expires: datetime.datetime | None = None,
    policy: Policy | None = None,
) -> None:
    """Remember temporary credentials: whose they are, until when, and what they are narrowed to."""
    with _lock:
        _keys[access_key_id] = _Key(Principal(role_arn, instance_id or "session", policy), expires)


def caller(access_key_id: str) -> Principal:
    """Return whose an access key is."""
    with _lock:
        known = _keys.get(access_key_id)
    if known:
        if known.expires and known.expires <= datetime.datetime.now(datetime.UTC):
            raise Denied(EXPIRED, "ExpiredTokenException")
        return known.principal
    if access_key_id == settings.ACCESS_KEY or not _KEY.fullmatch(access_key_id):
        # Moto takes any key, and its own tests have some that could be no one's: those are the administrator's.
        return Principal(ROOT)
    known_roles = (one.get_assumed_role_from_access_key(access_key_id) for one in _every(sts_backends))
    assumed = next((found for found in known_roles if found), None)
    if assumed and assumed.expiration <= utcnow():
        raise Denied(EXPIRED, "ExpiredTokenException")
    if assumed:
        return Principal(assumed.role_arn, assumed.session_name, assumed.policy or None)
    users = [user for one in _every(iam_backends) for user in list(one.users.values())]
    for user in users:
        if user.has_access_key(access_key_id) and user.get_access_key_by_id(access_key_id).status == "Active":
            return Principal(user.arn)
    raise Denied("The security token included in the request is invalid.", "UnrecognizedClientException")


def _every(backends: Any) -> list[Any]:
    """Return a service's backends, of every account and partition: moto keeps a session with its role's account."""
    return [one for account in list(backends.values()) for one in list(account.values())]


def key_of(headers: Mapping[str, Any]) -> str:
    """Return the access key id that signed a request."""
    found = re.search(r"Credential=([^/]+)/", headers.get("Authorization", ""))
    return found[1] if found else settings.ACCESS_KEY


def _managed(policies: Mapping[str, ManagedPolicy]) -> list[Policy]:
    every = list(policies.values())
    return [version.document for policy in every for version in policy.versions if version.is_default]


@dataclass(frozen=True)
class _Identity:
    """What IAM knows of a principal."""

    shown: str
    policies: list[Policy]
    boundary: list[Policy] | None
    context: dict[str, str]


def _of_role(found: Role, session: str) -> _Identity:
    tags = {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in found.tags or []}
    arn, kept = found.permissions_boundary_arn, _backend(found.arn).managed_policies
    return _Identity(
        f"arn:{found.partition}:sts::{found.account_id}:assumed-role/{found.name}/{session}",
        [*found.policies.values(), *_managed(found.managed_policies)],
        _managed({arn: kept[arn]} if arn in kept else {}) if arn else None,
        {**tags, "aws:userid": f"{found.id}:{session}", "aws:PrincipalType": "AssumedRole"},
    )


def _identity(principal: str) -> _Identity:
    session = principal.session if isinstance(principal, Principal) else "session"
    found = role(principal)
    if found:
        return _of_role(found, session)
    backend = _backend(principal)
    user = next((one for one in list(backend.users.values()) if one.arn == principal), None)
    if user is None:
        # Credentials outlive their role, but then nothing allows anything.
        return _Identity(principal, [], None, {})
    policies: list[Policy] = [*user.policies.values(), *_managed(user.managed_policies)]
    for group in list(backend.groups.values()):
        if user in group.users:
            policies += [*group.policies.values(), *_managed(group.managed_policies)]
    facts = {"aws:username": user.name, "aws:userid": user.id, "aws:PrincipalType": "User"}
    return _Identity(user.arn, policies, None, facts)


def policies_of(arn: str) -> tuple[list[Policy], list[Policy] | None] | None:
    """Return the policies and the boundary of a role, user or group that is there."""
    backend = _backend(arn)
    for group in list(backend.groups.values()):
        if group.arn == arn:
            return [*group.policies.values(), *_managed(group.managed_policies)], None
    if role(arn) is None and all(user.arn != arn for user in list(backend.users.values())):
        return None
    found = _identity(arn)
    return found.policies, found.boundary


def shown(principal: str) -> str:
    """Return how a denial names a principal."""
    return _identity(principal).shown


def _ambient(principal: str) -> dict[str, str]:
    """Return the context every request has."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        "aws:PrincipalArn": principal,
        "aws:PrincipalAccount": principal.split(":")[4] if principal.count(":") >= 5 else settings.ACCOUNT,
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": settings.REGION,
        "aws:SecureTransport": "true",
    }


def check(
    principal: str,
    action: str,
    resource: str,
    context: Context | None = None,
    resource_policy: Policy | None = None,
) -> None:
    """Raise Denied unless the principal may do this to that; a resource's own policy may allow or deny it too."""
    if principal == ROOT:
        return
    identity = _identity(principal)
    facts = _ambient(principal) | identity.context | dict(context or {})
    request = Request(action, resource, facts, "AWS", principal)
    own = verdict(identity.policies, request)
    theirs = verdict([resource_policy], request) if resource_policy else Verdict.SILENT
    boundary = verdict(identity.boundary, request) if identity.boundary is not None else Verdict.ALLOW
    narrowed = principal.policy if isinstance(principal, Principal) else None
    session = verdict([narrowed], request) if narrowed else Verdict.ALLOW
    why = None
    if Verdict.DENY in (own, boundary, session):
        kind = "an identity-based policy" if own is Verdict.DENY else "a permissions boundary"
        kind = "a session policy" if session is Verdict.DENY else kind
        why = f"with an explicit deny in {kind}"
    elif theirs is Verdict.DENY:
        why = "with an explicit deny in a resource-based policy"
    elif Verdict.ALLOW not in (own, theirs):
        why = f"because no identity-based policy allows the {action} action"
    elif boundary is not Verdict.ALLOW:
        why = f"because no permissions boundary allows the {action} action"
    elif session is not Verdict.ALLOW:
        why = f"because no session policy allows the {action} action"
    if why:
        raise Denied(f"User: {identity.shown} is not authorized to perform: {action} on resource: {resource} {why}")


def _trust(found: Role) -> dict[str, Any]:
    """Return a role's trust policy; CloudFormation makes roles with any text, and one that is none trusts nobody."""
    try:
        document: dict[str, Any] = json.loads(found.assume_role_policy_document)
    except ValueError:
        return {"Statement": []}
    return document


def assume(role_arn: str, service: str, context: Context | None = None) -> None:
    """Raise Denied unless the role is there and its trust policy lets the service in."""
    found = role(role_arn)
    facts = _ambient(service) | dict(context or {})
    request = Request("sts:AssumeRole", role_arn, facts, "Service", service)
    if found is None or verdict([_trust(found)], request) is not Verdict.ALLOW:
        raise Denied(f"User: {service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}")


def assume_as(principal: str, role_arn: str, context: Context, action: str = "sts:AssumeRole") -> None:
    """Raise Denied unless the role trusts this user, role or account; where it trusts the account, that must too."""
    found = role(role_arn)
    arn = f"arn:aws:iam::{settings.ACCOUNT}:root" if principal == ROOT else principal
    facts = _ambient(arn) | dict(context)

    def trusted(who: str) -> bool:
        request = Request(action, role_arn, facts, "AWS", who)
        return found is not None and verdict([_trust(found)], request) is Verdict.ALLOW

    if not trusted(arn):
        who = arn if principal == ROOT else _identity(principal).shown
        raise Denied(f"User: {who} is not authorized to perform: {action} on resource: {role_arn}")
    if trusted(f"arn:aws:iam::{arn.split(':')[4]}:user/anybody-else"):
        check(principal, action, role_arn, context)


def trusts(role_arn: str, service: str) -> bool:
    """Tell whether a role is there and names the service as one that may assume it, whatever else it asks for."""
    found = role(role_arn)
    if found is None:
        return False
    document = _trust(found)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    bare = [{key: part for key, part in one.items() if key != "Condition"} for one in statements]
    allowing = {"Statement": [one for one in bare if one["Effect"] == "Allow"]}
    return verdict([allowing], Request("sts:AssumeRole", role_arn, {}, "Service", service)) is Verdict.ALLOW


def admits(policy: Policy | None, service: str, action: str, resource: str, context: Context) -> bool:
    """Tell whether a resource's own policy lets an AWS service do this: without one, none is let in."""
    if not policy:
        return False
    return verdict([policy], Request(action, resource, context, "Service", service)) is Verdict.ALLOW


def pass_role(principal: str, role_arn: str, service: str, context: Context | None = None) -> None:
    """Raise Denied unless the principal may hand the role to the service."""
    check(principal, "iam:PassRole", role_arn, {"iam:PassedToService": service} | dict(context or {}))


def install() -> None:
    """Learn of every key a node's role gets, and authorise what roles ask for."""
    from lab.aws.iam import requests
    from lab.node.fleet import FLEET

    requests.install()
    FLEET.on_credentials(register)
