"""The kubelet's credential provider for ECR, as the node has it.

Copied into a node with the interpreter's path on its first line; it imports nothing of the package.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from typing import Any

from botocore.credentials import InstanceMetadataProvider
from botocore.session import Session
from botocore.utils import InstanceMetadataFetcher

HOST = re.compile(r"^(\d{12})\.dkr[.-]ecr\.([a-z0-9-]+)\.(amazonaws\.com|on\.aws)$")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def authorization(account: str, region: str) -> tuple[str, str]:
    """Return the user and the password of a registry, with the node's own role."""
    fetcher = InstanceMetadataFetcher(timeout=2, num_attempts=3, user_agent="ecr-credential-provider")
    role = InstanceMetadataProvider(iam_role_fetcher=fetcher).load()
    if role is None:
        raise SystemExit("the metadata service has no credentials for this node")
    keys = role.get_frozen_credentials()
    client: Any = Session().create_client(
        "ecr",
        region_name=region,
        endpoint_url=f"https://api.ecr.{region}.amazonaws.com",
        verify=BUNDLE,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
    )
    data = client.get_authorization_token(registryIds=[account])["authorizationData"]
    user, _colon, password = base64.b64decode(data[0]["authorizationToken"]).decode().partition(":")
    return user, password


def main() -> None:
    """Answer one CredentialProviderRequest."""
    request = json.load(sys.stdin)
    host = request["image"].partition("/")[0]
    match = HOST.match(host)
    auth = {}
    if match:
        user, password = authorization(match[1], match[2])
        auth[host] = {"username": user, "password": password}
    answer = {
        "kind": "CredentialProviderResponse",
        "apiVersion": request["apiVersion"],
        "cacheKeyType": "Registry",
        "cacheDuration": "6h0m0s",
        "auth": auth,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
