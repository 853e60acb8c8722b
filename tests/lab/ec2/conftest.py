"""The account that EKS's tests have, as instances become nodes through a node group."""

from __future__ import annotations

from tests.lab.eks.conftest import account_fixture, port_fixture  # noqa: F401
