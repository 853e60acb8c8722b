"""What an add-on can be configured with: JSON schemas of AWS's, of which the lab keeps the part that is one for all.

https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonConfiguration.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.eks.models import EKSBackend

from lab.aws.eks.addons import ADDONS
from lab.aws.eks.support import Params, not_found, operation

SCHEMA = {
    "$schema": "http://json-schema.org/draft-06/schema#",
    "type": "object",
    "properties": {
        "affinity": {"type": ["object", "null"]},
        "nodeSelector": {"type": "object"},
        "resources": {"type": "object"},
        "tolerations": {"type": "array", "items": {"type": "object"}},
    },
}


def describe_addon_configuration(_backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the schema of one version of an add-on."""
    name, version = params["addonName"], params["addonVersion"]
    if ADDONS.get(name) != version:
        raise not_found(f"No configuration found for addon {name} with version {version}", addon=name)
    return {"addonName": name, "addonVersion": version, "configurationSchema": json.dumps(SCHEMA)}


def install() -> None:
    """Add the operation to moto."""
    operation("DescribeAddonConfiguration", describe_addon_configuration)
