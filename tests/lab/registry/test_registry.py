"""The registry as the lab's server starts and stops it.

https://distribution.github.io/distribution/about/configuration/
"""

from __future__ import annotations

from typing import Any

from lab import registry as lab_registry
from lab import settings
from lab.registry import daemons, store


def test_it_starts_and_stops_as_often_as_it_is_asked(registry: Any) -> None:
    assert store.running
    for _time in range(2):
        lab_registry.stop()
        assert not store.running and daemons.ended() == []
    lab_registry.start()
    assert store.running and registry.send("GET", "/v2/")[0].status == 200


def test_what_was_pushed_is_there_after_a_restart(registry: Any) -> None:
    settings.client("ecr").create_repository(repositoryName="app")
    assert registry.push("app", "v1") == 201
    before = registry.send("GET", "/v2/app/manifests/v1")[1]
    lab_registry.stop()
    lab_registry.start()
    assert registry.send("GET", "/v2/app/manifests/v1")[1] == before
