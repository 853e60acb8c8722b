"""The Kubernetes versions EKS runs, its machine images, and what it says of both.

https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.eks.models import EKSBackend

from lab.aws.eks.support import Params, invalid, operation, page

DEFAULT = "1.35"
RELEASED, WINDOWS, BOTTLEROCKET = "20260715", "2026.07.14", "1.62.0-5d9ac849"


@dataclass(frozen=True)
class Version:
    """One minor version; its support is written down, since a lab whose clock decides it fails one day by itself."""

    name: str
    patch: str
    support: str
    released: datetime.date
    standard_until: datetime.date
    extended_until: datetime.date

    def described(self) -> dict[str, Any]:
        """Return it as DescribeClusterVersions does."""
        midnight = datetime.time(tzinfo=datetime.UTC)
        return {
            "clusterVersion": self.name,
            "clusterType": "eks",
            "defaultPlatformVersion": "eks.10",
            "defaultVersion": self.name == DEFAULT,
            "releaseDate": datetime.datetime.combine(self.released, midnight),
            "endOfStandardSupportDate": datetime.datetime.combine(self.standard_until, midnight),
            "endOfExtendedSupportDate": datetime.datetime.combine(self.extended_until, midnight),
            "status": self.support.lower().replace("_", "-"),
            "versionStatus": self.support,
            "kubernetesPatchVersion": self.patch,
        }


def _version(patch: str, support: str, *dates: str) -> Version:
    released, standard, extended = (datetime.date.fromisoformat(date) for date in dates)
    return Version(patch.rpartition(".")[0], patch, support, released, standard, extended)


VERSIONS = {
    version.name: version
    for version in (
        _version("1.36.1", "STANDARD_SUPPORT", "2026-06-02", "2027-08-02", "2028-08-02"),
        _version("1.35.4", "STANDARD_SUPPORT", "2026-01-27", "2027-03-27", "2028-03-27"),
        _version("1.34.7", "STANDARD_SUPPORT", "2025-10-02", "2026-12-02", "2027-12-02"),
        _version("1.33.11", "EXTENDED_SUPPORT", "2025-05-29", "2026-07-29", "2027-07-29"),
        _version("1.32.13", "EXTENDED_SUPPORT", "2025-01-23", "2026-03-23", "2027-03-23"),
        _version("1.31.14", "EXTENDED_SUPPORT", "2024-09-26", "2025-11-26", "2026-11-26"),
        _version("1.30.14", "EXTENDED_SUPPORT", "2024-05-23", "2025-07-23", "2026-07-23"),
    )
}


def minor(version: str) -> int:
    """Return the number by which versions are compared."""
    return int(version.partition(".")[2])


def check(version: str) -> None:
    """Refuse a version EKS does not run."""
    if version not in VERSIONS:
        raise invalid("unsupported Kubernetes version")


def release(version: str, wanted: str | None, ami_type: str) -> str:
    """Return the machine image's release, the newest where none is wanted.

    Amazon Linux, Bottlerocket and Windows each have numbers of their own:
    https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-versions-windows.html and
    https://github.com/cloudposse/terraform-aws-eks-node-group/issues/209, which has EKS's words.
    """
    patch = VERSIONS[version].patch
    if ami_type.startswith("BOTTLEROCKET"):
        newest, form = BOTTLEROCKET, r"\d+\.\d+\.\d+-[0-9a-f]{8}"
    elif ami_type.startswith("WINDOWS"):
        newest, form = f"{version}-{WINDOWS}", rf"{re.escape(version)}-\d{{4}}\.\d\d\.\d\d"
    else:
        newest, form = f"{patch}-{RELEASED}", rf"{re.escape(version)}\.\d+-\d{{8}}"
    if not wanted:
        return newest
    if not re.fullmatch(form, wanted):
        raise invalid(f"Requested release version {wanted} is not valid for kubernetes version {version}.")
    return wanted


def default_types(ami_type: str) -> list[str]:
    """Return the instance types of a node group that names none."""
    if "ARM" in ami_type:
        return ["t4g.medium"]
    return ["g4dn.xlarge"] if "GPU" in ami_type or "NVIDIA" in ami_type else ["t3.medium"]


def check_image(version: str, ami_type: str, instance_types: list[str]) -> None:
    """Refuse an image that the version or the instance types do not go with."""
    if ami_type.startswith("AL2_") and minor(version) > 32:
        raise invalid(f"AMI Type {ami_type} is only supported for kubernetes versions 1.32 or earlier")
    unknown = [name for name in instance_types if name not in INSTANCE_TYPES]
    if unknown:
        raise invalid(f"The following supplied instance types do not exist: [{', '.join(unknown)}]")
    if ami_type == "CUSTOM":
        return
    architecture = "arm64" if "ARM" in ami_type else "x86_64"
    for name in instance_types:
        if architecture not in INSTANCE_TYPES[name]["ProcessorInfo"]["SupportedArchitectures"]:
            raise invalid(f"[{name}] is not a valid instance type for requested amiType {ami_type}")


def describe_cluster_versions(backend: EKSBackend, params: Params) -> dict[str, Any]:
    """List the versions that pass every filter."""
    rows = [version.described() for version in VERSIONS.values()]
    unknown = [name for name in params.get("clusterVersions") or [] if name not in VERSIONS]
    if unknown:
        raise invalid(f"The following cluster versions are not supported: [{', '.join(unknown)}]")
    if params.get("clusterVersions"):
        rows = [row for row in rows if row["clusterVersion"] in params["clusterVersions"]]
    for name in ("clusterType", "status", "versionStatus"):
        if params.get(name):
            rows = [row for row in rows if row[name] == params[name]]
    if params.get("defaultOnly"):
        rows = [row for row in rows if row["defaultVersion"]]
    return page(rows, params, "clusterVersions")


def install() -> None:
    """Add the operation to moto."""
    operation("DescribeClusterVersions", describe_cluster_versions)
