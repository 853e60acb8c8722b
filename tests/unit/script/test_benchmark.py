# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark runs behind the node script in one file, so what it takes from there has to be there."""

from __future__ import annotations

import ast
import builtins

import pytest
from script_support import ROOT, nodecache

TEXT = (ROOT / "roles/benchmark/files/benchmark.py").read_text(encoding="utf-8")
SOURCE = ast.parse(TEXT)


def test_every_name_is_its_own_or_the_scripts():
    nodes = list(ast.walk(SOURCE))
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert {"Image", "ecr_api", "retry"} <= used
    assert not {name for name in used - own if not hasattr(nodecache, name) and not hasattr(builtins, name)}


def attributes(of):
    """Return what is asked of whatever has this name."""
    asked = [node for node in ast.walk(SOURCE) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return {node.attr for node in asked if node.value.id == of}


def test_everything_that_is_asked_of_an_image_is_there():
    image, asked = nodecache.Image("host.example/app:v1"), attributes("image")
    assert {"digest", "names"} <= asked
    assert not {name for name in asked if not hasattr(image, name)}


def test_every_method_of_the_runtime_is_there():
    methods = attributes("runtime")
    assert {"call", "pull"} <= methods
    assert methods - {name for name in methods if hasattr(nodecache.Runtime, name)} == {"cgroup"}, "which it sets"


class Runtime:
    """Starts containers, and remembers what it was asked; sandboxes go while the kubelet removes them."""

    def __init__(self, removed=0):
        self.asked, self.removed = [], removed

    def call(self, method, message=b"", seconds=60):
        self.asked.append((method.partition("/")[2], nodecache.decode(message)))
        if self.asked[-1][0] == "CreateContainer" and self.removed:
            self.removed -= 1
            raise nodecache.Failure("failed to get sandbox container task: no running task found")
        return {1: [f"id-{len(self.asked)}".encode()]}

    def messages(self, method):
        return [message for name, message in self.asked if name == method]


def started(kubelet, removed=0):
    names = {**vars(nodecache)}
    exec(TEXT.partition("\nsys.exit(")[0], names)  # noqa: S102
    runtime = Runtime(removed)
    runtime.cgroup = names["cgroup"](kubelet)
    names["time"] = type("Time", (), {"monotonic": staticmethod(lambda: 1.0), "sleep": staticmethod(lambda _: None)})
    return runtime, lambda: names["start"](runtime, "app@sha256:1", "cached-1")


@pytest.mark.parametrize("driver, parent", [("systemd", b"system.slice"), ("cgroupfs", None), (None, None)])
def test_where_systemd_makes_the_cgroups_a_sandbox_is_in_a_slice(driver, parent):
    # runc: expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups; containerd makes that of a
    # cgroup_parent that ends in .slice, and of none at all it makes a path.
    runtime, start = started({"cgroupDriver": driver} if driver else {})
    start()
    for config in [runtime.messages("RunPodSandbox")[0][1][0], runtime.messages("CreateContainer")[0][3][0]]:
        linux = nodecache.decode(nodecache.decode(config)[8][0])
        assert linux.get(1, [None]) == [parent]
        assert nodecache.decode(nodecache.decode(linux[2][0])[1][0]) == {1: [2]}, "the node's network"


def test_a_sandbox_that_the_kubelet_removes_is_made_anew():
    # "Pods created by crictl may be removed automatically by kubelet": README of cri-tools.
    runtime, start = started({}, removed=4)
    assert start() == 0
    names = [nodecache.text(nodecache.decode(one[1][0]), 1, 1) for one in runtime.messages("RunPodSandbox")]
    assert names == [f"cached-1-{at}" for at in range(5)]
    assert len(runtime.messages("RemovePodSandbox")) == 5
    runtime, start = started({}, removed=5)
    with pytest.raises(nodecache.Failure, match="no running task"):
        start()
