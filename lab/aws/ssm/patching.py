"""Patch baselines, as far as moto keeps them: which one a group of nodes has, and the deleting of one that is gone.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetPatchBaselineForPatchGroup.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeletePatchBaseline.html
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm.support import error, operation, page
from lab.aws.ssm.targets import managed

# What is meant when nobody says which system it is about.
SYSTEM = "WINDOWS"
CHANGEABLE = ("Name", "GlobalFilters", "ApprovalRules", "ApprovedPatches", "ApprovedPatchesComplianceLevel")
CHANGEABLE += ("ApprovedPatchesEnableNonSecurity", "RejectedPatches", "RejectedPatchesAction", "Description", "Sources")


def get_patch_baseline_for_patch_group(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, str]:
    """Return a group's baseline, or the one that AWS has for the system."""
    system = params.get("OperatingSystem") or SYSTEM
    found, group, system = backend.get_patch_baseline_for_patch_group(params["PatchGroup"], system)
    return {"BaselineId": found, "PatchGroup": group, "OperatingSystem": system}


def delete_patch_baseline(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, str]:
    """Delete a baseline that no group uses; the model has no error for one that is not there."""
    name = params["BaselineId"]
    using = [group for group, one in backend.patch_groups.items() if name in one.associations.values()]
    if using:
        raise error("ResourceInUseException", f"Patch baseline {name} is used by the patch group {using[0]}.")
    backend.baselines.pop(name, None)
    return {"BaselineId": name}


def _baseline(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> Any:
    found = backend.baselines.get(params["BaselineId"])
    if found is None:
        raise error("DoesNotExistException", f"Patch baseline {params['BaselineId']} does not exist.")
    return found


def _show(backend: SimpleSystemManagerBackend, one: Any) -> dict[str, Any]:
    told = {name: getattr(one, camelcase_to_underscores(name)) for name in CHANGEABLE}
    groups = [name for name, group in backend.patch_groups.items() if one.id in group.associations.values()]
    told |= {"BaselineId": one.id, "OperatingSystem": one.operating_system, "PatchGroups": groups}
    return {name: value for name, value in told.items() if value is not None}


def get_patch_baseline(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Return a baseline."""
    return _show(backend, _baseline(backend, params))


def update_patch_baseline(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """Change what a request names; with Replace, what it leaves out is reset."""
    one = _baseline(backend, params)
    for name in CHANGEABLE:
        if name in params or (params.get("Replace") and name != "Name"):
            setattr(one, camelcase_to_underscores(name), params.get(name))
    return {name: value for name, value in _show(backend, one).items() if name != "PatchGroups"}


def describe_patch_groups(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List the groups, each with its baselines."""
    rows = []
    for name, group in backend.patch_groups.items():
        for baseline in group.associations.values():
            if baseline in backend.baselines:
                one = backend.baselines[baseline]
                facts = {"BaselineId": one.id, "BaselineName": one.name, "OperatingSystem": one.operating_system}
                rows.append({"PatchGroup": name, "BaselineIdentity": facts | {"DefaultBaseline": False}})
    return page(rows, params, "Mappings")


def describe_instance_patches(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List a node's patches: none here was ever scanned for any."""
    if params["InstanceId"] not in managed(backend):
        raise error("InvalidInstanceId", f"The instance ID {params['InstanceId']} is not valid.")
    return page([], params, "Patches")


def describe_effective_patches(backend: SimpleSystemManagerBackend, params: dict[str, Any]) -> dict[str, Any]:
    """List what a baseline approves: no patch is known here."""
    _baseline(backend, params)
    return page([], params, "EffectivePatches")


def install() -> None:
    """Replace moto's, which expect that everything named is there."""
    operation("GetPatchBaselineForPatchGroup", "get_patch_baseline_for_patch_group", get_patch_baseline_for_patch_group)
    operation("DeletePatchBaseline", "delete_patch_baseline", delete_patch_baseline)
    operation("GetPatchBaseline", "get_patch_baseline", get_patch_baseline)
    operation("UpdatePatchBaseline", "update_patch_baseline", update_patch_baseline)
    operation("DescribePatchGroups", "describe_patch_groups", describe_patch_groups)
    operation("DescribeInstancePatches", "describe_instance_patches", describe_instance_patches)
    name = "DescribeEffectivePatchesForPatchBaseline"
    operation(name, camelcase_to_underscores(name), describe_effective_patches)
