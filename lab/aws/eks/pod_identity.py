"""Pod identity associations: records only, since the lab has no Kubernetes whose pods could use them.

https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html
"""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass, field
from typing import Any

from moto.eks.models import Cluster, EKSBackend

from lab.aws.eks.roles import check_form, check_pod_role
from lab.aws.eks.support import (
    Params,
    arn_in,
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
)

LETTERS = string.ascii_lowercase + string.digits


@dataclass
class Association:
    """What pods of a service account may assume."""

    cluster_name: str
    namespace: str
    service_account: str
    role_arn: str
    association_id: str
    association_arn: str
    tags: dict[str, str]
    disable_session_tags: bool
    target_role_arn: str | None
    policy: str | None
    owner_arn: str | None = None
    external_id: str | None = None
    created_at: Any = field(default_factory=now)
    modified_at: Any = field(default_factory=now)


def _associations(cluster: Cluster) -> dict[str, Association]:
    return kept(cluster, "pod_identities")


def _association(backend: EKSBackend, params: Params) -> Association:
    cluster = find_cluster(backend, params["clusterName"])
    found = _associations(cluster).get(params["associationId"])
    if found is None:
        raise not_found(f"No association found with ID: {params['associationId']}", cluster.name)
    return found


def check_association(params: Params) -> None:
    """Refuse roles that are none or not for pods, and a policy that is none or that session tags would not fit."""
    if params.get("roleArn"):
        check_pod_role(params["roleArn"])
    if params.get("targetRoleArn"):
        check_form(params["targetRoleArn"])
    if not params.get("policy"):
        return
    if not params.get("disableSessionTags"):
        raise invalid("disableSessionTags must be true when a policy is specified")
    try:
        json.loads(params["policy"])["Statement"]
    except (ValueError, KeyError, TypeError) as wrong:
        raise invalid("The policy is not a valid IAM policy in JSON format") from wrong


def release_owned(cluster: Cluster, owner_arn: str) -> None:
    """Remove the associations that an add-on has."""
    rows = _associations(cluster)
    for row in [one for one in rows.values() if one.owner_arn == owner_arn]:
        del rows[row.association_id]


def create_pod_identity_association(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Give a service account's pods a role."""
    return once(backend, "CreatePodIdentityAssociation", params, lambda: _create_association(backend, params))


def _create_association(backend: EKSBackend, params: Params) -> dict[str, Any]:
    cluster = find_cluster(backend, params["clusterName"])
    check_association(params)
    check_tags(params.get("tags") or {})
    namespace, account = params.get("namespace", ""), params["serviceAccount"]
    for other in _associations(cluster).values():
        if (other.namespace, other.service_account) == (namespace, account):
            raise in_use(f"Association already exists: {other.association_id}", cluster.name)
    name = "a-" + "".join(secrets.choice(LETTERS) for _ in range(17))
    made = _associations(cluster)[name] = Association(
        cluster.name,
        namespace,
        account,
        params["roleArn"],
        name,
        arn_in(cluster, "podidentityassociation", name),
        dict(params.get("tags") or {}),
        bool(params.get("disableSessionTags")),
        params.get("targetRoleArn"),
        params.get("policy"),
        params.get("ownerArn"),
    )
    _name_outside(made)
    return {"association": made}


def _name_outside(found: Association) -> None:
    """Give an association with a target role the id by which that role's trust policy knows it."""
    region, account = found.association_arn.split(":")[3:5]
    parts = (region, account, found.cluster_name, found.namespace, found.service_account)
    found.external_id = "/".join(parts) if found.target_role_arn else None


def update_pod_identity_association(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Give a service account's pods another role."""
    found = _association(backend, params)
    check_association({"disableSessionTags": found.disable_session_tags, **params})
    found.role_arn = params.get("roleArn") or found.role_arn
    found.target_role_arn = params.get("targetRoleArn") or found.target_role_arn
    found.disable_session_tags = params.get("disableSessionTags", found.disable_session_tags)
    found.policy = params.get("policy") or found.policy
    _name_outside(found)
    found.modified_at = now()
    return {"association": found}


def describe_pod_identity_association(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer one association."""
    return {"association": _association(backend, params)}


def list_pod_identity_associations(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer a cluster's associations."""
    rows = [
        row
        for row in _associations(find_cluster(backend, params["clusterName"])).values()
        if params.get("namespace") in (None, row.namespace)
        and params.get("serviceAccount") in (None, row.service_account)
    ]
    return page(rows, params, "associations")


def delete_pod_identity_association(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Remove an association."""
    found = _association(backend, params)
    del _associations(find_cluster(backend, found.cluster_name))[found.association_id]
    return {"association": found}


def install() -> None:
    """Add the operations to moto."""
    operation("CreatePodIdentityAssociation", create_pod_identity_association)
    operation("UpdatePodIdentityAssociation", update_pod_identity_association)
    operation("DescribePodIdentityAssociation", describe_pod_identity_association)
    operation("ListPodIdentityAssociations", list_pod_identity_associations)
    operation("DeletePodIdentityAssociation", delete_pod_identity_association)
