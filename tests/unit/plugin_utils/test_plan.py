"""The prefetch role's plan, in tables."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.nodecache.eks.plugins.filter import prefetch_parts, prefetch_plan
from ansible_collections.nodecache.eks.plugins.plugin_utils import _plan

REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
OTHER = "210987654321.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64
INSTALL = {
    "name": "main",
    "cluster": "prod",
    "registry": REGISTRY,
    "partition": "aws",
    "delivery": "run_command",
    "keep": 2,
    "jitter": 0,
}
CLUSTER = {"key": "tag:kubernetes.io/cluster/prod", "values": ["owned"]}
GPU = {"gpu": [{"key": "tag:eks:nodegroup-name", "values": ["gpu"]}]}


def plan(images, nodes=None, **install):
    return _plan.plan(images, nodes, INSTALL | install)


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        ({"repository": "team/web"}, f"{REGISTRY}/team/web"),
        ({"repository": "team/web", "tags": "v*"}, f"{REGISTRY}/team/web:v*"),
        ({"repository": "team/web", "tags": "stable"}, f"{REGISTRY}/team/web:stable"),
        ({"repository": f"{OTHER}/web"}, f"{OTHER}/web"),
        ({"repository": "registry.example:5000/web", "tags": "1"}, "registry.example:5000/web:1"),
        ({"repository": "registry.example/a/web", "digest": DIGEST}, f"registry.example/a/web@{DIGEST}"),
        ({"repository": "web", "tags": "1", "digest": DIGEST}, f"{REGISTRY}/web:1@{DIGEST}"),
    ],
)
def test_references(image, wanted):
    assert plan([image])["groups"][0]["references"] == [wanted]


def patterns(found):
    return [rule["event_pattern"] for rule in found["groups"][0]["rules"]]


def test_every_push_with_a_tag_of_the_repositories():
    (pattern,) = patterns(plan([{"repository": "web"}, {"repository": "api"}]))
    # Of no other account and region, which may send theirs to this bus as well.
    assert (pattern["account"], pattern["region"]) == (["123456789012"], ["eu-central-1"])
    assert pattern["detail"] == {
        "action-type": ["PUSH"],
        "result": ["SUCCESS"],
        "repository-name": ["api", "web"],
        "image-tag": [{"anything-but": [""]}],
    }


def test_each_repository_has_its_own_tags():
    (pattern,) = patterns(plan([{"repository": "web", "tags": "v*"}, {"repository": "api", "tags": "stable"}]))
    assert pattern["detail"]["$or"] == [
        {"repository-name": ["api"], "image-tag": ["stable"]},
        {"repository-name": ["web"], "image-tag": [{"prefix": "v"}]},
    ]


@pytest.mark.parametrize(
    "tags, matcher",
    [
        ("v*", {"prefix": "v"}),
        ("*-prod", {"suffix": "-prod"}),
        ("v*-prod", {"wildcard": "v*-prod"}),
        ("*-prod*", {"wildcard": "*-prod*"}),
        ("1.2", "1.2"),
    ],
)
def test_a_wildcard_is_asked_for_only_where_nothing_else_does(tags, matcher):
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html: 30 rules that contain them, for a bus.
    (pattern,) = patterns(plan([{"repository": "web", "tags": tags}]))
    assert pattern["detail"]["image-tag"] == [matcher]


@pytest.mark.parametrize(
    "image", [{"repository": f"{OTHER}/web"}, {"repository": "web", "digest": DIGEST, "tags": "1"}]
)
def test_what_sends_no_events_here_gets_no_rule(image):
    group = plan([image])["groups"][0]
    assert group["rules"] == [] and group["delivery"] is None
    assert group["references"]


@pytest.mark.parametrize("tags", [["*"], ["v*", "stable", "*"]], ids=["one pattern", "several"])
def test_many_images_have_as_many_rules_as_fit_into_eventbridges_quota(tags):
    images = [
        {"repository": f"team/service-{number:03}", "tags": tags[number % len(tags)], "nodes": nodes}
        for number in range(150)
        for nodes in ("all", "gpu")
    ]
    found = plan(images, GPU)
    for group, first in zip(found["groups"], ("nodecache-main", "nodecache-main.gpu"), strict=True):
        names = [rule["name"] for rule in group["rules"]]
        assert 2 <= len(names) <= 4
        assert names == [first, *(f"nodecache-main.{group['nodes']}.{at}" for at in range(2, len(names) + 1))]
        heard = []
        for rule in group["rules"]:
            detail = rule["event_pattern"]["detail"]
            assert len(json.dumps(rule["event_pattern"], separators=(",", ":"))) <= 2048
            for part in detail.get("$or", [detail]):
                heard += [(name, str(part["image-tag"])) for name in part["repository-name"]]
        assert len(heard) == len(set(heard)) == 150, "each image once"
    assert _plan.names(found, OPTIONS)["rule"] == [
        *sorted(rule["name"] for group in found["groups"] for rule in group["rules"]),
        "nodecache-main.failures",
    ]


def test_groups_have_their_own_nodes_and_names():
    found = plan([{"repository": "web"}, {"repository": "trainer", "nodes": "gpu", "keep": 3}], GPU)
    assert [(group["nodes"], group["id"]) for group in found["groups"]] == [
        ("all", "nodecache-main"),
        ("gpu", "nodecache-main.gpu"),
    ]
    assert found["groups"][0]["targets"] == [CLUSTER]
    assert found["groups"][1]["targets"] == [*GPU["gpu"], CLUSTER]
    assert found["wanted"] == {f"{REGISTRY}/web": 2, f"{REGISTRY}/trainer": 3}


def test_of_one_image_on_two_sets_of_nodes_the_larger_number_stays():
    found = plan([{"repository": "web", "keep": 5}, {"repository": "web", "nodes": "gpu", "keep": 3}], GPU)
    assert found["wanted"] == {f"{REGISTRY}/web": 5}


def test_the_nodes_may_list_only_what_is_asked_for_by_pattern():
    found = plan([{"repository": "web"}, {"repository": f"{OTHER}/xx"}, {"repository": "yy", "digest": DIGEST}])
    assert found["ecr_arns"] == [
        "arn:aws:ecr:eu-central-1:123456789012:repository/web",
        "arn:aws:ecr:us-east-1:210987654321:repository/xx",
    ]


def test_run_command_delivers_only_where_one_tag_tells_the_cluster_too():
    images = [{"repository": "web"}, {"repository": "trainer", "nodes": "gpu"}]
    deliveries = [group["delivery"] for group in plan(images, GPU)["groups"]]
    assert deliveries == ["run_command", "automation"]
    assert [group["delivery"] for group in plan(images, GPU, delivery="automation")["groups"]] == ["automation"] * 2
    assert plan([{"repository": f"{OTHER}/web"}])["groups"][0]["delivery"] is None


def test_the_clusters_own_tag_is_named_once():
    nodes = {"gpu": [{"key": CLUSTER["key"], "values": ["shared"]}, *GPU["gpu"]]}
    assert plan([{"repository": "web", "nodes": "gpu"}], nodes)["groups"][0]["targets"] == [*GPU["gpu"], CLUSTER]


OPTIONS = {
    "state": "",
    "options": {},
    "name": "main",
    "cluster": "prod",
    "missing": {},
    "region": "eu-central-1",
    "dead_letter": True,
    "alarms": True,
    "node_roles": ["prod-node"],
}
EVERYTHING = {
    "document": ["nodecache-main", "nodecache-main.gpu.automation"],
    "association": ["nodecache-main", "nodecache-main.gpu"],
    "rule": ["nodecache-main", "nodecache-main.gpu", "nodecache-main.failures"],
    "queue": ["nodecache-main-dead-letter"],
    "alarm": [
        "nodecache-main.failed-invocations",
        "nodecache-main.gpu.failed-invocations",
        "nodecache-main.failures.failed-invocations",
        "nodecache-main.dead-letters",
    ],
    "role": ["nodecache-main-eu-central-1-events", "nodecache-main-eu-central-1-automation"],
    "node_policy": ["prod-node"],
}


@pytest.mark.parametrize(
    ("images", "options", "less"),
    [
        ([{"repository": "web"}, {"repository": "trainer", "nodes": "gpu"}], {}, {}),
        (
            [{"repository": "web"}, {"repository": "trainer", "nodes": "gpu"}],
            {"dead_letter": False, "alarms": False, "node_roles": []},
            {"queue": [], "alarm": [], "rule": ["nodecache-main", "nodecache-main.gpu"], "node_policy": []},
        ),
        (
            [{"repository": "r.example/web", "tags": "1"}],
            {},
            {
                "document": ["nodecache-main"],
                "association": ["nodecache-main"],
                "rule": ["nodecache-main.failures"],
                "alarm": ["nodecache-main.failures.failed-invocations", "nodecache-main.dead-letters"],
                "role": [],
                "node_policy": [],
            },
        ),
    ],
)
def test_names_of_all_that_is_made(images, options, less):
    assert _plan.names(plan(images, GPU), OPTIONS | options) == EVERYTHING | less


def test_what_goes_is_the_installs_own_and_what_is_taken_is_told():
    def thing(kind, name, ours=True):
        return {"kind": kind, "name": name, "ours": ours}

    things = [
        thing("rule", "nodecache-main"),
        thing("rule", "nodecache-main.old"),
        thing("rule", "nodecache-main.theirs", ours=False),
        thing("association", "nodecache-main", ours=False),
        thing("node_policy", "old-node"),
    ]
    missing = {"cluster": ["prod"]}
    found = prefetch_parts.prefetch_parts(
        plan([{"repository": "web"}]), OPTIONS | {"things": things, "missing": missing}
    )
    assert {kind: rows for kind, rows in found["gone"].items() if rows} == {
        "rule": [things[1]],
        "node_policy": [things[4]],
    }
    assert found["refused"].startswith("prefetch_name: 'main' is taken: association nodecache-main is there and not of")
    assert found["theirs"] == "rule nodecache-main.theirs, association nodecache-main"
    everything = prefetch_parts.prefetch_parts({}, OPTIONS | {"things": things})
    assert everything["gone"]["rule"] == things[:2] and everything["refused"] == ""


@pytest.mark.parametrize(
    ("missing", "image", "told"),
    [
        ({"cluster": ["prod"], "node_role": ["a"]}, "web", ["prefetch_cluster: 'prod'"]),
        ({"node_role": ["a", "prod-node"]}, "web", ["prefetch_node_roles: 'prod-node'"]),
        ({"topic": ["arn:x"]}, "web", ["prefetch_alarm_topic_arn: 'arn:x'"]),
        (
            {"topic": ["arn:x"], "node_role": ["prod-node"], "cluster": ["prod"]},
            "web",
            ["prefetch_cluster: 'prod'", "prefetch_node_roles: 'prod-node'", "prefetch_alarm_topic_arn: 'arn:x'"],
        ),
        # Nobody gives these roles anything.
        ({"node_role": ["prod-node"]}, "r.example/web", []),
        ({"cluster": [], "node_role": [], "topic": []}, "web", []),
    ],
)
def test_what_an_install_needs_and_is_not_there_is_told(missing, image, told):
    wanted = plan([{"repository": image, "tags": "1"}])
    said = prefetch_parts.prefetch_parts(wanted, OPTIONS | {"things": [], "missing": missing})["lacking"]
    assert [sentence.partition(" is not valid, allowed is ")[0] for sentence in said] == told


@pytest.mark.parametrize(
    ("images", "nodes", "install", "told"),
    [
        ([{"repository": "Team/Web"}], {}, {}, "prefetch_images[0].repository: 'Team/Web'"),
        ([{}], {}, {}, "prefetch_images[0].repository: ''"),
        (["web"], {}, {}, "prefetch_images[0]: 'web'"),
        ("web", {}, {}, "prefetch_images: 'web'"),
        ([{"repository": "web", "tag": "1"}], {}, {}, "prefetch_images[0]: 'tag'"),
        ([{"repository": "web", "tags": "a b"}], {}, {}, "prefetch_images[0].tags: 'a b'"),
        ([{"repository": "web", "tags": "a?"}], {}, {}, "prefetch_images[0].tags: 'a?'"),
        ([{"repository": "web", "tags": "a**"}], {}, {}, "prefetch_images[0].tags: 'a**'"),
        ([{"repository": "web", "tags": "*a*b*c*d*"}], {}, {}, "a pattern in which up to 4 * stand for anything"),
        ([{"repository": "web", "tags": "$(id)"}], {}, {}, "prefetch_images[0].tags: '$(id)'"),
        ([{"repository": "r.example/web"}], {}, {}, "prefetch_images[0].tags: ''"),
        ([{"repository": "r.example/web", "tags": "v*"}], {}, {}, "only ECR tells what is newest"),
        ([{"repository": "web", "digest": "sha256:1"}], {}, {}, "prefetch_images[0].digest: 'sha256:1'"),
        ([{"repository": "web", "keep": 0}], {}, {}, "prefetch_images[0].keep: '0'"),
        ([{"repository": "web", "nodes": "gpu"}], {}, {}, "a name from prefetch_nodes: all"),
        ([{"repository": "web"}, {"repository": "web"}], {}, {}, "each image once"),
        ([], {"GPU": GPU["gpu"]}, {}, "prefetch_nodes: 'GPU'"),
        ([], {"failures": GPU["gpu"]}, {}, "prefetch_nodes: 'failures'"),
        ([], {"gpu": []}, {}, "prefetch_nodes.gpu: '[]'"),
        ([], {"gpu": [{"key": "Name", "values": ["x"]}]}, {}, "prefetch_nodes.gpu.key: 'Name'"),
        ([], {"gpu": [{"key": "tag:a", "values": []}]}, {}, "prefetch_nodes.gpu.values: '[]'"),
        ([], {"gpu": [{"key": "tag:a\nb", "values": ["x"]}]}, {}, "prefetch_nodes.gpu.key: 'tag:a\nb'"),
        ([], {"gpu": [{"key": "tag:a", "values": ["x" * 257]}]}, {}, "1 to 256 printable characters"),
        ([], {"gpu": [{"key": "tag:a"}]}, {}, "a dict with key and a list of values"),
        ([], {"all": GPU["gpu"]}, {}, "prefetch_nodes: 'all'"),
        ([], {"gpu": GPU["gpu"] * 5}, {}, "the cluster's tag is the fifth"),
        ([], ["gpu"], {}, "a dict of sets of nodes"),
        ([], {}, {"jitter": 3600}, "prefetch_jitter: '3600' is not valid, allowed is 0 to 1800"),
    ],
)
def test_a_wrong_input_is_named(images, nodes, install, told):
    with pytest.raises(_plan.PlanError) as error:
        plan(images, nodes, **install)
    assert told in str(error.value)


def test_a_large_fleet_is_warned_of_run_command(monkeypatch):
    told = []
    monkeypatch.setattr(prefetch_plan.display, "warning", told.append)
    image = [{"repository": "web"}]
    for delivery, running in (("run_command", 50), ("automation", 51), ("run_command", 51)):
        prefetch_plan.prefetch_plan(image, {}, INSTALL | {"delivery": delivery, "running_nodes": running})
    assert len(told) == 1 and "'prod' has 51" in told[0]
    # Sets of nodes are served by automation whatever is asked for.
    prefetch_plan.prefetch_plan([image[0] | {"nodes": "gpu"}], GPU, INSTALL | {"running_nodes": 51})
    assert len(told) == 1


def test_nodes_of_auto_mode_are_warned_of(monkeypatch):
    told = []
    monkeypatch.setattr(prefetch_plan.display, "warning", told.append)
    for nodes in (0, 3):
        prefetch_plan.prefetch_plan([{"repository": "web"}], {}, INSTALL | {"auto_mode_nodes": nodes})
    assert len(told) == 1 and "Auto Mode runs 3 nodes of 'prod'" in told[0]


def test_the_filter_tells_a_wrong_input_in_one_sentence():
    with pytest.raises(AnsibleFilterError, match="^prefetch_images: 'web' is not valid"):
        prefetch_plan.prefetch_plan("web", {}, INSTALL)
