"""The control groups that containers leave: only those that came with the nodes go.

cgroups(7): a group goes when it is empty, and containerd makes one a namespace of its own, like k8s.io.
"""

from __future__ import annotations

from lab.node import cgroups


def test_only_named_empty_groups_go(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    for name in ("memory/k8s.io/ours", "memory/other", "pids/shared/ours/inner", "pids/shared/theirs"):
        (tmp_path / name).mkdir(parents=True)
    cgroups.remove({"ours"})
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"memory", "memory/other", "pids", "pids/shared", "pids/shared/theirs"}


def test_only_parents_that_came_with_the_nodes_go(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    monkeypatch.setattr(cgroups, "MEMORY", tmp_path / "memory.json")
    (tmp_path / "pids/k8s.io").mkdir(parents=True)
    cgroups.remember_parents()
    for name in ("memory/k8s.io", "memory/default", "memory/other", "cpu/k8s.io/busy", "k8s.io"):
        (tmp_path / name).mkdir(parents=True)
    cgroups.remove_new_parents()
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_dir()}
    assert left == {"pids", "pids/k8s.io", "memory", "memory/other", "cpu", "cpu/k8s.io", "cpu/k8s.io/busy"}
