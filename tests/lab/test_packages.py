from __future__ import annotations

import subprocess

import pytest

from lab import packages

MADISON = """containerd | 2.1.9+ds1-5 | http://mirror/debian forky/main amd64 Packages
containerd | 1.7.24~ds1-6+deb13u1 | http://mirror/debian trixie/main amd64 Packages
containerd | 1.7.20-1 | http://mirror/debian trixie/main amd64 Packages
"""


@pytest.fixture(name="apt")
def apt_fixture(tmp_path, monkeypatch):
    """Return what apt was asked; it has containerd's releases, and a package that unpacks to one file."""
    asked = []

    def run(folder, *words, program="apt-get"):
        asked.append(words[-1])
        if words[-2] == "download":
            tree = tmp_path / "package"
            (tree / "usr/bin").mkdir(parents=True)
            (tree / "usr/bin/containerd").touch()
            (tree / "DEBIAN").mkdir()
            (tree / "DEBIAN/control").write_text(
                "Package: containerd\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: d\n"
            )
            subprocess.run(["dpkg-deb", "--build", tree, folder / "containerd.deb"], check=True, capture_output=True)
        return subprocess.CompletedProcess(words, 0, MADISON if program == "apt-cache" else "", "")

    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(packages, "KEYRING", keyring)
    monkeypatch.setattr(packages.settings, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(packages, "_apt", run)
    return asked


def test_the_newest_of_a_series_is_unpacked_once(tmp_path, apt):
    for _time in range(2):
        packages.other_release("containerd", "1.7", tmp_path / "1.7")
    assert apt == ["update", "containerd", "containerd=1.7.24~ds1-6+deb13u1"]
    assert (tmp_path / "1.7/usr/bin/containerd").exists()
    assert not list((tmp_path / "cache").iterdir()), "apt's own lists stay behind"


def test_a_series_that_nobody_has_is_named_with_what_there_is(tmp_path, apt):
    with pytest.raises(RuntimeError, match=r"have no containerd 2\.9: 2\.1\.9\+ds1-5, 1\.7\.24"):
        packages.other_release("containerd", "2.9", tmp_path / "2.9")
    # 2.1 is no beginning of 2.10 and the like.
    with pytest.raises(RuntimeError, match=r"no containerd 1\.2"):
        packages.other_release("containerd", "1.2", tmp_path / "1.2")
    assert not (tmp_path / "2.9").exists()


def test_a_machine_without_debians_keys_is_told_which_package_has_them(tmp_path, apt, monkeypatch):
    monkeypatch.setattr(packages, "KEYRING", tmp_path / "none")
    with pytest.raises(RuntimeError, match="install the package debian-archive-keyring"):
        packages.other_release("containerd", "1.7", tmp_path / "1.7")
    assert apt == []


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("Debian http://mirror/debian/\nDebian-Security http://mirror/security/\n", "http://mirror/debian/"),
        ("Ubuntu http://archive.ubuntu.com/ubuntu/\n", packages.DEBIAN),
        ("", packages.DEBIAN),
    ],
)
def test_the_machines_own_mirror_is_used(told, found, monkeypatch):
    answer = subprocess.CompletedProcess([], 0, told, "")
    monkeypatch.setattr(packages.subprocess, "run", lambda *_words, **_options: answer)
    assert packages._mirror() == found
