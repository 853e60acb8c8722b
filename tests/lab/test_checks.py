"""What the machine must offer, each refusal in one sentence.

network_namespaces(7), tc-tbf(8), https://docs.kernel.org/filesystems/overlayfs.html for what cannot lie on what,
and IP_FREEBIND in ip(7).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import checks, settings


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(checks.Refusal, match=f"port {port} on 127.0.0.1, and it is taken"):
            checks.ports([("127.0.0.1", port)])
    checks.ports([("127.0.0.1", port)])


def test_a_missing_program_names_its_package(monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", lambda name: None if name == "tc" else f"/usr/bin/{name}")
    with pytest.raises(checks.Refusal, match="needs tc: install the package iproute2"):
        checks.programs()


@pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces")
def test_this_machine_passes_the_checks():
    for check in (checks.root, checks.programs, checks.namespaces, checks.bridges):
        check()


def test_programs_of_one_package_name_it_once(monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", lambda name: None if name in ("ip", "tc", "curl") else name)
    with pytest.raises(checks.Refusal, match="needs ip, tc, curl: install the package curl and iproute2"):
        checks.programs()


def test_who_is_not_root_is_told_so(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(checks.Refusal, match="must run as root: use sudo"):
        checks.root()


@pytest.mark.parametrize(
    ("check", "fails", "said"),
    [
        (checks.namespaces, "ip netns add", "makes no network namespaces.*: Operation not permitted"),
        (checks.bridges, "ip link add", "makes no shaped bridges.*: Operation not permitted"),
        (checks.overlays, "mount -t overlay", "overlayfs does not work on .*: Operation not permitted"),
    ],
)
def test_what_the_kernel_refuses_is_told_with_its_reason(check, fails, said, monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "VAR", tmp_path / "lab")

    def works(*command):
        assert fails in command[-1]
        return "Operation not permitted"

    monkeypatch.setattr(checks, "_works", works)
    with pytest.raises(checks.Refusal, match=said):
        check()
    # The probe does not stay behind.
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces")
@pytest.mark.parametrize(("name", "program"), [("namespaces", "ip"), ("bridges", "tc"), ("bridges", "ip")])
def test_a_probe_that_is_killed_leaves_nothing(name, program, tmp_path):
    # A program that does its work and then hangs, so that the probe is killed when all of it is there.
    real, done = shutil.which(program), tmp_path / "done"
    tmp_path.joinpath(program).write_text(f'#!/bin/sh\n{real} "$@" && touch {done} && sleep 60\n')
    tmp_path.joinpath(program).chmod(0o755)
    before = left()
    with subprocess.Popen(
        [sys.executable, "-c", f"from lab import checks; checks.{name}()"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        start_new_session=True,
    ) as probing:
        deadline = time.monotonic() + 30
        while not done.exists():
            assert time.monotonic() < deadline and probing.poll() is None
            time.sleep(0.01)
        os.killpg(probing.pid, signal.SIGKILL)
    assert left() == before


def left():
    links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    spaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return links, spaces, [line for line in Path("/proc/mounts").read_text().splitlines() if "netns" in line]


def test_the_first_that_fails_is_told(monkeypatch):
    done = []

    def refuse():
        raise checks.Refusal("no")

    for name in ("root", "programs", "bridges", "overlays", "ports"):
        monkeypatch.setattr(checks, name, lambda name=name: done.append(name))
    monkeypatch.setattr(checks, "namespaces", refuse)
    with pytest.raises(checks.Refusal):
        checks.all_of_them()
    assert done == ["root", "programs"]
