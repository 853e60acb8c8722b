# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What image_cache_info asks the nodes, and how it puts their answers together."""

from __future__ import annotations

import math
import re
import time
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _names, _report, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._waiters import TimedOut

# SendCommand's own limit.
VALUES_PER_TARGET = 50
# What surely fits into one report line.
IMAGES_PER_COMMAND = 5
UNFINISHED = ("Pending", "InProgress", "Delayed", "Cancelling")
AUTO_MODE = (
    "EKS Auto Mode lets no agent on its nodes and loads images by SOCI itself: give images that have to be there "
    "before their Pods a managed node group of Amazon Linux 2023."
)
# The document's allowedPattern for images, without the empty item.
REFERENCE = re.compile(
    r"[a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]+)?/[a-z0-9][a-z0-9._/-]*(:[a-zA-Z0-9_.*?-]+)?(@sha256:[0-9a-f]{64})?"
)

_ALLOWED = {
    "cluster_name": _names.CLUSTER,
    "document_name": ("[a-zA-Z0-9_.:/-]{3,128}", "a document's name of 3 to 128 characters, or its ARN"),
}


def _chunks(items: list[str], size: int) -> list[list[str]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def cluster_targets(cluster_name: str) -> list[dict[str, Any]]:
    """Return the targets that find a cluster's nodes, of managed node groups and of Karpenter."""
    return [{"key": f"tag:kubernetes.io/cluster/{cluster_name}", "values": ["owned"]}]


def validate_names(params: dict[str, Any]) -> None:
    """Refuse names that no cluster and no document can have."""
    for option, (pattern, words) in _ALLOWED.items():
        if params[option] is not None and not re.fullmatch(pattern, params[option]):
            raise NodecacheError(f"{option} is {shown(params[option])} but must be {words}.")


def validate(targets: list[dict[str, Any]], images: list[str]) -> None:
    """Refuse what AWS or the node script would refuse later."""
    for target in targets:
        if target["key"] not in ("InstanceIds", "tag-key") and not target["key"].startswith("tag:"):
            raise NodecacheError(f"targets.key is {shown(target['key'])} but must be InstanceIds, tag-key or tag:NAME.")
        if not 1 <= len(target["values"]) <= VALUES_PER_TARGET:
            raise NodecacheError(
                f"targets: key '{target['key']}' has {len(target['values'])} values but must have 1 to "
                f"{VALUES_PER_TARGET}."
            )
    for image in images:
        if not REFERENCE.fullmatch(image):
            raise NodecacheError(
                f"images has {shown(image)} but must have full references, as host/repository[:tag][@sha256:digest]."
            )


# SendCommand's own limits for TimeoutSeconds.
NUMBERS = {
    "answer_timeout": (30, 2592000),
    "min_nodes": (1, 100000),
    "wait_timeout": (1, 2592000),
    "wait_delay": (1, 86400),
}


def validate_numbers(params: dict[str, Any]) -> None:
    """Refuse a number that is out of its range."""
    for option, (least, most) in NUMBERS.items():
        if not least <= params[option] <= most:
            raise NodecacheError(f"{option} is {params[option]} but must be from {least} to {most}.")


def _send(ssm: Any, document: str, targets: list[dict[str, Any]], part: list[str], answer_timeout: int) -> str:
    parameters = {"action": ["report"], "source": ["command"], **({"images": part} if part else {})}
    request = {
        "DocumentName": document,
        "Targets": [{"Key": target["key"], "Values": target["values"]} for target in targets],
        "Parameters": parameters,
        "TimeoutSeconds": answer_timeout,
        # One node's missing image must not keep the others from being asked.
        "MaxConcurrency": "100%",
        "MaxErrors": "100%",
    }
    return str(_ssm.send_command(ssm, request)["CommandId"])


def _answers(ssm: Any, command_id: str, online: set[str], deadline: float) -> dict[str, dict[str, Any]]:
    """Wait for the nodes that are online; return their reports by instance id.

    A command is over only when it expired on the nodes that are offline, so its completed ones are counted instead.
    """
    expected, patient = len(online), True
    while True:
        try:
            _ssm.wait_for_answers(ssm, command_id, expected, max(1, math.ceil(deadline - time.monotonic())))
        except TimedOut:
            # Who has not answered by now is silent; what the others said still counts.
            patient = False
        invocations = {item["InstanceId"]: item for item in _ssm.invocations(ssm, command_id)}
        finished = {node: item for node, item in invocations.items() if item["Status"] not in UNFINISHED}
        # A node that joined since then was not asked.
        pending = (online & set(invocations)) - set(finished)
        if not pending or not patient:
            break
        expected = len(finished) + len(pending)
    found = {
        instance_id: _report.parse("\n".join(plugin.get("Output") or "" for plugin in item.get("CommandPlugins", [])))
        for instance_id, item in finished.items()
    }
    return {instance_id: report for instance_id, report in found.items() if report is not None}


def ask(
    ssm: Any,
    document: str,
    targets: list[dict[str, Any]],
    online: set[str],
    images: list[str],
    answer_timeout: int,
) -> dict[str, list[dict[str, Any]]]:
    """Run the document's report on nodes, one command for all of them; return every node's reports."""
    if not online:
        return {}
    deadline = time.monotonic() + answer_timeout
    parts = _chunks(images, IMAGES_PER_COMMAND) or [[]]
    sent = [_send(ssm, document, targets, part, answer_timeout) for part in parts]
    reports: dict[str, list[dict[str, Any]]] = {}
    for command_id in sent:
        for instance_id, report in _answers(ssm, command_id, online, deadline).items():
            reports.setdefault(instance_id, []).append(report)
    return reports


def _image(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "reference": entry["ref"],
        "digest": entry["expected"] or entry["ref"].partition("@")[2] or entry["digest"],
        "cached_digest": entry["digest"],
        "cached": entry["cached"],
        "pinned": entry["pinned"],
        "size_bytes": entry["size"],
        "source": entry["source"],
        "pull_seconds": entry["seconds"],
        "fetched_bytes": entry["fetched"],
        "total_bytes": entry["total"],
        "skipped": entry["skipped"],
        "error": entry["error"],
    }


def nodes(
    instances: dict[str, bool],
    online: set[str],
    reports: dict[str, list[dict[str, Any]]],
    parts: int,
) -> list[dict[str, Any]]:
    """Return one entry a node, of those whose ids instances has and whether Auto Mode runs them.

    A node that left part of the question unanswered is silent.
    """
    result = []
    for instance_id, auto_mode in instances.items():
        found = reports.get(instance_id, [])
        errors = [report["error"] for report in found if report["error"]] + [AUTO_MODE] * auto_mode
        state = "offline" if instance_id not in online else "online" if len(found) >= parts else "silent"
        result.append(
            {
                "node": instance_id,
                "state": state,
                "images": [_image(entry) for report in found for entry in report["images"]],
                "error": next(iter(errors), None),
            }
        )
    return result


def summarise(found: list[dict[str, Any]], images: list[str]) -> dict[str, int]:
    """Count; a wanted image that a node did not speak of is missing."""
    cached = sum(image["cached"] for node in found for image in node["images"])
    total = len(found) * len(images) if images else sum(len(node["images"]) for node in found)
    return {
        "nodes": len(found),
        "online": sum(node["state"] != "offline" for node in found),
        "cached": cached,
        "missing": total - cached,
    }
