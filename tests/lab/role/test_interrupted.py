"""Cut off at any writing call, run again: the same as if nothing had happened."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
GPU = {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]}
# Between them they have all that an install can consist of, and what one has the other lacks.
MUCH = {
    "prefetch_alarm_topic_arn": TOPIC,
    "prefetch_nodes": GPU,
    "prefetch_images": [{"repository": "team/web"}, {"repository": "team/trainer", "nodes": "gpu"}],
}
LITTLE = {"prefetch_delivery": "automation", "prefetch_dead_letter": False, "prefetch_keep": 4}
# The name of each install ends in the number of the call that is refused; none is a word of the document.
AT = {f"cut{number:02}": number for number in (3, 14)}


def test_an_interrupted_run_is_run_again(world: Any) -> None:
    hosts = {name: MUCH for name in ("cut00", *AT)}
    world.faults.refuse.update(AT)
    cut = world.play(hosts)
    assert set(cut.failed) == set(AT), cut.failed
    assert all("cut off" in message for message in cut.failed.values()), cut.failed
    world.faults.refuse.clear()
    again = world.done(hosts)
    assert again.changes["cut00"] == []
    wanted = world.state("cut00")
    assert all(wanted.values())
    for name in AT:
        assert world.state(name) == wanted, name

    gone = {name: {**MUCH, "prefetch_state": "absent"} for name in hosts}
    world.faults.writes.clear()
    world.faults.refuse.update(AT)
    cut = world.play(gone)
    assert set(cut.failed) == set(AT), cut.failed
    world.faults.refuse.clear()
    world.done(gone)
    for name in hosts:
        assert world.state(name) == world.nothing, name


class Anew:
    """What a run that began anew at each cut would do: nothing else than the one that was cut off.

    The tasks before the cut find their own things as they left them, and the one that was cut off is run again, so
    the run anew can differ only in its plan.
    """

    def __init__(self, world: Any, hosts: dict[str, dict[str, Any]]) -> None:
        self.world, self.hosts, self.cuts = world, hosts, Counter[str]()
        self.first = {name: self.gone(name) for name in hosts}

    def gone(self, name: str) -> dict[str, set[str]]:
        """Return what the plan says has to go, by kind."""
        found = self.world.look(name, self.hosts[name])
        assert not found["taken"] and not found["theirs"], found
        return {kind: {thing["name"] for thing in things} for kind, things in found["gone"].items()}

    def __call__(self, name: str) -> None:
        self.cuts[name] += 1
        now = self.gone(name)
        for kind, names in self.first[name].items():
            assert now[kind] <= names, f"{now[kind] - names} has to go all at once"
            # All but these are found by their names alone.
            if kind == "node_policy":
                assert {each for each in names if self.world.node_policy(name, each)} <= now[kind]


@pytest.fixture(name="cut")
def cut_fixture(world: Any) -> Any:
    """Return what plays the role with every writing call refused when it is first made."""

    def play(hosts: dict[str, dict[str, Any]]) -> Counter[str]:
        anew = Anew(world, hosts)
        world.faults.each = anew
        done = world.play(hosts)
        world.faults.each = None
        assert not world.faults.odd and not done.failed, (world.faults.odd, done.failed)
        return anew.cuts

    return play


def test_every_call_may_be_cut_off(world: Any, cut: Any) -> None:
    names = ("there1", "back1")
    little = {name: {**LITTLE, "prefetch_node_roles": [world.node_role(f"other-{name}")]} for name in names}
    made = cut({"there1": MUCH, "back1": little["back1"]})
    assert made["there1"] > 20 and made["back1"] > 8, made
    states = {name: world.state(name) for name in names}
    assert all(states["there1"].values())
    changed = cut({"there1": little["there1"], "back1": MUCH})
    assert changed["there1"] > 15 and changed["back1"] > 15, changed
    assert world.state("there1") == states["back1"] and world.state("back1") == states["there1"]
    again = world.done({"there1": little["there1"], "back1": MUCH})
    assert not any(again.changes.values()), again.changes
    gone = cut({name: {"prefetch_state": "absent"} for name in names})
    assert gone["there1"] > 8 and gone["back1"] > 15, gone
    assert world.state("there1") == world.state("back1") == world.nothing
