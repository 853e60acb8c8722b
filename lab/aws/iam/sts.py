"""STS tells a node who it is, and lets in whom a role trusts; moto knows only its own keys, and asks nobody.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
"""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any
from xml.parsers.expat import ExpatError

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import iam_backends
from moto.sts.exceptions import STSClientError, STSValidationError
from moto.sts.models import STSBackend
from moto.sts.responses import TokenResponse

from lab.aws import iam
from lab.aws.iam.checks import check_policy
from lab.aws.iam.policy import many

# The query protocol's words for what the JSON services call by longer names.
LONGEST, CHAINED = 2048, 3600
NOTHING = '{"Version": "2012-10-17", "Statement": []}'
CODES = {"ExpiredTokenException": "ExpiredToken", "UnrecognizedClientException": "InvalidClientTokenId"}
_original: dict[str, Any] = {}


def get_caller_identity(self: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
    """Return the user id, the ARN and the account of whoever signed."""
    try:
        principal = iam.caller(access_key_id)
    except iam.Denied as denied:
        raise _error(denied) from denied
    found = iam.role(principal)
    if principal == iam.ROOT or found is None:
        told: tuple[str, str, str] = _original["get_caller_identity"](self, access_key_id, region)
        return told
    _, partition, _, _, account, _ = found.arn.split(":")
    arn = f"arn:{partition}:sts::{account}:assumed-role/{found.name}/{principal.session}"
    return f"{found.id}:{principal.session}", arn, account


def _error(denied: iam.Denied) -> STSClientError:
    """Return a denial as the query protocol has it, which calls it by the shorter name."""
    return STSClientError(CODES.get(denied.code, denied.code.removesuffix("Exception")), denied.message)


def _caller(response: TokenResponse) -> iam.Principal:
    try:
        return iam.caller(response.get_access_key())
    except iam.Denied as denied:
        raise _error(denied) from denied


def _is_session(caller: iam.Principal) -> bool:
    return caller != iam.ROOT and iam.role(caller) is not None


def _check_policy(text: str | None) -> None:
    """Refuse a session policy that is too long, or none."""
    if text and len(text) > LONGEST:
        said = (
            f"Value '{text}' at 'policy' failed to satisfy constraint: Member must have length less than or equal to "
        )
        raise STSValidationError(f"1 validation error detected: {said}{LONGEST}")
    if text:
        try:
            document = json.loads(text)
            # A session's policy may be of the older version, which is the one meant where none is said.
            if isinstance(document, dict) and document.get("Version") in (None, "2008-10-17"):
                document["Version"] = "2012-10-17"
            check_policy(json.dumps(document))
        except ValueError as wrong:
            raise STSClientError("MalformedPolicyDocument", "Syntax errors in policy.") from wrong
        except MalformedPolicyDocument as wrong:
            raise STSClientError("MalformedPolicyDocument", wrong.message) from wrong


def _narrowed(role_arn: str, policy: str | None, arns: list[str]) -> dict[str, Any] | None:
    """Return all that a session is narrowed to as one policy: what one of them allows, all of them together allow."""
    kept = iam_backends[role_arn.split(":")[4]][role_arn.split(":")[1]].managed_policies
    documents = [
        version.document for arn in arns if arn in kept for version in kept[arn].versions if version.is_default
    ]
    rows = [json.loads(text)["Statement"] for text in [*documents, *([policy] if policy else [])]]
    return {"Version": "2012-10-17", "Statement": [one for row in rows for one in many(row)]} if arns else None


def assume_role(self: TokenResponse) -> Any:
    """Let a caller act as a role that is there and trusts it, for as long as the role's sessions may last."""
    role_arn, external = self._get_param("RoleArn"), self._get_param("ExternalId")
    found, caller = iam.role(role_arn), _caller(self)
    if self._get_param("ProvidedContexts"):
        raise STSClientError("InvalidContextAssertion", "The context assertion is not valid.")
    _check_policy(self._get_param("Policy"))
    if _is_session(caller) and self._get_int_param("DurationSeconds", CHAINED) > CHAINED:
        raise STSValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    try:
        facts = {"sts:ExternalId": external} if external else {}
        iam.assume_as(caller, role_arn, facts)
        if self._get_param("Tags"):
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
            iam.assume_as(caller, role_arn, facts, "sts:TagSession")
    except iam.Denied as denied:
        raise _error(denied) from denied
    if found is not None and self._get_int_param("DurationSeconds", 3600) > int(found.max_session_duration or 3600):
        raise STSValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    answer = _original["assume_role"](self)
    arns = [one.get("arn", "") for one in self._get_params().get("PolicyArns") or []]
    if narrowed := _narrowed(role_arn, self._get_param("Policy"), arns):
        seconds = self._get_int_param("DurationSeconds", 3600)
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        key = answer.result["Credentials"].access_key_id
        iam.register(key, role_arn, self._get_param("RoleSessionName"), ends, narrowed)
    return answer


def assume_role_with_saml(self: STSBackend, **given: Any) -> Any:
    """Assume a role, or say that the assertion is none; moto falls over it."""
    try:
        return _original["assume_role_with_saml"](self, **given)
    except (ValueError, KeyError, TypeError, ExpatError) as wrong:
        raise STSClientError("InvalidIdentityToken", "The SAML response could not be parsed.") from wrong


def _own_key(response: TokenResponse, caller: iam.Principal, answer: Any, policy: str | None = None) -> Any:
    """Put a key of the caller's own into an answer: moto gives everybody the one that is the administrator's here."""
    if caller != iam.ROOT:
        keys = answer.result["Credentials"]
        keys["AccessKeyId"] = f"ASIA{uuid.uuid4().hex[:16].upper()}"
        seconds = response._get_int_param("DurationSeconds", 43200)
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        iam.register(keys["AccessKeyId"], caller, None, ends, policy)
    return answer


def get_federation_token(self: TokenResponse) -> Any:
    """Give a user's delegate a token, which without a policy allows nothing; a role's session has none to give."""
    caller, policy = _caller(self), self._get_param("Policy")
    if _is_session(caller):
        raise STSClientError("AccessDenied", "Cannot call GetFederationToken with session credentials")
    _check_policy(policy)
    return _own_key(self, caller, _original["get_federation_token"](self), policy or NOTHING)


def get_session_token(self: TokenResponse) -> Any:
    """Give a user a session of the user's own; a role's session has none to give."""
    caller = _caller(self)
    if _is_session(caller):
        raise STSClientError("AccessDenied", "Cannot call GetSessionToken with session credentials")
    return _own_key(self, caller, _original["get_session_token"](self))


def decode_authorization_message(self: TokenResponse) -> Any:
    """Refuse every message: none is encoded here."""
    raise STSClientError("InvalidAuthorizationMessageException", "Message is not valid")


def install() -> None:
    """Ask the lab's IAM whose a key is."""
    TokenResponse.decode_authorization_message = decode_authorization_message  # type: ignore[attr-defined]
    for owner, answer in (
        (TokenResponse, get_federation_token),
        (TokenResponse, get_session_token),
        (STSBackend, get_caller_identity),
        (STSBackend, assume_role_with_saml),
        (TokenResponse, assume_role),
    ):
        _original.setdefault(answer.__name__, getattr(owner, answer.__name__))
        setattr(owner, answer.__name__, answer)
