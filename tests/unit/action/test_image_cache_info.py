"""The waiting: what is looked at again, what is shown, and how it ends."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.nodecache.eks.plugins.action import image_cache_info
from ansible_collections.nodecache.eks.plugins.plugin_utils import _progress

MIB = 1024 * 1024
REF = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:v1@sha256:" + "a" * 64


def image(cached=False, fetched=None, total=None, error=None):
    return {"reference": REF, "cached": cached, "fetched_bytes": fetched, "total_bytes": total, "error": error}


def looked(*images, state="online"):
    nodes = [
        {"node": f"i-{at}", "state": state, "error": None, "images": [each] if each else []}
        for at, each in enumerate(images)
    ]
    return {"nodes": nodes, "summary": {"missing": sum(not (each and each["cached"]) for each in images)}}


@pytest.fixture(name="act")
def act_fixture(monkeypatch):
    """Return a run of the plugin over looks given in order, and what it showed and asked."""

    def act(looks, **args):
        clock = [0.0]
        monkeypatch.setattr(image_cache_info.time, "monotonic", lambda: clock[0])
        monkeypatch.setattr(image_cache_info.time, "sleep", lambda pause: clock.__setitem__(0, clock[0] + pause))
        plugin = object.__new__(image_cache_info.ActionModule)
        shown, asked = [], []

        def execute(_name, arguments, task_vars):
            asked.append(arguments)
            return looks[min(len(asked), len(looks)) - 1]

        plugin._task = SimpleNamespace(args=args)
        plugin._display = SimpleNamespace(display=shown.append)
        plugin._execute_module = execute
        monkeypatch.setattr(image_cache_info.ActionBase, "run", lambda *_arguments: {})
        return plugin.run(task_vars={}), shown, asked

    return act


def test_without_wait_it_looks_once(act):
    result, shown, asked = act([looked(image())])
    assert (len(asked), shown, result["summary"]["missing"]) == (1, [], 1)
    assert not result.get("failed")


def test_it_waits_and_shows_how_far_the_pull_is(act):
    result, shown, asked = act(
        [looked(None), looked(image(fetched=412 * MIB, total=1001 * MIB)), looked(image(cached=True))], wait="yes"
    )
    assert len(asked) == 3 and not result.get("failed")
    assert shown == [
        "  i-0  online  no answer yet",
        "  0 of 1 nodes hold everything",
        "  i-0  online  app:v1 412 of 1001 MiB (41 %)",
        "  0 of 1 nodes hold everything",
    ]


def test_it_waits_for_nodes_that_are_still_to_come(act):
    done = image(cached=True)
    result, shown, asked = act([looked(done), looked(done, done)], wait=True, min_nodes="2")
    assert (len(asked), shown) == (2, ["  1 of 2 nodes hold everything"])
    assert len(result["nodes"]) == 2


def test_the_end_of_patience_names_node_and_error(act):
    result, _shown, asked = act([looked(image(error="no such image"))], wait=True, wait_timeout=10, wait_delay=4)
    assert len(asked) == 3
    assert result["failed"]
    assert result["msg"] == "after 10 seconds: 1 of 1 nodes lack images: i-0  online  app:v1 no such image."
    assert result["nodes"][0]["node"] == "i-0"


def test_a_failure_of_the_module_ends_it_at_once(act):
    result, _shown, asked = act([{"failed": True, "msg": "cluster 'x': no running instance"}], wait=True)
    assert (len(asked), result["msg"]) == (1, "cluster 'x': no running instance")


def test_a_number_that_is_none_is_refused_before_any_look(act):
    with pytest.raises(AnsibleActionFail, match="min_nodes"):
        act([looked()], min_nodes="many")


def test_a_large_fleet_is_shown_in_a_few_lines():
    found = looked(*[image()] * 25)
    assert len(_progress.lines(found, 1)) == _progress.NODES_SHOWN + 2
    assert "and 15 more nodes" in _progress.lines(found, 1)
    assert "; 15 more." in _progress.lacking(found, 1)


def test_nodes_that_did_not_come_are_told():
    assert _progress.lacking(looked(image(cached=True)), 3).endswith("2 of 3 nodes did not come.")
