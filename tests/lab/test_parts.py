"""The lab shows its parts: every module has tests of its own, which say where their rules are documented.

A module's tests lie where it does: lab/aws/ssm/tags.py has tests/lab/ssm/test_tags.py, lab/node/agent.py has
tests/lab/node/test_agent.py, and what lies directly in lab/ or lab/aws/ has its tests directly in tests/lab/. How long
a module or a file of tests may be is this project's own rule; that a test names its source is the issue's.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400
# A page of AWS or of another project, an RFC or a manual page.
SOURCE = re.compile(r"https://\S+\.\S+|\bRFC ?\d+|\b[a-z][\w.-]+\([1-8]\)")


def holds_code(path: Path) -> bool:
    """Tell whether there is anything but a docstring in a file."""
    body = ast.parse(path.read_text()).body
    return len(body) > 1 or not (body and isinstance(body[0], ast.Expr))


MODULES = sorted(path for path in (ROOT / "lab").rglob("*.py") if holds_code(path))


def place_of(path: Path) -> Path:
    """Return where a module's tests are."""
    parts = list(path.relative_to(ROOT / "lab").with_suffix("").parts)
    if parts[0] == "aws" and len(parts) > 1 and parts[1:] != ["__init__"]:
        parts = parts[1:]
    folder, name = parts[:-1], parts[-1]
    if name == "__init__":
        name = folder[-1] if folder else "lab"
        folder = folder if folder != ["aws"] else []
    return ROOT.joinpath("tests", "lab", *folder, f"test_{name}.py")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lacking(module: Path) -> str:
    """Return what a module's tests lack, or nothing."""
    tests = place_of(module)
    if not tests.exists():
        return f"there is no {shown(tests)}"
    text = tests.read_text()
    if not re.search(r"^ *def test_", text, re.MULTILINE):
        return f"{shown(tests)} has no test"
    return "" if SOURCE.search(text) else f"{shown(tests)} does not say where its rules are documented"


@pytest.mark.parametrize("module", MODULES, ids=shown)
def test_a_module_has_tests_of_its_own_that_name_their_source(module: Path) -> None:
    assert not lacking(module)


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))], ids=shown)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST
