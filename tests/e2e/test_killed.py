"""`up` killed at any moment, and the lab killed while a node pulls: what is told, and that nothing is left.

signal(7): nobody can clean up after SIGKILL but whoever comes next.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from lab import checks, images, running, server, settings
from lab.aws.ecr.manifest import digest_of
from lab.node import fleet, network, process
from lab.registry import daemons
from tests.e2e.machine import ROOT, first_process, lab, machine, start_a_node


def said(*words: str) -> tuple[int, str]:
    """Type one of the lab's commands, and return its code and all that it printed."""
    command = [sys.executable, "-m", "lab", *words]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    return done.returncode, done.stdout


def reached(moment: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not moment():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


# In the order in which a start comes by them.
MOMENTS: dict[str, Callable[[], bool]] = {
    "locked": lambda: running.LOCK.exists(),
    "overlays are tried": lambda: checks.probe_folder().exists(),
    "certificates are made": lambda: (settings.RUN / "tls").exists(),
    "the server is recorded": lambda: server.STATE.exists(),
    "the bridge is there": lambda: network.exists(settings.BRIDGE),
    "the registry starts": lambda: (daemons.FOLDER / "docker-registry.json").exists(),
    "nginx starts": lambda: (daemons.FOLDER / "nginx.json").exists(),
}
TRACES = ("The lab is not up.", "The lab is not up, but an earlier one left traces: run down.", "The lab is starting.")


def killed_at(moment: str, all_of_it: bool) -> None:
    """Start the lab and kill the start at this moment, with the server it started or without."""
    starting = subprocess.Popen(
        [sys.executable, "-m", "lab", "up"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with starting:
        reached(lambda: MOMENTS[moment]() or starting.poll() is not None)
        starting.kill()
    state = server.state_of() if all_of_it else None
    if state is not None:
        os.kill(state[0], signal.SIGKILL)


@pytest.mark.parametrize(
    ("moment", "all_of_it"),
    [
        ("locked", False),
        ("overlays are tried", False),
        ("certificates are made", False),
        ("the server is recorded", False),
        ("the bridge is there", True),
        ("the registry starts", True),
        ("nginx starts", False),
    ],
)
def test_a_start_killed_at_any_moment_is_told_of_and_goes(moment, all_of_it):
    lab("down")
    before = machine()
    killed_at(moment, all_of_it)
    code, told = said("status")
    # A server that outlives its start may be up by now.
    assert any(told.startswith(text) for text in (*TRACES, "The lab is up at")), told
    assert code == (0 if told.startswith("The lab is up") else 1)
    lab("down")
    assert machine() == before


@pytest.mark.parametrize("all_of_it", [True, False])
def test_a_start_after_one_that_was_killed_takes_over_or_starts_anew(all_of_it):
    lab("down")
    before = machine()
    try:
        killed_at("the registry starts", all_of_it)
        code, told = said("up")
        assert code == 0, told
        # A server that outlives its start may be up by now.
        if all_of_it:
            assert told.splitlines()[0] == "Removing what an earlier lab left"
        code, told = said("up")
        assert (code, told) == (0, f"The lab is already up at {settings.endpoint()} with 0 nodes.\n")
        code, told = said("status")
        assert (code, "No nodes." in told) == (0, True)
    finally:
        assert said("down")[0] == said("down")[0] == 0
    assert machine() == before
    assert said("status") == (1, "The lab is not up.\n")


def test_an_end_that_was_killed_is_told_of_and_done_by_the_next():
    lab("down")
    before = machine()
    lab("up")
    state = server.state_of()
    assert state is not None
    with subprocess.Popen([sys.executable, "-m", "lab", "down"], cwd=ROOT, stdout=subprocess.DEVNULL) as ending:
        reached(lambda: not process.alive(*state))
        ending.kill()
    assert said("status") == (1, "The lab is not up, but an earlier one left traces: run down.\n")
    lab("down")
    assert machine() == before


def push_large() -> str:
    """Push an image that takes a node some seconds, and return its name."""
    settings.client("ecr").create_repository(repositoryName="large")
    data = os.urandom(96 << 20)
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    parts = [(config, "application/vnd.oci.image.config.v1+json"), (data, "application/vnd.oci.image.layer.v1.tar")]
    rows = [{"mediaType": kind, "digest": digest_of(part), "size": len(part)} for part, kind in parts]
    manifest = {"schemaVersion": 2, "mediaType": images.OCI, "config": rows[0], "layers": rows[1:]}
    content = images.Content({digest_of(part): part for part, _kind in parts}, json.dumps(manifest).encode())
    images.push("large", content, "v1")
    return f"{settings.ECR_HOST}/large:v1"


def pulls(state: fleet.State) -> bool:
    """Tell whether a node's containerd is in the midst of a layer."""
    for path in (fleet.DISKS / state.instance_id / "containerd/io.containerd.content.v1.content/ingest").glob("*/data"):
        # What is done, as the small configuration soon is, moves away.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > 1 << 20:
                return True
    return False


# Without the server, down does it all; with it, the server ends what is left of the others.
@pytest.mark.parametrize("parts", [("server",), ("node", "registry")])
def test_a_lab_killed_while_a_node_pulls_leaves_nothing(parts):
    lab("down")
    before = machine()
    lab("up")
    try:
        start_a_node()
        (state,) = fleet.recorded()
        allowed = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
        settings.client("iam").attach_role_policy(RoleName="node", PolicyArn=allowed)
        name = push_large()
        script = f"ctr -n k8s.io images pull -u AWS:$(aws ecr get-login-password) {name}"
        settings.client("ssm").send_command(
            DocumentName="AWS-RunShellScript", InstanceIds=[state.instance_id], Parameters={"commands": [script]}
        )
        reached(lambda: pulls(state))
        for part in parts:
            os.kill(first_process(part), signal.SIGKILL)
        code, told = said("status")
        if "server" in parts:
            assert (code, told) == (1, "The lab is not up, but an earlier one left traces: run down.\n")
        else:
            assert code == 1 and "Its docker-registry ended, so that nothing can be pushed or pulled" in told
            assert state.instance_id in told and "dead" in told
    finally:
        lab("down")
    # That a lab starts after this one is what the next of these tests begins with.
    assert machine() == before
