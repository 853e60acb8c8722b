"""EventBridge with one rule and its targets, installed."""

from __future__ import annotations

import pytest
from target_backend import Events


@pytest.fixture(name="events")
def events_fixture():
    return Events()


@pytest.fixture(name="client")
def client_fixture(strict_client, events):
    return strict_client("events", events)


@pytest.fixture(name="target")
def target_fixture(run_module, client):
    def run(check=False, **options):
        return run_module("eventbridge_target", check=check, rule="push", target_id="t", **options)

    return run
