"""What EKS's operations share: pages, tokens that make a request once, updates, and names that nothing has.

https://docs.aws.amazon.com/eks/latest/APIReference/API_ListNodegroups.html for pages, API_Update.html for updates, and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Run_Instance_Idempotency.html for what a client token is.
"""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest
from moto.eks.exceptions import InvalidParameterException, ResourceNotFoundException

from lab.aws.eks import support


def token(text):
    return base64.b64encode(f"items/{text}".encode()).decode()


@pytest.mark.parametrize(
    ("params", "found", "more"),
    [
        ({}, [0, 1, 2], None),
        ({"maxResults": 2}, [0, 1], 2),
        ({"maxResults": 2, "nextToken": token(2)}, [2], None),
        ({"maxResults": None, "nextToken": None}, [0, 1, 2], None),
        ({"nextToken": token(3)}, [], None),
    ],
)
def test_pages_have_a_token_while_there_is_more(params, found, more):
    answer = support.page(range(3), params, "items")
    assert answer == {"items": found, **({"nextToken": token(more)} if more else {})}


@pytest.mark.parametrize("bad", ["bogus", "%", token("x"), token(-1), token(4)])
def test_a_token_that_nobody_was_given(bad):
    with pytest.raises(InvalidParameterException, match="nextToken"):
        support.page(range(3), {"nextToken": bad}, "items")


def test_a_request_with_its_token_is_done_once_while_what_it_made_lives():
    backend, made, alive = SimpleNamespace(), [], [True]

    def work():
        made.append(len(made))
        return {"made": made[-1]}

    def ask(**params):
        return support.once(backend, "CreateThing", params, work, lambda: alive[0])["made"]

    assert [ask(name="a"), ask(name="a")] == [0, 1]
    assert [ask(name="a", clientRequestToken="t"), ask(name="a", clientRequestToken="t")] == [2, 2]
    # With other words it is another request.
    assert ask(name="b", clientRequestToken="t") == 3
    alive[0] = False
    assert ask(name="a", clientRequestToken="t") == 4


def test_an_update_is_kept_with_what_it_changes():
    owner = SimpleNamespace()
    update = support.begin(owner, "ConfigUpdate", {"MinSize": 1, "Labels": "x", "Taints": [{"key": "k"}], "Max": None})
    assert (update["status"], update["type"], update["errors"]) == ("InProgress", "ConfigUpdate", [])
    told = [(row["type"], row["value"]) for row in update["params"]]
    assert told == [("MinSize", "1"), ("Labels", "x"), ("Taints", '[{"key":"k"}]')]
    assert support.kept(owner, "updates") == {update["id"]: update}


@pytest.mark.parametrize(("tags", "taken"), [({"k": "v"}, True), ({"my:aws:x": "v"}, True), ({"AWS:x": "v"}, False)])
def test_tags_that_only_aws_sets(tags, taken):
    """https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html"""
    if taken:
        support.check_tags(tags)
        return
    with pytest.raises(InvalidParameterException, match="reserved"):
        support.check_tags(tags)


def test_a_cluster_is_found_or_said_not_to_be_there():
    backend = SimpleNamespace(clusters={"c": "here"})
    assert support.find_cluster(backend, "c") == "here"
    with pytest.raises(ResourceNotFoundException, match="No cluster found for name: d"):
        support.find_cluster(backend, "d")


def test_the_arn_of_what_a_cluster_has():
    cluster = SimpleNamespace(arn="arn:aws:eks:eu-west-1:210987654321:cluster/c", name="c")
    assert support.arn_in(cluster, "addon", "coredns/1") == "arn:aws:eks:eu-west-1:210987654321:addon/c/coredns/1"
