"""The lab's logs: one file a part, shown and followed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from lab import settings

GLANCE = 0.25
# The registry's program goes by another name than its part.
PARTS = {"docker-registry": "registry"}


def files() -> dict[str, Path]:
    """Return every part that has a log, with its file."""
    return dict(sorted((PARTS.get(path.stem, path.stem), path) for path in settings.LOG.glob("*.log")))


def chosen(wanted: Iterable[str]) -> dict[str, Path]:
    """Return the parts with these names, or whose names begin or end so; every part for none."""
    have, found = files(), {}
    for name in wanted:
        fitting = [part for part in have if part == name] or [
            part for part in have if part.startswith(name) or part.endswith(f"-{name}")
        ]
        if not fitting:
            raise RuntimeError(f"No part of the lab is called '{name}': there are {', '.join(have) or 'none yet'}.")
        found.update({part: have[part] for part in fitting})
    return found or have


def listing() -> list[str]:
    """Return a line for every part: its name and its file."""
    have = files()
    width = max(map(len, have), default=0)
    return [f"{part:<{width}}  {path}" for part, path in have.items()]


class Reader:
    """One part's file, read on from where it was."""

    def __init__(self, part: str, path: Path, lines: int | None) -> None:
        self.part, self.path = part, path
        self._rest = b""
        self._stream = path.open("rb")
        if lines is not None:
            self._seek_last(lines)

    def _seek_last(self, lines: int) -> None:
        end = self._stream.seek(0, os.SEEK_END)
        block, start, seen = 8192, end, 0
        while start > 0 and seen <= lines:
            start = max(0, start - block)
            self._stream.seek(start)
            seen += self._stream.read(min(block, end - start)).count(b"\n")
        self._stream.seek(start)
        text = self._stream.read(end - start)
        kept = b"".join(text.splitlines(keepends=True)[-lines:] if lines else [])
        self._stream.seek(end - len(kept))

    def new(self) -> list[str]:
        """Return the whole lines that were written since."""
        data = self._rest + self._stream.read()
        whole, _newline, self._rest = data.rpartition(b"\n")
        return whole.decode(errors="replace").split("\n") if _newline else []

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()


def show(wanted: list[str], lines: int, follow: bool, out: TextIO | None = None) -> int:
    """Print the parts' last lines, and what is added to them until the lab is gone."""
    readers = {part: Reader(part, path, lines) for part, path in chosen(wanted).items()}
    several = len(readers) > 1 or not wanted
    out = out or sys.stdout
    try:
        _print(readers.values(), several, out)
        while follow and settings.LOG.exists():
            time.sleep(GLANCE)
            for part, path in files().items():
                # A node that comes later is of interest to whoever follows everything.
                if not wanted and part not in readers:
                    readers[part] = Reader(part, path, None)
            _print(readers.values(), several, out)
    except BrokenPipeError:
        # Whoever read has seen enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        for reader in readers.values():
            reader.close()
    return 0


def _print(readers: Iterable[Reader], several: bool, out: TextIO) -> None:
    readers = list(readers)
    width = max((len(reader.part) for reader in readers), default=0)
    for reader in readers:
        for line in reader.new():
            out.write(f"{reader.part:<{width}} | {line}\n" if several else f"{line}\n")
    out.flush()
