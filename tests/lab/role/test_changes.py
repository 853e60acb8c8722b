"""Every option changed from A to B: foretold by check mode, done once, and nothing of A is left."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
GPU = {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]}
MANY = [{"repository": "team/web"}, {"repository": "team/trainer", "nodes": "gpu"}]
ELSEWHERE = "210987654321.dkr.ecr.us-east-1.amazonaws.com/team/trainer"

# Every option of the role is in one of the pairs, and each is changed there and back.
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "much and little": (
        {
            "prefetch_delivery": "automation",
            "prefetch_alarm_topic_arn": TOPIC,
            "prefetch_images": MANY,
            "prefetch_nodes": GPU,
            "prefetch_tags": {"team": "a", "cost": 1},
        },
        {
            "prefetch_dead_letter": False,
            "prefetch_images": [{"repository": "team/web", "tags": "v*", "keep": 5}],
            "prefetch_node_roles": ["other-{{ inventory_hostname }}"],
        },
    ),
    "one and another": (
        {
            "prefetch_tags": {"team": "a", "number": 1},
            "prefetch_alarm_topic_arn": TOPIC,
            "prefetch_nodes": GPU,
            "prefetch_images": MANY,
        },
        {
            "prefetch_tags": {"team": "b"},
            "prefetch_alarm_topic_arn": f"{TOPIC}-2",
            "prefetch_jitter": 60,
            "prefetch_schedule": "rate(1 hour)",
            "prefetch_keep": 4,
            "prefetch_max_concurrency": "50%",
            "prefetch_max_errors": "20%",
            "prefetch_nodes": {"gpu": [*GPU["gpu"], {"key": "tag:team", "values": ["ml", "ai"]}]},
            # Of another account: its pushes are not heard of, so that its nodes have no rule.
            "prefetch_images": [{"repository": "team/web"}, {"repository": ELSEWHERE, "nodes": "gpu"}],
        },
    ),
}
# A policy cannot be shown of a role that is still to come, nor what there will be in the end.
UNFORETOLD = (
    "noted | Ensure the document tells of it",
    "automation_role | Ensure it may run this document on these nodes only",
    "events | Ensure EventBridge may start this document on these nodes, and nothing else",
)


def test_a_change_converges_there_and_back(world: Any) -> None:
    before = {f"{way}{at}": pair[way == "back"] for at, pair in enumerate(PAIRS.values()) for way in ("there", "back")}
    after = {f"{way}{at}": pair[way == "there"] for at, pair in enumerate(PAIRS.values()) for way in ("there", "back")}
    for name in before:
        world.node_role(f"other-{name}")
    world.done(before)
    states = {name: world.state(name) for name in before}
    foretold = world.done(after, "--check")
    assert {name: world.state(name) for name in before} == states
    done, again = world.done(after), world.done(after)
    for name in before:
        rest = Counter(done.changes[name]) - Counter(foretold.changes[name])
        assert done.changes[name] and not Counter(foretold.changes[name]) - Counter(done.changes[name]), name
        assert all(task.endswith(UNFORETOLD) for task in rest), (name, rest)
        assert again.changes[name] == [], name
        # What it became is what the other of the pair was made as: nothing of before is left.
        other = name.replace("there", "BACK").replace("back", "there").replace("BACK", "back")
        assert world.state(name) == states[other], name


def test_the_pairs_hold_every_option_that_is_no_name_or_place() -> None:
    role = Path(__file__).resolve().parents[3] / "roles/prefetch"
    options = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    elsewhere = {f"prefetch_{each}" for each in ("state", "aws", "region", "name", "cluster", "release")}
    assert {option for pair in PAIRS.values() for side in pair for option in side} == set(options) - elsewhere
