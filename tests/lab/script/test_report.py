"""The report's page tells each field that there is, and no other."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def fields(page: str, head: str) -> set[str]:
    table = page.partition(f"| {head} | meaning |")[2].partition("\n\n")[0]
    return {name for row in re.findall(r"(?m)^\| (`.*?) \|", table) for name in re.findall("`([a-z]+)`", row)}


def test_every_field_is_on_its_page(world: Any, slow: Any, until: Any, script: Any) -> None:
    page = (ROOT / "docs/report.md").read_text()
    whole, image = fields(page, "field"), fields(page, "field of an image")
    node, repository = world.node(), world.repository("page")
    first = world.push(repository, "v1", megabytes=1)
    name = f"{world.host}/{repository}"
    slow(node, "4mbit")
    seen: list[dict[str, Any]] = []
    pulling = threading.Thread(target=lambda: seen.append(world.run(node, [f"{name}:v1"])))
    pulling.start()
    until(lambda: seen.append(world.run(node, [f"{name}:v1@{first}"], "report")) or "total" in seen[-1]["images"][0])
    slow(node, "400mbit")
    pulling.join()
    world.push(repository, "v1")
    # A moved tag, a signature, what is not there, more than fit into a line, and a run that goes wrong as a whole.
    seen.append(world.run(node, [f"{name}:v1", f"{name}:none"], "report"))
    seen.append(world.run(node, [f"{name}:v1.sig@{first}"], source="event"))
    seen.append(world.run(node, [f"{name}:v1@sha256:{number:064x}" for number in range(40)], "report"))
    world.shell(node, "mv /usr/bin/curl /usr/bin/other")
    seen.append(world.run(node, [], "report"))
    assert {report["v"] for report in seen} == {1} and "`v` | 1 |" in page
    assert {key for report in seen for key in report} == whole
    assert {key for report in seen for one in report["images"] for key in one} == image
    described = script.__doc__.partition("Report:")[2]
    assert all(re.search(rf"\b{key}\b", described) for key in whole | image)
