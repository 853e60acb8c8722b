"""The registry behind the ECR host name: the CNCF distribution registry, with nginx in front of it."""

from __future__ import annotations

from lab.registry.daemons import start, stop

__all__ = ["start", "stop"]
