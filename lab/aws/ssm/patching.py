"""Patch baselines, as far as moto keeps them: which one a group of nodes has, and the deleting of one that is gone.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetPatchBaselineForPatchGroup.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeletePatchBaseline.html
"""

from __future__ import annotations

from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from lab.aws.ssm.support import error, operation

# What is meant when nobody says which system it is about.
SYSTEM = "WINDOWS"


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


def install() -> None:
    """Replace moto's, which expect that everything named is there."""
    operation("GetPatchBaselineForPatchGroup", "get_patch_baseline_for_patch_group", get_patch_baseline_for_patch_group)
    operation("DeletePatchBaseline", "delete_patch_baseline", delete_patch_baseline)
