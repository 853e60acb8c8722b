"""What the host itself must know: the registries' names, and who vouches for it."""

from __future__ import annotations

from pathlib import Path

from lab import settings, tls

HOSTS = Path("/etc/hosts")
MARK = "# nodecache lab"
# The line before had no newline of its own, so remove() has to take that back too.
ADDED_NEWLINE = f"# newline added {MARK}"
NOTE = ".nodecache-lab"
SAVED = "ca.crt.nodecache-lab"
CERTIFICATES = (Path("/etc/containers/certs.d"), Path("/etc/docker/certs.d"))


def _folders() -> list[Path]:
    return [folder / name for folder in CERTIFICATES for name in settings.ECR_HOSTS]


def add() -> None:
    """Point the ECR host names at the lab, and let podman and Docker trust it."""
    remove()
    text = HOSTS.read_text()
    whole = not text or text.endswith("\n")
    line = f"{settings.GATEWAY} {' '.join(settings.ECR_HOSTS)} {MARK if whole else ADDED_NEWLINE}\n"
    # Written in place: inside a container the file is a mount that cannot be replaced.
    HOSTS.write_text(text + ("" if whole else "\n") + line)
    tls.make()
    for host in _folders():
        made = [path for path in (host.parent, host.parent.parent) if not path.exists()]
        host.mkdir(parents=True, exist_ok=True)
        # First, so that remove() finds it however far we get. An empty folder that was there before
        # must stay, so the ones of ours are written down.
        (host / NOTE).write_text("".join(f"{path}\n" for path in made))
        certificate = host / "ca.crt"
        if certificate.exists():
            certificate.rename(host / SAVED)
        certificate.write_bytes(tls.CA.read_bytes())


def remove() -> None:
    """Take back exactly what add() did."""
    text = HOSTS.read_text()
    kept = "".join(line for line in text.splitlines(keepends=True) if not line.rstrip().endswith(MARK))
    if ADDED_NEWLINE in text:
        kept = kept.removesuffix("\n")
    if kept != text:
        HOSTS.write_text(kept)
    # Backwards: the first of a folder's hosts knows whether the folder is ours.
    for host in reversed(_folders()):
        note = host / NOTE
        if not note.exists():
            continue
        made = note.read_text().splitlines()
        (host / "ca.crt").unlink(missing_ok=True)
        if (host / SAVED).exists():
            (host / SAVED).rename(host / "ca.crt")
        note.unlink()
        for path in (host, *map(Path, made)):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
