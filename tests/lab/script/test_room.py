"""A node whose disk is really small, filled before a pull and during one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

MEGABYTES, STORE = 400, "/var/lib/containerd"


@pytest.fixture(scope="module")
def node(world: Any, until: Any) -> str:
    """Start a node whose images have a file system of their own."""
    name: str = world.node()
    world.shell(name, f"mount -t tmpfs -o size={MEGABYTES}m none {STORE}; kill $(pidof containerd)")
    missing = f"{world.host}/missing@sha256:{'a' * 64}"
    until(lambda: 0 < (world.run(name, [missing], "report")["free"] or 0) >> 20 < MEGABYTES)
    return name


@contextmanager
def filled(world: Any, node: str, command: str) -> Iterator[None]:
    world.shell(node, command)
    try:
        yield
    finally:
        world.shell(node, f"rm {STORE}/full")


def test_a_full_disk_is_told_in_numbers_before_a_byte_is_fetched(world: Any, node: str) -> None:
    repository = world.repository("filled")
    ref = f"{world.host}/{repository}:v1@{world.push(repository, 'v1', megabytes=20)}"
    with filled(world, node, f"fallocate -l 310MiB {STORE}/full"):
        report = world.run(node, [ref])
    assert not report["ok"] and not report["images"][0]["cached"]
    # 20 MiB twice, as the layers are not compressed; 85 % of 400 MiB may be full.
    said = re.fullmatch(
        r"20 MiB and about 20 unpacked would leave (\d+) of (\d+) MiB free, less than 60 of the kubelet's "
        r"imageGCHighThresholdPercent",
        report["images"][0]["error"],
    )
    assert said and int(said[2]) - int(said[1]) in (41, 42) and 80 < int(said[2]) <= 90, str(report)
    assert report["free"] >> 20 == int(said[2])
    assert not [line for line in world.pulls(repository) if "/blobs/" in line]
    assert world.run(node, [ref])["ok"]


def test_a_disk_that_fills_up_during_a_pull_is_told_and_the_next_run_heals(
    world: Any, node: str, slow: Any, until: Any
) -> None:
    repository = world.repository("filling")
    ref = f"{world.host}/{repository}:v1@{world.push(repository, 'v1', megabytes=6, layers=3)}"
    slow(node, "8mbit")
    reports: list[Any] = []
    pulling = threading.Thread(target=lambda: reports.append(world.run(node, [ref])))
    pulling.start()
    until(lambda: world.run(node, [ref], "report")["images"][0].get("fetched", 0) > 1_000_000)
    with filled(world, node, f"dd if=/dev/zero of={STORE}/full bs=1M status=none || true"):
        slow(node, "400mbit")
        pulling.join()
    (report,) = reports
    assert not report["ok"] and "no space left" in report["images"][0]["error"], report
    assert world.run(node, [ref])["ok"]
