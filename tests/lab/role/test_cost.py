"""What a run costs that has nothing to change: its tasks, and its calls of AWS, none of which writes."""

from __future__ import annotations

from typing import Any

TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
GPU = {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]}
IMAGES = [{"repository": "team/web"}, {"repository": "team/trainer", "nodes": "gpu"}]
# Each with the most tasks and calls that it may take.
INSTALLS: dict[str, tuple[dict[str, Any], int, int]] = {
    "plain": ({}, 5, 19),
    "much": ({"prefetch_alarm_topic_arn": TOPIC, "prefetch_nodes": GPU, "prefetch_images": IMAGES}, 5, 29),
    "gone": ({"prefetch_state": "absent"}, 6, 9),
}


def test_a_run_without_a_change_is_cheap_and_writes_nothing(world: Any) -> None:
    given = {name: options for name, (options, _tasks, _calls) in INSTALLS.items()}
    world.done(given)
    world.faults.calls.clear()
    world.faults.writes.clear()
    run = world.done(given)
    assert not any(run.changes.values()) and not world.faults.writes
    for name, (_options, tasks, calls) in INSTALLS.items():
        assert run.tasks[name] <= tasks, (name, run.tasks[name])
        assert world.faults.calls[name] <= calls, (name, world.faults.calls[name])
