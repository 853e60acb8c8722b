"""What was lost or interrupted is there again after a rerun, and nothing is fetched that cannot be kept."""

from __future__ import annotations

import json
import os
import re
import threading
from typing import Any

import pytest


@pytest.fixture(scope="module")
def node(world: Any) -> str:
    name: str = world.node()
    return name


def test_a_node_that_reboots_in_mid_pull_is_warm_after_a_rerun(world: Any, slow: Any, until: Any) -> None:
    node, repository = world.node(), world.repository("reboot")
    digest = world.push(repository, "v1", megabytes=3, layers=3)
    ref = f"{world.host}/{repository}:v1@{digest}"
    slow(node, "20mbit")
    results: list[Any] = []
    pulling = threading.Thread(target=lambda: results.append(world.start(node, [ref])))
    pulling.start()
    until(lambda: world.run(node, [ref], "report")["images"][0].get("fetched", 0) > 1_000_000)
    world.reboot(node)
    pulling.join()
    assert results[0].exit_code != 0
    assert not world.run(node, [ref], "report")["ok"]
    slow(node, "400mbit")
    assert world.run(node, [ref])["ok"]
    assert world.run(node, [ref], "report")["ok"]


def test_a_lost_image_and_a_lost_name_come_back(world: Any, node: str) -> None:
    repository = world.repository("lost")
    digest = world.push(repository, "v1")
    name = f"{world.host}/{repository}"
    for lost in (f"{name}:v1 {name}@{digest}", f"{name}:v1", f"{name}@{digest}"):
        assert world.run(node, [name], source="association")["ok"]
        world.shell(node, f"ctr -n k8s.io images rm --sync {lost}")
        assert not world.run(node, [f"{name}:v1@{digest}"], "report")["ok"]
        assert world.run(node, [name], source="association")["ok"]
        assert world.run(node, [f"{name}:v1@{digest}"], "report")["ok"]


def test_a_restarted_containerd_still_has_what_was_pulled(world: Any, node: str, until: Any) -> None:
    repository = world.repository("restart")
    digest = world.push(repository, "v1")
    ref = f"{world.host}/{repository}:v1@{digest}"
    assert world.run(node, [ref])["ok"]
    world.shell(node, "kill $(pidof containerd)")
    until(lambda: world.start(node, [ref], "report").exit_code == 0)
    assert world.run(node, [ref])["ok"]


def refusal(world: Any, node: str, ref: str) -> str:
    """Return what a node whose disk is never empty enough says to an image."""
    drop_in = "/etc/kubernetes/kubelet/config.json.d/99-test.conf"
    hard = json.dumps({"evictionHard": {"nodefs.available": "99.9999%"}})
    world.shell(node, f"mkdir -p $(dirname {drop_in}); echo '{hard}' > {drop_in}")
    try:
        report = world.run(node, [ref])
    finally:
        world.shell(node, f"rm {drop_in}")
    assert not report["ok"]
    said: str = report["images"][0]["error"]
    return said


def test_too_small_a_disk_refuses_before_a_byte(world: Any, node: str) -> None:
    repository = world.repository("full")
    name, base = f"{world.host}/{repository}", world.layer(os.urandom(2_000_000))
    digest = world.push_manifest(repository, "v1", *world.image(base))
    said = refusal(world, node, f"{name}:v1@{digest}")
    assert re.fullmatch(r"3 MiB and about 3 unpacked would leave .* of the kubelet's nodefs.available", said), said
    assert not [line for line in world.pulls(repository) if "/blobs/" in line]
    assert world.run(node, [f"{name}:v1@{digest}"])["ok"]

    # The next version brings only what is new in it.
    digest = world.push_manifest(repository, "v2", *world.image(base, world.layer(os.urandom(1_200_000), "new")))
    assert refusal(world, node, f"{name}:v2@{digest}").startswith("1 MiB and about 1 unpacked")
    before = len(world.pulls(repository))
    assert world.run(node, [f"{name}:v2@{digest}"])["ok"]
    assert len([line for line in world.pulls(repository)[before:] if "/blobs/" in line]) == 2, "its config, its layer"


def test_two_runs_at_once_pull_once(world: Any, node: str) -> None:
    repository = world.repository("twice")
    digest = world.push(repository, "v1", megabytes=2, layers=2)
    ref = f"{world.host}/{repository}:v1@{digest}"
    reports: list[Any] = []
    runs = [threading.Thread(target=lambda: reports.append(world.run(node, [ref]))) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [report["ok"] for report in reports] == [True] * 3
    blobs = [line for line in world.pulls(repository) if line.startswith("GET") and "/blobs/" in line]
    assert len(blobs) == len(set(blobs))


def test_a_registry_out_of_reach_leaves_what_is_here(world: Any, node: str) -> None:
    repository = world.repository("offline")
    digest = world.push(repository, "v1")
    ref = f"{world.host}/{repository}:v1@{digest}"
    assert world.run(node, [ref])["ok"]
    world.shell(node, "cp /etc/hosts /run/hosts; sed -i '/dkr.ecr/d' /etc/hosts")
    try:
        assert world.run(node, [ref])["ok"]
        report = world.run(node, [f"{world.host}/{repository}:v2@{digest}"])
        assert not report["ok"] and report["images"][0]["error"]
    finally:
        world.shell(node, "cat /run/hosts > /etc/hosts")
