# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the line that the node script prints; its schema is at the top of nodecache.py."""

from __future__ import annotations

import json
from typing import Any

IMAGE_FIELDS = {
    "digest": None,
    "cached": False,
    "pinned": False,
    "size": None,
    "source": None,
    "seconds": None,
    "expected": None,
    "fetched": None,
    "total": None,
    "skipped": None,
    "error": None,
}


def parse(output: str) -> dict[str, Any] | None:
    """Return the report in a command's output, absent fields filled in, or None when there is none."""
    for line in output.splitlines():
        try:
            report = json.loads(line)
        except ValueError:
            continue
        if isinstance(report, dict) and report.get("v") == 1 and isinstance(report.get("images"), list):
            images = [{**IMAGE_FIELDS, **image} for image in report["images"]]
            for image in images:
                # A long report leaves out a digest that the reference repeats.
                if image["cached"] and image["digest"] is None:
                    image["digest"] = image["ref"].partition("@")[2] or None
            return {"error": None, "omitted": 0, "free": None, "containerd": None, **report, "images": images}
    return None
