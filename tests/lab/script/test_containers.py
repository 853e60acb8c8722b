"""Containers that ended and were not removed still need their image, and hold it as long as they are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

RUN = """
metadata = field(1, 'ends') + field(2, 'ends') + field(3, 'test')
config = field(1, metadata) + field(8, cgroup(kubelet_config()) + field(2, field(1, number(1, 2))))
sandbox = text(runtime.call('RuntimeService/RunPodSandbox', field(1, config)), 1)
mine = field(1, field(1, 'ends')) + field(2, field(1, {image!r})) + field(3, '/bin/sleep') + field(4, '0')
made = runtime.call('RuntimeService/CreateContainer', field(1, sandbox) + field(2, mine) + field(3, config))
runtime.call('RuntimeService/StartContainer', field(1, text(made, 1)))
for _ in range(100):
    state = decode(runtime.call('RuntimeService/ContainerStatus', field(1, text(made, 1)))[1][0]).get(3)
    if state == [2]:
        break
    time.sleep(0.05)
assert state == [2], state
print(sandbox)
"""


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


@pytest.fixture(name="ended")
def ended_fixture(world: Any, node: str) -> Callable[[str], Callable[[], None]]:
    """Return what runs a container of an image to its end; that returns what removes it."""

    def run(image: str) -> Callable[[], None]:
        sandbox = world.python(node, RUN.format(image=image)).strip()
        return lambda: print(world.python(node, f"stop(runtime, {sandbox!r})"))

    return run


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_an_exited_container_keeps_its_image_until_it_is_removed(world: Any, node: str, ended: Any, by: str) -> None:
    repository = world.repository("exited")
    name = f"{world.host}/{repository}"
    run = {"source": "association", "prefetch_keep": 1, "prefetch_wanted": {name: 1}}
    old = world.push(repository, "v1")
    assert world.run(node, [name], **run)["ok"]
    remove = ended(f"{name}:v1" if by == "tag" else f"{name}@{old}")
    new = world.push(repository, "v2")
    for _ in range(2):
        assert world.run(node, [name], **run)["ok"]
        names = world.names(node)
        assert {f"{name}:v1", f"{name}@{old}", f"{name}:v2", f"{name}@{new}"} <= set(names)
        # The kubelet's garbage collection has to leave it as well: the container may be started again.
        assert all("pinned" in names[one] for one in (f"{name}:v1", f"{name}@{old}"))
    remove()
    assert world.run(node, [name], **run)["ok"]
    left = {one for one in world.names(node) if one.startswith(name)}
    assert left == {f"{name}:v2", f"{name}@{new}"}
    # With its last name its layers went too.
    assert old not in world.shell(node, "ctr -n k8s.io images ls")


def test_an_image_taken_off_the_list_stays_while_a_container_that_ended_needs_it(
    world: Any, node: str, ended: Any
) -> None:
    gone, kept = world.repository("unwanted"), world.repository("wanted")
    for repository in (gone, kept):
        world.push(repository, "v1")
    name, other = f"{world.host}/{gone}", f"{world.host}/{kept}"
    assert world.run(node, [name], source="association", prefetch_wanted={name: 2})["ok"]
    remove = ended(f"{name}:v1")
    now = {"source": "association", "prefetch_wanted": {other: 2}}
    assert world.run(node, [other], **now)["ok"]
    assert f"{name}:v1" in world.names(node)
    remove()
    assert world.run(node, [other], **now)["ok"]
    assert f"{name}:v1" not in world.names(node)


def test_a_sandbox_that_is_in_no_slice_is_refused_as_where_systemd_makes_the_cgroups(world: Any, node: str) -> None:
    """As on EKS: https://github.com/kubernetes-sigs/cri-tools/issues/1696."""
    name = f"{world.host}/{world.repository('sliced')}"
    world.push(name.partition("/")[2], "v1")
    assert world.run(node, [f"{name}:v1"], source="command")["ok"]
    tried = "try:\n    start_once(runtime, 'none', 'no-slice')\nexcept Failure as error:\n    print(error)"
    wrong = world.python(node, f"runtime.cgroup = b''\n{tried}")
    assert 'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/k8s.io/' in wrong
    start = f"start(runtime, '{name}:v1', 'sliced')"
    assert float(world.python(node, f"runtime.cgroup = cgroup(kubelet_config())\nprint({start})"))
