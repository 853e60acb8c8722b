"""Systems Manager with one document, installed."""

from __future__ import annotations

import time

import pytest
from document_backend import NAME, WRITES, Ssm


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    taken = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.fixture(name="aws")
def fixture(strict_client, four_cases):
    """Return a backend, its client, and the four cases of this module."""
    backend = Ssm()
    client = strict_client("ssm", backend)

    def cases(**options):
        return four_cases("ssm_document", client, WRITES, **{"name": NAME, **options})["document"]

    return backend, client, cases
