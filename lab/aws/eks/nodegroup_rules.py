"""What EKS refuses of a managed node group beyond what its model says, in EKS's own words.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html and
https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
"""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from lab.aws.eks.support import Params, client, invalid

EFFECTS = ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")
RESERVED = ("kubernetes.io/", "k8s.io/", "eks.amazonaws.com/")
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,62}")
# What Kubernetes takes for a label's or taint's value, and for what follows a key's prefix.
WORD = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
# What may stand before a slash in a key: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LARGEST = 450
TAINTS = 50


def check_name(name: str) -> None:
    """Refuse a name that no node group may have."""
    if not NAME.fullmatch(name):
        raise invalid(
            "The nodegroupName parameter is not valid. The name can't be longer than 63 characters. It must start with "
            "letter or digit, but can also include hyphens and underscores for the remaining characters"
        )


def check_scaling(config: dict[str, int]) -> None:
    """Refuse sizes that do not fit each other."""
    least, most, wanted = config["minSize"], config["maxSize"], config["desiredSize"]
    if least > most:
        raise invalid(f"Minimum capacity {least} can't be greater than maximum size {most}")
    if least > wanted:
        raise invalid(f"Minimum capacity {least} can't be greater than desired size {wanted}")
    if wanted > most:
        raise invalid(f"Desired capacity {wanted} can't be greater than max size {most}")
    if most > LARGEST:
        raise invalid(f"Maximum capacity {most} can't be greater than the limit of {LARGEST} nodes per node group")


def _check_word(word: str) -> None:
    """Refuse what Kubernetes would; https://github.com/aws-controllers-k8s/community/issues/2208 has EKS's words."""
    if not WORD.fullmatch(word):
        raise invalid(
            f"Invalid value: {word} : field must consist of alphanumeric characters, '-', '_' or '.', and must start "
            "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
            f"validation is '{WORD.pattern}')"
        )


def _check_key(key: str) -> None:
    """Refuse a key that no label and no taint can have: a word, after a DNS name and a slash if it likes."""
    prefix, slash, word = key.rpartition("/")
    _check_word(word)
    if slash and not PREFIX.fullmatch(prefix):
        raise invalid(f"Invalid value: {key} : prefix part must be a DNS subdomain of at most 253 characters")


def check_taints(taints: list[dict[str, str]]) -> None:
    """Refuse taints that EKS cannot set."""
    for taint in taints:
        if not taint.get("key") or taint.get("effect") not in EFFECTS:
            raise invalid(f"Taint '{taint.get('key')}' needs a key, and an effect out of {', '.join(EFFECTS)}")
        _check_key(taint["key"])
        if taint.get("value"):
            _check_word(taint["value"])
    pairs = [(taint["key"], taint["effect"]) for taint in taints]
    if len(set(pairs)) < len(pairs):
        raise invalid("Taints must not repeat a key and effect")
    if len(taints) > TAINTS:
        raise invalid(f"A node group can have at most {TAINTS} taints")


def check_labels(labels: dict[str, str]) -> None:
    """Refuse labels that are Kubernetes' or EKS's own, and those that no node can have."""
    if any(key.startswith(RESERVED) for key in labels):
        raise invalid(f"Label cannot contain reserved prefixes [{', '.join(RESERVED)}]")
    for key, value in labels.items():
        _check_key(key)
        _check_word(value)


def check_changes(params: Params) -> None:
    """Refuse an update that changes nothing, or says to change something and not to what.

    https://github.com/crossplane-contrib/provider-aws/issues/975 and https://github.com/rancher/rancher/issues/33302
    have EKS's words.
    """
    if not params.keys() - {"clusterName", "nodegroupName", "clientRequestToken"}:
        raise invalid("No updates were specified in the request.")
    for kind in ("Labels", "Taints"):
        one, other = f"addOrUpdate{kind}", f"remove{kind}"
        given = params.get(kind.lower())
        if given is not None and not given.get(one) and not given.get(other):
            raise invalid(f"Both or either {one} or {other} must not be empty")
    for name in ("updateConfig", "nodeRepairConfig", "warmPoolConfig"):
        if params.get(name) == {}:
            raise invalid(f"{name} must not be empty")
    if params.get("scalingConfig") == {}:
        raise invalid("Either all or at least one of minSize, maxSize, desiredSize must be provided")


