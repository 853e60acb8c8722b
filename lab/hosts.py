"""What the host itself must know: the registry's name, and who vouches for it."""

from __future__ import annotations

from pathlib import Path

from lab import settings, tls

HOSTS = Path("/etc/hosts")
MARK = "# nodecache lab"
CERTIFICATES = (Path("/etc/containers/certs.d"), Path("/etc/docker/certs.d"))


def add() -> None:
    """Point the ECR host name at the lab, and let podman and Docker trust it."""
    remove()
    text = HOSTS.read_text()
    line = f"{settings.GATEWAY} {settings.ECR_HOST} {MARK}\n"
    # Written in place: inside a container the file is a mount that cannot be replaced.
    HOSTS.write_text(text + ("" if not text or text.endswith("\n") else "\n") + line)
    tls.make()
    for folder in CERTIFICATES:
        made = [path for path in (folder, folder.parent) if not path.exists()]
        host = folder / settings.ECR_HOST
        host.mkdir(parents=True, exist_ok=True)
        (host / "ca.crt").write_bytes(tls.CA.read_bytes())
        # An empty folder that was there before must stay, so the ones of ours are written down.
        (host / ".nodecache-lab").write_text("".join(f"{path}\n" for path in made))


def remove() -> None:
    """Take back exactly what add() did."""
    text = HOSTS.read_text()
    kept = "".join(line for line in text.splitlines(keepends=True) if not line.rstrip().endswith(MARK))
    if kept != text:
        HOSTS.write_text(kept)
    for folder in CERTIFICATES:
        host = folder / settings.ECR_HOST
        note = host / ".nodecache-lab"
        if not note.exists():
            continue
        made = note.read_text().splitlines()
        for path in (host / "ca.crt", note):
            path.unlink(missing_ok=True)
        for path in (host, *map(Path, made)):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
