"""Check mode ends well where what earlier tasks make is not there yet, tells what would change, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from lab.aws import ecr
from tests.lab.ecr import pushes

# In the order in which the walkthrough comes by them.
WALKTHROUGH = [
    "cluster : present | Ensure the VPC",
    "cluster : present | Ensure the internet gateway",
    "cluster : present | Ensure the subnets",
    "cluster : present | Ensure the route to the internet",
    "cluster : present | Ensure the cluster's security group",
    "cluster : roles | Ensure the control plane's and the nodes' role",
    "cluster : present | Ensure the node group",
    "ecr : foretold | Tell that the repository would be present",
    "prefetch : present | Ensure the document",
    "prefetch : present | Ensure the queue of what could not be delivered",
    "prefetch : events | Ensure the role that EventBridge assumes",
    "prefetch : rule | Ensure the rules",
    "prefetch : rule | Ensure their targets",
    "prefetch : group | Ensure nodecache-default",
    "image : push | Ensure the build directory",
    "image : push | Make the random files",
    "image : push | Write the Containerfile",
    "image : push | Build 123456789012.dkr.ecr.us-east-1.amazonaws.com/nodecache-sample:1.0.0",
    "image : push | Push 123456789012.dkr.ecr.us-east-1.amazonaws.com/nodecache-sample:1.0.0",
    "cluster : scale | Ensure the number of nodes",
    "benchmark : present | Ensure the document",
    "Ensure the directory of results",
]
TOLD = [
    "The cluster 'nodecache' comes when its subnets are there, which check mode does not make.",
    "The repository 'nodecache-sample' would be made or changed.",
    "Unless it is made first, this ends here: prefetch_cluster: 'nodecache' is not valid, allowed is an EKS cluster of "
    "this account and region, where there is none of that name; prefetch_node_roles: 'nodecache-node' is not valid, "
    "allowed is names of roles of this account, where there is none of that name",
    "Repository 'nodecache-sample' holds no image with the tag '1.0.0'.",
]


@pytest.fixture(autouse=True)
def _policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have AWS's own policies, which no other test of roles needs, before there is an account."""
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")


def test_an_empty_account_is_told_what_the_walkthrough_would_make(world: Any) -> None:
    run = world.book("site", "--check", image_files=1)
    assert not run.failed and not run.warnings
    # Of what would be made in a loop each is told.
    told = list(dict.fromkeys(task.removeprefix("nodecache.eks.") for task in run.changes["localhost"]))
    assert [task for task in told if task != "ecr : present | Ensure the repository"] == WALKTHROUGH
    assert [said for said in dict.fromkeys(map(str, run.messages["localhost"])) if said in TOLD] == TOLD
    assert "localhost" not in world.faults.writes


def test_an_installs_end_is_foretold(world: Any) -> None:
    installs: dict[str, dict[str, Any]] = {
        "plain": {},
        "much": {"prefetch_alarm_topic_arn": world.topic, "prefetch_delivery": "automation"},
    }
    world.done(installs)
    before = {name: world.state(name) for name in installs}
    world.faults.writes.clear()
    ends = {name: given | {"prefetch_state": "absent"} for name, given in installs.items()}
    foretold = world.done(ends, "--check")
    assert not world.faults.writes and {name: world.state(name) for name in installs} == before
    done = world.done(ends)
    for name in installs:
        assert foretold.changes[name] == done.changes[name] != []
        assert world.state(name) == world.nothing


def test_a_proof_before_there_is_anything_to_prove(world: Any, lab: Any) -> None:
    ecr.install()
    client = lab.client("ecr")
    client.create_repository(repositoryName="nodecache-sample")
    never = "Repository 'nodecache-sample' holds no image with the tag '1.0.0'."
    assert world.book("verify").failed == {"localhost": never}
    client.put_image(repositoryName="nodecache-sample", imageManifest=pushes.manifest("a"), imageTag="1.0.0")

    def told_and_refused(because: str) -> None:
        told, refused = world.book("verify", "--check"), world.book("verify")
        assert not told.failed and any(str(said).startswith(because) for said in told.messages["localhost"])
        assert refused.failed["localhost"].startswith(because)

    told_and_refused("cluster 'nodecache': no running instance matches")
    lab.node(**{"kubernetes.io/cluster/nodecache": "owned"})
    told_and_refused("document 'nodecache-default': could not send (InvalidDocument)")
