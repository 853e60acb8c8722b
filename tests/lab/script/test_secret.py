"""Nothing secret shows while a pull runs."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import Any

from lab.aws.ecr import tokens as ecr_tokens


class Watch:
    """Looks at every process again and again: its command line, its environment, the files it has open."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                if process.name != str(os.getpid()):
                    self._note(process)

    def _note(self, process: Path) -> None:
        try:
            self.seen |= {(process / "cmdline").read_bytes(), (process / "environ").read_bytes()}
            for file in (process / "fd").iterdir():
                target = os.readlink(file)
                # A memfd is its process's memory and on no disk, however it is named.
                if target.startswith("/") and not target.startswith(("/dev/", "/proc/", "/memfd:")):
                    kind = file.stat()
                    if stat.S_ISREG(kind.st_mode) and kind.st_size < 1_000_000:
                        self.seen.add(file.read_bytes())
        except OSError:
            # It ended while we looked.
            return


def test_the_token_shows_nowhere(world: Any, slow: Any) -> None:
    node, repository = world.node(), world.repository("secret")
    digest = world.push(repository, "v1", megabytes=2, layers=2)
    slow(node, "30mbit")
    known = set(ecr_tokens._tokens)
    with Watch() as watch:
        result = world.start(node, [f"{world.host}/{repository}:v1@{digest}", f"{world.host}/{repository}"])
    assert result.exit_code == 0, result
    tokens = [token.encode() for token in set(ecr_tokens._tokens) - known]
    assert tokens, "the node asked for a token"
    everything = b"\0".join(watch.seen)
    # What pulled was seen while it did.
    assert b"curl\0-q\0" in everything
    for secret in [*tokens, *map(world.basic, tokens), *world.node_secrets(node)]:
        assert secret not in everything
        assert secret not in result.stdout + result.stderr
        assert not world.files_with(node, secret)
