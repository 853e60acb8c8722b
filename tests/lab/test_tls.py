"""The authority, the certificate and the bundle."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from lab import settings, tls


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tls, "FOLDER", tmp_path / "tls")
    for name in ("CA", "CERTIFICATE", "KEY", "BUNDLE"):
        monkeypatch.setattr(tls, name, tmp_path / "tls" / getattr(tls, name).name)
    system = tmp_path / "system.crt"
    system.write_text("# the system's own\n")
    monkeypatch.setattr(tls, "_SYSTEM", system)
    return tmp_path / "tls"


def test_bundle_holds_the_systems_authorities_and_ours(folder: Path) -> None:
    text = tls.ca_bundle().read_text()
    assert text.startswith("# the system's own\n")
    assert tls.CA.read_text() in text


@pytest.mark.parametrize("host", [*settings.ECR_HOSTS, *settings.AWS_HOSTS])
def test_certificate_is_good_for_every_host(folder: Path, host: str) -> None:
    tls.make()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(tls.CERTIFICATE, tls.KEY)
    client = ssl.create_default_context(cafile=str(tls.CA))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ends[0].getpeercert()


def test_key_is_the_owners_alone_and_a_second_make_keeps_it(folder: Path) -> None:
    tls.make()
    key = tls.KEY.read_bytes()
    tls.make()
    assert tls.KEY.read_bytes() == key
    assert tls.KEY.stat().st_mode & 0o777 == 0o600
