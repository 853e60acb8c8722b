"""What EKS refuses of a cluster's settings beyond what its model says, in EKS's own words where they are known.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html and
https://docs.aws.amazon.com/eks/latest/userguide/automode-get-started-cli.html
"""

from __future__ import annotations

import re

from lab.aws.eks import versions
from lab.aws.eks.support import Params, invalid

# Auto Mode's own: https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html
POOLS = ("general-purpose", "system")
MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
# "Single-unit durations such as 30m or 1h", says the model.
_DURATION = re.compile(r"[1-9]\d*[smh]")


def is_auto(config: Params) -> bool:
    """Tell whether Auto Mode is on in settings that have all of its parts alike."""
    return bool((config.get("computeConfig") or {}).get("enabled"))


def check_auto_mode(config: Params, mode: str) -> None:
    """Refuse Auto Mode that is on in a part only, or that nodes could not reach the cluster with."""
    compute = config.get("computeConfig") or {}
    parts = [
        compute.get("enabled"),
        ((config.get("storageConfig") or {}).get("blockStorage") or {}).get("enabled"),
        ((config.get("kubernetesNetworkConfig") or {}).get("elasticLoadBalancing") or {}).get("enabled"),
    ]
    if len({bool(part) for part in parts}) > 1:
        raise invalid(
            "For EKS Auto Mode, please ensure that all required configs, including computeConfig, "
            "kubernetesNetworkConfig, and blockStorage are all either fully enabled or fully disabled."
        )
    if not set(compute.get("nodePools") or []) <= set(POOLS):
        raise invalid(f"Compute config node pool names can only include [{', '.join(POOLS)}]")
    if is_auto(config) and mode == "CONFIG_MAP":
        raise invalid("EKS Auto Mode requires the authentication mode to be one of [API, API_AND_CONFIG_MAP]")


def check_pools(compute: Params) -> None:
    """Refuse node pools without a role for their nodes, and such a role without node pools.

    https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3238 and
    https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3366 have EKS's words.
    """
    if compute.get("nodeRoleArn") and not compute.get("nodePools"):
        raise invalid("When Compute Config nodeRoleArn is not null or empty, nodePool value(s) must be provided.")
    if compute.get("nodePools") and not compute.get("nodeRoleArn"):
        raise invalid("When Compute Config nodeRoleArn is null or empty, nodePool list cannot be populated.")


def check_bootstrap(config: Params, mode: str) -> None:
    """Refuse beginnings that the rest rules out.

    https://github.com/hashicorp/terraform-provider-aws/pull/40483 and
    https://github.com/crossplane-contrib/provider-upjet-aws/issues/1345 have EKS's words.
    """
    if is_auto(config) and config.get("bootstrapSelfManagedAddons"):
        raise invalid("When EKS Auto Mode is enabled, bootstrapSelfManagedAddons must be set to false.")
    admin = (config.get("accessConfig") or {}).get("bootstrapClusterCreatorAdminPermissions")
    if mode == "CONFIG_MAP" and admin is False:
        raise invalid(
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP"
        )
    if config.get("outpostConfig"):
        # This account has no Outpost that a cluster could be on.
        arns = ", ".join(config["outpostConfig"].get("outpostArns") or [])
        raise invalid(f"The specified outpostArns [{arns}] could not be found")


def check_mode(old: str, new: str) -> None:
    """Refuse a way back from access entries to the config map, and one that leaves out the step between.

    https://github.com/pulumi/pulumi-eks/issues/1493 has EKS's words.
    """
    if MODES.index(new) != MODES.index(old) + 1:
        raise invalid(f"Unsupported authentication mode update from {old} to {new}")


def check_support(version: str, policy: Params) -> None:
    """Refuse to leave extended support once it has begun: "You cannot disable extended support once it starts."."""
    if policy.get("supportType") == "STANDARD" and versions.VERSIONS[version].support == "EXTENDED_SUPPORT":
        raise invalid(f"The supportType STANDARD is not valid for version {version}, which is in extended support")


def check_encryption(configs: list[Params], region: str) -> None:
    """Refuse an encryption of anything but secrets, with what is no key, or with one of another Region."""
    for config in configs:
        if config.get("resources") != ["secrets"]:
            raise invalid("The encryptionConfig's resources must be [secrets]")
        arn = (config.get("provider") or {}).get("keyArn") or ""
        found = re.fullmatch(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(key|alias)/.+", arn)
        if found is None:
            raise invalid(f"The keyArn in encryptionConfig is not valid: '{arn}'")
        if found[1] != region:
            raise invalid(f"The keyArn in encryptionConfig must be in {region}: '{arn}'")


def check_control_plane(config: Params) -> None:
    """Refuse times that are none, and ports whose range ends before it begins."""
    api_server = config.get("kubeApiServerConfig") or {}
    manager = config.get("kubeControllerManagerConfig") or {}
    scaler = manager.get("horizontalPodAutoscalerControllerConfig") or {}
    for name, given in (
        ("eventTtl", api_server.get("eventTtl")),
        ("horizontalPodAutoscalerSyncPeriod", scaler.get("horizontalPodAutoscalerSyncPeriod")),
    ):
        if given is not None and not _DURATION.fullmatch(given):
            raise invalid(f"The {name} {given} is not valid: use a duration of one unit, such as 30m or 1h")
    ports = api_server.get("serviceNodePortRange") or {}
    least, most = ports.get("minPort", 0), ports.get("maxPort", 65535)
    if not 0 <= least <= most <= 65535:
        raise invalid(f"The serviceNodePortRange from {least} to {most} is not valid")
