"""What EKS has and no cluster here ever has: to list it finds nothing, to ask for one is told so.

Insights, capabilities, certificate authorities, identity providers, EKS Anywhere and connected clusters:
https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Any

from moto.eks.exceptions import EKSError
from moto.eks.models import EKSBackend

from lab.aws.eks.cluster_updates import describe_update
from lab.aws.eks.support import (
    Handler,
    InvalidStateException,
    Params,
    find_cluster,
    kept,
    not_found,
    now,
    operation,
    page,
    refused,
)

# Each list, and whether it is a cluster's.
LISTS = {
    "ListCapabilities": ("capabilities", True),
    "ListCertificateAuthorities": ("certificateAuthorities", True),
    "ListEksAnywhereSubscriptions": ("subscriptions", False),
    "ListIdentityProviderConfigs": ("identityProviderConfigs", True),
    "ListInsights": ("insights", True),
}
# What each operation asks for, and what it calls it.
ABSENT = {
    "ActivateCertificateAuthority": ("certificate authority", "certificateAuthorityId"),
    "DeleteCapability": ("capability", "capabilityName"),
    "DeleteCertificateAuthority": ("certificate authority", "certificateAuthorityId"),
    "DeleteEksAnywhereSubscription": ("subscription", "id"),
    "DeregisterCluster": ("connected cluster", "name"),
    "DescribeCapability": ("capability", "capabilityName"),
    "DescribeCertificateAuthority": ("certificate authority", "certificateAuthorityId"),
    "DescribeEksAnywhereSubscription": ("subscription", "id"),
    "DescribeIdentityProviderConfig": ("identity provider config", "identityProviderConfig"),
    "DescribeInsight": ("insight", "id"),
    "DisassociateIdentityProviderConfig": ("identity provider config", "identityProviderConfig"),
    "UpdateCapability": ("capability", "capabilityName"),
    "UpdateEksAnywhereSubscription": ("subscription", "id"),
}

# What cannot be made here: the operation, what it would make, and whether its model can say that the request is wrong;
# the others say that this account may have none.
REFUSED = {
    "AssociateIdentityProviderConfig": ("Identity provider configs", True),
    "CreateCapability": ("Capabilities", True),
    "CreateCertificateAuthority": ("Certificate authorities", False),
    "CreateEksAnywhereSubscription": ("EKS Anywhere subscriptions", False),
    "RegisterCluster": ("Connected clusters", False),
}


class ResourceLimitExceededException(EKSError):
    """What EKS answers when an account may have no more of a thing."""

    TYPE = "ResourceLimitExceededException"
    STATUS = 400


def _lists(key: str, of_cluster: bool) -> Handler:
    def answer(backend: EKSBackend, params: Params) -> dict[str, Any]:
        if of_cluster:
            find_cluster(backend, params["clusterName"])
        return page([], params, key)

    return answer


def _asks(noun: str, member: str) -> Handler:
    def answer(backend: EKSBackend, params: Params) -> dict[str, Any]:
        if "clusterName" in params:
            find_cluster(backend, params["clusterName"])
        value = params[member]
        name = value["name"] if isinstance(value, dict) else value
        raise not_found(f"No {noun} found for: {name}.", params.get("clusterName"))

    return answer


def _refuses(noun: str, wrong: bool) -> Handler:
    def answer(backend: EKSBackend, params: Params) -> dict[str, Any]:
        if "clusterName" in params:
            find_cluster(backend, params["clusterName"])
        if wrong:
            raise refused(f"{noun} are not available for this cluster.")
        raise ResourceLimitExceededException(message=f"{noun} limit exceeded: this account can have 0.")

    return answer


def start_insights_refresh(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer StartInsightsRefresh; as a cluster here has no insights, the refresh ends as it starts."""
    kept(find_cluster(backend, params["clusterName"]), "insights")["refreshed"] = now()
    return {"message": "Insights refresh is in progress", "status": "IN_PROGRESS"}


def describe_insights_refresh(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer DescribeInsightsRefresh."""
    name = params["clusterName"]
    refreshed = kept(find_cluster(backend, name), "insights").get("refreshed")
    if refreshed is None:
        raise not_found(f"No insights refresh found for: {name}.", name)
    return {"message": "", "status": "COMPLETED", "startedAt": refreshed, "endedAt": refreshed}


def cancel_update(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """Answer CancelUpdate: of the updates that are made here none can be stopped once it goes on."""
    update = describe_update(backend, params)["update"]
    raise InvalidStateException(message=f"Update {update['id']} of type {update['type']} cannot be cancelled.")


def install() -> None:
    """Add the operations to moto."""
    for name, (key, of_cluster) in LISTS.items():
        operation(name, _lists(key, of_cluster))
    for name, (noun, member) in ABSENT.items():
        operation(name, _asks(noun, member))
    for name, (noun, wrong) in REFUSED.items():
        operation(name, _refuses(noun, wrong))
    operation("StartInsightsRefresh", start_insights_refresh)
    operation("DescribeInsightsRefresh", describe_insights_refresh)
    operation("CancelUpdate", cancel_update)
