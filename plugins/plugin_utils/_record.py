# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a whole run of the prefetch role notes, so that the next one can tell that there is nothing to do."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@functools.lru_cache(None)
def code(root: Path = ROOT) -> str:
    """Return a text that is another one when the role or a plugin is: what they made might be something else now."""
    found = hashlib.sha256()
    for folder in (root / "plugins", root / "roles" / "prefetch"):
        for path in sorted(folder.rglob("*.*")):
            if path.suffix in (".py", ".yml", ".j2"):
                found.update(path.read_bytes())
    return found.hexdigest()


def state(options: Mapping[str, Any], things: Iterable[Mapping[str, Any]]) -> str:
    """Return a text for what is asked for, what decides what that means, and all that is the install's."""
    ours = sorted((one["kind"], one["name"], one.get("fingerprint", "")) for one in things if one["ours"])
    told = json.dumps([options, code(), ours], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]
