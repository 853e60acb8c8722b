"""A wrong option is told in one sentence, before AWS is asked anything."""

from __future__ import annotations

from typing import Any

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "called": ({"prefetch_name": "a b"}, "prefetch_name: 'a b' is not valid, allowed is 1 to 24 letters"),
    "often": ({"prefetch_schedule": "rate(5 minutes)"}, "prefetch_schedule: 'rate(5 minutes)' is not valid"),
    "many": ({"prefetch_max_concurrency": "0"}, "prefetch_max_concurrency: '0' is not valid"),
    "topic": ({"prefetch_alarm_topic_arn": "on-call"}, "prefetch_alarm_topic_arn: 'on-call' is not valid"),
    "tagged": ({"prefetch_tags": {"nodecache.eks/install": "x"}}, "prefetch_tags: 'nodecache.eks/install'"),
    "kept": ({"prefetch_keep": 0}, "prefetch_keep: '0' is not valid, allowed is 1 to 100"),
    "shell": ({"prefetch_images": [{"repository": "web", "tags": "$(id)"}]}, "prefetch_images[0].tags: '$(id)'"),
    "gone": ({"prefetch_state": "absent", "prefetch_cluster": "a/b"}, "prefetch_cluster: 'a/b' is not valid"),
    # What the role's argument_specs tell.
    "pigeon": ({"prefetch_delivery": "pigeon"}, "value of prefetch_delivery must be one of: run_command, automation"),
    "word": ({"prefetch_keep": "many"}, "argument 'prefetch_keep' is of type str"),
}


def test_nothing_is_asked_or_made_when_an_option_is_wrong(world: Any) -> None:
    run = world.play({name: given for name, (given, _told) in WRONG.items()})
    for name, (_given, told) in WRONG.items():
        assert told in run.failed[name], (name, run.failed.get(name))
        # The sentence is not wrapped in another's.
        assert run.failed[name].startswith(("prefetch_", "Validation of arguments failed")), run.failed[name]
    assert not set(WRONG) & set(world.faults.calls)


NEEDED: dict[str, tuple[dict[str, Any], str]] = {
    "cluster": ({"prefetch_cluster": "no-such"}, "prefetch_cluster: 'no-such' is not valid, allowed is an EKS cluster"),
    "role": ({"prefetch_node_roles": ["no-such"]}, "prefetch_node_roles: 'no-such' is not valid, allowed is names of"),
    "topic": (
        {"prefetch_alarm_topic_arn": "arn:aws:sns:us-east-1:123456789012:no-such"},
        "prefetch_alarm_topic_arn: 'arn:aws:sns:us-east-1:123456789012:no-such' is not valid, allowed is the ARN of",
    ),
}


def test_nothing_is_made_when_what_it_needs_is_not_there(world: Any) -> None:
    hosts = {name: given for name, (given, _told) in NEEDED.items()}
    # In check mode an earlier task may only have said that it would make it.
    foretold, run = world.done(hosts, "--check"), world.play(hosts)
    for name, (_given, told) in NEEDED.items():
        assert any(f"Unless it is made first, this ends here: {told}" in str(said) for said in foretold.messages[name])
        assert run.failed[name].startswith(told), (name, run.failed.get(name))
        assert world.state(name) == world.nothing
    assert not set(NEEDED) & set(world.faults.writes)
    # An install is removed all the same when its cluster went first.
    world.done({"gone": {}})
    world.lab.client("eks").delete_cluster(name="prod")
    assert not world.done({"gone": {}}).changes["gone"]
    world.done({"gone": {"prefetch_state": "absent", "prefetch_node_roles": ["no-such"]}})
    assert world.state("gone") == world.nothing
