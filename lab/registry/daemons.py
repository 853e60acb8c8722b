"""Starts and stops docker-registry and nginx; pid files let a later process stop them too."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from lab import packages, settings, tls
from lab.node import process
from lab.registry import config

FOLDER = settings.RUN / "registry"
_NAMES = ("nginx", "docker-registry")


def start() -> None:
    """Start both and wait until the registry answers."""
    tls.make()
    FOLDER.mkdir(parents=True, exist_ok=True)
    settings.LOG.mkdir(parents=True, exist_ok=True)
    (FOLDER / "temp").mkdir(exist_ok=True)
    (FOLDER / "registry.yml").write_text(config.registry())
    (FOLDER / "nginx.conf").write_text(config.nginx(FOLDER))
    _spawn("docker-registry", [packages.binary("docker-registry"), "serve", FOLDER / "registry.yml"])
    _wait(f"http://{settings.API_HOST}:{settings.REGISTRY_PORT}/v2/")
    _spawn("nginx", [packages.binary("nginx"), "-p", FOLDER, "-c", FOLDER / "nginx.conf", "-e", "stderr"])


def stop() -> None:
    """End both, whoever started them."""
    for name in _NAMES:
        note = FOLDER / f"{name}.json"
        if not note.exists():
            continue
        state = json.loads(note.read_text())
        process.end(state["pid"], state["started"])
        note.unlink()


def _spawn(name: str, command: list[str | Path]) -> None:
    with (settings.LOG / f"{name}.log").open("ab") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"PATH": os.defpath}, start_new_session=True
        )
    (FOLDER / f"{name}.json").write_text(json.dumps({"pid": child.pid, "started": process.start_time(child.pid)}))


def _wait(url: str, patience: float = 30.0) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + patience
    while True:
        try:
            opener.open(url, timeout=2)
            return
        except urllib.error.HTTPError:
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the registry did not answer at {url}: {error}") from error
            time.sleep(0.05)
