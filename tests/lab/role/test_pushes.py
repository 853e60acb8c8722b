"""Which pushes start something: this account's and region's of each of an install's images, however many there are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab import settings

REGISTRY = f"{settings.ACCOUNT}.dkr.ecr.{settings.REGION}.amazonaws.com"
DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture(name="ran")
def ran_fixture(lab: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the scripts that events run on the cluster's one node."""
    from lab.node.agent import Result

    ran: list[str] = []

    def run(_instance: str, script: str, *_more: Any) -> Any:
        if '"source": "event"' in script:
            ran.append(script)
        return Result(0, b"{}", b"")

    monkeypatch.setattr(lab.fleet, "run", run)
    lab.node(**{"kubernetes.io/cluster/prod": "owned"})
    return ran


def put(account: str, region: str, repository: str, tag: str) -> None:
    """Put a push's event on this account's bus, as another account or region forwards its own."""
    from moto.events.models import events_backends

    detail = {"action-type": "PUSH", "result": "SUCCESS", "repository-name": repository, "image-digest": DIGEST}
    entry = {"Source": "aws.ecr", "DetailType": "ECR Image Action", "Detail": json.dumps({**detail, "image-tag": tag})}
    bus = events_backends[settings.ACCOUNT][settings.REGION]
    was, bus.account_id, bus.region_name = (bus.account_id, bus.region_name), account, region
    try:
        bus.put_events([entry])
    finally:
        bus.account_id, bus.region_name = was


@pytest.mark.parametrize("delivery", ["run_command", "automation"])
def test_pushes_that_others_forward_start_nothing(world: Any, lab: Any, ran: list[str], delivery: str) -> None:
    world.done({"main": {"prefetch_delivery": delivery}})
    put(settings.OTHER_ACCOUNT, settings.REGION, "team/web", "evil")
    put(settings.ACCOUNT, "eu-west-1", "team/web", "elsewhere")
    put(settings.ACCOUNT, settings.REGION, "team/web", "v1")
    lab.until(lambda: ran)
    assert [f'"images": ["{REGISTRY}/team/web:v1@{DIGEST}"]' in script for script in ran] == [True]
    rules = world.state("main")["rules"].values()
    assert [pattern["account"] for pattern, *_rest in rules] == [[settings.ACCOUNT]]


def test_more_images_than_one_rule_hears_of(world: Any, lab: Any, ran: list[str]) -> None:
    images = [{"repository": f"team/some-service-with-a-long-name-{number:03}"} for number in range(100)]
    world.done({"main": {"prefetch_images": images}})
    rules = world.state("main")["rules"]
    assert sorted(rules) == ["nodecache-INSTALL", "nodecache-INSTALL.all.2", "nodecache-INSTALL.all.3"]
    for number in (0, 50, 99):
        put(settings.ACCOUNT, settings.REGION, images[number]["repository"], "v1")
    lab.until(lambda: len(ran) == 3)
    assert sorted(name for each in images for name in [each["repository"]] for one in ran if f"{name}:v1@" in one) == [
        images[number]["repository"] for number in (0, 50, 99)
    ]
    # With fewer images the further rules go.
    world.done({"main": {"prefetch_images": images[:3]}})
    assert sorted(world.state("main")["rules"]) == ["nodecache-INSTALL"]
