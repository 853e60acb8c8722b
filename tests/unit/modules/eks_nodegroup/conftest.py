"""EKS with one node group, installed."""

from __future__ import annotations

import pytest
from nodegroup_backend import Ec2, Eks


@pytest.fixture(name="ec2", autouse=True)
def ec2_fixture(strict_client):
    return strict_client("ec2", Ec2())


@pytest.fixture(name="eks")
def eks_fixture(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return Eks()


@pytest.fixture(name="client")
def client_fixture(strict_client, eks):
    return strict_client("eks", eks)


@pytest.fixture(name="group")
def group_fixture(run_module, client):
    def run(check=False, **options):
        return run_module("eks_nodegroup", check=check, cluster_name="demo", nodegroup_name="workers", **options)

    return run
