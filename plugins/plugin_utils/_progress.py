# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person who waits for nodes is told, from image_cache_info's result."""

from __future__ import annotations

from typing import Any

# A fleet of thousands must not fill the screen at every look.
NODES_SHOWN = 10
MIB = 1024 * 1024


def complete(result: dict[str, Any], min_nodes: int) -> bool:
    """Say whether enough nodes are there and none lacks an image."""
    return result["summary"]["missing"] == 0 and len(result["nodes"]) >= min_nodes


def _waiting(result: dict[str, Any]) -> list[dict[str, Any]]:
    def holds(node: dict[str, Any]) -> bool:
        return bool(node["images"]) and all(image["cached"] for image in node["images"])

    return [node for node in result["nodes"] if not holds(node)]


def _image(image: dict[str, Any]) -> str:
    name = image["reference"].partition("@")[0].rpartition("/")[2]
    if image["total_bytes"]:
        share = image["fetched_bytes"] * 100 // image["total_bytes"]
        return f"{name} {image['fetched_bytes'] // MIB} of {image['total_bytes'] // MIB} MiB ({share} %)"
    return f"{name} {image['error'] or 'not there yet'}"


def _node(node: dict[str, Any]) -> str:
    lacking = ", ".join(_image(image) for image in node["images"] if not image["cached"])
    return f"{node['node']}  {node['state']}  {lacking or node['error'] or 'no answer yet'}"


def lines(result: dict[str, Any], min_nodes: int) -> list[str]:
    """Return a line for each node that is not done, and one with the counts."""
    waiting = _waiting(result)
    shown = [_node(node) for node in waiting[:NODES_SHOWN]]
    if len(waiting) > NODES_SHOWN:
        shown.append(f"and {len(waiting) - NODES_SHOWN} more nodes")
    total = len(result["nodes"])
    return [*shown, f"{total - len(waiting)} of {max(total, min_nodes)} nodes hold everything"]


def lacking(result: dict[str, Any], min_nodes: int) -> str:
    """Return one sentence about what is missing."""
    waiting, total = _waiting(result), len(result["nodes"])
    parts = [_node(node) for node in waiting[:NODES_SHOWN]]
    if len(waiting) > NODES_SHOWN:
        parts.append(f"{len(waiting) - NODES_SHOWN} more")
    if total < min_nodes:
        parts.append(f"{min_nodes - total} of {min_nodes} nodes did not come")
    return f"{len(waiting)} of {total} nodes lack images: {'; '.join(parts)}."
