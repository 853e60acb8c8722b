"""Run documents on the nodes of a lab where the walkthrough ran."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The lab is not installed: it is the folder beside this one.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import settings  # noqa: E402

NAME = "nodecache-walkthrough"


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until the condition holds and return what it came to."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    sys.exit(f"{what} within 300 seconds.")


def on_nodes(document: str, nodes: list[str], **parameters: str) -> list[str]:
    """Run a document on nodes and return what each of them printed."""
    return [plugin["Output"] for plugin in plugins(document, nodes, **parameters)]


def plugins(document: str, nodes: list[str], **parameters: str) -> list[Any]:
    """Run a document on nodes and return each one's step, with its output and times."""
    ssm = settings.client("ssm")
    given = {name: [value] for name, value in parameters.items()}
    sent = ssm.send_command(DocumentName=document, InstanceIds=nodes, Parameters=given)["Command"]["CommandId"]

    def done() -> list[Any] | None:
        found = ssm.list_command_invocations(CommandId=sent, Details=True)["CommandInvocations"]
        if failed := [each for each in found if each["Status"] not in ("Pending", "InProgress", "Success")]:
            sys.exit(f"{document} ended as {failed[0]['StatusDetails']}: {failed[0]['CommandPlugins']}")
        steps = [each["CommandPlugins"][0] for each in found if each["Status"] == "Success"]
        return steps if len(steps) == len(nodes) else None

    ended: list[Any] = until(done, f"{document} did not end")
    return ended


def disk(node: str) -> tuple[int, int]:
    """Return the KiB that containerd's images take packed, and what they take unpacked."""
    top = "/var/lib/containerd/io.containerd."
    script = f"du -sk {top}content.v1.content {top}snapshotter.v1.overlayfs | cut -f1"
    packed, unpacked = map(int, on_nodes("AWS-RunShellScript", [node], commands=script)[0].split())
    return packed, unpacked