def _exclusive(config: dict[str, Any], one: str, other: str) -> None:
    if config.get(one) is not None and config.get(other) is not None:
        raise invalid(f"{one} and {other} can't be set at the same time")


def check_update_config(config: dict[str, Any], most: int) -> None:
    """Refuse both ways of saying how many nodes may be away at once, or none, or more than there can be.

    https://github.com/hashicorp/terraform-provider-aws/pull/26551 has EKS's words.
    """
    _exclusive(config, "maxUnavailable", "maxUnavailablePercentage")
    if config.get("maxUnavailable") is None and config.get("maxUnavailablePercentage") is None:
        raise invalid("maxUnavailable or maxUnavailablePercentage must be set")
    if (config.get("maxUnavailable") or 1) > 100:
        raise invalid("maxUnavailable can't be greater than 100")
    if (config.get("maxUnavailable") or 1) > most:
        raise invalid("max-unavailable must be within the range 1 and max size of the node group")


def check_repair(config: dict[str, Any]) -> None:
    """Refuse a threshold or a pace that is said twice, or an override that says only a part."""
    _exclusive(config, "maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage")
    _exclusive(config, "maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage")
    names = ("nodeMonitoringCondition", "nodeUnhealthyReason", "minRepairWaitTimeMins", "repairAction")
    for override in config.get("nodeRepairConfigOverrides") or []:
        if any(override.get(name) is None for name in names):
            raise invalid(f"A node repair override must specify all of {', '.join(names)}")


def check_warm_pool(config: dict[str, Any], ami_type: str, capacity_type: str) -> None:
    """Refuse a warm pool where EC2 Auto Scaling or EKS has none."""
    if not config.get("enabled"):
        return
    if ami_type == "CUSTOM":
        raise invalid("Warm pools are not supported for node groups with custom AMIs")
    if capacity_type != "ON_DEMAND":
        raise invalid(f"Warm pools are not supported for capacity type {capacity_type}")
    if ami_type.startswith("BOTTLEROCKET") and config.get("reuseOnScaleIn"):
        raise invalid("reuseOnScaleIn is not supported for Bottlerocket AMIs")
    if ami_type.startswith("BOTTLEROCKET") and config.get("poolState") == "HIBERNATED":
        raise invalid("Warm pool state HIBERNATED is not supported for Bottlerocket AMIs")
    prepared = config.get("maxGroupPreparedCapacity")
    if prepared is not None and prepared < config.get("minSize", 0):
        raise invalid("maxGroupPreparedCapacity can't be less than the warm pool's minSize")


def _look_up(method: str, **request: Any) -> None:
    try:
        getattr(client("ec2"), method)(**request)
    except ClientError as error:
        raise invalid(error.response["Error"]["Message"]) from error


def check_network(subnets: list[str], vpc: str | None) -> None:
    """Refuse subnets that are not there, or not in the cluster's VPC."""
    if not subnets:
        raise invalid("Subnets are required")
    _look_up("describe_subnets", SubnetIds=subnets)
    found = client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
    strangers = [subnet["SubnetId"] for subnet in found if vpc and subnet["VpcId"] != vpc]
    if strangers:
        raise invalid(f"Subnets {', '.join(strangers)} are not in the cluster's VPC {vpc}")


def check_access(remote: dict[str, Any]) -> None:
    """Refuse a key pair or security groups that are not there."""
    if not remote.get("ec2SshKey"):
        raise invalid("ec2SshKey is required when sourceSecurityGroups are specified")
    _look_up("describe_key_pairs", KeyNames=[remote["ec2SshKey"]])
    if remote.get("sourceSecurityGroups"):
        _look_up("describe_security_groups", GroupIds=remote["sourceSecurityGroups"])
