"""The `aws` of a node: version 1 of the AWS CLI, finding region and authorities as version 2 does.

Copied into a node with the interpreter's path on its first line; it imports nothing of the package.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

# Version 2 brings authorities of its own, which no node of an emulated AWS could trust.
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def environment(session: Any, region: Callable[[], str | None]) -> dict[str, str]:
    """Return what version 2 would find by itself; version 1 knows no AWS_REGION, and asks no metadata service for it.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
    """
    found = {}
    if not session.get_config_variable("ca_bundle"):
        found["AWS_CA_BUNDLE"] = BUNDLE
    name = os.environ.get("AWS_REGION")
    if name or (not session.get_config_variable("region") and (name := region())):
        found["AWS_DEFAULT_REGION"] = name
    return found


if __name__ == "__main__":
    # Only here: the CLI puts a botocore of its own into the place of the one that the lab's server has.
    from awscli.clidriver import main
    from botocore.session import Session
    from botocore.utils import InstanceMetadataRegionFetcher

    os.environ.update(environment(Session(), lambda: InstanceMetadataRegionFetcher().retrieve_region()))
    sys.exit(main())
