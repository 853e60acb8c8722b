"""The whole walkthrough with an image of some MB, on real containerd nodes, as a person would run it."""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"image_files": 2, "image_file_megabytes": 3, "benchmark_rounds": 2}


class _Trap(socketserver.StreamRequestHandler):
    """Stands where a person's own AWS settings point; nobody may come."""

    def handle(self) -> None:
        self.server.visits.append(self.rfile.readline(200))  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def trap():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Trap) as server:
        server.visits = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def environment(trap, tmp_path_factory) -> dict[str, str]:
    """What somebody who works with real AWS all day has in their shell."""
    url = f"http://127.0.0.1:{trap.server_address[1]}"
    home = tmp_path_factory.mktemp("aws")
    (home / "config").write_text(f"[profile prod]\nregion = eu-central-1\nendpoint_url = {url}\n")
    (home / "credentials").write_text("[prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = prod\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "EC2_"))}
    return own | {
        "AWS_PROFILE": "prod",
        "AWS_REGION": "eu-central-1",
        "AWS_SESSION_TOKEN": "prod",
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_SSM": url,
        "AWS_ENDPOINT_URL_EC2": url,
        "AWS_ENDPOINT_URL_ECR": url,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def lab(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", command], cwd=ROOT, env=environment, text=True, capture_output=True, timeout=300
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """A place of its own, so that the report of a real walkthrough stays."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def running_lab(environment):
    lab("down", environment)
    up = lab("up", environment)
    assert up.returncode == 0, up.stdout + up.stderr
    yield
    down = lab("down", environment)
    assert down.returncode == 0, down.stdout + down.stderr


def play(
    name: str, environment: dict[str, str], results: Path, **variables: object
) -> subprocess.CompletedProcess[str]:
    places = {"nodecache_results": str(results), "image_directory": str(results / "image")}
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            "inventory/lab",
            "-e",
            json.dumps(SMALL | places | variables),
            f"playbooks/{name}.yml",
        ],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        timeout=900,
    )


@pytest.fixture(scope="module")
def walkthrough(running_lab, environment, results):
    result = play("site", environment, results)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    return json.loads((results / "walkthrough.json").read_text())


def test_every_node_holds_the_pushed_digest(walkthrough):
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", walkthrough["image"]["digest"])
    assert len(walkthrough["nodes"]) == 2
    assert {node["digest"] for node in walkthrough["nodes"]} == {walkthrough["image"]["digest"]}
    assert all(node["cached"] for node in walkthrough["nodes"])


def test_the_first_node_got_it_by_event_and_the_second_by_association(walkthrough):
    assert sorted(node["source"] for node in walkthrough["nodes"]) == ["association", "event"]


def test_start_times_are_measured_both_ways(walkthrough):
    start = walkthrough["start"]
    assert len(start["uncached_seconds"]) == len(start["cached_seconds"]) == SMALL["benchmark_rounds"]
    assert min(start["uncached_seconds"]) > max(start["cached_seconds"]) > 0


def test_containerd_itself_knows_the_digest_on_every_node(walkthrough):
    from lab import packages
    from lab.node import fleet

    nodes = fleet.recorded()
    assert {node.instance_id for node in nodes} == {node["node"] for node in walkthrough["nodes"]}
    for node in nodes:
        listed = subprocess.run(
            [*node.enter(), packages.binary("ctr"), "-n", "k8s.io", "images", "ls"],
            text=True,
            capture_output=True,
            check=True,
            timeout=30,
        )
        assert walkthrough["image"]["digest"] in listed.stdout


def test_the_registrys_log_tells_who_pulled(walkthrough):
    from lab import settings

    log = [json.loads(line) for line in (settings.LOG / "registry-access.log").read_text().splitlines()]
    pulled = {
        entry["client"]
        for entry in log
        if entry["method"] == "GET" and "/blobs/" in entry["uri"] and entry["agent"].startswith("containerd/")
    }
    assert len(pulled) == 2


def test_a_second_run_changes_nothing_outside_measuring(walkthrough, environment, results):
    again = play("site", environment, results)
    assert again.returncode == 0, again.stdout[-6000:]
    changed = [line for line in again.stdout.splitlines() if line.startswith("changed:")]
    assert changed == []
    assert re.search(r"changed=0\b", again.stdout)


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"nodecache_repository": "Not A Repository"}, "Not A Repository"),
        ({"nodecache_cluster": "no-such-cluster"}, "no-such-cluster"),
        ({"nodecache_region": "nowhere"}, "nowhere"),
    ],
)
def test_bad_input_gets_a_sentence_that_names_it(walkthrough, environment, results, variables, names):
    result = play("verify", environment, results, **variables)
    assert result.returncode != 0
    assert names in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_nothing_went_to_the_persons_own_aws(walkthrough, trap):
    assert trap.visits == []
