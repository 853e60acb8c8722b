"""State Manager with a few associations, installed."""

from __future__ import annotations

import time

import pytest
from association_backend import WRITES, Ssm


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    taken = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.fixture(name="lab")
def fixture(strict_client, four_cases):
    """Return a backend, its client, and the four cases of this module."""

    def make(**how):
        backend = Ssm(**how)
        client = strict_client("ssm", backend)

        def cases(**options):
            untold = ("association_id", "execution")
            return four_cases("ssm_association", client, WRITES, untold, **options)["association"]

        return backend, client, cases

    return make
