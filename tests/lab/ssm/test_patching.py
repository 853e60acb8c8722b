"""Patch baselines and groups.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetPatchBaselineForPatchGroup.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeletePatchBaseline.html
"""

from __future__ import annotations

from typing import Any


def test_a_patch_group_has_windows_baseline_unless_told_otherwise(lab: Any) -> None:
    told = lab.ssm.get_patch_baseline_for_patch_group(PatchGroup="nodes")
    assert told["OperatingSystem"] == "WINDOWS" and told["BaselineId"]
    linux = lab.ssm.get_patch_baseline_for_patch_group(PatchGroup="nodes", OperatingSystem="AMAZON_LINUX_2")
    assert linux["BaselineId"] != told["BaselineId"]


def test_a_baseline_in_use_is_not_deleted(lab: Any, refuses: Any) -> None:
    made = lab.ssm.create_patch_baseline(Name="mine", OperatingSystem="AMAZON_LINUX_2")["BaselineId"]
    lab.ssm.register_patch_baseline_for_patch_group(BaselineId=made, PatchGroup="nodes")
    refuses.calls("ssm", [("ResourceInUseException", "delete_patch_baseline", {"BaselineId": made})])
    other = lab.ssm.create_patch_baseline(Name="other", OperatingSystem="UBUNTU")["BaselineId"]
    for _ in range(2):
        assert lab.ssm.delete_patch_baseline(BaselineId=other)["BaselineId"] == other
    assert [row["BaselineId"] for row in lab.ssm.describe_patch_baselines()["BaselineIdentities"]] == [made]
