"""Names that an attacker chose stay data, whatever they hold: thousands of them, through the document as it is run."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.aws.ssm import document_parameters, document_run

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64
SEEDS = [
    "$(touch pwned)", "`touch pwned`", "${IFS}touch${IFS}pwned", ";touch pwned", "|touch pwned", "&&touch pwned",
    "\ntouch pwned\n", "\nNODECACHE_REQUEST\ntouch pwned\n", "NODECACHE_REQUEST", "\nNODECACHE_SCRIPT\n", '"', "'",
    '"],"action":"release","images":["', "\\", "\\n", "\\u000a", "\0", "\r\n", "\t", "$$", "$$(touch pwned)",
    "{{ action }}", "{{images}}",
    "{{ssm:secret}}", "<(touch pwned)", "<<<", "!!", "~", "../../etc/passwd", "--help", "-K/etc/shadow",
    "@/etc/passwd", "#", "%0a", "\u2028", "\u202e", "\uff04(id)", "é", "\U0001f600", "*", "?", "[a-z]", "a" * 5000,
]  # fmt: skip


def hostile(count: int) -> list[str]:
    """Return the seeds at every place of a reference, and random mixtures of them; the same each time."""
    chance = random.Random(5)
    whole = [f"{HOST}/app:v1@{DIGEST}", f"{HOST}/app", f"{HOST}/team/app:v1"]
    found = list(SEEDS)
    for seed in SEEDS:
        for name in whole:
            places = [0, name.index("/"), name.index("/") + 1, len(name)]
            found += [name[:place] + seed + name[place:] for place in places]
    alphabet = "".join(SEEDS[:20]) + "abc/:@.*-_09"
    while len(found) < count:
        mixed = "".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 30)))
        found.append(chance.choice([mixed, f"{HOST}/{mixed}", f"{HOST}/app:{mixed}", f"{HOST}/app:v1@{mixed}"]))
    return found


def accepted(pattern: str, value: str) -> bool:
    """Say what Go's search and Java's match both say."""
    # There a dollar is the very end, here also the place before a last newline.
    return re.search(pattern.replace("$", r"\Z"), value) is not None


@pytest.fixture(scope="module")
def content(document: Callable[..., Any]) -> Any:
    return document(prefetch_wanted={f"{HOST}/app:v*": 3})


def test_what_the_pattern_lets_by_is_harmless(content: Any) -> None:
    pattern = content["parameters"]["images"]["allowedPattern"]
    values = hostile(5000)
    passed = [value for value in values if accepted(pattern, value)]
    assert 10 < len(passed) < len(values) / 2
    assert all(re.fullmatch(r"[A-Za-z0-9._/:@*?-]*", value) for value in passed)
    for name in ("action", "source", "pushed", "jitter"):
        passed = [value for value in values if accepted(content["parameters"][name]["allowedPattern"], value)]
        assert all(re.fullmatch("[0-9]+", value) for value in passed) and (name == "jitter" or not passed)


@pytest.mark.parametrize("checked", [True, False], ids=["checked", "as if nobody had checked"])
def test_data_never_becomes_shell(content: Any, tmp_path: Path, checked: bool) -> None:
    pattern = content["parameters"]["images"]["allowedPattern"]
    values = [value for value in hostile(5000) if "\0" not in value and (not checked or accepted(pattern, value))]
    parameters = {"action": ["prefetch"], "source": ["event"], "images": values}
    if checked:
        document_parameters.check_parameters(content, parameters)
    script = document_run.render(content, parameters)[0].script
    # Up to where the script would read its request; then we read it instead.
    before, found, _ = script.partition("exec python3 - <<'NODECACHE_SCRIPT'")
    assert found
    path = tmp_path / "script"
    path.write_text(before + "cat <&3\n", encoding="utf-8")
    done = subprocess.run(["bash", str(path)], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    request = json.loads(done.stdout)
    assert request["action"] == "prefetch" and request["wanted"] == {f"{HOST}/app:v*": 3}
    # The agent makes one dollar of two, and that is all that happens to a value.
    assert request["images"] == [value.replace("$$", "$") for value in values]
    assert [file.name for file in tmp_path.iterdir()] == ["script"]


def test_a_hostile_reference_is_refused_by_the_script_too(script: Any) -> None:
    for value in hostile(5000):
        try:
            image = script.Image(value)
        except script.Failure:
            continue
        assert re.fullmatch(r"[A-Za-z0-9._/:@*?-]+", value)
        assert all(re.fullmatch(r"[A-Za-z0-9._/:@-]+", name) and not name.startswith("-") for name in image.names())


def test_nodes_that_cannot_run_it_say_so(content: Any, tmp_path: Path) -> None:
    linux = document_run.render(content, {})
    assert [bool(step.skipped) for step in linux] == [False, True]
    assert document_run.render({**content, "mainSteps": content["mainSteps"][:1]}, {}, "Windows")[0].skipped
    first = linux[0].script.partition("exec 3<<")[0]
    done = subprocess.run(["/bin/bash", "-c", first], env={"PATH": str(tmp_path)}, capture_output=True)
    assert done.returncode == 1 and "Bottlerocket" in json.loads(done.stdout)["error"]
    said = content["mainSteps"][1]["inputs"]["runCommand"][0]
    assert "Windows" in json.loads(re.fullmatch(r"Write-Output '(.*)'", said)[1])["error"]  # type: ignore[index]
