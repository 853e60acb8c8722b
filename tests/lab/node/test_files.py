"""What lies on a node's disk before it starts, over the host's files.

https://docs.kernel.org/filesystems/overlayfs.html for folders and devices that hide what is below;
https://github.com/awslabs/amazon-eks-ami, templates/al2023 for what there is.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

from lab import packages, settings
from lab.node import credential_provider, files, machine_image, runtime, tools

NODE = "i-0aaaaaaaaaaaaaab1"
ADDRESS = "10.77.0.31"


def test_every_file_of_the_hosts_stays_below_what_is_hidden():
    covered = {name.partition("/")[0] for name in machine_image.texts(NODE, ADDRESS, "us-east-1b") if "/" in name}
    assert {f"etc/{name}" for name in covered} <= set(files.HIDDEN)


@pytest.fixture(name="node")
def node_fixture(tmp_path, monkeypatch):
    """Return the directory of a node that was laid out and not started."""
    if os.geteuid() != 0:
        pytest.skip("makes devices and trusted attributes")
    if not (packages.TREE / ".complete").exists():
        pytest.skip("needs the lab's packages: make lab")
    import trustme

    tls = tmp_path / "run/tls"
    tls.mkdir(parents=True)
    authority = trustme.CA().cert_pem
    for name in ("ca.pem", "bundle.pem"):
        authority.write_to_path(str(tls / name))
    monkeypatch.setattr(settings, "RUN", tmp_path / "run")
    files.write(tmp_path / "node", NODE, ADDRESS, "us-east-1b")
    return tmp_path / "node"


def test_the_hosts_folders_are_hidden_and_its_tools_gone(node):
    for name in files.HIDDEN:
        assert os.getxattr(node / "files" / name, files.OPAQUE) == b"y"
    for name in tools.ABSENT:
        there = os.lstat(node / "files/usr/bin" / name)
        assert stat.S_ISCHR(there.st_mode) and there.st_rdev == 0


def test_programs_are_the_chosen_containerds(node):
    for name in files.PROGRAMS:
        assert os.readlink(node / "files/usr/bin" / name) == str(runtime.programs() / name)
    assert os.readlink(node / "files/usr/bin/sh") == "bash"
    assert os.access(node / "files/usr/sbin/runc", os.X_OK)
    for name in ("usr/bin/aws", "usr/bin/sudo", "etc/eks/image-credential-provider/ecr-credential-provider"):
        assert os.access(node / "files" / name, os.X_OK)


def test_the_labs_authority_is_in_every_place_that_is_looked_at(node):
    """openssl-rehash(1) for the hashed name; the others are Debian's and Amazon Linux's bundles."""
    etc = node / "files/etc"
    authority = (settings.RUN / "tls/ca.pem").read_text()
    (hashed,) = (etc / "ssl/certs").glob("*.0")
    wanted = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash", "-in", settings.RUN / "tls/ca.pem"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert (hashed.name, hashed.read_text()) == (f"{wanted}.0", authority)
    for name in ("ssl/certs/ca-certificates.crt", "pki/tls/certs/ca-bundle.crt"):
        assert authority in (etc / name).read_text()


def test_what_is_told_is_this_nodes(node):
    config = json.loads((node / "files/etc/kubernetes/kubelet/config.json").read_text())
    assert config["providerID"] == f"aws:///us-east-1b/{NODE}"
    assert (node / "files/etc/hostname").read_text() == "ip-10-77-0-31.ec2.internal\n"


def test_removing_takes_the_whole_directory_and_asks_for_none(node):
    files.remove(node)
    assert not node.exists()
    files.remove(node)


def test_a_module_becomes_a_program_of_this_interpreter():
    text = files.script(credential_provider)
    assert text.startswith(f'#!{sys.executable}\n"""')
    compile(text, "program", "exec")
