"""Which KMS keys there are to encrypt with: https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html."""

from __future__ import annotations

from moto.kms.models import kms_backends


def is_there(account: str, region: str, key: str) -> bool:
    """Tell whether a key's id, ARN or alias is one that there is; AWS's own for a service always is."""
    backend = kms_backends[account][region]
    alias = key.rpartition(":")[2] if ":alias/" in key else key
    if alias.startswith("alias/aws/"):
        return True
    if alias.startswith("alias/") and backend.get_key_id_from_alias(alias) is None:
        # Moto falls over an alias of nothing.
        return False
    return backend.any_id_to_key_id(alias) in backend.keys
