"""Access entries and the access policies associated with them.

https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.eks.models import Cluster, EKSBackend

from lab.aws.eks.roles import check_principal
from lab.aws.eks.support import (
    Params,
    check_tags,
    find_cluster,
    in_use,
    invalid,
    kept,
    not_found,
    now,
    once,
    operation,
    page,
    refused,
)

PRINCIPAL = re.compile(r"arn:(aws[a-z-]*):(iam|sts)::(\d{12}):(role|user|root|federated-user|assumed-role)(/.+)?")
NODES = ("EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")
# Names that begin so are Kubernetes' or AWS's.
OWN = ("system:", "eks:", "aws:", "amazon:", "iam:")
NODE_NAME = "system:node:{{EC2PrivateDNSName}}"
POLICIES = (
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
)
PREFIX = "arn:aws:eks::aws:cluster-access-policy/"


@dataclass
class Entry:
    """One principal's access to a cluster."""

    cluster_name: str
    principal_arn: str
    type: str
    username: str
    kubernetes_groups: list[str]
    tags: dict[str, str]
    access_entry_arn: str
    created_at: Any = field(default_factory=now)
    modified_at: Any = field(default_factory=now)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)


def _entries(cluster: Cluster) -> dict[str, Entry]:
    mode = vars(cluster).get("access_config", {}).get("authenticationMode", "CONFIG_MAP")
    if mode == "CONFIG_MAP":
        raise refused(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation.",
            clusterName=cluster.name,
        )
    return kept(cluster, "access_entries")


def _find(backend: EKSBackend, params: Params) -> Entry:
    cluster = find_cluster(backend, params["clusterName"])
    entry = _entries(cluster).get(params["principalArn"])
    if entry is None:
        raise not_found(
            "The specified principalArn could not be found. You can view your available access entries with "
            "'list-access-entries'.",
            cluster.name,
        )
    return entry


def _username(arn: str, kind: str) -> str:
    if kind in NODES:
        return NODE_NAME
    if ":role/" in arn:
        account, role = arn.split(":")[4], arn.rpartition("/")[2]
        return f"arn:aws:sts::{account}:assumed-role/{role}/{{{{SessionName}}}}"
    return arn


def _make(cluster: Cluster, arn: str, **facts: Any) -> Entry:
    kind = facts.get("type") or "STANDARD"
    _, account, rest = arn.split(":")[3:6]
    region, owner = cluster.arn.split(":")[3:5]
    what, _, name = rest.partition("/")
    entry_arn = f"arn:aws:eks:{region}:{owner}:access-entry/{cluster.name}/{what}/{account}/{name}/{uuid.uuid4()}"
    groups = ["system:nodes"] if kind in NODES else list(facts.get("groups") or [])
    return Entry(
        cluster.name,
        arn,
        kind,
        facts.get("username") or _username(arn, kind),
        groups,
        facts.get("tags") or {},
        entry_arn,
    )


def admit_nodes(cluster: Cluster, role_arn: str) -> None:
    """Let a managed node group's nodes in, as EKS does by itself where access entries are in use."""
    if vars(cluster).get("access_config", {}).get("authenticationMode", "CONFIG_MAP") != "CONFIG_MAP":
        _entries(cluster).setdefault(role_arn, _make(cluster, role_arn, type="EC2_LINUX"))


