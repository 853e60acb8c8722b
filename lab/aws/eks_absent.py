"""What EKS has and no cluster here ever has: to list it finds nothing, to ask for one is told so.

Insights, capabilities, certificate authorities, identity providers, EKS Anywhere and connected clusters:
https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Any

from moto.eks.models import EKSBackend

from lab.aws.eks_cluster_updates import describe_update
from lab.aws.eks_support import Handler, InvalidStateException, Params, find_cluster, not_found, operation, page

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
    "DescribeInsightsRefresh": ("insights refresh", "clusterName"),
    "DisassociateIdentityProviderConfig": ("identity provider config", "identityProviderConfig"),
    "UpdateCapability": ("capability", "capabilityName"),
    "UpdateEksAnywhereSubscription": ("subscription", "id"),
}


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
    operation("CancelUpdate", cancel_update)
