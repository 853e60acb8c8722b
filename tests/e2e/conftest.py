"""One lab, and one walkthrough with an image of some MB on real containerd nodes, for every test here."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"image_files": 2, "image_file_megabytes": 3, "benchmark_rounds": 2, "verify_timeout": 180}


class _Trap(socketserver.StreamRequestHandler):
    """Stands where a person's own AWS settings point; nobody may come."""

    def handle(self) -> None:
        self.server.visits.append(self.rfile.readline(200))  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def trap():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Trap) as server:
        server.visits = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Path:
    """A place of its own, so that the report of a real walkthrough stays."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def running_lab(environment):
    lab("down", environment)
    up = lab("up", environment)
    assert up.returncode == 0, up.stdout + up.stderr
    yield
    down = lab("down", environment)
    assert down.returncode == 0, down.stdout + down.stderr


Play = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def play(environment, results) -> Play:
    """Return a run of one of the playbooks."""

    def run(name: str, *options: str, **variables: object) -> subprocess.CompletedProcess[str]:
        places = {"nodecache_results": str(results), "image_directory": str(results / "image")}
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        given = json.dumps(SMALL | places | variables)
        return subprocess.run(
            [program, "-i", "inventory/lab", "-e", given, *options, f"playbooks/{name}.yml"],
            cwd=ROOT,
            env=environment,
            text=True,
            capture_output=True,
            timeout=900,
        )

    return run


@pytest.fixture(scope="session")
def walkthrough(running_lab, play, results):
    result = play("site")
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    return json.loads((results / "walkthrough.json").read_text())
