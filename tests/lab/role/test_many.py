"""Several installs on one cluster, with the same repository in each, and how many nodes a push reaches at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

DIGEST = f"sha256:{'a' * 64}"
ELSEWHERE = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/base/cuda"
CACHE = "ecr-public/docker/library/redis"
PUBLIC = "public.ecr.aws/docker/library/busybox"
GPU = {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]}
CLUSTER = {"Key": "tag:kubernetes.io/cluster/prod", "Values": ["owned"]}
INSTALLS: dict[str, dict[str, Any]] = {
    "every": {"prefetch_images": [{"repository": "team/web"}, {"repository": CACHE, "tags": "7*"}]},
    "release": {
        "prefetch_delivery": "automation",
        "prefetch_images": [
            {"repository": "team/web", "tags": "v*", "keep": 5},
            {"repository": ELSEWHERE, "tags": "12.*"},
            {"repository": PUBLIC, "tags": "stable"},
        ],
    },
    "gpus": {"prefetch_nodes": GPU, "prefetch_images": [{"repository": "team/web", "keep": 1, "nodes": "gpu"}]},
}


@pytest.fixture(name="push")
def push_fixture(bus: Any) -> Callable[..., None]:
    def push(repository: str, tag: str) -> None:
        detail = {"repository-name": repository, "image-digest": DIGEST}
        bus.push(tag, **detail, **{"action-type": "PUSH", "result": "SUCCESS"})

    return push


class Nodes:
    """A fleet where the runs that an event started are counted, and end as a test says."""

    def __init__(self, lab: Any, code: int = 0) -> None:
        self.lab, self.code = lab, code
        self.lock, self.running, self.peak = threading.Lock(), 0, 0
        self.ran: list[tuple[str, str]] = []

    def run(self, instance_id: str, script: str, *_more: Any) -> Any:
        from lab.node.agent import Result

        if '"source": "event"' not in script:
            return Result(0, b"{}", b"")
        with self.lock:
            self.running += 1
            self.peak = max(self.peak, self.running)
            self.ran.append((instance_id, script))
        # Long enough for others to begin that may.
        threading.Event().wait(0.3)
        with self.lock:
            self.running -= 1
        return Result(self.code, b"{}", b"")


@pytest.fixture(name="nodes")
def nodes_fixture(lab: Any, monkeypatch: pytest.MonkeyPatch) -> Nodes:
    nodes = Nodes(lab)
    monkeypatch.setattr(lab.fleet, "run", nodes.run)
    return nodes


def reached(lab: Any, install: str) -> dict[str, set[str]]:
    """Return which nodes an install's document was run on by events, by the image's tag."""
    found: dict[str, set[str]] = {}
    for command in lab.ssm.list_commands()["Commands"]:
        if command["DocumentName"] == f"nodecache-{install}" and command["Parameters"]["source"] == ["event"]:
            rows = lab.ssm.list_command_invocations(CommandId=command["CommandId"])["CommandInvocations"]
            tag = command["Parameters"]["images"][0].rpartition("/")[2].partition("@")[0]
            found.setdefault(tag, set()).update(row["InstanceId"] for row in rows if row["Status"] == "Success")
    return found


def test_installs_side_by_side(world: Any, lab: Any, nodes: Nodes, push: Callable[..., None]) -> None:
    cluster = {"kubernetes.io/cluster/prod": "owned"}
    gpu, rest = lab.node(**cluster, **{"eks:nodegroup-name": "gpu"}), lab.node(**cluster)
    world.done(INSTALLS)
    for repository, tag in (("team/web", "v1"), ("team/web", "latest"), (CACHE, "7.2"), ("base/cuda", "12.4")):
        push(repository, tag)
    wanted = {
        "every": {"web:v1": {gpu, rest}, "web:latest": {gpu, rest}, "redis:7.2": {gpu, rest}},
        # Its pattern leaves `latest` out, and another registry's pushes are not heard here.
        "release": {"web:v1": {gpu, rest}},
        "gpus": {"web:v1": {gpu}, "web:latest": {gpu}},
    }
    for name, tags in wanted.items():
        lab.until(lambda name=name, tags=tags: reached(lab, name) == tags)
    own = f"123456789012.dkr.ecr.{world.lab.ssm.meta.region_name}.amazonaws.com"
    asked = {
        "every": [f"{own}/team/web", f"{own}/{CACHE}:7*"],
        "release": [f"{own}/team/web:v*", f"{ELSEWHERE}:12.*", f"{PUBLIC}:stable"],
    }
    for name, images in asked.items():
        _document, parameters, targets = list(world.state(name)["associations"]["nodecache-INSTALL"][0].values())[:3]
        assert (parameters["images"], targets) == (images, [CLUSTER])
    (association,) = world.state("gpus")["associations"].values()
    assert association[0]["Targets"] == [{"Key": "tag:eks:nodegroup-name", "Values": ["gpu"]}, CLUSTER]
    # Each keeps as many as it was told, of the same repository.
    kept = {name: str(world.state(name)["documents"]["nodecache-INSTALL"][0]["mainSteps"][0]) for name in INSTALLS}
    assert f'"{own}/team/web": 2' in kept["every"] and f'"{own}/team/web:v*": 5' in kept["release"]
    assert f'"{own}/team/web": 1' in kept["gpus"]

    # One of them goes, and the others stay as they are.
    others = {name: world.state(name) for name in ("every", "gpus")}
    world.done({"release": {**INSTALLS["release"], "prefetch_state": "absent"}})
    assert world.state("release") == world.nothing
    assert {name: world.state(name) for name in ("every", "gpus")} == others


@pytest.mark.parametrize(
    ("options", "peak", "ran"),
    [
        # Run Command's own limits: fifty at a time, and nothing more is begun after the first that fails.
        ({}, 6, 6),
        ({"prefetch_delivery": "automation", "prefetch_max_concurrency": "2", "prefetch_max_errors": "1"}, 2, 3),
        ({"prefetch_delivery": "automation", "prefetch_max_concurrency": "50%", "prefetch_max_errors": "0"}, 3, 3),
    ],
    ids=["run_command", "two at a time and one error", "half at a time and no error"],
)
def test_failing_nodes_end_what_was_begun(
    world: Any, lab: Any, nodes: Nodes, push: Callable[..., None], options: dict[str, Any], peak: int, ran: int
) -> None:
    for _ in range(6):
        lab.node(**{"kubernetes.io/cluster/prod": "owned"})
    world.done({"main": options})
    nodes.code = 1
    push("team/web", "v1")

    def over() -> bool:
        commands = lab.ssm.list_commands(Filters=[{"key": "DocumentName", "value": "nodecache-main"}])["Commands"]
        return any(each["Status"] == "Failed" and each["Parameters"]["source"] == ["event"] for each in commands)

    lab.until(over, 20)
    # What began beside the one too many still ends; no other begins.
    assert nodes.peak == peak and ran <= len(nodes.ran) < ran + peak
    assert len(nodes.ran) == 6 or options


def test_a_large_fleet_on_run_command_is_warned_of(world: Any, lab: Any) -> None:
    tags = [{"Key": "kubernetes.io/cluster/prod", "Value": "owned"}]
    spec = [{"ResourceType": "instance", "Tags": tags}]
    lab.ec2.run_instances(ImageId="ami-12c6146b", MinCount=51, MaxCount=51, TagSpecifications=spec)
    (warning,) = world.done({"main": {}}, "--check").warnings
    assert warning.startswith("prefetch_delivery: run_command stops at the first node that fails and runs on 50")
    assert "'prod' has 51" in warning
