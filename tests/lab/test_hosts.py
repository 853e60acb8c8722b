"""What the lab writes on the host, and that it takes back exactly that.

hosts(5), and containers-certs.d(5) for where podman, buildah and skopeo look for a registry's authority.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import hosts, settings, tls

KINDS = ("containers/certs.d", "docker/certs.d")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hosts, "HOSTS", tmp_path / "hosts")
    monkeypatch.setattr(hosts, "CERTIFICATES", (tmp_path / "containers/certs.d", tmp_path / "docker/certs.d"))
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls/ca.pem").write_text("ours")
    monkeypatch.setattr(tls, "CA", tmp_path / "tls/ca.pem")
    monkeypatch.setattr(tls, "make", lambda: None)
    return tmp_path


def tree(root: Path) -> dict[str, str | None]:
    return {str(p.relative_to(root)): p.read_text() if p.is_file() else None for p in root.rglob("*")}


@pytest.mark.parametrize("text", ["", "127.0.0.1 localhost\n", "127.0.0.1 localhost", "127.0.0.1 localhost\n\n"])
@pytest.mark.parametrize("times", [1, 2])
def test_remove_restores_the_file_exactly(host: Path, text: str, times: int) -> None:
    hosts.HOSTS.write_text(text)
    before = tree(host)
    for _ in range(times):
        hosts.add()
    found = [line for line in hosts.HOSTS.read_text().splitlines() if settings.ECR_HOST in line]
    lines = [line.partition("#")[0].split() for line in found]
    assert lines == [[settings.GATEWAY, *settings.ECR_HOSTS]]
    assert all((host / kind / name / "ca.crt").exists() for kind in KINDS for name in settings.ECR_HOSTS)
    hosts.remove()
    assert tree(host) == before


def test_folders_and_certificates_of_others_stay(host: Path) -> None:
    hosts.HOSTS.write_text("127.0.0.1 localhost\n")
    theirs = host / "containers/certs.d" / settings.ECR_HOST
    theirs.mkdir(parents=True)
    (theirs / "ca.crt").write_text("theirs")
    (host / "docker").mkdir()
    before = tree(host)
    hosts.add()
    assert (theirs / "ca.crt").read_text() == "ours"
    hosts.remove()
    assert tree(host) == before


def test_remove_without_add_changes_nothing(host: Path) -> None:
    hosts.HOSTS.write_text("127.0.0.1 localhost")
    before = tree(host)
    hosts.remove()
    assert tree(host) == before
