"""Measure each module's task that changes nothing beside amazon.aws's iam_role, on a lab where the walkthrough ran."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

# The lab is not installed: it is the folder beside this one.
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lab import settings  # noqa: E402

ROUNDS = 9
INSTALL, CLUSTER, REPOSITORY = "walkthrough", "nodecache", "nodecache-sample"
NAME = f"nodecache-{INSTALL}"
YARDSTICK = "amazon.aws.iam_role"
OURS = "nodecache.eks."


@contextmanager
def unmanaged() -> Iterator[str]:
    """Give an instance without an agent: what a node takes to answer is no start-up."""
    ec2 = settings.client("ec2")
    instance = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    try:
        yield instance
    finally:
        ec2.terminate_instances(InstanceIds=[instance])


def tasks(instance: str) -> dict[str, dict[str, Any]]:
    """Return each module's options: they find what the walkthrough made, and change nothing."""
    [group, *_more] = settings.client("eks").list_nodegroups(clusterName=CLUSTER)["nodegroups"]
    [target, *_more] = settings.client("events").list_targets_by_rule(Rule=NAME)["Targets"]
    found: dict[str, dict[str, Any]] = {
        "ecr_authorization_token_info": {},
        "ecr_image_info": {"repository_name": REPOSITORY},
        "eks_nodegroup": {"cluster_name": CLUSTER, "nodegroup_name": group},
        "eventbridge_rule": {"name": NAME, "event_pattern": "{{ lookup('file', 'pattern') }}"},
        "eventbridge_target": {"rule": NAME, "target_id": target["Id"], "arn": target["Arn"]},
        "image_cache_info": {"targets": [{"key": "InstanceIds", "values": [instance]}], "document_name": NAME},
        "prefetch_info": {"name": INSTALL, "cluster_name": CLUSTER},
        "ssm_association": {"association_name": NAME, "name": NAME},
        "ssm_association_info": {"association_name": NAME},
        "ssm_command": {"document_name": NAME, "targets": [{"key": "InstanceIds", "values": [instance]}]},
        "ssm_document": {"name": NAME, "content": "{{ lookup('file', 'content') }}"},
        "ssm_document_info": {"name": NAME},
    }
    files = (ROOT / "plugins" / "modules").glob("*.py")
    every = {path.stem for path in files if "make_client" in path.read_text(encoding="utf-8")}
    if every != set(found):
        sys.exit(f"These modules are measured in vain or not at all: {', '.join(every ^ set(found))}.")
    role = {"name": f"{NAME}-us-east-1-events", "create_instance_profile": False}
    yardstick = {YARDSTICK: {**role, "assume_role_policy_document": "{{ lookup('file', 'trust') }}"}}
    return yardstick | {f"{OURS}{name}": options for name, options in sorted(found.items())}


def _texts() -> dict[str, str]:
    role = settings.client("iam").get_role(RoleName=f"{NAME}-us-east-1-events")["Role"]
    return {
        "trust": json.dumps(role["AssumeRolePolicyDocument"]),
        "content": settings.client("ssm").get_document(Name=NAME)["Content"],
        "pattern": settings.client("events").describe_rule(Name=NAME)["EventPattern"],
    }


def _run(compared: dict[str, dict[str, Any]]) -> list[list[float]]:
    """Run all tasks in turn, again and again, and return each round's seconds."""
    # A command has nothing to find; in check mode it is only not sent.
    once = [
        {name: options, "check_mode": name.endswith("ssm_command"), "register": "done"}
        for name, options in compared.items()
    ]
    # The first round only fills the caches of the machine.
    play = {"hosts": "localhost", "gather_facts": False, "environment": "{{ nodecache_environment }}"}
    groups = {name: "{{ nodecache_aws }}" for name in ("group/nodecache.eks.aws", "group/amazon.aws.aws")}
    book = [{**play, "tasks": once * (ROUNDS + 1), "module_defaults": groups}]
    with tempfile.TemporaryDirectory() as folder:
        # A document's own braces must not be taken for Ansible's: what a file holds is never a template.
        for name, text in _texts().items():
            Path(folder, name).write_text(text, encoding="utf-8")
        path = Path(folder, "bench.yml")
        path.write_text(json.dumps(book), encoding="utf-8")
        done = subprocess.run(
            [ROOT / ".venv" / "bin" / "ansible-playbook", "-i", "inventory/lab", path],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
            text=True,
            capture_output=True,
            check=False,
        )
    if done.returncode:
        sys.exit(f"The modules' tasks failed: {done.stdout[-3000:]}{done.stderr[-1000:]}")
    entries, taken = json.loads(done.stdout)["plays"][0]["tasks"], []
    for entry, name in zip(entries, list(compared) * (ROUNDS + 1), strict=True):
        if entry["hosts"]["localhost"]["changed"] and not name.endswith("ssm_command"):
            sys.exit(f"{name} changed something; only tasks that change nothing are compared.")
        begin, end = (datetime.fromisoformat(entry["task"]["duration"][key]) for key in ("start", "end"))
        taken.append((end - begin).total_seconds())
    return [taken[at : at + len(compared)] for at in range(len(compared), len(taken), len(compared))]


def measure() -> dict[str, float]:
    """Return each module's time over that of iam_role in the same round, and print them."""
    with unmanaged() as instance:
        compared = tasks(instance)
        rounds = _run(compared)
    ratios = {}
    for at, name in enumerate(compared):
        seconds = statistics.median(each[at] for each in rounds)
        ratios[name.removeprefix(OURS)] = round(statistics.median(each[at] / each[0] for each in rounds), 2)
        print(f"{name.removeprefix(OURS):30} {seconds:6.2f} s  {ratios[name.removeprefix(OURS)]:5.2f}")
    return {name: ratio for name, ratio in ratios.items() if name != YARDSTICK}


if __name__ == "__main__":
    measure()