def create_access_entry(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Give a principal access."""
    return once(backend, "CreateAccessEntry", params, lambda: _create(backend, params))


def _create(backend: EKSBackend, params: Params) -> dict[str, Any]:
    cluster = find_cluster(backend, params["clusterName"])
    entries, arn = _entries(cluster), params["principalArn"]
    kind = params.get("type") or "STANDARD"
    found = PRINCIPAL.fullmatch(arn)
    if found is None or found[2] == "sts":
        raise invalid("The principalArn parameter format is not valid", clusterName=cluster.name)
    if kind not in ("STANDARD", *NODES):
        raise invalid(f"The type {kind} is not valid: use one of {', '.join(('STANDARD', *NODES))}")
    if kind in NODES and found[4] != "role":
        raise invalid("The principalArn must be an IAM role for the specified type", clusterName=cluster.name)
    if kind in NODES and (params.get("kubernetesGroups") or params.get("username")):
        raise invalid(f"You cannot specify kubernetesGroups or username for the type {kind}", clusterName=cluster.name)
    if kind in NODES and found[3] != cluster.arn.split(":")[4]:
        raise invalid(
            "The principalArn must be in the cluster's account for the specified type", clusterName=cluster.name
        )
    check_principal(arn, cluster.arn.split(":")[4])
    check_tags(params.get("tags") or {})
    _check_words(params, arn)
    if arn in entries:
        raise in_use("The specified access entry resource is already in use on this cluster.", cluster.name)
    entries[arn] = _make(
        cluster,
        arn,
        type=kind,
        groups=params.get("kubernetesGroups"),
        username=params.get("username"),
        tags=dict(params.get("tags") or {}),
    )
    return {"accessEntry": entries[arn]}


def _check_words(params: Params, arn: str) -> None:
    """Refuse names that are not a user's to give.

    https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2915 and
    https://github.com/aws-ia/terraform-aws-eks-blueprints/pull/1920 have EKS's words.
    """
    username = params.get("username") or ""
    for group in params.get("kubernetesGroups") or []:
        if own := next((prefix for prefix in OWN if group.startswith(prefix)), None):
            raise invalid(f"The kubernetes group name {group} is invalid, it cannot start with {own}")
    if own := next((prefix for prefix in OWN if username.startswith(prefix)), None):
        raise invalid(f"The username must not begin with {own}")
    before, session, _ = username.partition("{{SessionName}}")
    if ":role/" in arn and session and ":" not in before:
        raise invalid("The username must include a colon before {{SessionName}}")


def update_access_entry(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Change a principal's groups or name."""
    entry = _find(backend, params)
    if entry.type in NODES:
        raise invalid(f"You cannot update an access entry of the type {entry.type}", clusterName=entry.cluster_name)
    _check_words(params, entry.principal_arn)
    if params.get("kubernetesGroups") is not None:
        entry.kubernetes_groups = list(params["kubernetesGroups"])
    entry.username = params.get("username") or entry.username
    entry.modified_at = now()
    return {"accessEntry": entry}


def describe_access_entry(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer one entry."""
    return {"accessEntry": _find(backend, params)}


def list_access_entries(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer the principals that have an entry."""
    entries = _entries(find_cluster(backend, params["clusterName"]))
    policy = params.get("associatedPolicyArn")
    return page(
        [arn for arn, entry in entries.items() if not policy or policy in entry.policies], params, "accessEntries"
    )


def delete_access_entry(backend: EKSBackend, params: Params) -> None:
    """Take a principal's access away."""
    entry = _find(backend, params)
    del _entries(find_cluster(backend, entry.cluster_name))[entry.principal_arn]


def associate_access_policy(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Give a principal what a policy of EKS's allows."""
    entry, arn, scope = _find(backend, params), params["policyArn"], params["accessScope"]
    if arn.removeprefix(PREFIX) not in POLICIES:
        raise invalid("The policyArn parameter format is not valid", clusterName=entry.cluster_name)
    if entry.type in NODES and entry.type != "EC2":
        raise refused(
            f"Access policies cannot be associated with the type {entry.type}", clusterName=entry.cluster_name
        )
    if not scope.get("type"):
        raise invalid("The type of the access scope must be cluster or namespace", clusterName=entry.cluster_name)
    if scope["type"] == "namespace" and not scope.get("namespaces"):
        raise invalid("namespaces is required for the access scope type namespace", clusterName=entry.cluster_name)
    if scope["type"] == "cluster" and scope.get("namespaces"):
        raise invalid(
            "namespaces cannot be specified for the access scope type cluster", clusterName=entry.cluster_name
        )
    before = entry.policies.get(arn, {"associatedAt": now()})
    scope = {"type": scope.get("type"), "namespaces": list(scope.get("namespaces") or [])}
    entry.policies[arn] = {**before, "policyArn": arn, "accessScope": scope, "modifiedAt": now()}
    where = {"clusterName": entry.cluster_name, "principalArn": entry.principal_arn}
    return {**where, "associatedAccessPolicy": entry.policies[arn]}


def disassociate_access_policy(backend: EKSBackend, params: Params) -> None:
    """Take it away again."""
    entry = _find(backend, params)
    if entry.policies.pop(params["policyArn"], None) is None:
        raise not_found("The specified policyArn could not be found on this access entry.", entry.cluster_name)


def list_associated_access_policies(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer what a principal was given."""
    entry = _find(backend, params)
    where = {"clusterName": entry.cluster_name, "principalArn": entry.principal_arn}
    return {**where, **page(list(entry.policies.values()), params, "associatedAccessPolicies")}


def list_access_policies(_backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer EKS's policies."""
    return page([{"name": name, "arn": PREFIX + name} for name in POLICIES], params, "accessPolicies")


def install() -> None:
    """Add the operations to moto."""
    operation("CreateAccessEntry", create_access_entry)
    operation("UpdateAccessEntry", update_access_entry)
    operation("DescribeAccessEntry", describe_access_entry)
    operation("ListAccessEntries", list_access_entries)
    operation("DeleteAccessEntry", delete_access_entry)
    operation("AssociateAccessPolicy", associate_access_policy)
    operation("DisassociateAccessPolicy", disassociate_access_policy)
    operation("ListAssociatedAccessPolicies", list_associated_access_policies)
    operation("ListAccessPolicies", list_access_policies)
