"""Measure on a lab where the walkthrough ran, and write build/bench.json: ratios, each taken in one run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
RESULT = ROOT / "build" / "bench.json"
ROUNDS = 7
NAME = "nodecache-walkthrough"
YARDSTICK = "amazon.aws.iam_role"
# Each finds what the walkthrough made and changes nothing.
MODULES: dict[str, dict[str, Any]] = {
    YARDSTICK: {"name": f"{NAME}-us-east-1-events"},
    "nodecache.eks.ssm_document": {"name": NAME, "content": "{{ document }}"},
    "nodecache.eks.ssm_association": {"association_name": NAME, "name": NAME},
    "nodecache.eks.eventbridge_rule": {"name": NAME, "event_pattern": "{{ pattern }}"},
    "nodecache.eks.ecr_image_info": {"repository_name": "nodecache-sample"},
}


def lab_environment() -> dict[str, str]:
    """Return what points aws and boto3 at the lab."""
    told = subprocess.run([sys.executable, "-m", "lab", "env"], cwd=ROOT, text=True, capture_output=True, check=True)
    lines = [line.removeprefix("export ").partition("=") for line in told.stdout.splitlines() if "=" in line]
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return own | {name: value.strip("'\"") for name, _equals, value in lines}


def aws(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([BIN / "aws", *arguments], env=environment, text=True, capture_output=True, check=True)
    return done.stdout


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def modules(environment: dict[str, str]) -> dict[str, float]:
    """Return each module's time for a task that changes nothing, over that of amazon.aws's iam_role."""
    tasks = [{name: options, "register": "done"} for _round in range(ROUNDS) for name, options in MODULES.items()]
    document = json.loads(aws(environment, "ssm", "get-document", "--name", NAME))["Content"]
    pattern = json.loads(aws(environment, "events", "describe-rule", "--name", NAME))["EventPattern"]
    book = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "environment": "{{ nodecache_environment }}",
            "module_defaults": {"group/nodecache.eks.aws": "{{ nodecache_aws }}"},
            "tasks": tasks,
        }
    ]
    path = ROOT / "build" / "bench.yml"
    path.write_text(json.dumps(book), encoding="utf-8")
    done = subprocess.run(
        [
            BIN / "ansible-playbook",
            "-i",
            "inventory/lab",
            "-e",
            json.dumps({"document": document, "pattern": pattern}),
            path,
        ],
        cwd=ROOT,
        env=dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json"),
        text=True,
        capture_output=True,
        check=False,
    )
    path.unlink()
    if done.returncode:
        sys.exit(f"the modules' playbook failed: {done.stdout[-3000:]}{done.stderr[-1000:]}")
    times: dict[str, list[float]] = {name: [] for name in MODULES}
    for entry, task in zip(json.loads(done.stdout)["plays"][0]["tasks"], tasks, strict=True):
        if entry["hosts"]["localhost"]["changed"]:
            sys.exit(f"{entry['task']['name']} changed something; only tasks that change nothing are compared.")
        begin, end = (time_of(entry["task"]["duration"][key]) for key in ("start", "end"))
        times[next(iter(task))].append(end - begin)
    yardstick = statistics.median(times.pop(YARDSTICK))
    return {name.rpartition(".")[2]: round(statistics.median(each) / yardstick, 2) for name, each in times.items()}


def time_of(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def article(environment: dict[str, str]) -> None:
    """Set up with the AWS CLI what the prefetch playbook keeps: repository, role, policy, rule, target, association."""
    account, document = "123456789012", f"arn:aws:ssm:us-east-1:123456789012:document/{NAME}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    leave = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*"}]}
    pattern = {"source": ["aws.ecr"], "detail": {"repository-name": ["bench"]}}
    nodes = {"Key": "tag:bench", "Values": ["yes"]}
    target = {
        "Id": "1",
        "Arn": document,
        "RoleArn": f"arn:aws:iam::{account}:role/bench",
        "RunCommandParameters": {"RunCommandTargets": [nodes]},
    }
    aws(environment, "ecr", "create-repository", "--repository-name", "bench")
    aws(environment, "iam", "create-role", "--role-name", "bench", "--assume-role-policy-document", json.dumps(trust))
    aws(
        environment,
        "iam",
        "put-role-policy",
        "--role-name",
        "bench",
        "--policy-name",
        "bench",
        "--policy-document",
        json.dumps(leave),
    )
    aws(environment, "events", "put-rule", "--name", "bench", "--event-pattern", json.dumps(pattern))
    aws(environment, "events", "put-targets", "--rule", "bench", "--targets", json.dumps([target]))
    aws(
        environment,
        "ssm",
        "create-association",
        "--association-name",
        "bench",
        "--name",
        NAME,
        "--targets",
        json.dumps([nodes]),
    )


def remove_article(environment: dict[str, str]) -> None:
    found = json.loads(
        aws(environment, "ssm", "list-associations", "--association-filter-list", "key=AssociationName,value=bench")
    )
    for each in found["Associations"]:
        aws(environment, "ssm", "delete-association", "--association-id", each["AssociationId"])
    aws(environment, "events", "remove-targets", "--rule", "bench", "--ids", "1")
    aws(environment, "events", "delete-rule", "--name", "bench")
    aws(environment, "iam", "delete-role-policy", "--role-name", "bench", "--policy-name", "bench")
    aws(environment, "iam", "delete-role", "--role-name", "bench")
    aws(environment, "ecr", "delete-repository", "--repository-name", "bench")


def prefetch() -> None:
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", "inventory/lab", "playbooks/prefetch.yml"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode or "changed=0" not in done.stdout:
        sys.exit(f"playbooks/prefetch.yml did not pass without a change: {done.stdout[-2000:]}")


def main() -> None:
    walkthrough = json.loads((ROOT / "build" / "walkthrough.json").read_text(encoding="utf-8"))
    environment = lab_environment()
    start = walkthrough["start"]
    limit = walkthrough["image"]["bytes"] * 8 / walkthrough["link_bits_per_second"]
    by_hand = seconds(lambda: article(environment))
    remove_article(environment)
    figures = {
        "start_uncached_over_cached": round(
            statistics.median(start["uncached_seconds"]) / statistics.median(start["cached_seconds"]), 1
        ),
        "pull_over_link_limit": round(max(node["pull_seconds"] for node in walkthrough["nodes"]) / limit, 3),
        "prefetch_without_change_over_article": round(seconds(prefetch) / by_hand, 2),
        "module_without_change_over_iam_role": modules(environment),
    }
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
