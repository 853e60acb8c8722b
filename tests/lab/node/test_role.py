from __future__ import annotations

import datetime
import re

from lab.node import imds, role

ID = "i-0123456789abcdef0"
ROLE = "arn:aws:iam::123456789012:role/path/eks-node"


def test_credentials_are_temporary_announced_and_rotate(monkeypatch):
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
    announced = []
    node = role.Role(ROLE, ID, lambda *key: announced.append(key))
    first = node.keys()
    assert node.keys() == first
    assert re.fullmatch("ASIA[A-Z2-7]{16}", first.access_key_id)
    assert announced == [(first.access_key_id, ROLE, ID, first.expires)]
    told = imds.credentials(node)
    assert (told["AccessKeyId"], told["Token"]) == (first.access_key_id, first.token)
    assert datetime.datetime.fromisoformat(told["Expiration"]) == first.expires
    later = first.issued + role.ROTATION
    monkeypatch.setattr(role, "now", lambda: later)
    second = node.keys()
    assert second.access_key_id != first.access_key_id
    assert announced[1:] == [(second.access_key_id, ROLE, ID, second.expires)]
    # The old ones still work for a while, as AWS promises.
    assert first.expires - later >= datetime.timedelta(minutes=5)
