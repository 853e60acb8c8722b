"""A target, and the queue of what it could not be given."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def dead(lab: Any, bus: Any) -> Any:
    """Return the dead-letter queue of a target whose role may do all it has to."""
    lab.node(role="node", cluster="a")
    lab.document("true", tag={"type": "String"})
    url, arn = bus.queue()
    bus.put(Input='{"tag":["x"]}', DeadLetterConfig={"Arn": arn})
    return url
