"""STS tells a node who it is, and lets in whom a role trusts; moto knows only its own keys, and asks nobody.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

from typing import Any
from xml.parsers.expat import ExpatError

from moto.sts.exceptions import STSClientError, STSValidationError
from moto.sts.models import STSBackend
from moto.sts.responses import TokenResponse

from lab.aws import iam

# The query protocol's words for what the JSON services call by longer names.
CODES = {"ExpiredTokenException": "ExpiredToken", "UnrecognizedClientException": "InvalidClientTokenId"}
_original: dict[str, Any] = {}


def get_caller_identity(self: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
    """Return the user id, the ARN and the account of whoever signed."""
    try:
        principal = iam.caller(access_key_id)
    except iam.Denied as denied:
        raise STSClientError(CODES.get(denied.code, denied.code), denied.message) from denied
    found = iam.role(principal)
    if principal == iam.ROOT or found is None:
        told: tuple[str, str, str] = _original["get_caller_identity"](self, access_key_id, region)
        return told
    _, partition, _, _, account, _ = found.arn.split(":")
    arn = f"arn:{partition}:sts::{account}:assumed-role/{found.name}/{principal.session}"
    return f"{found.id}:{principal.session}", arn, account


def assume_role(self: TokenResponse) -> Any:
    """Let a caller act as a role that is there and trusts it, for as long as the role's sessions may last."""
    role_arn, external = self._get_param("RoleArn"), self._get_param("ExternalId")
    found = iam.role(role_arn)
    try:
        iam.assume_as(iam.caller(self.get_access_key()), role_arn, {"sts:ExternalId": external} if external else {})
    except iam.Denied as denied:
        # The query protocol calls it by the shorter name.
        code = CODES.get(denied.code, denied.code.removesuffix("Exception"))
        raise STSClientError(code, denied.message) from denied
    if found is not None and self._get_int_param("DurationSeconds", 3600) > int(found.max_session_duration or 3600):
        raise STSValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return _original["assume_role"](self)


def assume_role_with_saml(self: STSBackend, **given: Any) -> Any:
    """Assume a role, or say that the assertion is none; moto falls over it."""
    try:
        return _original["assume_role_with_saml"](self, **given)
    except (ValueError, KeyError, TypeError, ExpatError) as wrong:
        raise STSClientError("InvalidIdentityToken", "The SAML response could not be parsed.") from wrong


def install() -> None:
    """Ask the lab's IAM whose a key is."""
    for owner, answer in (
        (STSBackend, get_caller_identity),
        (STSBackend, assume_role_with_saml),
        (TokenResponse, assume_role),
    ):
        _original.setdefault(answer.__name__, getattr(owner, answer.__name__))
        setattr(owner, answer.__name__, answer)
