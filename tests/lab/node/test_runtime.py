"""Which containerd a node runs, and its configuration as EKS's images word it.

https://github.com/awslabs/amazon-eks-ami: nodeadm/internal/containerd has the templates, and
https://github.com/containerd/containerd/blob/main/docs/cri/config.md what each version reads.
"""

from __future__ import annotations

import tomllib

import pytest

from lab import packages
from lab.node import runtime


@pytest.fixture(name="versions")
def versions_fixture(tmp_path, monkeypatch):
    """Return what says which versions there are, by the folder they lie in."""
    monkeypatch.setattr(packages, "TREE", tmp_path / "tree")
    monkeypatch.setattr(runtime.settings, "CACHE", tmp_path / "cache")
    (tmp_path / "tree/usr/bin").mkdir(parents=True)
    known = {tmp_path / "tree/usr/bin": "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1\n"}
    monkeypatch.setattr(runtime, "banner", lambda folder: known[folder])

    def choose(series, banner=None):
        monkeypatch.setenv(runtime.CHOICE, series)
        if banner:
            known[tmp_path / "cache/containerd" / series / "usr/bin"] = banner

    choose("")
    return choose


@pytest.mark.parametrize(("given", "found"), [("", None), ("1.7", "1.7"), ("2.1", "2.1"), ("2.10", "2.10")])
def test_a_series_is_two_numbers(monkeypatch, given, found):
    monkeypatch.setenv(runtime.CHOICE, given)
    assert runtime.series() == found


@pytest.mark.parametrize("given", ["2", "2.1.9", "newest", "v1.7", "1.7 ", "../1.7"])
def test_what_is_no_series(monkeypatch, given):
    monkeypatch.setenv(runtime.CHOICE, given)
    with pytest.raises(RuntimeError, match="not a series of containerd like 1.7 or 2.1"):
        runtime.series()


def test_the_distributions_own_is_run_unless_another_is_chosen(versions, tmp_path):
    own = tmp_path / "tree/usr/bin"
    assert (runtime.programs(), runtime.version()) == (own, "1.6.20")
    versions("1.6")
    assert runtime.programs() == own
    # 1.6 is no beginning of 1.60.
    versions("1.60")
    assert runtime.programs() == tmp_path / "cache/containerd/1.60/usr/bin"
    versions("2.1", "containerd github.com/containerd/containerd/v2 2.1.9\n")
    assert (runtime.programs(), runtime.version()) == (tmp_path / "cache/containerd/2.1/usr/bin", "2.1.9")


def test_a_containerd_that_tells_no_version_is_said_so(versions):
    versions("2.2", "containerd unknown\n")
    with pytest.raises(RuntimeError, match="does not tell its version"):
        runtime.version()


def test_the_other_release_is_unpacked_only_when_it_is_chosen(versions, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(packages, "ensure", lambda: asked.append("ensure"))
    monkeypatch.setattr(packages, "other_release", lambda *words: asked.append(words))
    runtime.ensure()
    versions("1.6")
    runtime.ensure()
    assert asked == ["ensure", "ensure"]
    versions("1.7", "containerd 1.7.24")
    runtime.ensure()
    assert asked[3:] == [("containerd", "1.7", tmp_path / "cache/containerd/1.7")]


def cri(version, config):
    """Return the part about images and the one about containers: version 3 parted them."""
    plugins = config["plugins"]
    if version.startswith("1."):
        both = plugins["io.containerd.grpc.v1.cri"]
        return {**both, **both["containerd"], "sandbox": both["sandbox_image"]}, both
    images = plugins["io.containerd.cri.v1.images"]
    return {**images, "sandbox": images["pinned_images"]["sandbox"]}, plugins["io.containerd.cri.v1.runtime"]


@pytest.mark.parametrize("version", ["1.6.20", "1.7.24", "2.0.5", "2.1.9", "2.2.4"])
def test_the_configuration_is_that_of_ekss_images(monkeypatch, version):
    monkeypatch.setattr(runtime, "version", lambda: version)
    config = tomllib.loads(runtime.configuration())
    assert config["version"] == (2 if version.startswith("1.") else 3)
    assert (config["root"], config["state"]) == ("/var/lib/containerd", "/run/containerd")
    assert config["grpc"]["address"] == "/run/containerd/containerd.sock"
    images, containers = cri(version, config)
    assert images["discard_unpacked_layers"] is True
    assert images["registry"]["config_path"] == "/etc/containerd/certs.d:/etc/docker/certs.d"
    assert images["sandbox"] == "localhost/kubernetes/pause:latest"
    assert containers["containerd"]["default_runtime_name"] == "runc"
    assert containers["cni"] == {"bin_dir": "/opt/cni/bin", "conf_dir": "/etc/cni/net.d"}
