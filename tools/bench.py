"""Measure on a lab where the walkthrough ran, and write build/bench.json: ratios, each taken in one run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The lab is not installed: it is the folder beside this one.
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import bench_modules  # noqa: E402
import bench_pulls  # noqa: E402
from bench_nodes import NAME, disk, on_nodes, plugins, until  # noqa: E402

from lab import images, settings  # noqa: E402

BIN = ROOT / ".venv" / "bin"
RESULT = ROOT / "build" / "bench.json"
ROUNDS = 7
REPOSITORY = "nodecache-sample"


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def playbook(*arguments: str, **environment: str) -> str:
    """Run a playbook on the lab and return what it printed."""
    command = [BIN / "ansible-playbook", "-i", "inventory/lab", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"{arguments[-1]} failed: {done.stdout[-3000:]}{done.stderr[-1000:]}")
    return done.stdout


# --- on the nodes -------------------------------------------------------------------------------


def without_change(node: str) -> float:
    """Return seconds that a run of the association takes on a node that has its images."""
    asked = {"action": "prefetch", "source": "association", "images": f"{settings.ECR_HOST}/{REPOSITORY}"}
    steps = [step for _round in range(ROUNDS) for step in plugins(NAME, [node], **asked)]
    return statistics.median(
        (step["ResponseFinishDateTime"] - step["ResponseStartDateTime"]).total_seconds() for step in steps
    )


def tiny_start(node: str) -> float:
    """Return seconds until a container of an image of one small layer runs that was there before."""
    repository, tag = images.BASE.rpartition("/")[2].split(":")
    detail = settings.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    reference = f"{images.BASE}@{detail['imageDetails'][0]['imageDigest']}"
    on_nodes(NAME, [node], action="prefetch", images=reference)
    benchmark = NAME.replace("nodecache-", "nodecache-benchmark-")
    said = json.loads(on_nodes(benchmark, [node], image=reference, rounds="3")[0])
    on_nodes(NAME, [node], action="release", images=reference)
    return statistics.median(said["cached"])


def push_to_cached(nodes: list[str]) -> float:
    """Return seconds from a push to the last node's report, of an image so small that its transfer takes no time."""
    ssm, ecr, tag = settings.client("ssm"), settings.client("ecr"), f"bench-{time.time_ns()}"
    succeeded = [{"key": "DocumentName", "value": NAME}, {"key": "Status", "value": "Success"}]

    def arrived() -> bool:
        found = ssm.list_command_invocations(Filters=succeeded, Details=True)["CommandInvocations"]
        said = [plugin["Output"] for each in found for plugin in each["CommandPlugins"]]
        return sum(f":{tag}@" in output for output in said) == len(nodes)

    began = time.monotonic()
    images.push(REPOSITORY, images.image(["/bin/sleep", tag]), tag)
    try:
        until(arrived, "A small image that was pushed did not reach the nodes")
        return time.monotonic() - began
    finally:
        ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
        on_nodes(NAME, nodes, action="release", images=f"{settings.ECR_HOST}/{REPOSITORY}:{tag}")


def disk_over_unpacked(node: str) -> float:
    """Return the disk that containerd takes, over what its images take unpacked."""
    packed, unpacked = disk(node)
    return (packed + unpacked) / unpacked


# --- on the control node ------------------------------------------------------------------------


def article() -> float:
    """Return the seconds that a person's AWS CLI takes to set up what the prefetch playbook keeps."""
    settings_of = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    told = subprocess.run([sys.executable, "-m", "lab", "env"], cwd=ROOT, text=True, capture_output=True, check=True)
    for line in told.stdout.splitlines():
        name, _equals, value = line.removeprefix("export ").partition("=")
        settings_of[name] = value.strip("'\"")

    def aws(command: str, **files: Any) -> str:
        words = [json.dumps(files[word]) if word in files else word for word in command.split()]
        return subprocess.run([BIN / "aws", *words], env=settings_of, text=True, capture_output=True, check=True).stdout

    may: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [{**may, "Principal": {"Service": "events.amazonaws.com"}}]}
    allowed = {"Version": "2012-10-17", "Statement": [{**may, "Action": "ssm:SendCommand", "Resource": "*"}]}
    nodes = [{"Key": "tag:bench", "Values": ["yes"]}]
    account = f"{settings.REGION}:{settings.ACCOUNT}"
    target = {"Id": "1", "Arn": f"arn:aws:ssm:{account}:document/{NAME}"}
    target |= {"RoleArn": f"arn:aws:iam::{settings.ACCOUNT}:role/bench"}
    targets = [{**target, "RunCommandParameters": {"RunCommandTargets": nodes}}]
    pattern = {"source": ["aws.ecr"], "detail": {"repository-name": ["bench"]}}

    def up() -> None:
        aws("ecr create-repository --repository-name bench")
        aws("iam create-role --role-name bench --assume-role-policy-document TRUST", TRUST=trust)
        aws("iam put-role-policy --role-name bench --policy-name bench --policy-document ALLOWED", ALLOWED=allowed)
        aws("events put-rule --name bench --event-pattern PATTERN", PATTERN=pattern)
        aws("events put-targets --rule bench --targets TARGETS", TARGETS=targets)
        aws(f"ssm create-association --association-name bench --name {NAME} --targets NODES", NODES=nodes)

    def down() -> None:
        found = aws("ssm list-associations --association-filter-list key=AssociationName,value=bench")
        for each in json.loads(found)["Associations"]:
            aws(f"ssm delete-association --association-id {each['AssociationId']}")
        aws("events remove-targets --rule bench --ids 1")
        aws("events delete-rule --name bench")
        aws("iam delete-role-policy --role-name bench --policy-name bench")
        aws("iam delete-role --role-name bench")
        aws("ecr delete-repository --repository-name bench")

    try:
        return seconds(up)
    finally:
        down()


def prefetch() -> None:
    if "changed=0" not in playbook("playbooks/prefetch.yml"):
        sys.exit("playbooks/prefetch.yml changed something; only a run without a change is compared.")


def main() -> None:
    walkthrough = json.loads((ROOT / "build" / "walkthrough.json").read_text(encoding="utf-8"))
    nodes = [each["node"] for each in walkthrough["nodes"]]
    cached, uncached = (statistics.median(walkthrough["start"][f"{kind}_seconds"]) for kind in ("cached", "uncached"))
    limit = walkthrough["image"]["bytes"] * 8 / walkthrough["link_bits_per_second"]
    figures = {
        "start_uncached_over_cached": round(uncached / cached, 1),
        "start_cached_over_tiny": round(cached / tiny_start(nodes[0]), 2),
        "pull_over_link_limit": round(max(node["pull_seconds"] for node in walkthrough["nodes"]) / limit, 3),
        **bench_pulls.measure(nodes[0]),
        "run_without_change_seconds": round(without_change(nodes[0]), 2),
        # containerd 1.6, the lab's default, keeps compressed layers: NODECACHE_LAB_CONTAINERD chooses another.
        "disk_over_unpacked": round(disk_over_unpacked(nodes[0]), 3),
        "push_to_last_node_cached_seconds": round(push_to_cached(nodes), 2),
        "prefetch_without_change_over_article": round(seconds(prefetch) / article(), 2),
        "module_without_change_over_iam_role": bench_modules.measure(),
    }
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
