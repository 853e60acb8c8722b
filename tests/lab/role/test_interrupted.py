"""Cut off at a writing call, run again: the same as if nothing had happened. Every fifth call is tried."""

from __future__ import annotations

from typing import Any

TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"

OPTIONS = {
    "prefetch_alarm_topic_arn": TOPIC,
    "prefetch_nodes": {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]},
    "prefetch_images": [{"repository": "team/web"}, {"repository": "team/trainer", "nodes": "gpu"}],
}
# The name of each install ends in the number of the call that is refused; none is a word of the document.
AT = {f"cut{number:02}": number for number in range(2, 20, 5)}


def test_an_interrupted_run_is_run_again(world: Any) -> None:
    hosts = {name: OPTIONS for name in ("cut00", *AT)}
    world.faults.refuse.update(AT)
    cut = world.play(hosts)
    assert "cut00" not in cut.failed, cut.failed["cut00"]
    assert set(cut.failed) == set(AT)
    assert all("cut off" in message for message in cut.failed.values()), cut.failed
    # All of them are tried: a run has hardly more writing calls than the last one that was refused.
    assert max(AT.values()) <= len(world.faults.writes["cut00"]) < max(AT.values()) + 5
    world.faults.refuse.clear()
    again = world.done(hosts)
    assert again.changes["cut00"] == []
    wanted = world.state("cut00")
    assert all(wanted.values())
    for name in AT:
        assert world.state(name) == wanted, name

    gone = {name: {**OPTIONS, "prefetch_state": "absent"} for name in hosts}
    world.faults.writes.clear()
    world.faults.refuse.update(AT)
    cut = world.play(gone)
    assert set(cut.failed) == {name for name, at in AT.items() if at <= len(world.faults.writes["cut00"])}
    assert len(cut.failed) >= 3
    world.faults.refuse.clear()
    world.done(gone)
    for name in hosts:
        assert world.state(name) == world.nothing, name
