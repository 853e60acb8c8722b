"""The `aws` of a node: version 1 of the AWS CLI, finding region and authorities as version 2 does.

Copied into a node with the interpreter's path on its first line; it imports nothing of the package.
"""

from __future__ import annotations

import os
import sys

from awscli.clidriver import main
from botocore.session import Session
from botocore.utils import InstanceMetadataRegionFetcher

# Version 2 brings authorities of its own, which no node of an emulated AWS could trust.
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def environment(session: Session) -> dict[str, str]:
    """Return what version 2 would find by itself; version 1 does not ask the metadata service for the region."""
    found = {}
    if not session.get_config_variable("ca_bundle"):
        found["AWS_CA_BUNDLE"] = BUNDLE
    if not session.get_config_variable("region"):
        region = InstanceMetadataRegionFetcher().retrieve_region()
        if region:
            found["AWS_DEFAULT_REGION"] = region
    return found


if __name__ == "__main__":
    os.environ.update(environment(Session()))
    sys.exit(main())
