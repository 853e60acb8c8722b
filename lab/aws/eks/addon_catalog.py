"""The add-ons there are: their versions, and the schemas of what they can be configured with.

https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html and
https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonConfiguration.html
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import yaml
from jsonschema import Draft6Validator
from moto.eks.models import EKSBackend

from lab.aws.eks import versions as eks_versions
from lab.aws.eks.support import Params, invalid, not_found, operation, page


class Kind(NamedTuple):
    """One add-on: the version the lab calls the default, and what it is for."""

    version: str
    type: str


# Every add-on of AWS's own that EKS installs.
ADDONS = {
    "vpc-cni": Kind("v1.21.1-eksbuild.3", "networking"),
    "coredns": Kind("v1.13.2-eksbuild.1", "networking"),
    "kube-proxy": Kind("v1.35.0-eksbuild.2", "networking"),
    "eks-pod-identity-agent": Kind("v1.3.10-eksbuild.2", "security"),
    "eks-node-monitoring-agent": Kind("v1.5.1-eksbuild.1", "observability"),
    "aws-ebs-csi-driver": Kind("v1.55.0-eksbuild.1", "storage"),
    "aws-efs-csi-driver": Kind("v2.3.0-eksbuild.1", "storage"),
    "aws-mountpoint-s3-csi-driver": Kind("v2.3.0-eksbuild.1", "storage"),
    "snapshot-controller": Kind("v8.4.0-eksbuild.1", "storage"),
    "amazon-cloudwatch-observability": Kind("v4.8.0-eksbuild.1", "observability"),
    "metrics-server": Kind("v0.8.1-eksbuild.1", "observability"),
    "cert-manager": Kind("v1.19.2-eksbuild.1", "security"),
}
OWNER, PUBLISHER = "aws", "eks"
# The part of AWS's schemas that is one for all add-ons; what an add-on has of its own is not known here, and let pass.
SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-06/schema#",
    "type": "object",
    "properties": {
        "affinity": {"type": ["object", "null"]},
        "nodeSelector": {"type": "object"},
        "resources": {"type": "object"},
        "tolerations": {"type": "array", "items": {"type": "object"}},
    },
}


def check_values(name: str, text: str) -> None:
    """Refuse a configuration, in JSON or YAML, that is none or not by the schema.

    https://github.com/cookpad/terraform-aws-eks/pull/331 has EKS's words.
    """
    refusal = "ConfigurationValue provided in request is not supported"
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        raise invalid(refusal, addonName=name) from wrong
    if faults := [f"{one.json_path}: {one.message}" for one in Draft6Validator(SCHEMA).iter_errors(values)]:
        said = f"{refusal}: Json schema validation failed with error: [{', '.join(faults)}]"
        raise invalid(said, addonName=name)


def describe_addon_configuration(_backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the schema of one version of an add-on."""
    name, version = params["addonName"], params["addonVersion"]
    if name not in ADDONS or ADDONS[name].version != version:
        raise not_found(f"No configuration found for addon {name} with version {version}", addon=name)
    return {"addonName": name, "addonVersion": version, "configurationSchema": json.dumps(SCHEMA)}


def _row(name: str, kind: Kind, versions: list[str]) -> dict[str, Any]:
    compatible = [{"clusterVersion": one, "platformVersions": ["*"], "defaultVersion": True} for one in versions]
    version = {
        "addonVersion": kind.version,
        "architecture": ["amd64", "arm64"],
        "compatibilities": compatible,
        "requiresConfiguration": False,
    }
    return {
        "addonName": name,
        "type": kind.type,
        "owner": OWNER,
        "publisher": PUBLISHER,
        "addonVersions": [version],
    }


def describe_addon_versions(_backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the add-ons there are that pass every filter."""
    wanted = params.get("kubernetesVersion")
    if wanted:
        eks_versions.check(wanted)
    versions = [wanted] if wanted else list(eks_versions.VERSIONS)
    rows = [_row(name, kind, versions) for name, kind in ADDONS.items() if params.get("addonName") in (None, name)]
    for filtered, member in (("types", "type"), ("publishers", "publisher"), ("owners", "owner")):
        rows = [row for row in rows if not params.get(filtered) or row[member] in params[filtered]]
    return page(rows, params, "addons")


def install() -> None:
    """Add the operations to moto."""
    operation("DescribeAddonConfiguration", describe_addon_configuration)
    operation("DescribeAddonVersions", describe_addon_versions)
