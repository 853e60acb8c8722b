"""STS tells a node who it is; moto knows only the temporary keys that it gave out itself.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""

from __future__ import annotations

from typing import Any
from xml.parsers.expat import ExpatError

from moto.sts.exceptions import STSClientError
from moto.sts.models import STSBackend

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


def assume_role_with_saml(self: STSBackend, **given: Any) -> Any:
    """Assume a role, or say that the assertion is none; moto falls over it."""
    try:
        return _original["assume_role_with_saml"](self, **given)
    except (ValueError, KeyError, TypeError, ExpatError) as wrong:
        raise STSClientError("InvalidIdentityToken", "The SAML response could not be parsed.") from wrong


def install() -> None:
    """Ask the lab's IAM whose a key is."""
    for answer in (get_caller_identity, assume_role_with_saml):
        _original.setdefault(answer.__name__, getattr(STSBackend, answer.__name__))
        setattr(STSBackend, answer.__name__, answer)
