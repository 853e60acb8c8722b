"""Patch baselines and groups.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetPatchBaselineForPatchGroup.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeletePatchBaseline.html, and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdatePatchBaseline.html
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


def test_a_baseline_is_shown_and_changed(lab: Any) -> None:
    ssm = lab.ssm
    made = ssm.create_patch_baseline(Name="mine", OperatingSystem="UBUNTU", Description="old")["BaselineId"]
    ssm.register_patch_baseline_for_patch_group(BaselineId=made, PatchGroup="nodes")
    told = ssm.get_patch_baseline(BaselineId=made)
    assert (told["Name"], told["OperatingSystem"], told["PatchGroups"]) == ("mine", "UBUNTU", ["nodes"])
    (row,) = ssm.describe_patch_groups()["Mappings"]
    assert (row["PatchGroup"], row["BaselineIdentity"]["BaselineId"]) == ("nodes", made)
    assert ssm.update_patch_baseline(BaselineId=made, Name="yours")["Description"] == "old"
    assert "Description" not in ssm.update_patch_baseline(BaselineId=made, Name="yours", Replace=True)


def test_what_is_not_there_has_no_patches(lab: Any, refuses: Any) -> None:
    baseline, code = {"BaselineId": "pb-0123456789abcdef0"}, "DoesNotExistException"
    names = ("get_patch_baseline", "update_patch_baseline", "describe_effective_patches_for_patch_baseline")
    node = ("InvalidInstanceId", "describe_instance_patches", {"InstanceId": "i-0123456789abcdef0"})
    refuses.calls("ssm", [node, *((code, name, baseline) for name in names)])
    assert lab.ssm.describe_instance_patches(InstanceId=lab.node())["Patches"] == []
