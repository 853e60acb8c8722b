"""STS tells a node who it is; moto knows only the temporary keys that it gave out itself.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""

from __future__ import annotations

from typing import Any

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
    account = found.arn.split(":")[4]
    arn = f"arn:aws:sts::{account}:assumed-role/{found.name}/{principal.session}"
    return f"{found.id}:{principal.session}", arn, account


def install() -> None:
    """Ask the lab's IAM whose a key is."""
    _original.setdefault("get_caller_identity", STSBackend.get_caller_identity)
    STSBackend.get_caller_identity = get_caller_identity  # type: ignore[method-assign]
