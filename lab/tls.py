"""The lab's private certificate authority and the certificate of its hosts."""

from __future__ import annotations

from pathlib import Path

from lab import settings

FOLDER = settings.RUN / "tls"
CA = FOLDER / "ca.pem"
CERTIFICATE = FOLDER / "server.pem"
KEY = FOLDER / "server.key"
BUNDLE = FOLDER / "bundle.pem"
_SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")


def make() -> None:
    """Make an authority and a certificate for every host name of the lab, unless they are there."""
    if BUNDLE.exists():
        return
    import trustme

    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o755)
    authority = trustme.CA()
    certificate = authority.issue_cert(*settings.ECR_HOSTS, *settings.AWS_HOSTS)
    KEY.touch(mode=0o600)
    certificate.private_key_pem.write_to_path(str(KEY))
    CERTIFICATE.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    authority.cert_pem.write_to_path(str(CA))
    system = _SYSTEM.read_bytes() if _SYSTEM.exists() else b""
    # Last, because its presence says that all of them are there.
    BUNDLE.write_bytes(system + b"\n" + authority.cert_pem.bytes())


def ca_bundle() -> Path:
    """Return the file that holds the system's authorities and the lab's."""
    make()
    return BUNDLE
