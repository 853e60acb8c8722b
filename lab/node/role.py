"""A node's temporary credentials, as EC2 vends them for its instance profile's role."""

from __future__ import annotations

import base64
import datetime
import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass

# What EC2 promises is only that new ones are there five minutes before the old ones end.
LIFETIME = datetime.timedelta(hours=6)
ROTATION = datetime.timedelta(hours=1)
_ALPHABET = string.ascii_uppercase + "234567"

# Told of every key: the access key's id, the role's ARN, the instance's id, and when the key ends.
Announce = Callable[[str, str, str, datetime.datetime], None]


@dataclass(frozen=True)
class Keys:
    """One set of temporary credentials."""

    access_key_id: str
    secret_access_key: str
    token: str
    issued: datetime.datetime
    expires: datetime.datetime


def now() -> datetime.datetime:
    """Return the time."""
    return datetime.datetime.now(datetime.UTC)


def issue() -> Keys:
    """Make new credentials; ASIA marks a temporary key."""
    moment = now().replace(microsecond=0)
    return Keys(
        access_key_id="ASIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16)),
        secret_access_key=base64.b64encode(secrets.token_bytes(30)).decode(),
        token=base64.b64encode(secrets.token_bytes(240)).decode(),
        issued=moment,
        expires=moment + LIFETIME,
    )


class Role:
    """The role of one node, with the credentials of the hour."""

    def __init__(self, arn: str, instance_id: str, announce: Announce) -> None:
        self.arn, self.instance_id = arn, instance_id
        self.name = arn.rpartition("/")[2]
        self._announce = announce
        self._lock = threading.Lock()
        self._keys: Keys | None = None

    def keys(self) -> Keys:
        """Return the current credentials, new ones when these have had their time."""
        with self._lock:
            if self._keys is None or now() >= self._keys.issued + ROTATION:
                self._keys = issue()
                self._announce(self._keys.access_key_id, self.arn, self.instance_id, self._keys.expires)
            return self._keys
