"""What a person changes after the walkthrough, as far as real nodes have a part in it: delivery, images, the end.

That each option's change is foretold, made once and leaves nothing is proven in tests/lab/role, where no node runs.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable

import pytest

NAME = "nodecache-walkthrough"
ALARMS = [f"{NAME}.{what}" for what in ("dead-letters", "failed-invocations", "failures.failed-invocations")]
NODES = {"group": [{"key": "tag:eks:nodegroup-name", "values": ["nodegroup"]}]}
MANY = [{"repository": "nodecache-sample", "keep": 1}, {"repository": "team/trainer", "tags": "v*", "nodes": "group"}]


def names() -> dict[str, list[str]]:
    """Return what the lab's AWS holds that carries an install's name."""
    from lab import settings

    def all_of(service, operation, key, field):
        client = settings.client(service)
        pages = (
            client.get_paginator(operation).paginate()
            if client.can_paginate(operation)
            else [getattr(client, operation)()]
        )
        return sorted(each[field] if field else each for page in pages for each in page.get(key, []))

    found = {
        "documents": all_of("ssm", "list_documents", "DocumentIdentifiers", "Name"),
        "associations": all_of("ssm", "list_associations", "Associations", "AssociationName"),
        "rules": all_of("events", "list_rules", "Rules", "Name"),
        "queues": [url.rpartition("/")[2] for url in all_of("sqs", "list_queues", "QueueUrls", None)],
        "roles": all_of("iam", "list_roles", "Roles", "RoleName"),
        "alarms": all_of("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    }
    policies = settings.client("iam").list_role_policies(RoleName="nodecache-node")["PolicyNames"]
    return {kind: [name for name in each if name.startswith("nodecache-w")] for kind, each in found.items()} | {
        "node policies": policies
    }


def images_on_nodes() -> list[str]:
    """Return what each node's containerd lists."""
    from lab import packages
    from lab.node import fleet

    command = [packages.binary("ctr"), "-n", "k8s.io", "images", "ls"]
    return [
        subprocess.run([*node.enter(), *command], text=True, capture_output=True, check=True, timeout=30).stdout
        for node in fleet.recorded()
    ]


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for what a command on the nodes does in its own time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.5)


def unchanged(result) -> None:
    assert result.returncode == 0, result.stdout[-4000:]
    assert re.search(r"changed=0\b", result.stdout), [line for line in result.stdout.splitlines() if "changed:" in line]


def done(result) -> None:
    assert result.returncode == 0, result.stdout[-6000:]


@pytest.fixture(scope="module", autouse=True)
def _walkthrough(walkthrough):
    """These tests go on where the walkthrough ended, in the order they stand here."""


def test_automation_delivers_a_push_with_rate_control(play):
    from lab import settings

    topic = settings.client("sns").create_topic(Name="on-call")["TopicArn"]
    options = {"prefetch_delivery": "automation", "prefetch_alarm_topic_arn": topic}
    done(play("prefetch", **options))
    unchanged(play("prefetch", **options))
    assert names()["documents"] == [NAME, f"{NAME}.automation"]
    assert names()["rules"] == [NAME, f"{NAME}.failures"]
    assert names()["alarms"] == ALARMS
    done(play("push", image_tag="1.1.0", image_files=1))
    result = play("verify", "-v", verify_tag="1.1.0")
    done(result)
    assert '"source": "event"' in result.stdout or "source: event" in result.stdout


def test_what_is_no_longer_wanted_goes(play):
    done(play("prefetch"))
    assert names()["documents"] == [NAME]
    assert names()["rules"] == [NAME]
    assert names()["alarms"] == []
    assert names()["roles"] == [f"{NAME}-us-east-1-events"]


def test_images_have_their_own_nodes(play):
    options = {"prefetch_images": MANY, "prefetch_nodes": NODES}
    done(play("prefetch", **options))
    assert names()["associations"] == [NAME, f"{NAME}.group"]
    assert names()["rules"] == [NAME, f"{NAME}.group"]
    done(play("prefetch", nodecache_repository="team/trainer", **options))
    done(play("push", nodecache_repository="team/trainer", image_tag="v1", image_files=1))
    done(play("verify", nodecache_repository="team/trainer", verify_tag="v1"))


def test_nodes_let_go_of_an_image_that_is_wanted_no_more(play):
    assert all("team/trainer" in listed for listed in images_on_nodes())
    done(play("prefetch"))
    assert names()["associations"] == [NAME]
    eventually(lambda: not any("team/trainer" in listed for listed in images_on_nodes()))
    assert all("nodecache-sample" in listed for listed in images_on_nodes())


def test_the_end_removes_exactly_what_the_install_made(play):
    from lab import settings

    ssm = settings.client("ssm")
    stranger = ssm.create_association(
        Name="AWS-RunShellScript",
        AssociationName="nodecache-watch",
        Parameters={"commands": ["true"]},
        Targets=[{"Key": "InstanceIds", "Values": ["*"]}],
    )["AssociationDescription"]["AssociationId"]
    options = {"prefetch_state": "absent", "prefetch_release": True}
    done(play("prefetch", **options))
    assert names() == {
        "documents": [],
        "associations": ["nodecache-watch"],
        "rules": [],
        "queues": [],
        "roles": [],
        "alarms": [],
        "node policies": [],
    }
    ssm.delete_association(AssociationId=stranger)
    unchanged(play("prefetch", **options))
    for listed in images_on_nodes():
        assert "nodecache-sample" not in listed
        assert "nodecache.eks/" not in listed


def test_teardown_is_foretold_and_leaves_no_cluster_and_no_repository(play):
    from lab import settings

    def left() -> list[list[str]]:
        repositories = settings.client("ecr").describe_repositories()["repositories"]
        return [settings.client("eks").list_clusters()["clusters"], [each["repositoryName"] for each in repositories]]

    before, foretold = left(), play("teardown", "--check")
    done(foretold)
    assert left() == before and "nodecache-sample" in before[1]
    gone = play("teardown")
    done(gone)
    assert re.findall(r"changed=\d+", foretold.stdout) == re.findall(r"changed=\d+", gone.stdout) != ["changed=0"]
    assert left() == [[], [each for each in before[1] if each != "nodecache-sample"]]
    unchanged(play("teardown"))
