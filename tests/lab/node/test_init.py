"""A node's first process: what it covers of the host, and what has to stay.

mount(2), proc(5) and https://docs.kernel.org/filesystems/overlayfs.html; the paths are those that
https://github.com/awslabs/amazon-eks-ami, templates/al2023 has in its place.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lab.node import init


def test_what_the_host_has_does_not_show(nodes, tmp_path):
    local = tmp_path / "local"
    local.mkdir()
    script = (
        "import ctypes,os,sys; sys.path.insert(0, sys.argv[2]); from lab.node import init;"
        "init.mount('none', '/', flags=init.MS_REC | init.MS_PRIVATE);"
        "init.cover(sys.argv[1], {sys.argv[1] + '/python', sys.argv[1] + '/python3', '/elsewhere/aws'});"
        "print(sorted(os.listdir(sys.argv[1])), open(sys.argv[1] + '/python').read())"
    )
    (local / "aws").touch()
    (local / "python3").write_text("me")
    (local / "python").symlink_to("python3")
    command = ["unshare", "--mount", sys.executable, "-c", script, str(local), os.getcwd()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "['python', 'python3'] me\n"
    assert (local / "aws").exists()


def test_the_interpreter_is_found_through_its_links(tmp_path, monkeypatch):
    from lab.node import init

    (tmp_path / "python3.13").touch()
    (tmp_path / "python3").symlink_to("python3.13")
    (tmp_path / "venv").symlink_to(tmp_path / "python3")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv"))
    assert init.interpreter() == {str(tmp_path / name) for name in ("venv", "python3", "python3.13")}


def inside(code, *words):
    """Run code in a mount namespace that goes with it."""
    prelude = (
        "import os,sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from lab.node import init;"
        "init.mount('none', '/', flags=init.MS_REC | init.MS_PRIVATE);"
    )
    command = ["unshare", "--mount", sys.executable, "-c", prelude + code, os.getcwd(), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_a_mount_that_fails_says_what_and_why(tmp_path):
    done = inside("init.mount('none', sys.argv[2] + '/nowhere', 'tmpfs')", tmp_path)
    assert done.returncode == 1
    assert f"could not mount none on {tmp_path}/nowhere: No such file or directory" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_a_nodes_own_files_lie_over_the_hosts_and_its_writes_nowhere(tmp_path):
    """An overlay of overlays is refused where it is too deep, so the host's folder is on a tmpfs of its own."""
    code = (
        "base = Path(sys.argv[2]); init.mount('tmpfs', '/run', 'tmpfs'); init.mount('tmpfs', str(base), 'tmpfs');"
        "[(base / name).mkdir() for name in ('host', 'own')];"
        "(base / 'host/a').write_text('host'); (base / 'host/b').write_text('host');"
        "(base / 'own/b').write_text('own');"
        "init.overlay(str(base / 'host'), base / 'own');"
        "print(*((base / 'host' / name).read_text() for name in 'ab'));"
        "(base / 'host/c').write_text('new');"
        "print(sorted(os.listdir(base / 'own')), sorted(os.listdir('/run/overlay' + str(base / 'host') + '/upper')))"
    )
    done = inside(code, tmp_path)
    assert done.stdout == "host own\n['b'] ['c']\n", done.stderr


def test_containerd_has_a_services_environment(monkeypatch):
    """systemd.exec(5): a service has this PATH and nothing of whoever started the machine."""
    asked = []
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setattr(init.subprocess, "Popen", lambda *words, **options: asked.append((words, options)))
    init.start_containerd(7)
    ((command,), options) = asked[0]
    assert command == ("containerd", "--config", "/etc/containerd/config.toml")
    assert options["env"] == {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}
    assert (options["stdout"], options["start_new_session"]) == (7, True)
