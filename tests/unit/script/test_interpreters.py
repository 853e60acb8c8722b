# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tests under the Python of the nodes, and under others that this machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Those that unittest runs as well: the interpreters have no pytest.
TESTS = sorted(path.stem for path in HERE.glob("test_*.py") if "\nimport pytest" not in path.read_text())
# Amazon Linux 2023 has 3.9; the last is the newest that the collection supports.
VERSIONS = ("3.9", "3.11", "3.13")


def interpreter(version: str) -> str | None:
    """Return a Python of this version: of PATH, or of those that pyenv and uv keep."""
    home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    kept = Path.home() / ".local/share/uv/python"
    found = [*home.glob(f"versions/{version}.*/bin/python"), *kept.glob(f"cpython-{version}.*/bin/python3")]
    return str(found[0]) if found else shutil.which(f"python{version}")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_script_runs_under(version: str) -> None:
    if sys.version.startswith(version + "."):
        pytest.skip("this run is under it already")
    python = interpreter(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    command = [python, "-W", "error", "-m", "unittest", *TESTS]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "\nOK" in done.stderr
