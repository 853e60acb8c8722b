"""The scripts of a node: sudo, and what asks the instance metadata service, which test_machine_image runs on a node.

https://man7.org/linux/man-pages/man5/sudoers.5.html and https://github.com/amazonlinux/amazon-ec2-utils
"""

from __future__ import annotations

import os
import subprocess

import pytest

from lab.node import tools


@pytest.fixture(name="sudo")
def sudo_fixture(tmp_path):
    path = tmp_path / "sudo"
    path.write_text(tools.SUDO)
    path.chmod(0o755)
    base = {"PATH": os.defpath, "LANG": "C.UTF-8", "AWS_REGION": "eu-west-1", "HOME": "/tmp"}

    def run(*words, code=0):
        done = subprocess.run([path, *words], env=base, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stdout or done.stderr

    return run


def test_sudo_cleans_the_environment(sudo):
    # sudoers(5): env_reset and secure_path, both on in Amazon Linux's sudoers.
    found = dict(line.split("=", 1) for line in sudo("env").splitlines())
    assert "AWS_REGION" not in found
    assert found["PATH"] == "/sbin:/bin:/usr/sbin:/usr/bin"
    assert (found["HOME"], found["LANG"], found["SUDO_UID"]) == ("/root", "C.UTF-8", "0")


def test_sudo_takes_what_people_give_it(sudo):
    assert sudo("-n", "-E", "sh", "-c", "echo $AWS_REGION") == "eu-west-1\n"
    assert sudo("--preserve-env=AWS_REGION", "sh", "-c", "echo $AWS_REGION") == "eu-west-1\n"
    assert sudo("A=b c", "sh", "-c", "echo $A") == "b c\n"
    assert sudo("-u", "root", "--", "echo", "-n", "$HOME") == "$HOME"
    assert sudo("-i", "echo", "hello") == "hello\n"
    sudo("false", code=1)
    assert "unknown user" in sudo("-u", "nobody", "true", code=1)
    assert "usage" in sudo(code=1)


@pytest.mark.parametrize("name", tools.SCRIPTS)
def test_a_script_is_one(name):
    done = subprocess.run(["bash", "-n"], input=tools.SCRIPTS[name], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "option", "said"),
    [
        ("imds", "", "usage"),
        ("ec2-metadata", "--kernel-id", "not known"),
        ("systemctl", "mask x", "'mask' is not known"),
    ],
)
def test_what_is_typed_wrongly_is_told(name, option, said):
    done = subprocess.run(["bash", "-c", tools.SCRIPTS[name], name, *option.split()], capture_output=True, text=True)
    assert done.returncode == 1 and said in done.stderr
