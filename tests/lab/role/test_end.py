"""The end of an install: in an order in which nothing comes back."""

from __future__ import annotations

from typing import Any


def test_images_are_let_go_of_once_nothing_could_bring_them_back(world: Any, lab: Any, ran: list[str]) -> None:
    lab.node(**{"kubernetes.io/cluster/prod": "owned"})
    world.done({"main": {}})
    world.faults.writes.clear()
    world.done({"main": {"prefetch_state": "absent", "prefetch_release": True}})
    writes = world.faults.writes["main"]
    at = writes.index("SendCommand")
    # A push or the schedule would have the nodes pull again, and then nobody would ever let go of it.
    assert {"DeleteAssociation", "RemoveTargets", "DeleteRule"} <= set(writes[:at])
    assert "DeleteDocument" in writes[at:] and "DeleteDocument" not in writes[:at]
    assert '"action": "release"' in ran[-1]
    assert world.state("main") == world.nothing
