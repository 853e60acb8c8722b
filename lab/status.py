"""What is in the lab: nodes, the images on them, associations and recent commands, as tables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from lab import settings
from lab.node import agent, fleet, process

COMMANDS = 10
# A time of day, and the mark of what is cut off.
NARROWEST = 9
WORDS = ("NAME", "STATUS", "DETAILS")


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]], none: str) -> Iterator[str]:
    """Yield a table's lines, every column as wide as it has to be."""
    yield ""
    if not rows:
        yield none
        return
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = fitted([max(len(row[column]) for row in cells) for column in range(len(heads))], room())
    yield title
    for row in cells:
        fitting = [cut(*each).ljust(each[1]) for each in zip(row, widths, heads, strict=True)]
        yield "  ".join(fitting).rstrip()


def room() -> int | None:
    """Return how wide the terminal is; whoever reads from a pipe gets everything."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fitted(widths: list[int], wide: int | None) -> list[int]:
    """Return the columns' widths, the widest made narrower until a row fits the terminal; ids stay, to be copied."""
    first, *others = widths
    while wide is not None and first + sum(others) + 2 * len(others) > wide and max(others) > NARROWEST:
        others[others.index(max(others))] -= 1
    return [first, *others]


def cut(cell: str, width: int, head: str) -> str:
    """Return what fits of a cell: a status begins with its word, an image ends with its name and tag."""
    if len(cell) <= width:
        return cell
    return f"{cell[: width - 1]}…" if head in WORDS else f"…{cell[len(cell) - width + 1 :]}"


def report(online: Sequence[str]) -> Iterator[str]:
    """Yield everything there is to tell."""
    states = fleet.recorded()
    rows = [(state.instance_id, state.private_ip, _word(state, online), state.containerd) for state in states]
    rows += [(instance_id, "-", "stopped", "-") for instance_id in fleet.stopped()]
    yield from table("Nodes", ("INSTANCE", "ADDRESS", "STATE", "CONTAINERD"), rows, "No nodes.")
    if os.geteuid() == 0:
        images = [row for state in states if _word(state, online) == "online" for row in on_node(state)]
        yield from table("Images", ("INSTANCE", "IMAGE", "DIGEST", "SIZE", "PINNED"), images, "No images on nodes.")
    else:
        yield from ("", "The images on the nodes are for root to see: use sudo.")
    ssm = settings.client("ssm")
    heads = ("ASSOCIATION", "NAME", "DOCUMENT", "TARGETS", "STATUS", "LAST RUN")
    yield from table("Associations", heads, associations(ssm), "No associations.")
    heads = ("COMMAND", "REQUESTED", "DOCUMENT", "STATUS", "DETAILS", "DONE", "FAILED")
    yield from table("Commands", heads, commands(ssm), "No commands.")


def _word(state: fleet.State, online: Sequence[str]) -> str:
    if not process.alive(state.init, state.init_started):
        return "dead"
    return "online" if state.instance_id in online else "starting"


def on_node(state: fleet.State) -> list[tuple[str, ...]]:
    """Return a row for every image a person would know by its name."""
    command = [*state.enter(), "ctr", "-n", "k8s.io", "images", "ls"]
    done = subprocess.run(command, capture_output=True, text=True, env=agent.ENVIRONMENT, timeout=60)
    if done.returncode:
        # The node may have been ended between the two looks.
        return [(state.instance_id, f"ctr: {done.stderr.strip()}", "", "", "")]
    return list(images(state.instance_id, done.stdout))


def images(instance_id: str, listed: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of what `ctr images ls` printed; a digest's second and third name are left out."""
    found: dict[str, list[str]] = {}
    for line in listed.splitlines()[1:]:
        name, _media, digest, *rest = line.split()
        if not name.startswith("sha256:"):
            found[name] = [digest, *rest]
    tagged = {row[0] for name, row in found.items() if "@" not in name}
    for name, (digest, size, unit, *rest) in found.items():
        if "@" in name and digest in tagged:
            continue
        pinned = "yes" if "io.cri-containerd.pinned=pinned" in rest[-1].split(",") else "no"
        yield instance_id, name.partition("@")[0], digest[:19], f"{size} {unit}", pinned


def associations(ssm: Any) -> list[tuple[str, ...]]:
    """Return a row for every association."""
    pages = ssm.get_paginator("list_associations").paginate()
    return [
        (
            one["AssociationId"],
            one.get("AssociationName", "-"),
            one["Name"],
            targets(one.get("Targets", [])),
            outcome(one.get("Overview", {})),
            moment(one.get("LastExecutionDate")),
        )
        for page in pages
        for one in page["Associations"]
    ]


def targets(given: Sequence[dict[str, Any]]) -> str:
    """Return targets as the command line takes them."""
    return " ".join(f"{one['Key']}={','.join(one.get('Values', []))}" for one in given) or "-"


def outcome(overview: dict[str, Any]) -> str:
    """Return an association's status, with how many nodes are where."""
    counts = overview.get("AssociationStatusAggregatedCount") or {}
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{overview.get('Status', 'Pending')}{f' ({told})' if told else ''}"


def commands(ssm: Any) -> list[tuple[str, ...]]:
    """Return a row for each of the last commands, the newest first."""
    pages = ssm.get_paginator("list_commands").paginate()
    found = sorted((one for page in pages for one in page["Commands"]), key=lambda one: one["RequestedDateTime"])
    return [
        (
            one["CommandId"],
            moment(one["RequestedDateTime"]),
            one["DocumentName"],
            one["Status"],
            one.get("StatusDetails", ""),
            f"{one.get('CompletedCount', 0)}/{one.get('TargetCount', 0)}",
            str(one.get("ErrorCount", 0)),
        )
        for one in reversed(found[-COMMANDS:])
    ]


def moment(when: datetime | None) -> str:
    """Return a time of day as the person's clock shows it."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else "-"
